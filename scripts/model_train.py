"""Train one kind of model on the balanced training fold of every fold of a repeat, and calibrate it on what it did not see."""

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
from readsight.models.fitted_model import Fitted
from readsight.models.hyperparameter_search import choose
from readsight.models.lookup import learned, said, trained
from readsight.models.lookup import member as member_of
from readsight.models.model_spec import Variant
from readsight.step import step

log = logging.getLogger("readsight")


def suits(variant: Variant, member: ModuleType, fold: Fold) -> None:
    """Raise InputError where a model cannot learn from such examples."""
    kind, modalities = fold.outcome.kind, fold.modalities
    kinds = getattr(member, "KINDS", (kind,))
    if kind not in kinds:
        raise InputError(f"models: {variant.model!r} predicts {', '.join(kinds)}, and the outcome here is {kind}")
    if getattr(member, "NEEDS_MODALITIES", False) and len(modalities) < 2:
        raise InputError(f"models: {variant.model!r} joins modalities, and the examples have one ({', '.join(modalities)})")


def viewed(path: Path, number: int, inner: int | None, variant: Variant, encoding: Encoding | None) -> Fold:
    """A fold (or an inner one) of a file as the variant sees it, before its model does."""
    return replace(variant.view(fold_file.read(path, number, inner)), encoding=encoding)


def pairs_of(
    balanced: Path, validation: Path, number: int, variant: Variant, train: Fold, encoding: Encoding | None = None
) -> list[tuple[Fold, Fold]]:
    """Parts to train on and parts to score on: of nested cross-validation a pair an inner fold, else one pair.

    train: the fold's training part as its model sees it.
    """

    def part(path: Path, inner: int | None) -> Fold:
        return member_of(variant.model, viewed(path, number, inner, variant, encoding))[1]

    inner = fold_file.inner(balanced, number)
    return [(part(balanced, j), part(validation, j)) for j in inner] or [(train, part(validation, None))]


def learn(
    member: ModuleType,
    pairs: list[tuple[Fold, Fold]],
    whole: Fold | None,
    spec: dict[str, Any],
    seed: int,
    threads: int,
    keep: Path | None = None,
) -> tuple[Fitted, dict[str, Any]]:
    """A fold's model, and what is said of it: settings, trials, calibration, about, history.

    pairs: as of `pairs_of`. whole: the fold's training part, where it is not that of the one pair: the model is
    trained on it anew, with the settings that the pairs gave. spec: settings, trials. keep: folder of checkpoints.
    """
    choice = choose(member, pairs, spec["settings"], spec["trials"], seed, threads, keep)
    settings, fitted = choice.settings, choice.fits[0]
    if whole is not None:
        settings = member.settled(choice.fits, settings) if hasattr(member, "settled") else settings
        fitted = trained(member, (whole, None), settings, seed, threads, None if keep is None else keep / "whole")
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
    representation: tuple[Path, Path] | None = None,
    keep: Path | None = None,
) -> None:
    """Choose settings, train, calibrate, and write the models of all folds.

    model: a word of `readsight.models.model_spec`. representation: what was learned of it in each fold (arrays, about), for sequences. keep:
    folder of checkpoints, from which a training that was broken off goes on; removed once all models are written.
    Raises InputError where the folds or the representation were not made under this certificate, or the model cannot
    learn from them.
    """
    variant = Variant.of(model)
    encodings, mark = learned(*representation) if representation else ([None] * fold_file.count(balanced), "")
    arrays, rows = [], []
    for number in range(fold_file.count(balanced)):
        whole = viewed(balanced, number, None, variant, encodings[number])
        member, train = member_of(variant.model, whole)
        suits(variant, member, train)
        pairs = pairs_of(balanced, validation, number, variant, train, encodings[number])
        marks = {str(balanced): train.mark} | {str(validation): held.mark for _, held in pairs}
        marks |= {str(representation[1]): mark} if representation else {}
        verify_folds(certificate, marks)
        with threadpool_limits(threads):
            if hasattr(member, "DRAWS"):
                fitted, row = control(member, train, settings, seed + number, threads)
            else:
                again = train if fold_file.inner(balanced, number) else None
                spec = {"settings": settings, "trials": trials}
                own = None if keep is None else keep / f"fold{number}"
                fitted, row = learn(member, pairs, again, spec, seed + number, threads, own)
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
    } | said(whole)
    model_file.write(tensors, about, arrays, content)
    if keep is not None:
        shutil.rmtree(keep, ignore_errors=True)


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
