"""Detection of features that reveal the label."""

from collections.abc import Collection
from math import lgamma, log

import numpy as np
import pandas as pd

# Accepted probability that any feature matches the label by chance.
MAX_CHANCE_PROBABILITY = 0.01


def find_leaks(
    values: np.ndarray, features: list[str], obs: pd.DataFrame, labels: Collection[str], where: str
) -> tuple[list[str], list[str]]:
    """Find features that reveal a label.

    Parameters
    ----------
    values : (samples, features).
    obs : sample metadata, text.
    labels : columns of `obs` that tasks predict.
    where : config key of the table, for the messages.

    Returns
    -------
    Faults for features with the label's name or one distinct value per class, and notes on those for which the
    number of samples is so small that this can happen by chance.
    """
    faults, notes = [], []
    feature_names = set(features)
    for label in labels:
        if label in feature_names:
            faults.append(
                f"{where}: feature {label!r} has the name of a label, which would leak through that column; "
                f"name it in {where}.about (or rename the metadata column, if it is something different)"
            )
    for column in obs.columns:
        column_values = obs[column].to_numpy(str)
        if column in labels:
            copies = [features[i] for i in find_copies(values, column_values) if features[i] != column]
            problem = f"has one distinct value per class of the label {column!r}, which would leak through that column"
            messages = faults if _is_unlikely_by_chance(column_values, len(features)) else notes
            messages += [
                f"{where}: feature {name!r} {problem}" + f"; name it in {where}.about" * (messages is faults)
                for name in copies[:5]
            ]
        elif column in feature_names:
            notes.append(f"{where}: feature {column!r} has the name of a metadata column; is it a feature?")
    return faults, notes


def find_copies(values: np.ndarray, column: np.ndarray) -> list[int]:
    """Indices of features that encode `column`: one distinct value per class.

    values: (samples, features). column: (samples,) text, empty where missing. If it holds numbers that rarely repeat
    (such as times), features that are numerically equal to it.
    """
    is_known = column != ""
    classes = np.unique(column[is_known])
    if len(classes) < 2:
        return []
    numbers = pd.to_numeric(pd.Series(column), errors="coerce").to_numpy()
    if 2 * len(classes) > is_known.sum():
        if np.isnan(numbers[is_known]).any():
            return []
        return list(np.flatnonzero(np.isclose(values[is_known], numbers[is_known, None], rtol=1e-5).all(axis=0)))
    constant = np.ones(values.shape[1], bool)
    levels = np.empty((len(classes), values.shape[1]), values.dtype)
    for k, label in enumerate(classes):
        block = values[column == label]
        levels[k] = block[0]
        constant &= (block == block[0]).all(axis=0)
    constant_features = np.flatnonzero(constant)
    ordered = np.sort(levels[:, constant_features], axis=0)
    return list(constant_features[(np.diff(ordered, axis=0) > 0).all(axis=0)])


def _is_unlikely_by_chance(column: np.ndarray, features: int) -> bool:
    """Whether a split of the samples like the label's is improbable among this many random features."""
    _, sizes = np.unique(column[column != ""], return_counts=True)
    divisions = lgamma(sizes.sum() + 1) - sum(lgamma(size + 1) for size in sizes)
    return divisions > log(features / MAX_CHANCE_PROBABILITY)
