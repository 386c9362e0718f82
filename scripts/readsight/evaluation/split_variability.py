"""How much a score owes to the division: the given split among those drawn anew, or the folds of cross-validation."""

from typing import Any

import numpy as np
import pandas as pd

from readsight.dataset.outcome import Outcome
from readsight.evaluation.outcomes.registry import SCORING
from readsight.evaluation.predictions import Resamples, parts

QUANTILES = {"min": 0.0, "lower_quartile": 0.25, "median": 0.5, "upper_quartile": 0.75, "max": 1.0}


def by_division(table: pd.DataFrame, outcome: Outcome, sought: int) -> list[dict[str, float]]:
    """All metrics of each division (a fold of a repeat), scored as a whole."""
    found = []
    for _, own in table.groupby(["repeat", "fold"]):
        (part,) = parts(own, outcome, Resamples.of(own, 0, 0), sought)
        found.append({name: float(values[0]) for name, values in SCORING[outcome.kind].scores(part).items()})
    return found


def spread(values: list[float], given: float | None) -> dict[str, Any]:
    """A distribution of scores, and the part of it (in %) that the given split's is above, ties half."""
    told = np.array([v for v in values if np.isfinite(v)])
    cell: dict[str, Any] = {"given": given if given is not None and np.isfinite(given) else None, "values": told.tolist()}
    cell["quantiles"] = {name: float(np.quantile(told, q)) if len(told) else None for name, q in QUANTILES.items()}
    fine = cell["given"] is not None and len(told)
    # Scores of equal calls differ in the last digits alone.
    tied = np.isclose(told, given) if fine else None
    cell["percentile"] = float(100 * (((told < given) & ~tied).sum() + tied.sum() / 2) / len(told)) if fine else None
    return cell


def luck(tables: dict[str, pd.DataFrame], outcome: Outcome, sought: int, primary: str, given: bool) -> dict[str, Any]:
    """Model → given, values, quantiles and percentile of the primary metric, and the same of the others that are compared.

    tables: model → predictions of all repeats. given: whether repeat 0 is a split that the data bring; repeat 1 then
    holds divisions drawn anew, and else all folds of all repeats are shown. Empty where there are none drawn anew, or
    there is but one division.
    """
    found = {}
    first: list[float] = []
    for model, table in tables.items():
        drawn = by_division(table[table["repeat"] > 0] if given else table, outcome, sought)
        if not drawn or (len(drawn) == 1 and not given):
            return {}
        own = by_division(table[table["repeat"] == 0], outcome, sought)[0] if given else {}
        names = dict.fromkeys((primary, *SCORING[outcome.kind].COMPARED))
        cells = {name: spread([row[name] for row in drawn], own.get(name)) for name in names}
        values = [row[primary] for row in drawn]
        first = first or values
        about = {"metric": primary, "of": "divisions drawn anew" if given else "folds of cross-validation"}
        found[model] = about | cells[primary] | {"first": beside(first, values)} | {"metrics": cells}
    return found


def beside(first: list[float], other: list[float]) -> dict[str, int]:
    """In how many of the same divisions the first model scores above, as high as, and below another."""
    both = np.array([pair for pair in zip(first, other, strict=True) if np.isfinite(pair).all()]).reshape(-1, 2)
    tied = np.isclose(both[:, 0], both[:, 1])
    above = (both[:, 0] > both[:, 1]) & ~tied
    return {"above": int(above.sum()), "equal": int(tied.sum()), "below": int(len(both) - above.sum() - tied.sum())}
