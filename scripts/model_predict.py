"""Predict the test part of every fold of a repeat by the model that never saw it."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from readsight import calibration, foldfile, modelfile
from readsight.certificate import verify_folds
from readsight.errors import InputError
from readsight.foldfile import Fold
from readsight.models import MODELS
from readsight.step import step
from readsight.variant import Variant


def table(fold: Fold, raw: np.ndarray, scale: dict[str, Any] | None, place: dict[str, int]) -> pd.DataFrame:
    """Rows of one fold and draw. raw: predictions, shaped as the outcome says. place: repeat, fold, draw."""
    calibrated = raw if scale is None else calibration.apply(fold.outcome.kind, raw, scale)
    columns = {"example": fold.names, "group": fold.groups} | place | fold.outcome.targets(fold.labels)
    columns |= fold.outcome.predictions("raw", raw) | fold.outcome.predictions("calibrated", calibrated)
    return pd.DataFrame(columns)


def main(test: Path, tensors: Path, about: Path, certificate: Path, repeat: int, out: Path) -> None:
    """Write a row a test example: example, group, repeat, fold, draw, the outcome's columns, and raw and
    calibrated predictions (`raw`, or `raw.0`, `raw.1`, … where there are several a row).

    Draws are 0, but for the control, which trains many times over, and is not calibrated.
    Raises InputError where folds, model and certificate do not belong together.
    """
    arrays, content = modelfile.read(tensors, about)
    variant = Variant.of(content["model"])
    member = MODELS[variant.model]
    tables = []
    for number, row in enumerate(content["folds"]):
        fold = variant.view(foldfile.read(test, number))
        verify_folds(certificate, {str(test): fold.mark, str(about): content["certificate"]})
        if fold.features != row["features"]:
            raise InputError(f"{test}: the features of fold {number} are not those that {about} was trained on")
        if fold.outcome.plain() != content["outcome"]:
            raise InputError(f"{test}: what is to be predicted is not what {about} was trained on")
        raw = member.predict(arrays[number], row["about"], fold.values)
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
        )
