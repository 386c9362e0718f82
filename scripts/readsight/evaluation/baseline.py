"""Baseline without features: it predicts the mean of the training data for every test example.

For classes and labels these are frequencies, for scores and signals means (per bin). Sites have no base rate, because a
constant prediction finds no site.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from readsight.dataset.outcome import Outcome

METRICS = {
    "binary": ("brier", "log_loss", "accuracy"),
    "multiclass": ("accuracy", "log_loss", "brier"),
    "multilabel": ("exact_match", "hamming", "brier", "log_loss"),
    "regression": ("r2", "mse"),
    "profile": ("profile_pearson", "deviance_explained"),
}
# Mean target of all examples except the given ones; None if unknown.
RemainingMean = Callable[[np.ndarray], np.ndarray | None]


def predict_base_rate(
    table: pd.DataFrame, outcome: Outcome, folds: list[dict[str, Any]], remaining_mean: RemainingMean | None = None
) -> pd.DataFrame:
    """Predictions of the base rate; the predicted class is the most common one.

    Parameters
    ----------
    table : predictions of one model, of all repeats.
    folds : the certificate's rows of repeat, fold, role and classes.
    remaining_mean : gives the mean target of all examples except the given ones.

    Notes
    -----
    Class frequencies of the training set come from the certificate if it has them, means of scores and signals from
    `remaining_mean`. Otherwise the examples tested in the remaining folds replace the training set (in cross-validation they are the
    training set); with a single fold, the fold itself.
    """
    examples = table.drop_duplicates("example")
    tables = []
    for (repeat, fold), fold_table in table.groupby(["repeat", "fold"]):
        is_numeric = outcome.kind in ("regression", "profile")
        rates = remaining_mean(fold_table["example"].to_numpy(str)) if is_numeric and remaining_mean else None
        rates = _read_certified_rates(folds, repeat, fold, outcome) if not is_numeric else rates
        if rates is None:
            training = examples[~examples["example"].isin(fold_table["example"])]
            rates = _compute_rates(training if len(training) else fold_table, outcome)
        tables.append(fold_table.assign(**_fill_columns(outcome, rates, len(fold_table))))
    return pd.concat(tables)


def _fill_columns(outcome: Outcome, rates: np.ndarray, n: int) -> dict[str, Any]:
    """Columns of n identical rows. rates: the prediction of one example, (1, …)."""
    if outcome.is_positional:
        rates = np.repeat(rates, n, axis=0)
        return outcome.prediction_columns("raw", rates) | outcome.prediction_columns("calibrated", rates)
    columns = outcome.prediction_columns("raw", rates) | outcome.prediction_columns("calibrated", rates)
    return {name: float(value[0]) for name, value in columns.items()}


def _compute_rates(table: pd.DataFrame, outcome: Outcome) -> np.ndarray:
    target = outcome.read_target(table)
    if outcome.kind == "multiclass":
        return np.bincount(target, minlength=len(outcome.classes))[None] / len(target)
    return np.atleast_1d(target.mean(axis=0, keepdims=True))


def _read_certified_rates(folds: list[dict[str, Any]], repeat: int, fold: int, outcome: Outcome) -> np.ndarray | None:
    """Class (label) frequencies of a fold's training and validation sets, from the certificate."""
    training_rows = [r for r in folds if (r["repeat"], r["fold"]) == (repeat, fold) and r["role"] in ("train", "validation")]
    total = sum(row["examples"] for row in training_rows)
    if not total:
        return None
    rates = np.array([sum(row["classes"].get(str(c), 0) for row in training_rows) for c in range(len(outcome.classes))]) / total
    return rates[1:] if outcome.kind == "binary" else rates[None]
