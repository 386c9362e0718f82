"""Whether what is to be predicted stands among the features."""

from collections.abc import Collection
from math import lgamma, log

import numpy as np
import pandas as pd

# A feature that equals the label by chance is rarer than this, over all features.
CHANCE = 0.01


def faults(
    values: np.ndarray, features: list[str], obs: pd.DataFrame, labels: Collection[str], where: str
) -> tuple[list[str], list[str]]:
    """Faults of features that tell the label outright, and notes on those that may by chance.

    values: (samples, features). obs: what is said of the samples, text. labels: columns that tasks predict. A feature
    tells it outright where it bears the label's name, or where it has one value a class, another in each.
    """
    found, notes = [], []
    own = set(features)
    for label in labels:
        if label in own:
            found.append(
                f"{where}: feature {label!r} bears the name of what is to be predicted, which would leak through that column; "
                f"name it in {where}.about (or the column of metadata otherwise, if it is another thing)"
            )
    for column in obs.columns:
        told = obs[column].to_numpy(str)
        if column in labels:
            same = [features[i] for i in same_as(values, told) if features[i] != column]
            words = (
                f"has one value for each value of {column!r}, which is to be predicted: the label would leak through that column"
            )
            rows = found if _telling(told, len(features)) else notes
            rows += [f"{where}: feature {name!r} {words}" + f"; name it in {where}.about" * (rows is found) for name in same[:5]]
        elif column in own:
            notes.append(f"{where}: feature {column!r} bears the name of a column that describes samples; is it a feature?")
    return found, notes


def same_as(values: np.ndarray, told: np.ndarray) -> list[int]:
    """Features that are the column `told` under other words: one value in each of its classes, and another in each.

    values: (samples, features). told: (samples,) text. Where it holds numbers that hardly repeat (times), features equal to it.
    """
    here = told != ""
    kinds = np.unique(told[here])
    if len(kinds) < 2:
        return []
    numbers = pd.to_numeric(pd.Series(told), errors="coerce").to_numpy()
    if 2 * len(kinds) > here.sum():
        if np.isnan(numbers[here]).any():
            return []
        return list(np.flatnonzero(np.isclose(values[here], numbers[here, None], rtol=1e-5).all(axis=0)))
    constant = np.ones(values.shape[1], bool)
    levels = np.empty((len(kinds), values.shape[1]), values.dtype)
    for k, kind in enumerate(kinds):
        block = values[told == kind]
        levels[k] = block[0]
        constant &= (block == block[0]).all(axis=0)
    places = np.flatnonzero(constant)
    ordered = np.sort(levels[:, places], axis=0)
    return list(places[(np.diff(ordered, axis=0) > 0).all(axis=0)])


def _telling(told: np.ndarray, features: int) -> bool:
    """Whether so many features are too few for one of them to divide the samples as the label does by chance."""
    _, sizes = np.unique(told[told != ""], return_counts=True)
    divisions = lgamma(sizes.sum() + 1) - sum(lgamma(size + 1) for size in sizes)
    return divisions > log(features / CHANCE)
