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


def make_fold(kind: str, n: int = 120, features: int = 30, signal: float = 1.5, modalities: int = 1, seed: int = 1) -> Fold:
    """Examples with an outcome that depends on the first features of each modality, one feature per output.

    features: of all modalities together. signal: 0 for none.
    """
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n, features))
    size = features // modalities
    outcome = Outcome(kind, CLASSES[kind])
    pattern = sum(values[:, m * size : m * size + 3] for m in range(modalities)) / np.sqrt(modalities) * signal
    labels = _draw_labels(kind, pattern, rng)
    names = [f"m{i // size}:g{i % size}" for i in range(features)]
    modality = {"modality": [f"m{min(i // size, modalities - 1)}" for i in range(features)]} if modalities > 1 else {}
    var = pd.DataFrame(modality | {"feature": [name.split(":")[1] for name in names]}, index=names)
    examples = np.array([f"e{seed}.{i}" for i in range(n)])
    return Fold(values.astype(np.float32), labels, np.ones(n), examples, examples, var, "", outcome)


def _draw_labels(kind: str, pattern: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    n = len(pattern)
    if kind == "binary":
        return (rng.random(n) < 1 / (1 + np.exp(-2 * pattern[:, 0]))).astype(int)
    if kind == "multiclass":
        return (2 * pattern + rng.gumbel(size=(n, 3))).argmax(axis=1)
    if kind == "multilabel":
        return (rng.random((n, 3)) < 1 / (1 + np.exp(-2 * pattern))).astype(int)
    died, left = rng.exponential(np.exp(-pattern[:, 0])), rng.exponential(2.0, n)
    return np.column_stack([np.minimum(died, left), died <= left])


def select_rows(fold: Fold, indices: np.ndarray, **changes) -> Fold:
    """Some examples of a fold. changes: fields to replace."""
    from dataclasses import replace

    fields = {name: getattr(fold, name)[indices] for name in ("values", "labels", "weights", "names", "groups")}
    return replace(fold, **(fields | changes))


def to_anndata(fold: Fold, digest: str):
    """A fold as AnnData."""
    obs = pd.DataFrame(
        fold.outcome.target_columns(fold.labels) | {"group": fold.groups, "weight": fold.weights}, index=fold.names
    )
    return fold_file.pack_fold(fold.values, obs, fold.var, {"certificate": digest}, fold.outcome)


def write_folds(folder: Path, fold: Fold, folds: int = 2, inner: int = 2) -> dict[str, Path]:
    """Fold files: balanced, validation, test, certificate; nested, or with a single validation set if inner is 0.

    The folds differ in their features: each lacks a different one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = {name: folder / f"{name}.h5" for name in ("balanced", "validation", "test")} | {
        "certificate": folder / "certificate.json"
    }
    paths["certificate"].write_text(json.dumps({"certified": True, "class_names": list(fold.outcome.classes)}))
    digest = sha256(paths["certificate"])
    contents: dict[str, list] = {"balanced": [], "validation": [], "test": []}
    positions = np.arange(len(fold))
    for k in range(folds):
        columns = np.delete(np.arange(fold.values.shape[1]), -1 - k)
        fold_k = select_rows(fold, positions, values=fold.values[:, columns], var=fold.var.iloc[columns])
        train_rows, test_rows = positions[positions % folds != k], positions[positions % folds == k]
        contents["test"].append((f"fold{k}", to_anndata(select_rows(fold_k, test_rows), digest)))
        subsets = [(f"fold{k}.inner{j}", train_rows[j::inner]) for j in range(inner)] or [(f"fold{k}", train_rows[::4])]
        if inner:
            contents["balanced"].append((f"fold{k}", to_anndata(select_rows(fold_k, train_rows), digest)))
        for name, validation_rows in subsets:
            contents["balanced"].append(
                (name, to_anndata(select_rows(fold_k, np.setdiff1d(train_rows, validation_rows)), digest))
            )
            contents["validation"].append((name, to_anndata(select_rows(fold_k, validation_rows), digest)))
    for name, content in contents.items():
        fold_file.write(paths[name], content)
    return paths


def train_and_predict(
    folder: Path, files: dict[str, Path], model: str, settings: dict | None = None, trials: int = 0, seed: int = 1
) -> dict:
    """A trained model and its predictions: tensors, about, predictions."""
    import model_predict
    import model_train

    folder.mkdir(parents=True, exist_ok=True)
    outputs = {
        "tensors": folder / f"{model}.safetensors",
        "about": folder / f"{model}.json",
        "predictions": folder / f"{model}.parquet",
    }
    paths = [files[name] for name in ("balanced", "validation", "certificate")]
    model_train.main(*paths, model, settings or {}, seed, 1, outputs["tensors"], outputs["about"], trials)
    model_predict.main(files["test"], outputs["tensors"], outputs["about"], files["certificate"], 0, outputs["predictions"])
    return outputs
