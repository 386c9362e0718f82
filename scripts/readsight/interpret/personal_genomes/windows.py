"""The windows in which people's sequences are predicted, and which models were trained on them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from readsight.dataset import cross_validation, examples
from readsight.dataset.sequences import regions
from readsight.dataset.sequences.raw_examples import unique
from readsight.errors import InputError
from readsight.genome import windows
from readsight.genome.store import Genome

LEARNED = ("train", "validation")


@dataclass(frozen=True)
class Regions:
    """n windows of one length. contig: (n,) places in `genome.names`. start: (n,), may be outside of the contig where windows are
    padded. strand: (n,). seen: (n, folds) whether a fold's model learned from a window that this one overlaps; None where the
    examples have no places. left: what was left out, a line each.
    """

    name: list[str]
    chrom: list[str]
    contig: np.ndarray
    start: np.ndarray
    strand: np.ndarray
    seen: np.ndarray | None
    left: list[str]

    def __len__(self) -> int:
        return len(self.name)


def read(bed: Path | None, held: Path, split: Path, genome: Genome, length: int, outside: str, number: int) -> Regions:
    """Windows of `length` bases about the regions of a BED file; without one the task's own of the test parts of the first repeat.

    held: the task's examples. number: folds. outside: what becomes of windows that reach past their contig: error, pad or drop.
    Raises InputError for regions that are not on the genome, and examples of another length or without places.
    """
    data = examples.read(held)
    kind = examples.sequence(data)
    if kind is None or kind.length != length:
        raise InputError(f"{held}: holds sequences of {kind.length if kind else 0} bases, and the model was trained on {length}")
    roles = (
        pd.read_parquet(split)
        .set_index("example")
        .loc[data.obs_names, [cross_validation.column(0, n) for n in range(number)]]
        .to_numpy(str)
    )
    placed = data.obs["chrom"].to_numpy(str) != ""
    if bed is None:
        table, left = _tested(data.obs, roles, placed, held), []
    else:
        found = regions.read(bed, genome, _spec(length, outside))
        table, left = found.obs, found.left_out
    if not len(table):
        raise InputError(f"{bed or held}: holds no region whose window lies within its contig; {'; '.join(left)}")
    chrom = table["chrom"].astype(str).tolist()
    start = table["start"].to_numpy(np.int64)
    seen = overlapped(data.obs[placed], roles[placed], chrom, start, length) if placed.any() else None
    contig, strand = genome.index(chrom, str(bed or held)), table["strand"].to_numpy(str)
    past = ~windows.inside(genome, contig, start, length)
    if bed is None and past.any() and outside == "error":
        raise InputError(windows.past(genome, contig[past], start[past], length))
    return Regions(unique(table.index.astype(str).tolist()), chrom, contig, start, strand, seen, left)


def _tested(obs: pd.DataFrame, roles: np.ndarray, placed: np.ndarray, held: Path) -> pd.DataFrame:
    """Examples that a fold is tested on."""
    if not placed.all():
        raise InputError(
            f"interpret.personal.regions: sequences of {held} have no place on the genome; name a BED file of the regions to predict"
        )
    return obs[(roles == "test").any(axis=1)]


def _spec(length: int, outside: str) -> dict[str, Any]:
    """What the reader of regions wants to know, of regions without labels."""
    said = {"label": None, "target": "label", "by": None, "files": [], "column": None, "given": None, "unequal": "error"}
    return said | {"length": length, "outside": outside}


def overlapped(obs: pd.DataFrame, roles: np.ndarray, chrom: list[str], start: np.ndarray, length: int) -> np.ndarray:
    """Whether windows of `length` bases overlap examples that a fold's model learned from, (n, folds).

    obs: chrom, start and end of the examples. roles: (examples, folds).
    """
    names = np.array(chrom)
    found = np.zeros((len(names), roles.shape[1]), bool)
    place = {key: obs[key].to_numpy() for key in ("chrom", "start", "end")}
    for fold in range(roles.shape[1]):
        learned = np.isin(roles[:, fold], LEARNED)
        for name in dict.fromkeys(chrom):
            own = learned & (place["chrom"] == name)
            rows = np.flatnonzero(names == name)
            # windows that begin before the end of this one, less those that end before its start
            begun = np.searchsorted(np.sort(place["start"][own]), start[rows] + length, side="left")
            ended = np.searchsorted(np.sort(place["end"][own]), start[rows], side="right")
            found[rows, fold] = begun > ended
    return found
