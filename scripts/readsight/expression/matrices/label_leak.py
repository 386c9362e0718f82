"""Whether what is to be predicted stands among the features."""

from collections.abc import Collection
from math import lgamma, log

import numpy as np
import pandas as pd

# A feature that equals the label by chance is rarer than this, over all features.
CHANCE = 0.01


def find_leaks(
    values: np.ndarray, features: list[str], obs: pd.DataFrame, labels: Collection[str], where: str
) -> tuple[list[str], list[str]]:
    """Faults of features that tell the label outright, and notes on those that may by chance.

    values: (samples, features). obs: what is said of the samples, text. labels: columns that tasks predict. A feature
    tells it outright where it bears the label's name, or where it has one value a class, another in each.
    """
    faults, notes = [], []
    feature_names = set(features)
    for label in labels:
        if label in feature_names:
            faults.append(
                f"{where}: feature {label!r} bears the name of what is to be predicted, which would leak through that column; "
                f"name it in {where}.about (or the column of metadata otherwise, if it is another thing)"
            )
    for column in obs.columns:
        column_values = obs[column].to_numpy(str)
        if column in labels:
            copies = [features[i] for i in find_copies(values, column_values) if features[i] != column]
            problem = (
                f"has one value for each value of {column!r}, which is to be predicted: the label would leak through that column"
            )
            messages = faults if _is_unlikely_by_chance(column_values, len(features)) else notes
            messages += [
                f"{where}: feature {name!r} {problem}" + f"; name it in {where}.about" * (messages is faults)
                for name in copies[:5]
            ]
        elif column in feature_names:
            notes.append(f"{where}: feature {column!r} bears the name of a column that describes samples; is it a feature?")
    return faults, notes


def find_copies(values: np.ndarray, column: np.ndarray) -> list[int]:
    """Features that are the column `column` under other words: one value in each of its classes, and another in each.

    values: (samples, features). column: (samples,) text. Where it holds numbers that hardly repeat (times), features equal to it.
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
    """Whether so many features are too few for one of them to divide the samples as the label does by chance."""
    _, sizes = np.unique(column[column != ""], return_counts=True)
    divisions = lgamma(sizes.sum() + 1) - sum(lgamma(size + 1) for size in sizes)
    return divisions > log(features / CHANCE)
