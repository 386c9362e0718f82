"""Overlap of variants with training windows."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from readsight.dataset import examples as examples_file
from readsight.errors import InputError
from readsight.interpret.variant_effects.trained_models import TrainedModels
from readsight.interpret.variant_effects.variants import AlleleTable

TRAINING_ROLES = ("train", "validation")  # validation data is used for early stopping and calibration


@dataclass
class TrainingWindows:
    """Windows that any model was trained on.

    Attributes
    ----------
    chrom, start, end : (k,), 0-based half-open.
    length : window length of the task.
    made_from : file → digest of the files that the examples were built from.
    has_positions : whether any example has coordinates.
    """

    chrom: np.ndarray
    start: np.ndarray
    end: np.ndarray
    length: int
    made_from: dict[str, str]
    has_positions: bool


def read_training_windows(examples: Path, split: Path, models: TrainedModels, description: Path) -> TrainingWindows:
    """Training and validation windows of the first repeat, over all folds.

    Raises InputError if examples, split and models do not match.
    """
    data, table = examples_file.read(examples), pd.read_parquet(split).set_index("example")
    sequence, outcome = examples_file.read_sequence_layout(data), examples_file.read_outcome(data)
    faults = []
    if sequence is None:
        raise InputError(f"{examples}: contains no sequences")
    if not data.obs_names.equals(pd.Index(table.index.astype(str))):
        faults.append(f"{split}: was not made from {examples}; recreate it")
    for name, actual, expected in (
        ("length of windows", sequence.length, models.length), ("pairs of windows", sequence.pair, models.pair),
        ("strandedness", sequence.stranded, models.stranded), ("outcome", outcome.to_dict(), models.outcome.to_dict()),
    ):  # fmt: skip
        if actual != expected:
            faults.append(
                f"{examples}: {name} is {_describe_value(actual)}, but {description} was trained with {_describe_value(expected)}"
            )
    if faults:
        raise InputError(faults)
    columns = [name for name in table if name.startswith("repeat0.fold") and ".inner" not in name]
    is_training = table[columns].isin(TRAINING_ROLES).any(axis=1).to_numpy()
    obs = data.obs
    has_position = (obs["chrom"].astype(str) != "").to_numpy() if "chrom" in obs else np.zeros(len(obs), bool)
    training_rows = obs[is_training & has_position]
    made_from = {str(k): str(v) for k, v in dict(data.uns["task"].get("made_from", {})).items()}
    intervals = [training_rows[name].to_numpy() if len(training_rows) else np.zeros(0, int) for name in ("chrom", "start", "end")]
    return TrainingWindows(*intervals, sequence.length, made_from, bool(has_position.any()))


def _describe_value(value: Any) -> str:
    return f"{value['kind']} of {', '.join(value['classes'])}" if isinstance(value, dict) else str(value)


def find_training_overlap(variants: AlleleTable, training: TrainingWindows, length: int, shift: int) -> np.ndarray:
    """Whether any window of a variant overlaps a training window, (n,) bool."""
    low, high = variants.compute_spans(length, shift)
    return find_overlaps(variants, low, high, training.chrom, training.start, training.end)


def find_overlaps(
    variants: AlleleTable, low: np.ndarray, high: np.ndarray, chrom: np.ndarray, start: np.ndarray, end: np.ndarray
) -> np.ndarray:
    """Whether [low, high) on each variant's contig overlaps any of the intervals, (n,) bool."""
    overlaps = np.zeros(len(variants), bool)
    for contig, name in enumerate(variants.genome.names):
        rows, intervals = np.flatnonzero(variants.contig == contig), np.flatnonzero(chrom == name)
        if not len(rows) or not len(intervals):
            continue
        order = intervals[np.argsort(start[intervals], kind="stable")]
        reach = np.maximum.accumulate(end[order].astype(np.int64))
        before = np.searchsorted(
            start[order].astype(np.int64), high[rows], side="left"
        )  # intervals that begin before the window ends
        overlaps[rows] = (before > 0) & (reach[np.maximum(before - 1, 0)] > low[rows])
    return overlaps
