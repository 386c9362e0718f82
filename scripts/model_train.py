"""Train one model on the balanced training set of every fold of a repeat, and calibrate it on validation data."""

import logging
import shutil
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from readsight.dataset import fold_file
from readsight.dataset.certificate import verify_folds
from readsight.dataset.fold_file import Encoding, Fold
from readsight.errors import InputError
from readsight.formats import model_file
from readsight.models import calibration
from readsight.models.fitted_model import FittedModel
from readsight.models.hyperparameter_search import search_settings
from readsight.models.lookup import describe_sequences, read_encodings, train_model
from readsight.models.lookup import find_model as member_of
from readsight.models.model_spec import ModelSpec
from readsight.step import step

log = logging.getLogger("readsight")


def check_model_fits(model_spec: ModelSpec, member: ModuleType, fold: Fold) -> None:
    """Raise InputError if a model cannot be trained on these examples."""
    kind, modalities = fold.outcome.kind, fold.modalities
    kinds = getattr(member, "KINDS", (kind,))
    if kind not in kinds:
        raise InputError(f"models: {model_spec.model!r} predicts {', '.join(kinds)}, but the outcome here is {kind}")
    if getattr(member, "NEEDS_MODALITIES", False) and len(modalities) < 2:
        raise InputError(
            f"models: {model_spec.model!r} combines modalities, but the examples have only one ({', '.join(modalities)})"
        )


def read_fold_view(path: Path, number: int, inner: int | None, model_spec: ModelSpec, encoding: Encoding | None) -> Fold:
    """A fold (or an inner one) of a file, restricted to what the model spec selects."""
    return replace(model_spec.restrict_fold(fold_file.read(path, number, inner)), encoding=encoding)


def read_training_pairs(
    balanced: Path, validation: Path, number: int, model_spec: ModelSpec, train: Fold, encoding: Encoding | None = None
) -> list[tuple[Fold, Fold]]:
    """Pairs of training and validation data: one per inner fold in nested cross-validation, otherwise one pair.

    train: the fold's training data as the model receives it.
    """

    def read_model_fold(path: Path, inner: int | None) -> Fold:
        return member_of(model_spec.model, read_fold_view(path, number, inner, model_spec, encoding))[1]

    inner = fold_file.inner_numbers(balanced, number)
    return [(read_model_fold(balanced, j), read_model_fold(validation, j)) for j in inner] or [
        (train, read_model_fold(validation, None))
    ]


def train_fold(
    member: ModuleType,
    pairs: list[tuple[Fold, Fold]],
    full_fold: Fold | None,
    spec: dict[str, Any],
    seed: int,
    threads: int,
    checkpoints: Path | None = None,
) -> tuple[FittedModel, dict[str, Any]]:
    """A fold's model and its record: settings, trials, calibration.

    Parameters
    ----------
    pairs : as returned by `read_training_pairs`.
    full_fold : the fold's training data if it differs from that of the single pair. The model is then retrained on it with the
        selected settings.
    spec : settings, trials.
    checkpoints : folder of checkpoints.
    """
    choice = search_settings(member, pairs, spec["settings"], spec["trials"], seed, threads, checkpoints)
    settings, fitted = choice.settings, choice.fits[0]
    if full_fold is not None:
        settings = member.choose_settings(choice.fits, settings) if hasattr(member, "choose_settings") else settings
        fitted = train_model(
            member, (full_fold, None), settings, seed, threads, None if checkpoints is None else checkpoints / "whole"
        )
    labels = np.concatenate([validation_fold.labels for _, validation_fold in pairs])
    kind = pairs[0][0].outcome.kind
    scale = calibration.fit(kind, np.concatenate(choice.predictions), labels)
    return fitted, {"settings": settings, "trials": choice.trials, "calibration": scale}


def train_control(
    member: ModuleType, train: Fold, settings: dict[str, Any], seed: int, threads: int
) -> tuple[FittedModel, dict[str, Any]]:
    """The negative control of a fold. Its labels are meaningless, so nothing is selected or calibrated."""
    fitted = member.train(train, None, settings, seed, threads)
    return fitted, {"settings": settings, "trials": [], "calibration": None}


def main(
    balanced: Path,
    validation: Path,
    certificate: Path,
    model: str,
    settings: dict[str, Any],
    seed: int,
    threads: int,
    tensors: Path,
    description: Path,
    trials: int = 0,
    representation: tuple[Path, Path] | None = None,
    checkpoints: Path | None = None,
) -> None:
    """Select settings, train, calibrate, and write the models of all folds.

    model: name of a `ModelSpec`. representation: fitted representation of each fold (arrays, description), for sequences.
    checkpoints: folder from which interrupted training continues; removed once all models are written. Raises InputError if the
    folds or the representation do not belong to this certificate, or the model cannot be trained on them.
    """
    model_spec = ModelSpec.parse(model)
    encodings, representation_digest = (
        read_encodings(*representation) if representation else ([None] * fold_file.count_folds(balanced), "")
    )
    arrays, rows = [], []
    for number in range(fold_file.count_folds(balanced)):
        full_fold = read_fold_view(balanced, number, None, model_spec, encodings[number])
        member, train = member_of(model_spec.model, full_fold)
        check_model_fits(model_spec, member, train)
        pairs = read_training_pairs(balanced, validation, number, model_spec, train, encodings[number])
        digests = {str(balanced): train.digest} | {str(validation): validation_fold.digest for _, validation_fold in pairs}
        digests |= {str(representation[1]): representation_digest} if representation else {}
        verify_folds(certificate, digests)
        with threadpool_limits(threads):
            if hasattr(member, "DRAWS"):
                fitted, row = train_control(member, train, settings, seed + number, threads)
            else:
                refit_fold = train if fold_file.inner_numbers(balanced, number) else None
                spec = {"settings": settings, "trials": trials}
                fold_checkpoints = None if checkpoints is None else checkpoints / f"fold{number}"
                fitted, row = train_fold(member, pairs, refit_fold, spec, seed + number, threads, fold_checkpoints)
        arrays.append(fitted.arrays)
        rows.append(
            row | {"about": fitted.description, "history": fitted.history, "features": train.features, "examples": len(train)}
        )
        log.info("fold %d: %d examples, %d features, settings %s", number, len(train), len(train.features), row["settings"])
    content = {
        "model": model,
        "kind": model_spec.model,
        "outcome": train.outcome.to_dict(),
        "settings": settings,
        "seed": seed,
        "certificate": train.digest,
        "folds": rows,
    } | describe_sequences(full_fold)
    model_file.write(tensors, description, arrays, content)
    if checkpoints is not None:
        shutil.rmtree(checkpoints, ignore_errors=True)


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
            job.params.trials,
            (job.input.representation, job.input.representation_about) if job.input.get("representation") else None,
            job.outputs[0].parent / "checkpoints",
        )
