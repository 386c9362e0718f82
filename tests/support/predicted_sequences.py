"""Simulated predictions of sequence models, as written by `model_predict`, and their examples."""

import json
from pathlib import Path

import anndata
import numpy as np
import pandas as pd

from readsight.dataset.outcome import UNCOUNTED, Outcome

OUTCOMES = {
    "binary": Outcome("binary", ("background", "CTCF")),
    "multiclass": Outcome("multiclass", ("EI", "IE", "N")),
    "regression": Outcome("regression", ()),
    "positions": Outcome("positions", ("none", "acceptor", "donor")),
    "profile": Outcome("profile", ()),
}
UNCONTROLLED = ("positions", "profile")
LENGTH, BINS = 40, 12


def make_examples(kind: str, n: int, seed: int = 0) -> anndata.AnnData:
    """n sequences on three chromosomes, with target, GC content and repeats."""
    rng = np.random.default_rng([seed, 1])
    chrom = np.array(["chr1", "chr2", "chr3"])[np.arange(n) * 3 // n]
    start = np.arange(n) * 20_000
    columns = {"chrom": chrom, "start": start, "end": start + LENGTH, "gc": rng.uniform(0.3, 0.6, n), "repeat": np.nan}
    obs = pd.DataFrame(columns, index=[f"{kind}{i:04d}" for i in range(n)])
    obs["repeat"] = np.where(np.arange(n) % 4 == 0, 0.0, np.where(np.arange(n) % 4 == 3, np.nan, rng.uniform(0, 1, n)))
    target = make_truth(kind, n, rng)
    outcome = OUTCOMES[kind]
    if not outcome.is_positional:
        obs["label"] = target
    return anndata.AnnData(obs=obs, obsm={"target": target} if outcome.is_positional else {}, uns={"outcome": outcome.to_dict()})


def make_truth(kind: str, n: int, rng: np.random.Generator) -> np.ndarray:
    if kind == "regression":
        return rng.normal(3, 1, n)
    if kind == "profile":
        shape = np.exp(-((np.arange(BINS) - rng.uniform(2, BINS - 2, (n, 1))) ** 2) / 4)
        return rng.poisson(20 * shape * rng.gamma(2, 1, (n, 1))).astype(np.float32)
    if kind == "positions":
        target = rng.choice(4, (n, LENGTH), p=[0.9, 0.04, 0.03, 0.03]).astype(np.uint8)
        return np.where(target == 3, UNCOUNTED, target).astype(np.uint8)
    return rng.choice(3, n, p=[0.3, 0.3, 0.4]) if kind == "multiclass" else (rng.random(n) < 0.4).astype(int)


def predict(kind: str, target: np.ndarray, skill: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A model's predictions: the truth times its skill per example (n,), plus unit noise."""
    if kind == "regression":
        return skill * (target - target.mean()) + rng.normal(size=len(target))
    if kind == "profile":
        flat = np.full_like(target, target.mean(), dtype=float)
        share = (skill / (1 + skill))[:, None]
        return (share * target + (1 - share) * flat) * rng.gamma(9, 1 / 9, target.shape)
    if kind == "binary":
        return 1 / (1 + np.exp(-(skill * (2 * target - 1) + rng.normal(size=len(target)))))
    is_class = np.eye(3)[np.where(target == UNCOUNTED, 0, target)]
    skill = skill.reshape(-1, *[1] * (is_class.ndim - 1))
    odds = np.exp(skill * is_class + rng.normal(size=is_class.shape) + (np.array([3.0, 0, 0]) if kind == "positions" else 0))
    return odds / odds.sum(axis=-1, keepdims=True)


def make_tables(
    data: anndata.AnnData,
    kind: str,
    skills: dict,
    tested: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    draws: int = 10,
) -> dict[str, pd.DataFrame]:
    """Model → predictions of a single split, including the control. skills: model → a number, or one per example (n,).

    tested: rows of the test examples (the last half by default). groups: (n,), one per example by default.
    """
    outcome, n = OUTCOMES[kind], data.n_obs
    target = data.obsm["target"] if outcome.is_positional else data.obs["label"].to_numpy()
    tested = np.arange(n // 2, n) if tested is None else tested
    groups = data.obs_names.to_numpy(str) if groups is None else groups
    predictions = {}
    skills = skills if kind in UNCONTROLLED else skills | {"shuffled_labels": 0.0}
    for number, (model, skill) in enumerate(skills.items()):
        rng, rows = np.random.default_rng([7, number]), []
        for d in range(draws if model == "shuffled_labels" else 1):
            guess = predict(kind, target[tested], np.broadcast_to(skill, n)[tested], rng)
            columns = {"example": data.obs_names[tested], "group": groups[tested], "repeat": 0, "fold": 0, "draw": d}
            columns |= outcome.target_columns(target[tested])
            rows.append(
                pd.DataFrame(columns | outcome.prediction_columns("raw", guess) | outcome.prediction_columns("calibrated", guess))
            )
        predictions[model] = pd.concat(rows, ignore_index=True)
    return predictions


def write_predictions(folder: Path, tables: dict[str, pd.DataFrame], kind: str) -> tuple[list[Path], list[Path]]:
    """Files of `model_predict` and `model_train`."""
    predictions, descriptions = [], []
    for model, table in tables.items():
        history = [{"epoch": e, "train": 0.9**e, "validation": 0.92**e + 0.1} for e in range(12)] if model == "cnn" else []
        table.to_parquet(folder / f"{model}.parquet", index=False)
        description = {"model": model, "outcome": OUTCOMES[kind].to_dict(), "folds": [{"history": history}]}
        (folder / f"{model}.json").write_text(json.dumps(description))
        predictions.append(folder / f"{model}.parquet")
        descriptions.append(folder / f"{model}.json")
    return predictions, descriptions
