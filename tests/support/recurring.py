"""Sequences with recurring motifs that contribute, and a trained network that depends on a motif, for tests of motifs."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np

import model_train
import networks
import trainings
from readsight.config.sequence_tasks import Architectures, TrainingConfig
from readsight.genome.codes import encode, reverse_complement
from readsight.interpret.sequence_attribution.attribution_file import Attributions
from readsight.interpret.sequence_attribution.explained_examples import FILES, OPTIONAL_FILES

UP, DOWN = encode("TGACTCAGCA"), encode("CCGGAAGTAT")  # raises and lowers the explained output
SETTINGS = TrainingConfig().model_dump() | networks.QUICK | {"epochs": 20, "patience": 20, "dropout": 0.0}


def build_attributions(n: int = 260, length: int = 60, seed: int = 1) -> tuple[Attributions, np.ndarray, np.ndarray]:
    """Attributions of a binary outcome: UP in even and DOWN in odd rows, on either strand; positions, and strands (1, −1)."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 4, (n, length)).astype(np.uint8)
    values = rng.normal(0, 0.02, (n, length, 4))
    start, strand = rng.integers(0, length - len(UP) + 1, n), rng.choice([1, -1], n)
    for row in range(n):
        motif = (UP, DOWN)[row % 2]
        motif = motif if strand[row] > 0 else reverse_complement(motif)
        positions = np.arange(start[row], start[row] + len(motif))
        codes[row, positions] = motif
        values[row, positions] -= 0.3 * (-1) ** row
        values[row, positions, motif] = (-1) ** row * rng.uniform(0.9, 1.1, len(motif))
    rows = {"example": np.array([f"e{i}" for i in range(n)]), "group": np.array(["g"] * n), "label": 1 - np.arange(n) % 2}
    rows |= {"chrom": np.array(["chr1"] * n), "start": 100 * np.arange(n), "end": 100 * np.arange(n) + length}
    rows |= {"strand": np.array(["+", "-"] * n)[:n], "fold": np.zeros(n, int)}
    description = {
        "task": "t",
        "model": "cnn",
        "kind": "binary",
        "classes": ["off", "on"],
        "heads": ["on"],
        "methods": ["deep_shap"],
    }
    description |= {"unit": "logit", "pair": False, "stranded": False, "bin": 1, "certificate": "c"}
    return (
        Attributions({"deep_shap": {"on": values.astype(np.float32)}}, codes, rows, {"on": np.zeros(n)}, {}, description),
        start,
        strand,
    )


def train_model(folder: Path, model_name: str = "cnn", kind: str = "binary", **sequence_options: Any) -> dict[str, Path]:
    """Files of a small task and a network trained on it. sequence_options: of `readsight.dataset.fold_file`."""
    files = trainings.write_folds(folder, trainings.make_fold(kind, 100, 40, **sequence_options), "one_hot")
    files |= {"tensors": folder / "model.safetensors", "about": folder / "model.json", "examples": folder / "examples.h5ad"}
    architecture = getattr(Architectures(), model_name).model_dump() | networks.SMALL[model_name]
    representation = (files["representation"], files["representation_about"])
    paths = [files[name] for name in ("balanced", "validation", "certificate")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model_train.main(
            *paths, model_name, SETTINGS | architecture, 1, 1, files["tensors"], files["about"], 0, representation, None
        )
    return {name: files[name] for name in (*FILES, *OPTIONAL_FILES)}
