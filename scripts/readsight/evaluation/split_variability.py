"""Variability of scores over splits: the given split among random splits, or the folds of cross-validation."""

from typing import Any

import numpy as np
import pandas as pd

from readsight.dataset.outcome import Outcome
from readsight.evaluation.outcomes.registry import SCORING
from readsight.evaluation.predictions import Resamples, split_by_repeat

QUANTILES = {"min": 0.0, "lower_quartile": 0.25, "median": 0.5, "upper_quartile": 0.75, "max": 1.0}


def score_divisions(table: pd.DataFrame, outcome: Outcome, positive_class: int) -> list[dict[str, float]]:
    """All metrics of each division (a fold of a repeat)."""
    scores = []
    for _, division_table in table.groupby(["repeat", "fold"]):
        (subset,) = split_by_repeat(division_table, outcome, Resamples.from_table(division_table, 0, 0), positive_class)
        scores.append({name: float(values[0]) for name, values in SCORING[outcome.kind].compute_metrics(subset).items()})
    return scores


def summarise_spread(values: list[float], given: float | None) -> dict[str, Any]:
    """Distribution of scores, and percentile of the given split's score (ties count half)."""
    defined = np.array([v for v in values if np.isfinite(v)])
    cell: dict[str, Any] = {"given": given if given is not None and np.isfinite(given) else None, "values": defined.tolist()}
    cell["quantiles"] = {name: float(np.quantile(defined, q)) if len(defined) else None for name, q in QUANTILES.items()}
    has_given = cell["given"] is not None and len(defined)
    # Scores of equal predictions can differ in the last digits.
    tied = np.isclose(defined, given) if has_given else None
    cell["percentile"] = float(100 * (((defined < given) & ~tied).sum() + tied.sum() / 2) / len(defined)) if has_given else None
    return cell


def measure_variability(
    tables: dict[str, pd.DataFrame], outcome: Outcome, positive_class: int, primary: str, given: bool
) -> dict[str, Any]:
    """Model → given, values, quantiles and percentile of the primary metric, and the same for each compared metric.

    Parameters
    ----------
    tables : model → predictions of all repeats.
    given : whether repeat 0 is a split given by the user, and repeat 1 has random splits; otherwise all folds of all repeats
        are shown.

    Returns
    -------
    Empty if there are no random splits, or only one fold.
    """
    variability = {}
    first: list[float] = []
    for model, table in tables.items():
        division_scores = score_divisions(table[table["repeat"] > 0] if given else table, outcome, positive_class)
        if not division_scores or (len(division_scores) == 1 and not given):
            return {}
        given_scores = score_divisions(table[table["repeat"] == 0], outcome, positive_class)[0] if given else {}
        names = dict.fromkeys((primary, *SCORING[outcome.kind].COMPARED))
        cells = {name: summarise_spread([row[name] for row in division_scores], given_scores.get(name)) for name in names}
        values = [row[primary] for row in division_scores]
        first = first or values
        description = {"metric": primary, "of": "random splits" if given else "folds of cross-validation"}
        variability[model] = description | cells[primary] | {"first": count_wins(first, values)} | {"metrics": cells}
    return variability


def count_wins(first: list[float], second: list[float]) -> dict[str, int]:
    """In how many splits the first model scores above, equal to, and below the second."""
    both = np.array([pair for pair in zip(first, second, strict=True) if np.isfinite(pair).all()]).reshape(-1, 2)
    is_tied = np.isclose(both[:, 0], both[:, 1])
    is_above = (both[:, 0] > both[:, 1]) & ~is_tied
    return {"above": int(is_above.sum()), "equal": int(is_tied.sum()), "below": int(len(both) - is_above.sum() - is_tied.sum())}
