"""Fit the sequence encoding on the training set of every fold of a repeat. This step reads training folds only."""

import logging
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from readsight.dataset import fold_file
from readsight.dataset.certificate import verify_folds
from readsight.dataset.encodings import ENCODINGS, encoding_file
from readsight.dataset.fold_file import Encoding
from readsight.errors import InputError
from readsight.step import step

log = logging.getLogger("readsight")


def fit_encoding(train: Path, number: int, certificate: Path, spec: dict[str, Any], seed: int, threads: int) -> Encoding:
    """Encoding of one fold. spec: representation, and the config section `represent`.

    Raises InputError if the training set was made under a different certificate, has no sequences, or does not
    fit the settings.
    """
    fold = fold_file.read(train, number)
    verify_folds(certificate, {str(train): fold.digest})
    if fold.sequence is None:
        raise InputError(f"{train}: has no sequences, which the representation must be fitted on")
    settings = {key: value for key, value in spec.items() if key != "representation"}
    with threadpool_limits(threads):
        encoding = ENCODINGS[spec["representation"]].fit(fold.values, fold.sequence, settings, seed, threads)
    log.info("fold %d: %s of %d sequences of %d bases", number, encoding.name, len(fold), fold.sequence.length)
    return encoding


def main(train: Path, certificate: Path, spec: dict[str, Any], seed: int, threads: int, tensors: Path, description: Path) -> None:
    """Write the encodings of all folds of a repeat."""
    encodings = [
        fit_encoding(train, number, certificate, spec, seed + number, threads) for number in range(fold_file.count_folds(train))
    ]
    encoding_file.write(tensors, description, encodings, fold_file.read(train, 0).digest)


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(
            job.input.train,
            job.input.certificate,
            dict(job.params.spec),
            job.params.seed,
            job.threads,
            job.output.representation,
            job.output.about,
        )
