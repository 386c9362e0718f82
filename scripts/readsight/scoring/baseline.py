"""The baseline that knows no features: it says the training part's class frequencies of every test example."""

from typing import Any

import numpy as np
import pandas as pd

from readsight.outcome import Outcome

METRICS = {
    "binary": ("brier", "log_loss", "accuracy"),
    "multiclass": ("accuracy", "log_loss", "brier"),
    "multilabel": ("exact_match", "hamming", "brier", "log_loss"),
}


def prior(table: pd.DataFrame, outcome: Outcome, folds: list[dict[str, Any]]) -> pd.DataFrame:
    """Predictions of the base rate; as calls, the commonest class.

    table: predictions of one model, of all repeats. folds: the certificate's rows of repeat, fold, role and classes.
    Where these say the classes of a fold's training part, they are taken; else the examples that are
    tested in other folds stand for it (in cross-validation they are it); a lone fold has but its own.
    """
    known = table.drop_duplicates("example")
    parts = []
    for (repeat, fold), part in table.groupby(["repeat", "fold"]):
        rates = _certified(folds, repeat, fold, outcome)
        if rates is None:
            rest = known[~known["example"].isin(part["example"])]
            rates = _rates(rest if len(rest) else part, outcome)
        columns = outcome.predictions("raw", rates) | outcome.predictions("calibrated", rates)
        parts.append(part.assign(**{name: float(value[0]) for name, value in columns.items()}))
    return pd.concat(parts)


def _rates(table: pd.DataFrame, outcome: Outcome) -> np.ndarray:
    target = outcome.target(table)
    if outcome.kind == "multiclass":
        return np.bincount(target, minlength=len(outcome.classes))[None] / len(target)
    return target.mean(axis=0, keepdims=True)


def _certified(folds: list[dict[str, Any]], repeat: int, fold: int, outcome: Outcome) -> np.ndarray | None:
    """Class (label) frequencies of a fold's training and validation part, as the certificate has them."""
    own = [r for r in folds if (r["repeat"], r["fold"]) == (repeat, fold) and r["role"] in ("train", "validation")]
    total = sum(row["examples"] for row in own)
    if not total:
        return None
    rates = np.array([sum(row["classes"].get(str(c), 0) for row in own) for c in range(len(outcome.classes))]) / total
    return rates[1:] if outcome.kind == "binary" else rates[None]
