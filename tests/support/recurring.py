"""Sequences in which words recur that contribute, and a trained network that goes by a word, for tests of motifs."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np

import model_train
import networks
import trainings
from readsight.config.sequence_tasks import Architectures, Training
from readsight.genome.codes import encode, reverse_complement
from readsight.interpret.sequence_attribution.attribution_file import Attributions
from readsight.interpret.sequence_attribution.explained_examples import FILES, MAY

UP, DOWN = encode("TGACTCAGCA"), encode("CCGGAAGTAT")  # what raises the explained number, and what lowers it
SETTINGS = Training().model_dump() | networks.QUICK | {"epochs": 20, "patience": 20, "dropout": 0.0}


def contributing(n: int = 260, places: int = 60, seed: int = 1) -> tuple[Attributions, np.ndarray, np.ndarray]:
    """Attributions of a binary outcome: UP in even rows and DOWN in odd ones, on either strand; places, and strands (1, −1)."""
    draw = np.random.default_rng(seed)
    codes = draw.integers(0, 4, (n, places)).astype(np.uint8)
    values = draw.normal(0, 0.02, (n, places, 4))
    start, strand = draw.integers(0, places - len(UP) + 1, n), draw.choice([1, -1], n)
    for row in range(n):
        word = (UP, DOWN)[row % 2]
        word = word if strand[row] > 0 else reverse_complement(word)
        own = np.arange(start[row], start[row] + len(word))
        codes[row, own] = word
        values[row, own] -= 0.3 * (-1) ** row
        values[row, own, word] = (-1) ** row * draw.uniform(0.9, 1.1, len(word))
    rows = {"example": np.array([f"e{i}" for i in range(n)]), "group": np.array(["g"] * n), "label": 1 - np.arange(n) % 2}
    rows |= {"chrom": np.array(["chr1"] * n), "start": 100 * np.arange(n), "end": 100 * np.arange(n) + places}
    rows |= {"strand": np.array(["+", "-"] * n)[:n], "fold": np.zeros(n, int)}
    about = {"task": "t", "model": "cnn", "kind": "binary", "classes": ["off", "on"], "heads": ["on"], "methods": ["deep_shap"]}
    about |= {"unit": "logit", "pair": False, "stranded": False, "bin": 1, "certificate": "c"}
    return (
        Attributions({"deep_shap": {"on": values.astype(np.float32)}}, codes, rows, {"on": np.zeros(n)}, {}, about),
        start,
        strand,
    )


def model(folder: Path, word: str = "cnn", kind: str = "binary", **said: Any) -> dict[str, Path]:
    """Files of a small task and of a network that was trained on it. said: of `readsight.dataset.fold_file.Sequence`."""
    found = trainings.files(folder, trainings.part(kind, 100, 40, **said), "one_hot")
    found |= {"tensors": folder / "model.safetensors", "about": folder / "model.json", "examples": folder / "examples.h5ad"}
    own = getattr(Architectures(), word).model_dump() | networks.SMALL[word]
    learned = (found["representation"], found["representation_about"])
    paths = [found[name] for name in ("balanced", "validation", "certificate")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model_train.main(*paths, word, SETTINGS | own, 1, 1, found["tensors"], found["about"], 0, learned, None)
    return {name: found[name] for name in (*FILES, *MAY)}
