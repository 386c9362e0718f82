"""Simulated predictions of sample models, as written by `model_predict`, with a given skill per model."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from readsight.dataset.outcome import Outcome

CLASSES = {
    "binary": ("ALL", "AML"),
    "multiclass": ("Basal", "Her2", "LumA"),
    "multilabel": ("ER", "PR", "HER2", "TP53"),
    "survival": ("time", "event"),
}
SHARES = {"binary": (0.65, 0.35), "multiclass": (0.3, 0.2, 0.5)}


def make_truth(kind: str, n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Targets of n samples, and the signal available to a model: (n, outputs), before unit noise."""
    rng = np.random.default_rng(seed)
    if kind in SHARES:
        target = rng.choice(len(SHARES[kind]), n, p=SHARES[kind])
        return target, np.eye(len(SHARES[kind]))[target][:, -1:] - 0.5 if kind == "binary" else np.eye(3)[target]
    if kind == "multilabel":
        target = (rng.random((n, 4)) < [0.6, 0.5, 0.2, 0.35]).astype(int)
        return target, target - 0.5
    risk = rng.normal(size=n)
    time, end = rng.exponential(np.exp(-risk)), rng.exponential(2.0, n)
    return np.stack([np.round(np.minimum(time, end) * 24, 1), (time <= end).astype(float)], axis=1), risk[:, None]


def predict(outcome: Outcome, signal: np.ndarray, skill: float, rng: np.random.Generator) -> np.ndarray:
    """A model's predictions: the signal times its skill, plus noise."""
    logits = skill * signal + rng.normal(size=signal.shape)
    if outcome.kind == "survival":
        return logits[:, 0]
    if outcome.kind == "multiclass":
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        return odds / odds.sum(axis=1, keepdims=True)
    guess = 1 / (1 + np.exp(-logits))
    return guess[:, 0] if outcome.kind == "binary" else guess


def make_divisions(n: int, test: int, given: bool, rng: np.random.Generator, resplits: int, folds: int) -> dict:
    """(repeat, fold) → rows of the test samples: a given split and random splits, or two repeats of folds."""
    if given:
        return {(0, 0): np.arange(n - test, n)} | {(1, k): np.sort(rng.permutation(n)[:test]) for k in range(resplits)}
    orders = [rng.permutation(n) for _ in range(2)]
    return {(r, k): rows for r, order in enumerate(orders) for k, rows in enumerate(np.array_split(order, folds))}


def make_predictions(
    kind: str,
    skills: dict[str, float],
    n: int = 220,
    test: int = 70,
    given: bool = True,
    resplits: int = 20,
    folds: int = 5,
    samples_per_donor: int = 1,
    draws: int = 20,
    seed: int = 0,
) -> dict[str, pd.DataFrame]:
    """Model → predictions of all repeats, including the control."""
    outcome = Outcome(kind, CLASSES[kind])
    target, signal = make_truth(kind, n, seed)
    tested = make_divisions(n, test, given, np.random.default_rng(seed + 1), resplits, folds)
    names = np.array([f"S{i:03d}" for i in range(n)])
    groups = np.array([f"D{i // samples_per_donor:03d}" for i in range(n)])
    tables = {}
    for number, (model, skill) in enumerate((skills | {"shuffled_labels": 0.0}).items()):
        rng = np.random.default_rng([seed, number])
        rows = []
        for (repeat, fold), tested_rows in tested.items():
            for d in range(draws if model == "shuffled_labels" else 1):
                raw = predict(outcome, signal[tested_rows], skill, rng)
                columns = {"example": names[tested_rows], "group": groups[tested_rows], "repeat": repeat, "fold": fold, "draw": d}
                columns |= outcome.target_columns(target[tested_rows])
                columns |= outcome.prediction_columns("raw", raw) | outcome.prediction_columns("calibrated", raw)
                rows.append(pd.DataFrame(columns))
        tables[model] = pd.concat(rows, ignore_index=True)
    return tables


def write_predictions(folder: Path, tables: dict[str, pd.DataFrame], kind: str) -> tuple[list[Path], list[Path]]:
    """Files of `model_predict` and `model_train`: tables and model descriptions, by model, then by repeat."""
    predictions, descriptions = [], []
    outcome = Outcome(kind, CLASSES[kind])
    for model, table in tables.items():
        for repeat, repeat_table in table.groupby("repeat"):
            base = folder / f"{model}.repeat{repeat}"
            repeat_table.to_parquet(f"{base}.parquet", index=False)
            history = [{"epoch": e, "train": 1.1 * 0.9**e + 0.05} for e in range(25)] if model in ("network", "cnn") else []
            folds = [{"history": history} for _ in repeat_table["fold"].unique()]
            Path(f"{base}.json").write_text(json.dumps({"model": model, "outcome": outcome.to_dict(), "folds": folds}))
            predictions.append(Path(f"{base}.parquet"))
            descriptions.append(Path(f"{base}.json"))
    return predictions, descriptions
