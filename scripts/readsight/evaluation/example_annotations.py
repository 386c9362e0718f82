"""Annotations of examples: locus, GC content, repeats, and the targets of examples outside the test set."""

from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from readsight.dataset import fold_file
from readsight.dataset.outcome import Outcome

ROWS_PER_READ = 10_000  # targets read at once
BLOCK_LENGTHS = (100_000, 30_000, 10_000, 3_000)  # bases; shorter for small genomes
MIN_GROUPS = 10
MIN_BLOCKS = 30


@dataclass(frozen=True)
class ExampleAnnotations:
    """obs: one row per example, by name: gc, repeat, chrom, start if known. target: as the outcome defines."""

    obs: pd.DataFrame
    target: np.ndarray | None = None

    @classmethod
    def read_h5ad(cls, path: Path, outcome: Outcome) -> "ExampleAnnotations":
        """Read annotations (not sequences) from a file of examples (.h5ad)."""
        import anndata

        with h5py.File(path) as handle:
            obs = anndata.io.read_elem(handle["obs"])
            target = fold_file.map_dataset(handle["obsm/target"]) if outcome.kind == "profile" else None
        return cls(obs, outcome.read_target(obs) if outcome.kind == "regression" else target)

    def compute_remaining_mean(self, tested: np.ndarray) -> np.ndarray | None:
        """Mean target of all examples except those tested, (1, …); None if there are none, or the target is unknown."""
        kept = ~self.obs.index.isin(tested)
        if self.target is None or not kept.any():
            return None
        total: float | np.ndarray = 0.0
        for start in range(0, len(kept), ROWS_PER_READ):
            is_kept = kept[start : start + ROWS_PER_READ]
            total = total + np.asarray(self.target[start : start + ROWS_PER_READ])[is_kept].sum(axis=0, dtype=float)
        return np.asarray(total)[None] / kept.sum()

    def get_column(self, examples: np.ndarray, name: str) -> np.ndarray | None:
        """A column for the given examples, (n,); None if the column or an example is missing."""
        if name not in self.obs or not set(examples) <= set(self.obs.index):
            return None
        return self.obs.loc[examples, name].to_numpy()

    def assign_blocks(self, examples: np.ndarray) -> np.ndarray | None:
        """Genome block in which each example starts, (n,), with the longest block length that gives MIN_BLOCKS blocks.

        The shortest length if none does. None if an example has no locus.
        """
        chrom, start = self.get_column(examples, "chrom"), self.get_column(examples, "start")
        if chrom is None or start is None or (chrom.astype(str) == "").any():
            return None
        for length in BLOCK_LENGTHS:
            block_number = np.maximum(start.astype(int), 0) // length  # a padded window begins before its contig
            blocks = np.array([f"{c}:{s}" for c, s in zip(chrom.astype(str), block_number, strict=True)])
            if len(np.unique(blocks)) >= MIN_BLOCKS:
                break
        return blocks


def regroup_by_block(tables: dict[str, pd.DataFrame], annotations: ExampleAnnotations | None) -> dict[str, pd.DataFrame]:
    """Prediction tables grouped by genome block, if few chromosomes are in the test set.

    Resampling two chromosomes gives no useful interval. Examples of one block are still resampled together. Tables are unchanged if
    there are enough groups, loci are unknown, or there are few blocks as well.
    """
    unique_examples = next(iter(tables.values())).drop_duplicates("example")
    examples = unique_examples["example"].to_numpy(str)
    blocks = (
        annotations.assign_blocks(examples)
        if annotations is not None and unique_examples["group"].nunique() < MIN_GROUPS
        else None
    )
    if blocks is None or len(np.unique(blocks)) < MIN_GROUPS:
        return tables
    block_of = dict(zip(examples, blocks, strict=True))
    return {model: table.assign(group=table["example"].map(block_of).fillna(table["group"])) for model, table in tables.items()}
