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
from readsight.models.fitted_model import Fitted
from readsight.models.lookup import guessed, trained

log = logging.getLogger("readsight")

# What a candidate may fail with and be passed over for; a fault of the input is not among them.
FAILURES = (ToolError, ArithmeticError, np.linalg.LinAlgError)


@dataclass(frozen=True)
class Choice:
    """The best candidate. settings: all of its settings. fits, guesses: a model and its predictions of the unseen
    part, a pair each. trials: a row a candidate (settings, loss in nats or None, note: why it failed).
    """

    settings: dict[str, Any]
    fits: list[Fitted]
    guesses: list[np.ndarray]
    trials: list[dict[str, Any]]


@dataclass
class _Board:
    """The candidates so far, and the best of them."""

    member: ModuleType
    pairs: list[tuple[Fold, Fold]]
    settings: dict[str, Any]
    seed: int
    threads: int
    keep: Path | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)
    best: tuple[float, dict[str, Any], list[Fitted], list[np.ndarray]] | None = None

    def score(self, candidate: dict[str, Any]) -> float:
        """Mean loss of a candidate over the pairs, nats; infinite where it failed. Of equals the first stays the best."""
        settings = self.settings | candidate
        try:
            fits = [self._fit(settings, number) for number in range(len(self.pairs))]
            guesses = [
                guessed(self.member, fit.arrays, fit.about, held, self.threads)
                for fit, (_, held) in zip(fits, self.pairs, strict=True)
            ]
            loss = mean_loss(guesses, [held for _, held in self.pairs])
        except FAILURES as error:
            log.warning("settings %s: passed over: %s", candidate, error)
            self.rows.append({"settings": candidate, "loss": None, "note": str(error)})
            return float("inf")
        self.rows.append({"settings": candidate, "loss": loss, "note": ""})
        if self.best is None or loss < self.best[0]:
            self.best = loss, settings, fits, guesses
        return loss

    def _fit(self, settings: dict[str, Any], number: int) -> Fitted:
        keep = None if self.keep is None else self.keep / f"trial{len(self.rows)}" / f"pair{number}"
        return trained(self.member, self.pairs[number], settings, self.seed, self.threads, keep)


def mean_loss(guesses: list[np.ndarray], held: list[Fold]) -> float:
    """Mean over the parts of their loss (nats); parts on which it is not defined (survival without an event) do not count.

    Raises ToolError where a prediction is not a number, or no part has a loss.
    """
    if not all(np.isfinite(guess).all() for guess in guesses):
        raise ToolError("a prediction is not a number")
    losses = [fold.outcome.loss(guess, fold.labels) for guess, fold in zip(guesses, held, strict=True)]
    losses = [loss for loss in losses if np.isfinite(loss)]
    if not losses:
        raise ToolError("no validation part has a loss (survival: none holds an event)")
    return float(np.mean(losses))


def choose(
    member: ModuleType,
    pairs: list[tuple[Fold, Fold]],
    settings: dict[str, Any],
    trials: int,
    seed: int,
    threads: int,
    keep: Path | None = None,
) -> Choice:
    """The settings with the lowest mean loss over the pairs (part that is trained on, part that is not).

    trials: settings that Optuna tries in `member.space` (tree-structured Parzen estimator, Bergstra et al. 2011);
    0, or a member without a space: each of `member.GRID`; without a grid the settings as they are. keep: folder of
    checkpoints, a folder in it for each trial and pair.
    Raises ToolError, with each reason, where every candidate failed.
    """
    board = _Board(member, pairs, settings, seed, threads, keep)
    if trials and hasattr(member, "space"):
        _explore(board.score, member.space, trials, seed)
    else:
        for candidate in _grid(member):
            board.score(candidate)
    if board.best is None:
        reasons = dict.fromkeys(row["note"] for row in board.rows)
        raise ToolError(f"none of {len(board.rows)} settings could be trained: {'; '.join(reasons)}")
    _, chosen, fits, guesses = board.best
    return Choice(chosen, fits, guesses, board.rows)


def _grid(member: ModuleType) -> Iterator[dict[str, Any]]:
    yield from getattr(member, "GRID", None) or [{}]


def _explore(score: Callable[[dict[str, Any]], float], space: Callable[[Any], dict[str, Any]], trials: int, seed: int) -> None:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))

    def objective(trial: Any) -> float:
        loss = score(space(trial))
        if not np.isfinite(loss):
            raise optuna.TrialPruned
        return loss

    study.optimize(objective, n_trials=trials, n_jobs=1)
