"""Train one kind of model on the balanced training fold of every fold of a repeat, and calibrate it on validation."""

import logging
from pathlib import Path
from typing import Any

from readsight import calibration, foldfile, modelfile
from readsight.certificate import verify_folds
from readsight.models import MODELS
from readsight.step import step

log = logging.getLogger("readsight")


def main(
    balanced: Path,
    validation: Path,
    certificate: Path,
    model: str,
    settings: dict[str, Any],
    seed: int,
    threads: int,
    tensors: Path,
    about: Path,
) -> None:
    """Train, calibrate, and write the models of all folds.

    Raises InputError where the folds were not cut under this certificate.
    """
    member = MODELS[model]
    arrays, rows = [], []
    for number in range(foldfile.count(balanced)):
        train, held = foldfile.read(balanced, number), foldfile.read(validation, number)
        verify_folds(certificate, {str(balanced): train.mark, str(validation): held.mark})
        fitted = member.train(train, held, settings, seed + number, threads)
        guess = member.predict(fitted.arrays, fitted.about, held.values)
        scale = calibration.fit(guess, held.labels) if guess.ndim == 1 else calibration.NONE
        arrays.append(fitted.arrays)
        rows.append({"about": fitted.about, "calibration": scale, "history": fitted.history, "examples": len(train)})
        log.info("fold %d: %d examples, temperature %.2f", number, len(train), scale["temperature"])
    content = {
        "model": model,
        "settings": settings,
        "seed": seed,
        "features": train.features,
        "certificate": train.mark,
        "folds": rows,
    }
    modelfile.write(tensors, about, arrays, content)


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(
            job.input.balanced,
            job.input.validation,
            job.input.certificate,
            job.wildcards.model,
            dict(job.params.settings),
            job.params.seed,
            job.threads,
            job.output.tensors,
            job.output.about,
        )
