"""Folds of samples with a planted pattern, for tests of models, and their files."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from readsight.dataset import fold_file
from readsight.dataset.certificate import sha256
from readsight.dataset.fold_file import Fold
from readsight.dataset.outcome import Outcome

CLASSES = {
    "binary": ("control", "case"),
    "multiclass": ("basal", "her2", "luminal"),
    "multilabel": ("liver", "lung", "bone"),
    "survival": ("time", "event"),
}


def fold(kind: str, n: int = 120, features: int = 30, signal: float = 1.5, modalities: int = 1, seed: int = 1) -> Fold:
    """Examples of which the first features of each modality tell the outcome, a feature an output.

    features: of all modalities together. signal: 0 is none.
    """
    draw = np.random.default_rng(seed)
    values = draw.normal(size=(n, features))
    size = features // modalities
    outcome = Outcome(kind, CLASSES[kind])
    pattern = sum(values[:, m * size : m * size + 3] for m in range(modalities)) / np.sqrt(modalities) * signal
    labels = _labels(kind, pattern, draw)
    names = [f"m{i // size}:g{i % size}" for i in range(features)]
    modality = {"modality": [f"m{min(i // size, modalities - 1)}" for i in range(features)]} if modalities > 1 else {}
    var = pd.DataFrame(modality | {"feature": [name.split(":")[1] for name in names]}, index=names)
    examples = np.array([f"e{seed}.{i}" for i in range(n)])
    return Fold(values.astype(np.float32), labels, np.ones(n), examples, examples, var, "", outcome)


def _labels(kind: str, pattern: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    n = len(pattern)
    if kind == "binary":
        return (draw.random(n) < 1 / (1 + np.exp(-2 * pattern[:, 0]))).astype(int)
    if kind == "multiclass":
        return (2 * pattern + draw.gumbel(size=(n, 3))).argmax(axis=1)
    if kind == "multilabel":
        return (draw.random((n, 3)) < 1 / (1 + np.exp(-2 * pattern))).astype(int)
    died, left = draw.exponential(np.exp(-pattern[:, 0])), draw.exponential(2.0, n)
    return np.column_stack([np.minimum(died, left), died <= left])


def rows(whole: Fold, chosen: np.ndarray, **changes) -> Fold:
    """Some examples of a fold. changes: fields to replace."""
    from dataclasses import replace

    own = {name: getattr(whole, name)[chosen] for name in ("values", "labels", "weights", "names", "groups")}
    return replace(whole, **(own | changes))


def data(whole: Fold, mark: str):
    """A fold as AnnData."""
    obs = pd.DataFrame(whole.outcome.targets(whole.labels) | {"group": whole.groups, "weight": whole.weights}, index=whole.names)
    return fold_file.pack(whole.values, obs, whole.var, {"certificate": mark}, whole.outcome)


def files(folder: Path, whole: Fold, folds: int = 2, inner: int = 2) -> dict[str, Path]:
    """Folds in files, nested, or with a part held out where inner is 0: balanced, validation, test, certificate.

    The folds differ in their features: each lacks one that the others have.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = {name: folder / f"{name}.h5" for name in ("balanced", "validation", "test")} | {
        "certificate": folder / "certificate.json"
    }
    found["certificate"].write_text(json.dumps({"certified": True, "class_names": list(whole.outcome.classes)}))
    mark = sha256(found["certificate"])
    parts: dict[str, list] = {"balanced": [], "validation": [], "test": []}
    place = np.arange(len(whole))
    for k in range(folds):
        columns = np.delete(np.arange(whole.values.shape[1]), -1 - k)
        own = rows(whole, place, values=whole.values[:, columns], var=whole.var.iloc[columns])
        rest, tested = place[place % folds != k], place[place % folds == k]
        parts["test"].append((f"fold{k}", data(rows(own, tested), mark)))
        held = [(f"fold{k}.inner{j}", rest[j::inner]) for j in range(inner)] or [(f"fold{k}", rest[::4])]
        if inner:
            parts["balanced"].append((f"fold{k}", data(rows(own, rest), mark)))
        for name, part in held:
            parts["balanced"].append((name, data(rows(own, np.setdiff1d(rest, part)), mark)))
            parts["validation"].append((name, data(rows(own, part), mark)))
    for name, content in parts.items():
        fold_file.write(found[name], content)
    return found


def train(folder: Path, given: dict[str, Path], model: str, settings: dict | None = None, trials: int = 0, seed: int = 1) -> dict:
    """A trained model and its predictions: tensors, about, predictions."""
    import model_predict
    import model_train

    folder.mkdir(parents=True, exist_ok=True)
    made = {
        "tensors": folder / f"{model}.safetensors",
        "about": folder / f"{model}.json",
        "predictions": folder / f"{model}.parquet",
    }
    paths = [given[name] for name in ("balanced", "validation", "certificate")]
    model_train.main(*paths, model, settings or {}, seed, 1, made["tensors"], made["about"], trials)
    model_predict.main(given["test"], made["tensors"], made["about"], given["certificate"], 0, made["predictions"])
    return made
