"""Predictions of one model in one repeat, ready to be scored."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from readsight.dataset.outcome import Outcome
from readsight.errors import InputError
from readsight.stats import metrics

BLOCK_SIZE = 4_000_000  # weights that are held as numbers at a time: many resamples of many examples are scored in blocks


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
    def from_table(cls, table: pd.DataFrame, resamples: int, seed: int) -> "Resamples":
        """Of the examples of a table of predictions, each once; 0 resamples: each example counts once, and no more."""
        examples = table.drop_duplicates("example").sort_values("example")
        groups = examples["group"].to_numpy(str)
        return cls(examples["example"].to_numpy(str), groups, metrics.group_counts(groups, resamples, seed))

    def find_columns(self, examples: np.ndarray) -> np.ndarray:
        """The examples' columns of `weights`. Raises InputError for one that is not among them."""
        position = np.minimum(np.searchsorted(self.names, examples), len(self.names) - 1)
        if (self.names[position] != examples).any():
            missing = examples[self.names[position] != examples][0]
            raise InputError(
                f"predictions of one model hold the example {missing!r}, which those of another lack; predict them anew"
            )
        return position


@dataclass(frozen=True)
class PredictionSubset:
    """raw, calibrated: predictions. target: as the outcome says. fold, group: (n,). weights: (resamples, n), of which the
    first counts each example once. positive_class: class to find (binary).
    """

    raw: np.ndarray
    calibrated: np.ndarray
    target: np.ndarray
    fold: np.ndarray
    group: np.ndarray
    weights: np.ndarray
    outcome: Outcome
    positive_class: int = 1

    def apply_in_blocks(self, function: Callable[["PredictionSubset"], Any]) -> Any:
        """What a way of scoring gives of all resamples, a block of them after another, in bounded memory.

        function: takes the part with weights as floats; gives (resamples, …) arrays, one, a list or a dictionary of them. Each
        block begins with the first weighting, which ways tell from it which classes there are.
        """
        step = max(1, BLOCK_SIZE // max(1, len(self.fold)))
        results = []
        for start in range(1, max(2, len(self.weights)), step):
            block_weights = np.vstack([self.weights[:1], self.weights[start : start + step]]).astype(float)
            results.append(function(replace(self, weights=block_weights)))
        return join_blocks(results)


def compute_requested(functions: dict[str, Callable[[], np.ndarray]], names: Collection[str] | None) -> dict[str, np.ndarray]:
    """Metrics by their names, of all ways of scoring or of those named; the others are not worked out."""
    return {name: function() for name, function in functions.items() if names is None or name in names}


def join_blocks(blocks: list[Any]) -> Any:
    """Results of blocks, one after another, the first row of each but the first left out."""
    if isinstance(blocks[0], dict):
        return {name: join_blocks([block[name] for block in blocks]) for name in blocks[0]}
    if isinstance(blocks[0], list | tuple):
        return [join_blocks(list(values)) for values in zip(*blocks, strict=True)]
    return np.concatenate([blocks[0], *(block[1:] for block in blocks[1:])])


def split_by_repeat(
    table: pd.DataFrame, outcome: Outcome, resamples: Resamples, positive_class: int = 1
) -> list[PredictionSubset]:
    """A part a repeat, in the order of repeats; the examples in the order of their names, so that models stand side by side."""
    subsets = []
    for _, repeat_table in table.sort_values(["repeat", "example"], kind="stable").groupby("repeat"):
        columns = resamples.find_columns(repeat_table["example"].to_numpy(str))
        guesses = [outcome.read_predictions(repeat_table, name) for name in ("raw", "calibrated")]
        # All are tested once a repeat: the weights of many resamples are shared then, not copied for each model.
        weights = resamples.weights if np.array_equal(columns, np.arange(len(resamples.names))) else resamples.weights[:, columns]
        arrays = (outcome.read_target(repeat_table), repeat_table["fold"].to_numpy(), resamples.groups[columns], weights)
        subsets.append(PredictionSubset(*guesses, *arrays, outcome, positive_class))
    return subsets
