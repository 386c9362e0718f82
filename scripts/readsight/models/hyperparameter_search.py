"""Hyperparameter search within a training fold; the test fold is never used."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from readsight.dataset.fold_file import Fold
from readsight.errors import ToolError
from readsight.models.fitted_model import FittedModel
from readsight.models.lookup import predict_fold, train_model

log = logging.getLogger("readsight")

# Errors for which a candidate is skipped; input errors are not among them.
FAILURES = (ToolError, ArithmeticError, np.linalg.LinAlgError)


@dataclass(frozen=True)
class SearchResult:
    """The best candidate.

    settings: complete settings. fits, predictions: one model and its validation predictions per pair. trials: one row per
    candidate (settings, loss in nats or None, note: reason of failure).
    """

    settings: dict[str, Any]
    fits: list[FittedModel]
    predictions: list[np.ndarray]
    trials: list[dict[str, Any]]


@dataclass
class _Leaderboard:
    """The candidates evaluated so far, and the best of them."""

    model: ModuleType
    pairs: list[tuple[Fold, Fold]]
    settings: dict[str, Any]
    seed: int
    threads: int
    checkpoint_folder: Path | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)
    best: tuple[float, dict[str, Any], list[FittedModel], list[np.ndarray]] | None = None

    def evaluate(self, candidate: dict[str, Any]) -> float:
        """Mean loss of a candidate over the pairs in nats; infinite on failure. On ties the first candidate stays the best."""
        settings = self.settings | candidate
        try:
            fits = [self._fit_pair(settings, number) for number in range(len(self.pairs))]
            predictions = [
                predict_fold(self.model, fit.arrays, fit.description, validation, self.threads)
                for fit, (_, validation) in zip(fits, self.pairs, strict=True)
            ]
            loss = mean_loss(predictions, [validation for _, validation in self.pairs])
        except FAILURES as error:
            log.warning("settings %s: skipped: %s", candidate, error)
            self.rows.append({"settings": candidate, "loss": None, "note": str(error)})
            return float("inf")
        self.rows.append({"settings": candidate, "loss": loss, "note": ""})
        if self.best is None or loss < self.best[0]:
            self.best = loss, settings, fits, predictions
        return loss

    def _fit_pair(self, settings: dict[str, Any], number: int) -> FittedModel:
        folder = None if self.checkpoint_folder is None else self.checkpoint_folder / f"trial{len(self.rows)}" / f"pair{number}"
        return train_model(self.model, self.pairs[number], settings, self.seed, self.threads, folder)


def mean_loss(predictions: list[np.ndarray], folds: list[Fold]) -> float:
    """Mean of the losses (nats) over folds; folds without a defined loss (survival without an event) are ignored.

    Raises ToolError if a prediction is not finite, or if no fold has a loss.
    """
    if not all(np.isfinite(values).all() for values in predictions):
        raise ToolError("a prediction is not a number")
    losses = [fold.outcome.compute_loss(values, fold.labels) for values, fold in zip(predictions, folds, strict=True)]
    losses = [loss for loss in losses if np.isfinite(loss)]
    if not losses:
        raise ToolError("no validation set has a defined loss (survival: none has an event)")
    return float(np.mean(losses))


def search_settings(
    model: ModuleType,
    pairs: list[tuple[Fold, Fold]],
    settings: dict[str, Any],
    trials: int,
    seed: int,
    threads: int,
    checkpoint_folder: Path | None = None,
) -> SearchResult:
    """Settings with the lowest mean loss over pairs of (training, validation) folds.

    Parameters
    ----------
    trials : number of candidates that Optuna draws from `model.search_space` (tree-structured Parzen estimator, Bergstra et
        al. 2011). With 0, or without a search space: each of `model.GRID`; without a grid the given settings.
    checkpoint_folder : with one subfolder per trial and pair.

    Raises
    ------
    ToolError, with each reason, if every candidate failed.
    """
    leaderboard = _Leaderboard(model, pairs, settings, seed, threads, checkpoint_folder)
    if trials and hasattr(model, "search_space"):
        _run_study(leaderboard.evaluate, model.search_space, trials, seed)
    else:
        for candidate in _iter_grid(model):
            leaderboard.evaluate(candidate)
    if leaderboard.best is None:
        reasons = dict.fromkeys(row["note"] for row in leaderboard.rows)
        raise ToolError(f"none of {len(leaderboard.rows)} settings could be trained: {'; '.join(reasons)}")
    _, best_settings, fits, predictions = leaderboard.best
    return SearchResult(best_settings, fits, predictions, leaderboard.rows)


def _iter_grid(model: ModuleType) -> Iterator[dict[str, Any]]:
    yield from getattr(model, "GRID", None) or [{}]


def _run_study(
    score: Callable[[dict[str, Any]], float], search_space: Callable[[Any], dict[str, Any]], trials: int, seed: int
) -> None:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))

    def objective(trial: Any) -> float:
        loss = score(search_space(trial))
        if not np.isfinite(loss):
            raise optuna.TrialPruned
        return loss

    study.optimize(objective, n_trials=trials, n_jobs=1)
