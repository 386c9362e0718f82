"""Predictions of one model in one repeat, with resampling weights, ready for scoring."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from readsight.dataset.outcome import Outcome
from readsight.errors import InputError
from readsight.stats import metrics

BLOCK_SIZE = 4_000_000  # float weights in memory at once: large resamples are scored in blocks


@dataclass(frozen=True)
class Resamples:
    """Counts of each example in each resample of the groups; in the first resample every example counts once.

    names: (n,) examples, sorted. groups: (n,). weights: (1 + resamples, n) counts; (1, n) for a single group, which cannot be
    resampled.
    """

    names: np.ndarray
    groups: np.ndarray
    weights: np.ndarray

    @classmethod
    def from_table(cls, table: pd.DataFrame, resamples: int, seed: int) -> "Resamples":
        """Resamples of the examples of a prediction table; with 0 resamples every example counts once."""
        examples = table.drop_duplicates("example").sort_values("example")
        groups = examples["group"].to_numpy(str)
        return cls(examples["example"].to_numpy(str), groups, metrics.group_counts(groups, resamples, seed))

    def find_columns(self, examples: np.ndarray) -> np.ndarray:
        """Columns of `weights` for the given examples. Raises InputError for unknown examples."""
        position = np.minimum(np.searchsorted(self.names, examples), len(self.names) - 1)
        if (self.names[position] != examples).any():
            missing = examples[self.names[position] != examples][0]
            raise InputError(f"example {missing!r} has predictions of one model, but not of all; run the predictions again")
        return position


@dataclass(frozen=True)
class PredictionSubset:
    """Predictions of one repeat.

    raw, calibrated: predictions. target: as the outcome defines. fold, group: (n,). weights: (resamples, n), of which the first counts
    each example once. positive_class: code of the positive class (binary).
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
        """Result of a scoring function over all resamples, computed in blocks to bound memory.

        function: takes the subset with float weights; returns (resamples, …) arrays, as one array, a list or a dict. Each block starts with
        the first weighting, so that the function can detect the classes.
        """
        step = max(1, BLOCK_SIZE // max(1, len(self.fold)))
        results = []
        for start in range(1, max(2, len(self.weights)), step):
            block_weights = np.vstack([self.weights[:1], self.weights[start : start + step]]).astype(float)
            results.append(function(replace(self, weights=block_weights)))
        return join_blocks(results)


def compute_requested(functions: dict[str, Callable[[], np.ndarray]], names: Collection[str] | None) -> dict[str, np.ndarray]:
    """Metric → value, for all functions or those in `names`; the remaining ones are not computed."""
    return {name: function() for name, function in functions.items() if names is None or name in names}


def join_blocks(blocks: list[Any]) -> Any:
    """Concatenate results of blocks, without the first row of all but the first block."""
    if isinstance(blocks[0], dict):
        return {name: join_blocks([block[name] for block in blocks]) for name in blocks[0]}
    if isinstance(blocks[0], list | tuple):
        return [join_blocks(list(values)) for values in zip(*blocks, strict=True)]
    return np.concatenate([blocks[0], *(block[1:] for block in blocks[1:])])


def split_by_repeat(
    table: pd.DataFrame, outcome: Outcome, resamples: Resamples, positive_class: int = 1
) -> list[PredictionSubset]:
    """One subset per repeat, in order; examples are sorted by name, so that models are aligned."""
    subsets = []
    for _, repeat_table in table.sort_values(["repeat", "example"], kind="stable").groupby("repeat"):
        columns = resamples.find_columns(repeat_table["example"].to_numpy(str))
        guesses = [outcome.read_predictions(repeat_table, name) for name in ("raw", "calibrated")]
        # If all examples are tested once per repeat, models share one array of weights.
        weights = resamples.weights if np.array_equal(columns, np.arange(len(resamples.names))) else resamples.weights[:, columns]
        arrays = (outcome.read_target(repeat_table), repeat_table["fold"].to_numpy(), resamples.groups[columns], weights)
        subsets.append(PredictionSubset(*guesses, *arrays, outcome, positive_class))
    return subsets
