"""What is known of the examples themselves: where they come from, how they are made up, and what the others are."""

from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from readsight.dataset import fold_file
from readsight.dataset.outcome import Outcome

STEP = 10_000  # targets that are read at a time
BLOCKS = (100_000, 30_000, 10_000, 3_000)  # bases; small genomes have small ones
FEW = 10
MIN_BLOCKS = 30


@dataclass(frozen=True)
class ExampleAnnotations:
    """obs: a row an example of the task, by its name: gc, repeat, chrom, start, where they are told. target: as the outcome says."""

    obs: pd.DataFrame
    target: np.ndarray | None = None

    @classmethod
    def read_h5ad(cls, path: Path, outcome: Outcome) -> "ExampleAnnotations":
        """From a file of examples (.h5ad); of sequences nothing is read but what is known of them."""
        import anndata

        with h5py.File(path) as handle:
            obs = anndata.io.read_elem(handle["obs"])
            target = fold_file.map_dataset(handle["obsm/target"]) if outcome.kind == "profile" else None
        return cls(obs, outcome.read_target(obs) if outcome.kind == "regression" else target)

    def compute_remaining_mean(self, tested: np.ndarray) -> np.ndarray | None:
        """Mean target of all examples but those named, (1, …); None where there are none, or no target is known."""
        kept = ~self.obs.index.isin(tested)
        if self.target is None or not kept.any():
            return None
        total: float | np.ndarray = 0.0
        for start in range(0, len(kept), STEP):
            is_kept = kept[start : start + STEP]
            total = total + np.asarray(self.target[start : start + STEP])[is_kept].sum(axis=0, dtype=float)
        return np.asarray(total)[None] / kept.sum()

    def get_column(self, examples: np.ndarray, name: str) -> np.ndarray | None:
        """A column of the examples named, (n,); None where there is no such column, or not all of them."""
        if name not in self.obs or not set(examples) <= set(self.obs.index):
            return None
        return self.obs.loc[examples, name].to_numpy()

    def assign_blocks(self, examples: np.ndarray) -> np.ndarray | None:
        """Block of the genome that each example starts in, (n,): the longest of BLOCKS of which there are ENOUGH, else the shortest.

        None where an example has no place.
        """
        chrom, start = self.get_column(examples, "chrom"), self.get_column(examples, "start")
        if chrom is None or start is None or (chrom.astype(str) == "").any():
            return None
        for length in BLOCKS:
            block_number = np.maximum(start.astype(int), 0) // length  # a padded window begins before its contig
            blocks = np.array([f"{c}:{s}" for c, s in zip(chrom.astype(str), block_number, strict=True)])
            if len(np.unique(blocks)) >= MIN_BLOCKS:
                break
        return blocks


def regroup_by_block(tables: dict[str, pd.DataFrame], annotations: ExampleAnnotations | None) -> dict[str, pd.DataFrame]:
    """Tables of predictions whose groups are blocks of the genome, where whole chromosomes were held out and are few.

    Of two chromosomes no interval can be told by resampling them. Examples of one block are still drawn together. The
    tables as they are where groups are enough, or the examples' places are not known, or fall into few blocks too.
    """
    unique_examples = next(iter(tables.values())).drop_duplicates("example")
    examples = unique_examples["example"].to_numpy(str)
    blocks = annotations.assign_blocks(examples) if annotations is not None and unique_examples["group"].nunique() < FEW else None
    if blocks is None or len(np.unique(blocks)) < FEW:
        return tables
    block_of = dict(zip(examples, blocks, strict=True))
    return {model: table.assign(group=table["example"].map(block_of).fillna(table["group"])) for model, table in tables.items()}
