"""Predictions of one model in one repeat, ready to be scored."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from readsight.dataset.outcome import Outcome
from readsight.errors import InputError
from readsight.stats import metrics

ROOM = 4_000_000  # weights that are held as numbers at a time: many resamples of many examples are scored in blocks


@dataclass(frozen=True)
class Resamples:
    """How often each example counts in each resample of the groups, the first counting each once.

    names: (n,) examples, sorted. groups: (n,). weights: (1 + resamples, n) counts; of a lone group, which cannot be
    resampled, (1, n).
    """

    names: np.ndarray
    groups: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, table: pd.DataFrame, resamples: int, seed: int) -> "Resamples":
        """Of the examples of a table of predictions, each once; 0 resamples: each example counts once, and no more."""
        once = table.drop_duplicates("example").sort_values("example")
        groups = once["group"].to_numpy(str)
        return cls(once["example"].to_numpy(str), groups, metrics.group_counts(groups, resamples, seed))

    def columns(self, examples: np.ndarray) -> np.ndarray:
        """The examples' columns of `weights`. Raises InputError for one that is not among them."""
        place = np.minimum(np.searchsorted(self.names, examples), len(self.names) - 1)
        if (self.names[place] != examples).any():
            strange = examples[self.names[place] != examples][0]
            raise InputError(
                f"predictions of one model hold the example {strange!r}, which those of another lack; predict them anew"
            )
        return place


@dataclass(frozen=True)
class Part:
    """raw, calibrated: predictions. target: as the outcome says. fold, group: (n,). weights: (resamples, n), of which the
    first counts each example once. sought: class to find (binary).
    """

    raw: np.ndarray
    calibrated: np.ndarray
    target: np.ndarray
    fold: np.ndarray
    group: np.ndarray
    weights: np.ndarray
    outcome: Outcome
    sought: int = 1

    def blocked(self, way: Callable[["Part"], Any]) -> Any:
        """What a way of scoring gives of all resamples, a block of them after another, in bounded memory.

        way: takes the part with weights as floats; gives (resamples, …) arrays, one, a list or a dictionary of them. Each
        block begins with the first weighting, which ways tell from it which classes there are.
        """
        step = max(1, ROOM // max(1, len(self.fold)))
        pieces = []
        for start in range(1, max(2, len(self.weights)), step):
            drawn = np.vstack([self.weights[:1], self.weights[start : start + step]]).astype(float)
            pieces.append(way(replace(self, weights=drawn)))
        return joined(pieces)


def named(ways: dict[str, Callable[[], np.ndarray]], names: Collection[str] | None) -> dict[str, np.ndarray]:
    """Metrics by their names, of all ways of scoring or of those named; the others are not worked out."""
    return {name: way() for name, way in ways.items() if names is None or name in names}


def joined(pieces: list[Any]) -> Any:
    """Results of blocks, one after another, the first row of each but the first left out."""
    if isinstance(pieces[0], dict):
        return {name: joined([piece[name] for piece in pieces]) for name in pieces[0]}
    if isinstance(pieces[0], list | tuple):
        return [joined(list(own)) for own in zip(*pieces, strict=True)]
    return np.concatenate([pieces[0], *(piece[1:] for piece in pieces[1:])])


def parts(table: pd.DataFrame, outcome: Outcome, drawn: Resamples, sought: int = 1) -> list[Part]:
    """A part a repeat, in the order of repeats; the examples in the order of their names, so that models stand side by side."""
    found = []
    for _, own in table.sort_values(["repeat", "example"], kind="stable").groupby("repeat"):
        at = drawn.columns(own["example"].to_numpy(str))
        guesses = [outcome.guess(own, name) for name in ("raw", "calibrated")]
        # All are tested once a repeat: the weights of many resamples are shared then, not copied for each model.
        weights = drawn.weights if np.array_equal(at, np.arange(len(drawn.names))) else drawn.weights[:, at]
        rest = (outcome.target(own), own["fold"].to_numpy(), drawn.groups[at], weights)
        found.append(Part(*guesses, *rest, outcome, sought))
    return found
