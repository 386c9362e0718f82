"""Train one kind of model on the balanced training fold of every fold of a repeat, and calibrate it on what it did not see."""

import logging
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from readsight import calibration, foldfile, modelfile
from readsight.certificate import verify_folds
from readsight.errors import InputError
from readsight.foldfile import Fold
from readsight.models import MODELS
from readsight.models.fitted import Fitted
from readsight.search import choose
from readsight.step import step
from readsight.variant import Variant

log = logging.getLogger("readsight")


def suits(variant: Variant, member: ModuleType, fold: Fold) -> None:
    """Raise InputError where a model cannot learn from such examples."""
    kind, modalities = fold.outcome.kind, fold.modalities
    kinds = getattr(member, "KINDS", (kind,))
    if kind not in kinds:
        raise InputError(f"models: {variant.model!r} predicts {', '.join(kinds)}, and the outcome here is {kind}")
    if getattr(member, "NEEDS_MODALITIES", False) and len(modalities) < 2:
        raise InputError(f"models: {variant.model!r} joins modalities, and the examples have one ({', '.join(modalities)})")


def pairs_of(balanced: Path, validation: Path, number: int, variant: Variant) -> list[tuple[Fold, Fold]]:
    """Parts to train on and parts to score on: of nested cross-validation a pair an inner fold, else one pair."""
    inner = foldfile.inner(balanced, number) or [None]
    return [tuple(variant.view(foldfile.read(path, number, j)) for path in (balanced, validation)) for j in inner]


def learn(
    member: ModuleType, pairs: list[tuple[Fold, Fold]], whole: Fold | None, spec: dict[str, Any], seed: int, threads: int
) -> tuple[Fitted, dict[str, Any]]:
    """A fold's model, and what is said of it: settings, trials, calibration, about, history.

    pairs: as of `pairs_of`. whole: the fold's training part, where it is not that of the one pair: the model is
    trained on it anew, with the settings that the pairs gave. spec: settings, trials.
    """
    choice = choose(member, pairs, spec["settings"], spec["trials"], seed, threads)
    settings, fitted = choice.settings, choice.fits[0]
    if whole is not None:
        settings = member.settled(choice.fits, settings) if hasattr(member, "settled") else settings
        fitted = member.train(whole, None, settings, seed, threads)
    labels = np.concatenate([held.labels for _, held in pairs])
    kind = pairs[0][0].outcome.kind
    scale = calibration.fit(kind, np.concatenate(choice.guesses), labels)
    return fitted, {"settings": settings, "trials": choice.trials, "calibration": scale}


def control(member: ModuleType, train: Fold, settings: dict[str, Any], seed: int, threads: int) -> tuple[Fitted, dict[str, Any]]:
    """The negative control of a fold: nothing is chosen or calibrated by labels that mean nothing."""
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
    about: Path,
    trials: int = 0,
) -> None:
    """Choose settings, train, calibrate, and write the models of all folds.

    model: a word of `variant`. Raises InputError where the folds were not cut under this certificate, or the
    model cannot learn from them.
    """
    variant = Variant.of(model)
    member = MODELS[variant.model]
    arrays, rows = [], []
    for number in range(foldfile.count(balanced)):
        train = variant.view(foldfile.read(balanced, number))
        suits(variant, member, train)
        pairs = pairs_of(balanced, validation, number, variant)
        marks = {str(balanced): train.mark} | {str(validation): held.mark for _, held in pairs}
        verify_folds(certificate, marks)
        with threadpool_limits(threads):
            if hasattr(member, "DRAWS"):
                fitted, row = control(member, train, settings, seed + number, threads)
            else:
                whole = train if foldfile.inner(balanced, number) else None
                spec = {"settings": settings, "trials": trials}
                fitted, row = learn(member, pairs, whole, spec, seed + number, threads)
        arrays.append(fitted.arrays)
        rows.append(row | {"about": fitted.about, "history": fitted.history, "features": train.features, "examples": len(train)})
        log.info("fold %d: %d examples, %d features, settings %s", number, len(train), len(train.features), row["settings"])
    content = {
        "model": model,
        "kind": variant.model,
        "outcome": train.outcome.plain(),
        "settings": settings,
        "seed": seed,
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
            job.params.trials,
        )
