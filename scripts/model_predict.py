"""Predict the test part of every fold of a repeat by the model that never saw it."""

from pathlib import Path

import pandas as pd

from readsight import calibration, foldfile, modelfile
from readsight.certificate import verify_folds
from readsight.errors import InputError
from readsight.models import MODELS
from readsight.step import step


def main(test: Path, tensors: Path, about: Path, certificate: Path, repeat: int, out: Path) -> None:
    """Write a row a test example: example, label, group, repeat, fold, draw, raw and calibrated
    probability of class 1. Draws are 0, but for the control, which trains many times over.

    Raises InputError where folds, model and certificate do not belong together.
    """
    arrays, content = modelfile.read(tensors, about)
    member = MODELS[content["model"]]
    tables = []
    for number, row in enumerate(content["folds"]):
        fold = foldfile.read(test, number)
        verify_folds(certificate, {str(test): fold.mark, str(about): content["certificate"]})
        if fold.features != content["features"]:
            raise InputError(f"{test}: its features are not those that {about} was trained on")
        raw = member.predict(arrays[number], row["about"], fold.values)
        columns = {"example": fold.names, "label": fold.labels, "group": fold.groups, "repeat": repeat, "fold": number}
        for draw, one in enumerate(raw.T if raw.ndim == 2 else [raw]):
            calibrated = calibration.apply(one, row["calibration"])
            tables.append(pd.DataFrame(columns | {"draw": draw, "raw": one, "calibrated": calibrated}))
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
