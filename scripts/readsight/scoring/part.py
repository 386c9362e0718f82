"""Predictions of one model in one repeat, ready to be scored."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from readsight import metrics
from readsight.errors import InputError
from readsight.outcome import Outcome


@dataclass(frozen=True)
class Resamples:
    """How often each example counts in each resample of the groups, the first counting each once.

    names: (n,) examples, sorted. groups: (n,). weights: (1 + resamples, n).
    """

    names: np.ndarray
    groups: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, table: pd.DataFrame, resamples: int, seed: int) -> "Resamples":
        """Of the examples of a table of predictions, each once; 0 resamples: each example counts once, and no more."""
        once = table.drop_duplicates("example").sort_values("example")
        groups = once["group"].to_numpy(str)
        weights = metrics.group_weights(groups, resamples, seed) if resamples else np.ones((1, len(once)))
        return cls(once["example"].to_numpy(str), groups, weights)

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
    """raw, calibrated: predictions. target, fold, group: (n,). weights: (resamples, n). sought: class to find (binary)."""

    raw: np.ndarray
    calibrated: np.ndarray
    target: np.ndarray
    fold: np.ndarray
    group: np.ndarray
    weights: np.ndarray
    outcome: Outcome
    sought: int = 1


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
