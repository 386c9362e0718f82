"""Survival analysis: concordance, Kaplan–Meier curves, log-rank test and time-dependent AUROC.

Times are follow-up times. Events are 1 if observed, 0 if censored. A risk is any number that is higher the sooner
the event is expected.
"""

import math
from typing import Any, NamedTuple

import numpy as np

MAX_PAIRS = 2_000_000  # pairs in memory at once
MIN_OBSERVED = 0.1  # censoring weights are used while at least this fraction is expected to be under observation


def count_pairs(
    risk: np.ndarray, time: np.ndarray, event: np.ndarray, weights: np.ndarray, pair_weights: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Concordant and comparable pairs, each (resamples,); Harrell's C is their ratio (Harrell et al. 1982).

    A pair is comparable if the event of one example was observed while the second was still event-free; equal risks
    count half.

    Parameters
    ----------
    risk, time, event : (n,).
    weights : (resamples, n).
    pair_weights : (n,), weight of a pair by the example with the event. 1 / G(time)², with G from `censoring_curve`,
        gives Uno's C (Uno et al. 2011).
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
    """Concordance index within folds, (resamples,): risks of different models are not comparable.

    uno: weight pairs by the inverse probability of censoring, estimated from all examples. NaN without comparable pairs.
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
    """A step function: value from each time on, 1 before the first. low, high: 95 % interval (log-log, Greenwood)."""

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
    """Event-free fraction over time (Kaplan & Meier 1958)."""
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
    """G: fraction under observation over time, the Kaplan–Meier curve of censoring."""
    return kaplan_meier(time, (event == 0).astype(float))


def censoring_weights(time: np.ndarray, event: np.ndarray) -> np.ndarray:
    """1 / G(time−)², (n,); 0 where less than a tenth is under observation, where the estimate is unreliable."""
    under_observation = censoring_curve(time, event).just_before(time)
    return np.where(under_observation >= MIN_OBSERVED, 1 / np.maximum(under_observation, MIN_OBSERVED) ** 2, 0.0)


def log_rank(time: np.ndarray, event: np.ndarray, second: np.ndarray, strata: np.ndarray | None = None) -> dict[str, float]:
    """Log-rank test of two groups (Mantel 1966). second: (n,) bool, members of the second group. strata: (n,).

    Returns chi2 (one degree of freedom) and p; NaN without comparable examples.
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
    """Whether each example's risk is above the median of its fold, (n,) bool."""
    high = np.zeros(len(risk), bool)
    for number in np.unique(fold):
        in_fold = fold == number
        high[in_fold] = risk[in_fold] > np.median(risk[in_fold])
    return high


def time_dependent_auroc(
    risk: np.ndarray, time: np.ndarray, event: np.ndarray, fold: np.ndarray, grid: np.ndarray
) -> list[float | None]:
    """AUROC for having had the event by each time of `grid` (cumulative/dynamic: Uno et al. 2007)."""
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
    """A Kaplan–Meier curve with interval as a JSON-compatible dict."""
    steps = kaplan_meier(time, event)
    columns = {name: [float(v) for v in getattr(steps, name)] for name in ("time", "value", "low", "high")}
    return columns | {"at_risk": steps.at_risk.tolist(), "censored": np.unique(time[event == 0]).tolist()}
