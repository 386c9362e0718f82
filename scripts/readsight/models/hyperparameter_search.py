"""Search of a model's settings, inside a training fold: what is chosen has seen nothing of the test part."""

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

# What a candidate may fail with and be passed over for; a fault of the input is not among them.
FAILURES = (ToolError, ArithmeticError, np.linalg.LinAlgError)


@dataclass(frozen=True)
class SearchResult:
    """The best candidate. settings: all of its settings. fits, predictions: a model and its predictions of the unseen
    part, a pair each. trials: a row a candidate (settings, loss in nats or None, note: why it failed).
    """

    settings: dict[str, Any]
    fits: list[FittedModel]
    predictions: list[np.ndarray]
    trials: list[dict[str, Any]]


@dataclass
class _Leaderboard:
    """The candidates so far, and the best of them."""

    model: ModuleType
    pairs: list[tuple[Fold, Fold]]
    settings: dict[str, Any]
    seed: int
    threads: int
    checkpoint_folder: Path | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)
    best: tuple[float, dict[str, Any], list[FittedModel], list[np.ndarray]] | None = None

    def evaluate(self, candidate: dict[str, Any]) -> float:
        """Mean loss of a candidate over the pairs, nats; infinite where it failed. Of equals the first stays the best."""
        settings = self.settings | candidate
        try:
            fits = [self._fit_pair(settings, number) for number in range(len(self.pairs))]
            predictions = [
                predict_fold(self.model, fit.arrays, fit.description, validation, self.threads)
                for fit, (_, validation) in zip(fits, self.pairs, strict=True)
            ]
            loss = mean_loss(predictions, [validation for _, validation in self.pairs])
        except FAILURES as error:
            log.warning("settings %s: passed over: %s", candidate, error)
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
    """Mean over the parts of their loss (nats); parts on which it is not defined (survival without an event) do not count.

    Raises ToolError where a prediction is not a number, or no part has a loss.
    """
    if not all(np.isfinite(values).all() for values in predictions):
        raise ToolError("a prediction is not a number")
    losses = [fold.outcome.compute_loss(values, fold.labels) for values, fold in zip(predictions, folds, strict=True)]
    losses = [loss for loss in losses if np.isfinite(loss)]
    if not losses:
        raise ToolError("no validation part has a loss (survival: none holds an event)")
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
    """The settings with the lowest mean loss over the pairs (part that is trained on, part that is not).

    trials: settings that Optuna tries in `member.space` (tree-structured Parzen estimator, Bergstra et al. 2011);
    0, or a member without a space: each of `member.GRID`; without a grid the settings as they are. checkpoint_folder: folder of
    checkpoints, a folder in it for each trial and pair.
    Raises ToolError, with each reason, where every candidate failed.
    """
    leaderboard = _Leaderboard(model, pairs, settings, seed, threads, checkpoint_folder)
    if trials and hasattr(model, "space"):
        _run_study(leaderboard.evaluate, model.space, trials, seed)
    else:
        for candidate in _iter_grid(model):
            leaderboard.evaluate(candidate)
    if leaderboard.best is None:
        reasons = dict.fromkeys(row["note"] for row in leaderboard.rows)
        raise ToolError(f"none of {len(leaderboard.rows)} settings could be trained: {'; '.join(reasons)}")
    _, settings_chosen, fits, predictions = leaderboard.best
    return SearchResult(settings_chosen, fits, predictions, leaderboard.rows)


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
