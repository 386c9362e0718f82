"""Which variants lie where the models learned."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from readsight.dataset import examples as examples_file
from readsight.errors import InputError
from readsight.interpret.variant_effects.trained_models import Models
from readsight.interpret.variant_effects.variants import Variants

LEARNED = ("train", "validation")  # training stops, and is calibrated, by the validation part


@dataclass
class Training:
    """Windows that any of the models learned from. chrom, start, end: (k,), 0-based half-open. length: bases of the task's windows.

    made_from: file → hash of what the examples were made of. placed: whether any example says where it lies.
    """

    chrom: np.ndarray
    start: np.ndarray
    end: np.ndarray
    length: int
    made_from: dict[str, str]
    placed: bool


def read(examples: Path, split: Path, models: Models, about: Path) -> Training:
    """The windows of the first repeat's training and validation parts, of all folds.

    Raises InputError where the examples are not those of the split, or not such as the models learned from.
    """
    data, table = examples_file.read(examples), pd.read_parquet(split).set_index("example")
    own, outcome = examples_file.sequence(data), examples_file.outcome(data)
    faults = []
    if own is None:
        raise InputError(f"{examples}: holds no sequences")
    if not data.obs_names.equals(pd.Index(table.index.astype(str))):
        faults.append(f"{split}: is the split of other examples than those of {examples}; make it anew")
    for name, now, then in (
        ("length of windows", own.length, models.length), ("pairs of windows", own.pair, models.pair),
        ("strandedness", own.stranded, models.stranded), ("outcome", outcome.plain(), models.outcome.plain()),
    ):  # fmt: skip
        if now != then:
            faults.append(f"{examples}: {name} is {_said(now)}, and {about} was trained with {_said(then)}")
    if faults:
        raise InputError(faults)
    columns = [name for name in table if name.startswith("repeat0.fold") and ".inner" not in name]
    learned = table[columns].isin(LEARNED).any(axis=1).to_numpy()
    obs = data.obs
    placed = (obs["chrom"].astype(str) != "").to_numpy() if "chrom" in obs else np.zeros(len(obs), bool)
    kept = obs[learned & placed]
    made_from = {str(k): str(v) for k, v in dict(data.uns["task"].get("made_from", {})).items()}
    own_places = [kept[name].to_numpy() if len(kept) else np.zeros(0, int) for name in ("chrom", "start", "end")]
    return Training(*own_places, own.length, made_from, bool(placed.any()))


def _said(value: Any) -> str:
    return f"{value['kind']} of {', '.join(value['classes'])}" if isinstance(value, dict) else str(value)


def seen(variants: Variants, training: Training, length: int, shift: int) -> np.ndarray:
    """Whether any window of a variant overlaps one that a model learned from, (n,) bool."""
    low, high = variants.spans(length, shift)
    return covered(variants, low, high, training.chrom, training.start, training.end)


def covered(
    variants: Variants, low: np.ndarray, high: np.ndarray, chrom: np.ndarray, start: np.ndarray, end: np.ndarray
) -> np.ndarray:
    """Whether [low, high) of each variant's contig overlaps any of the intervals, (n,) bool."""
    found = np.zeros(len(variants), bool)
    for place, name in enumerate(variants.genome.names):
        here, own = np.flatnonzero(variants.contig == place), np.flatnonzero(chrom == name)
        if not len(here) or not len(own):
            continue
        order = own[np.argsort(start[own], kind="stable")]
        reach = np.maximum.accumulate(end[order].astype(np.int64))
        before = np.searchsorted(
            start[order].astype(np.int64), high[here], side="left"
        )  # intervals that begin before the window ends
        found[here] = (before > 0) & (reach[np.maximum(before - 1, 0)] > low[here])
    return found
