"""Predict the test part of every fold of a repeat by the model that never saw it."""

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
from readsight.models.lookup import fits, guessed, learned
from readsight.models.lookup import member as member_of
from readsight.models.model_spec import Variant
from readsight.step import step


def table(fold: Fold, raw: np.ndarray, scale: dict[str, Any] | None, place: dict[str, int]) -> pd.DataFrame:
    """Rows of one fold and draw. raw: predictions, shaped as the outcome says. place: repeat, fold, draw."""
    calibrated = raw if scale is None else calibration.apply(fold.outcome.kind, raw, scale)
    columns = {"example": fold.names, "group": fold.groups} | place | fold.outcome.targets(fold.labels)
    columns |= fold.outcome.predictions("raw", raw) | fold.outcome.predictions("calibrated", calibrated)
    return pd.DataFrame(columns)


def main(
    test: Path,
    tensors: Path,
    about: Path,
    certificate: Path,
    repeat: int,
    out: Path,
    representation: tuple[Path, Path] | None = None,
    threads: int = 1,
) -> None:
    """Write a row a test example: example, group, repeat, fold, draw, the outcome's columns, and raw and
    calibrated predictions (`raw`, or `raw.0`, `raw.1`, … where there are several a row).

    Draws are 0, but for the control, which trains many times over, and is not calibrated. representation: what was
    learned of it in each fold (arrays, about), for sequences. Raises InputError where folds, representation and model
    do not belong together.
    """
    arrays, content = model_file.read(tensors, about)
    variant = Variant.of(content["model"])
    encodings: list[Encoding | None] = [None] * len(content["folds"])
    marks = {str(about): content["certificate"]}
    if representation:
        encodings, marks[str(representation[1])] = learned(*representation)
    tables = []
    for number, row in enumerate(content["folds"]):
        whole = replace(variant.view(fold_file.read(test, number)), encoding=encodings[number])
        verify_folds(certificate, marks | {str(test): whole.mark})
        fits(whole, content, test, about)
        member, fold = member_of(variant.model, whole)
        if fold.features != row["features"]:
            raise InputError(f"{test}: the features of fold {number} are not those that {about} was trained on")
        raw = guessed(member, arrays[number], row["about"], fold, threads)
        for draw, one in enumerate(raw if row["about"].get("draws") else [raw]):
            tables.append(table(fold, one, row["calibration"], {"repeat": repeat, "fold": number, "draw": draw}))
    pd.concat(tables, ignore_index=True).to_parquet(out, index=False)


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
