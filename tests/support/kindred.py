"""Sequence examples for tests, some of them related: mutated, shifted, reverse-complemented, or overlapping on the genome."""

from pathlib import Path

import anndata
import numpy as np
import pandas as pd

from readsight.dataset.fold_file import SequenceLayout
from readsight.dataset.outcome import Outcome
from readsight.genome.codes import reverse_complement

SPLIT = {"by": "homology", "folds": 3, "repeats": 1, "inner": None, "validation": 0.25, "gap": 200}
SPLIT |= {"identity": 0.8, "coverage": 0.6, "stranded": False}
GIVEN = SPLIT | {"by": "given", "given": "split", "column": "donor", "folds": 1, "resplits": 0}
CHROMOSOME = SPLIT | {"by": "chromosome", "test_chromosomes": [], "validation_chromosomes": []}


def random_codes(n: int, length: int, seed: int = 0) -> np.ndarray:
    """Codes (n, length) without N."""
    return np.random.default_rng(seed).integers(0, 4, (n, length)).astype(np.uint8)


def mutate_codes(codes: np.ndarray, identity: float, seed: int = 0) -> np.ndarray:
    """Codes in which the fraction 1 − identity of each row is substituted."""
    rng, copies = np.random.default_rng(seed), codes.copy()
    for row in copies:
        positions = rng.choice(len(row), round((1 - identity) * len(row)), replace=False)
        row[positions] = (row[positions] + rng.integers(1, 4, len(positions))) % 4
    return copies


def make_examples(codes: np.ndarray, obs: pd.DataFrame | None = None, pair: bool = False, **columns) -> anndata.AnnData:
    """AnnData in the format of `dataset_assemble_sequences`; by default alternating labels 0 and 1 and no coordinates."""
    n, length = codes.shape[0], codes.shape[1] // (1 + pair)
    values = {"label": np.arange(n) % 2, "chrom": "", "start": -1, "end": -1, "strand": ".", "origin": "given", "copies": 1}
    values |= {"gc": np.isin(codes, (1, 2)).mean(axis=1), "repeat": np.nan} | columns
    obs = pd.DataFrame(values, index=[f"e{i}" for i in range(n)])
    obs["stratum"] = obs["label"]
    uns = {"task": {"source": "sequences", "representation": "one_hot"}, "sequence": SequenceLayout(length, pair).to_dict()}
    uns["outcome"] = Outcome("binary", ("no", "yes")).to_dict()
    return anndata.AnnData(obs=obs, obsm={"sequence": codes}, uns=uns)


def make_families(count: int, size: int, length: int = 80, seed: int = 0) -> np.ndarray:
    """Codes of `count` consecutive families: each has `size` copies of one sequence at 92 % identity, half reverse-complemented."""
    parents = random_codes(count, length, seed).repeat(size, axis=0)
    copies = mutate_codes(parents, 0.92, seed + 1)
    copies[1::2] = reverse_complement(copies[1::2])
    return copies


def chromosome_positions(n: int, chromosomes: int = 5, length: int = 80) -> dict[str, np.ndarray]:
    """Coordinates of n examples: chr1, chr2, … in turn, far from one another."""
    index = np.arange(n)
    start = index * 10 * length
    chrom = np.array([f"chr{i % chromosomes + 1}" for i in index])
    return {"chrom": chrom, "start": start, "end": start + length, "label": index // chromosomes % 2}


def write_folds(folder: Path, data: anndata.AnnData, split: dict = SPLIT, balance: str = "none") -> dict[str, Path]:
    """Certified split and balanced folds of repeat 0: name → file."""
    import dataset_balance
    import dataset_fold
    import dataset_split

    folder.mkdir(parents=True, exist_ok=True)
    files = {name: folder / f"{name}.h5" for name in ("train", "validation", "test", "balanced", "scaler")}
    files |= {"split": folder / "split.parquet", "certificate": folder / "certificate.json", "summary": folder / "summary.json"}
    files["examples"] = folder / "examples.h5ad"
    data.write_h5ad(files["examples"])
    dataset_split.main(files["examples"], "t", split, 1, files["split"], files["certificate"], files["summary"])
    roles = {role: files[role] for role in ("train", "validation", "test")}
    dataset_fold.main(files["examples"], files["split"], files["certificate"], 0, {}, roles, files["scaler"])
    spec = {"method": balance, "neighbours": 5, "rate": 0.05}
    dataset_balance.main(files["train"], spec, 1, files["balanced"])
    return files
