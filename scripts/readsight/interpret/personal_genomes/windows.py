"""Windows for predictions of personal genomes, and the models that were trained on them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from readsight.dataset import cross_validation, examples
from readsight.dataset.sequences import regions
from readsight.dataset.sequences.raw_examples import make_unique
from readsight.errors import InputError
from readsight.genome import windows
from readsight.genome.store import Genome

TRAINING_ROLES = ("train", "validation")


@dataclass(frozen=True)
class Regions:
    """n windows of equal length.

    Attributes
    ----------
    contig : (n,), index in `genome.names`.
    start : (n,), may lie outside the contig if windows are padded.
    strand : (n,).
    covered : (n, folds), whether a fold was trained on an overlapping window; None if examples have no coordinates.
    excluded : one line per reason.
    """

    name: list[str]
    chrom: list[str]
    contig: np.ndarray
    start: np.ndarray
    strand: np.ndarray
    covered: np.ndarray | None
    excluded: list[str]

    def __len__(self) -> int:
        return len(self.name)


def read_regions(
    bed: Path | None, example_file: Path, split: Path, genome: Genome, length: int, outside: str, fold_count: int
) -> Regions:
    """Windows of `length` bases around the regions of a BED file, or the test windows of the task's first repeat without one.

    Parameters
    ----------
    example_file : the task's examples.
    fold_count : number of folds.
    outside : windows beyond contig ends: error, pad or drop.

    Raises
    ------
    InputError for regions outside the genome, and for examples of another length or without coordinates.
    """
    data = examples.read(example_file)
    kind = examples.read_sequence_layout(data)
    if kind is None or kind.length != length:
        raise InputError(
            f"{example_file}: contains sequences of {kind.length if kind else 0} bases, but the model was trained on {length}"
        )
    roles = (
        pd.read_parquet(split)
        .set_index("example")
        .loc[data.obs_names, [cross_validation.fold_column(0, n) for n in range(fold_count)]]
        .to_numpy(str)
    )
    has_position = data.obs["chrom"].to_numpy(str) != ""
    if bed is None:
        table, excluded = _select_test_windows(data.obs, roles, has_position, example_file), []
    else:
        region_set = regions.read_regions(bed, genome, _region_options(length, outside))
        table, excluded = region_set.obs, region_set.left_out
    if not len(table):
        raise InputError(f"{bed or example_file}: contains no region whose window lies within its contig; {'; '.join(excluded)}")
    chrom = table["chrom"].astype(str).tolist()
    start = table["start"].to_numpy(np.int64)
    covered = find_overlaps(data.obs[has_position], roles[has_position], chrom, start, length) if has_position.any() else None
    contig, strand = genome.index_contigs(chrom, str(bed or example_file)), table["strand"].to_numpy(str)
    is_outside = ~windows.is_inside(genome, contig, start, length)
    if bed is None and is_outside.any() and outside == "error":
        raise InputError(windows.describe_outside(genome, contig[is_outside], start[is_outside], length))
    return Regions(make_unique(table.index.astype(str).tolist()), chrom, contig, start, strand, covered, excluded)


def _select_test_windows(obs: pd.DataFrame, roles: np.ndarray, has_position: np.ndarray, example_file: Path) -> pd.DataFrame:
    """Examples that are in the test set of a fold."""
    if not has_position.all():
        raise InputError(
            f"interpret.personal.regions: sequences of {example_file} have no genomic coordinates; name a BED file of the regions to predict"
        )
    return obs[(roles == "test").any(axis=1)]


def _region_options(length: int, outside: str) -> dict[str, Any]:
    """Options of the region reader for regions without labels."""
    options = {"label": None, "target": "label", "by": None, "files": [], "column": None, "given": None, "unequal": "error"}
    return options | {"length": length, "outside": outside}


def find_overlaps(obs: pd.DataFrame, roles: np.ndarray, chrom: list[str], start: np.ndarray, length: int) -> np.ndarray:
    """Whether windows of `length` bases overlap training examples of each fold, (n, folds).

    obs: chrom, start and end of the examples. roles: (examples, folds).
    """
    names = np.array(chrom)
    overlaps = np.zeros((len(names), roles.shape[1]), bool)
    coordinates = {key: obs[key].to_numpy() for key in ("chrom", "start", "end")}
    for fold in range(roles.shape[1]):
        is_training = np.isin(roles[:, fold], TRAINING_ROLES)
        for name in dict.fromkeys(chrom):
            is_selected = is_training & (coordinates["chrom"] == name)
            rows = np.flatnonzero(names == name)
            # starts before the end of the window, minus ends before its start
            begun = np.searchsorted(np.sort(coordinates["start"][is_selected]), start[rows] + length, side="left")
            ended = np.searchsorted(np.sort(coordinates["end"][is_selected]), start[rows], side="right")
            overlaps[rows, fold] = begun > ended
    return overlaps
