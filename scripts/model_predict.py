"""Predict the test set of every fold of a repeat with the model that was not trained on it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from readsight.dataset import fold_file
from readsight.dataset.certificate import verify_folds
from readsight.dataset.fold_file import Encoding, Fold
from readsight.errors import InputError
from readsight.formats import model_file
from readsight.models import calibration
from readsight.models.lookup import check_compatibility, predict_fold, read_encodings
from readsight.models.lookup import find_model as member_of
from readsight.models.model_spec import ModelSpec
from readsight.step import step


def make_table(fold: Fold, raw: np.ndarray, scale: dict[str, Any] | None, indices: dict[str, int]) -> pd.DataFrame:
    """Rows of one fold and draw.

    Parameters
    ----------
    raw : predictions, shaped as the outcome defines.
    scale : calibration, or None.
    indices : repeat, fold, draw.
    """
    calibrated = raw if scale is None else calibration.apply(fold.outcome.kind, raw, scale)
    columns = {"example": fold.names, "group": fold.groups} | indices | fold.outcome.target_columns(fold.labels)
    columns |= fold.outcome.prediction_columns("raw", raw) | fold.outcome.prediction_columns("calibrated", calibrated)
    return pd.DataFrame(columns)


def main(
    test: Path,
    tensors: Path,
    description: Path,
    certificate: Path,
    repeat: int,
    output: Path,
    representation: tuple[Path, Path] | None = None,
    threads: int = 1,
) -> None:
    """Write one row per test example: example, group, repeat, fold, draw, the outcome's columns, raw and calibrated predictions.

    Several predictions per example are written as `raw.0`, `raw.1`, … Draws are 0, except for the control, which is trained many
    times and is not calibrated.

    Parameters
    ----------
    representation : fitted representation of each fold (arrays, description), for sequences.

    Raises
    ------
    InputError if folds, representation and model do not belong together.
    """
    arrays, content = model_file.read(tensors, description)
    model_spec = ModelSpec.parse(content["model"])
    encodings: list[Encoding | None] = [None] * len(content["folds"])
    digests = {str(description): content["certificate"]}
    if representation:
        encodings, digests[str(representation[1])] = read_encodings(*representation)
    tables = []
    for number, row in enumerate(content["folds"]):
        full_fold = replace(model_spec.restrict_fold(fold_file.read(test, number)), encoding=encodings[number])
        verify_folds(certificate, digests | {str(test): full_fold.digest})
        check_compatibility(full_fold, content, test, description)
        member, fold = member_of(model_spec.model, full_fold)
        if fold.features != row["features"]:
            raise InputError(f"{test}: the features of fold {number} are not those that {description} was trained on")
        raw = predict_fold(member, arrays[number], row["about"], fold, threads)
        for draw, draw_predictions in enumerate(raw if row["about"].get("draws") else [raw]):
            tables.append(
                make_table(fold, draw_predictions, row["calibration"], {"repeat": repeat, "fold": number, "draw": draw})
            )
    pd.concat(tables, ignore_index=True).to_parquet(output, index=False)


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(
            job.input.test,
            job.input.tensors,
            job.input.about,
            job.input.certificate,
            int(job.wildcards.repeat),
            job.output.predictions,
            (job.input.representation, job.input.representation_about) if job.input.get("representation") else None,
            job.threads,
        )
