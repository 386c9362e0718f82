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
ENOUGH = 30


@dataclass(frozen=True)
class Known:
    """obs: a row an example of the task, by its name: gc, repeat, chrom, start, where they are told. target: as the outcome says."""

    obs: pd.DataFrame
    target: np.ndarray | None = None

    @classmethod
    def read(cls, path: Path, outcome: Outcome) -> "Known":
        """From a file of examples (.h5ad); of sequences nothing is read but what is known of them."""
        import anndata

        with h5py.File(path) as handle:
            obs = anndata.io.read_elem(handle["obs"])
            target = fold_file.mapped(handle["obsm/target"]) if outcome.kind == "profile" else None
        return cls(obs, outcome.target(obs) if outcome.kind == "regression" else target)

    def rest(self, tested: np.ndarray) -> np.ndarray | None:
        """Mean target of all examples but those named, (1, …); None where there are none, or no target is known."""
        kept = ~self.obs.index.isin(tested)
        if self.target is None or not kept.any():
            return None
        total: float | np.ndarray = 0.0
        for start in range(0, len(kept), STEP):
            own = kept[start : start + STEP]
            total = total + np.asarray(self.target[start : start + STEP])[own].sum(axis=0, dtype=float)
        return np.asarray(total)[None] / kept.sum()

    def of(self, examples: np.ndarray, name: str) -> np.ndarray | None:
        """A column of the examples named, (n,); None where there is no such column, or not all of them."""
        if name not in self.obs or not set(examples) <= set(self.obs.index):
            return None
        return self.obs.loc[examples, name].to_numpy()

    def blocks(self, examples: np.ndarray) -> np.ndarray | None:
        """Block of the genome that each example starts in, (n,): the longest of BLOCKS of which there are ENOUGH, else the shortest.

        None where an example has no place.
        """
        chrom, start = self.of(examples, "chrom"), self.of(examples, "start")
        if chrom is None or start is None or (chrom.astype(str) == "").any():
            return None
        for length in BLOCKS:
            place = np.maximum(start.astype(int), 0) // length  # a padded window begins before its contig
            found = np.array([f"{c}:{s}" for c, s in zip(chrom.astype(str), place, strict=True)])
            if len(np.unique(found)) >= ENOUGH:
                break
        return found


def regrouped(tables: dict[str, pd.DataFrame], known: Known | None) -> dict[str, pd.DataFrame]:
    """Tables of predictions whose groups are blocks of the genome, where whole chromosomes were held out and are few.

    Of two chromosomes no interval can be told by resampling them. Examples of one block are still drawn together. The
    tables as they are where groups are enough, or the examples' places are not known, or fall into few blocks too.
    """
    once = next(iter(tables.values())).drop_duplicates("example")
    examples = once["example"].to_numpy(str)
    blocks = known.blocks(examples) if known is not None and once["group"].nunique() < FEW else None
    if blocks is None or len(np.unique(blocks)) < FEW:
        return tables
    place = dict(zip(examples, blocks, strict=True))
    return {model: table.assign(group=table["example"].map(place).fillna(table["group"])) for model, table in tables.items()}
