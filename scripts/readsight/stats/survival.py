"""Metrics of survival: concordance, survival curves, and the difference of two groups.

Times are follow-up times; events are 1 where the event was seen, 0 where follow-up ended before. A risk is any
number that is the higher the sooner the event is expected.
"""

import math
from typing import Any, NamedTuple

import numpy as np

MAX_PAIRS = 2_000_000  # pairs held at once
RARE = 0.1  # weights of censoring are trusted while at least this part is expected to be still under observation


def count_pairs(
    risk: np.ndarray, time: np.ndarray, event: np.ndarray, weights: np.ndarray, pair_weights: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Concordant and comparable pairs, each (resamples,); Harrell's C is their ratio (Harrell et al. 1982).

    risk, time, event: (n,). weights: (resamples, n). A pair is comparable where one's event was seen while the other
    was still without it; equal risks count half. pair_weights: (n,), what a pair counts by the one whose event it is: Uno's
    C (Uno et al. 2011) with 1 / G(time)², G as of `censoring_curve`.
    """
    concordant, comparable = np.zeros(len(weights)), np.zeros(len(weights))
    event_rows = np.flatnonzero(event > 0)
    for chunk in np.array_split(event_rows, max(1, math.ceil(len(event_rows) * len(time) / MAX_PAIRS))):
        later = (time[chunk, None] < time) | ((time[chunk, None] == time) & (event == 0))
        gain = later * (1.0 if pair_weights is None else pair_weights[chunk, None])
        wins = gain * ((risk[chunk, None] > risk) + 0.5 * (risk[chunk, None] == risk))
        concordant += ((weights @ wins.T) * weights[:, chunk]).sum(axis=1)
        comparable += ((weights @ gain.T) * weights[:, chunk]).sum(axis=1)
    return concordant, comparable


def c_index(risk: np.ndarray, time: np.ndarray, event: np.ndarray, fold: np.ndarray, weights: np.ndarray, uno: bool = False):
    """Concordance of pairs of the same fold, (resamples,): risks of different models are not ranked against each other.

    uno: pairs weighted against censoring, which is told from all these examples together. NaN without a comparable pair.
    """
    pair_weights = censoring_weights(time, event) if uno else None
    counts = np.zeros((2, len(weights)))
    for number in np.unique(fold):
        in_fold = fold == number
        counts += count_pairs(
            risk[in_fold],
            time[in_fold],
            event[in_fold],
            weights[:, in_fold],
            None if pair_weights is None else pair_weights[in_fold],
        )
    with np.errstate(invalid="ignore", divide="ignore"):
        return counts[0] / counts[1]


class SurvivalCurve(NamedTuple):
    """A curve of steps: its value at and after each time; 1 before the first. low, high: 95 % (log-log, Greenwood)."""

    time: np.ndarray
    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    at_risk: np.ndarray

    def just_before(self, time: np.ndarray) -> np.ndarray:
        return np.append(1.0, self.value)[np.searchsorted(self.time, time, side="left")]

    def value_at(self, time: np.ndarray) -> np.ndarray:
        return np.append(1.0, self.value)[np.searchsorted(self.time, time, side="right")]


def kaplan_meier(time: np.ndarray, event: np.ndarray) -> SurvivalCurve:
    """Part without the event by time (Kaplan & Meier 1958)."""
    times, position = np.unique(time, return_inverse=True)
    events = np.bincount(position, weights=event, minlength=len(times))
    at_risk = len(time) - np.searchsorted(np.sort(time), times, side="left")
    value = np.cumprod(1 - events / at_risk)
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = np.sqrt(np.cumsum(events / (at_risk * (at_risk - events)))) / np.abs(np.log(value))
        low, high = value ** np.exp(1.96 * spread), value ** np.exp(-1.96 * spread)
    is_degenerate = (value == 1) | (value == 0)
    return SurvivalCurve(times, value, np.where(is_degenerate, value, low), np.where(is_degenerate, value, high), at_risk)


def censoring_curve(time: np.ndarray, event: np.ndarray) -> SurvivalCurve:
    """G: part still under observation by time, the Kaplan–Meier curve of censoring."""
    return kaplan_meier(time, (event == 0).astype(float))


def censoring_weights(time: np.ndarray, event: np.ndarray) -> np.ndarray:
    """1 / G(time−)², (n,); 0 where fewer than a tenth are still under observation: nothing sure is known from there on."""
    under_observation = censoring_curve(time, event).just_before(time)
    return np.where(under_observation >= RARE, 1 / np.maximum(under_observation, RARE) ** 2, 0.0)


def log_rank(time: np.ndarray, event: np.ndarray, second: np.ndarray, strata: np.ndarray | None = None) -> dict[str, float]:
    """Log-rank test of two groups (Mantel 1966). second: (n,) bool, the second group. strata: (n,), compared within.

    Returns chi2 (one degree of freedom) and p; NaN where nothing can be compared.
    """
    excess, variance = 0.0, 0.0
    strata = np.zeros(len(time)) if strata is None else strata
    for stratum in np.unique(strata):
        in_stratum = strata == stratum
        t, e, g = time[in_stratum], event[in_stratum] > 0, second[in_stratum]
        for event_time in np.unique(t[e]):
            at_risk, second_at_risk = (t >= event_time).sum(), (g & (t >= event_time)).sum()
            events = (e & (t == event_time)).sum()
            excess += (e & g & (t == event_time)).sum() - events * second_at_risk / at_risk
            if at_risk > 1:
                variance += (
                    events * second_at_risk / at_risk * (1 - second_at_risk / at_risk) * (at_risk - events) / (at_risk - 1)
                )
    if variance <= 0:
        return {"chi2": math.nan, "p": math.nan}
    chi2 = excess**2 / variance
    return {"chi2": float(chi2), "p": math.erfc(math.sqrt(chi2 / 2))}


def risk_groups(risk: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """Whether each example's risk is above the median of its own fold, (n,) bool."""
    high = np.zeros(len(risk), bool)
    for number in np.unique(fold):
        in_fold = fold == number
        high[in_fold] = risk[in_fold] > np.median(risk[in_fold])
    return high


def time_dependent_auroc(
    risk: np.ndarray, time: np.ndarray, event: np.ndarray, fold: np.ndarray, grid: np.ndarray
) -> list[float | None]:
    """Area under the ROC curve of who had the event by each time of `grid` (cumulative/dynamic: Uno et al. 2007)."""
    weights = np.sqrt(censoring_weights(time, event))
    areas: list[float | None] = []
    for cutoff in grid:
        wins = total = 0.0
        for number in np.unique(fold):
            in_fold = fold == number
            is_case = in_fold & (time <= cutoff) & (event > 0)
            case_risk, control_risk = risk[is_case][:, None], risk[in_fold & (time > cutoff)]
            wins += float((((case_risk > control_risk) + 0.5 * (case_risk == control_risk)) * weights[is_case][:, None]).sum())
            total += float(weights[is_case].sum() * len(control_risk))
        areas.append(wins / total if total > 0 else None)
    return areas


def survival_record(time: np.ndarray, event: np.ndarray) -> dict[str, Any]:
    """A survival curve with its interval, as plain lists."""
    steps = kaplan_meier(time, event)
    columns = {name: [float(v) for v in getattr(steps, name)] for name in ("time", "value", "low", "high")}
    return columns | {"at_risk": steps.at_risk.tolist(), "censored": np.unique(time[event == 0]).tolist()}
