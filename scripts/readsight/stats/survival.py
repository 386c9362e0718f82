"""Metrics of survival: concordance, survival curves, and the difference of two groups.

Times are follow-up times; events are 1 where the event was seen, 0 where follow-up ended before. A risk is any
number that is the higher the sooner the event is expected.
"""

import math
from typing import Any, NamedTuple

import numpy as np

ROOM = 2_000_000  # pairs held at once
RARE = 0.1  # weights of censoring are trusted while at least this part is expected to be still under observation


def pairs(
    risk: np.ndarray, time: np.ndarray, event: np.ndarray, weights: np.ndarray, worth: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Concordant and comparable pairs, each (resamples,); Harrell's C is their ratio (Harrell et al. 1982).

    risk, time, event: (n,). weights: (resamples, n). A pair is comparable where one's event was seen while the other
    was still without it; equal risks count half. worth: (n,), what a pair counts by the one whose event it is: Uno's
    C (Uno et al. 2011) with 1 / G(time)², G as of `observed`.
    """
    concordant, comparable = np.zeros(len(weights)), np.zeros(len(weights))
    own = np.flatnonzero(event > 0)
    for some in np.array_split(own, max(1, math.ceil(len(own) * len(time) / ROOM))):
        later = (time[some, None] < time) | ((time[some, None] == time) & (event == 0))
        gain = later * (1.0 if worth is None else worth[some, None])
        won = gain * ((risk[some, None] > risk) + 0.5 * (risk[some, None] == risk))
        concordant += ((weights @ won.T) * weights[:, some]).sum(axis=1)
        comparable += ((weights @ gain.T) * weights[:, some]).sum(axis=1)
    return concordant, comparable


def c_index(risk: np.ndarray, time: np.ndarray, event: np.ndarray, fold: np.ndarray, weights: np.ndarray, uno: bool = False):
    """Concordance of pairs of the same fold, (resamples,): risks of different models are not ranked against each other.

    uno: pairs weighted against censoring, which is told from all these examples together. NaN without a comparable pair.
    """
    worth = worth_of(time, event) if uno else None
    found = np.zeros((2, len(weights)))
    for number in np.unique(fold):
        at = fold == number
        found += pairs(risk[at], time[at], event[at], weights[:, at], None if worth is None else worth[at])
    with np.errstate(invalid="ignore", divide="ignore"):
        return found[0] / found[1]


class Steps(NamedTuple):
    """A curve of steps: its value at and after each time; 1 before the first. low, high: 95 % (log-log, Greenwood)."""

    time: np.ndarray
    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    at_risk: np.ndarray

    def just_before(self, time: np.ndarray) -> np.ndarray:
        return np.append(1.0, self.value)[np.searchsorted(self.time, time, side="left")]

    def at(self, time: np.ndarray) -> np.ndarray:
        return np.append(1.0, self.value)[np.searchsorted(self.time, time, side="right")]


def kaplan_meier(time: np.ndarray, event: np.ndarray) -> Steps:
    """Part without the event by time (Kaplan & Meier 1958)."""
    at, place = np.unique(time, return_inverse=True)
    seen = np.bincount(place, weights=event, minlength=len(at))
    at_risk = len(time) - np.searchsorted(np.sort(time), at, side="left")
    value = np.cumprod(1 - seen / at_risk)
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = np.sqrt(np.cumsum(seen / (at_risk * (at_risk - seen)))) / np.abs(np.log(value))
        low, high = value ** np.exp(1.96 * spread), value ** np.exp(-1.96 * spread)
    plain = (value == 1) | (value == 0)
    return Steps(at, value, np.where(plain, value, low), np.where(plain, value, high), at_risk)


def observed(time: np.ndarray, event: np.ndarray) -> Steps:
    """G: part still under observation by time, the Kaplan–Meier curve of censoring."""
    return kaplan_meier(time, (event == 0).astype(float))


def worth_of(time: np.ndarray, event: np.ndarray) -> np.ndarray:
    """1 / G(time−)², (n,); 0 where fewer than a tenth are still under observation: nothing sure is known from there on."""
    still = observed(time, event).just_before(time)
    return np.where(still >= RARE, 1 / np.maximum(still, RARE) ** 2, 0.0)


def log_rank(time: np.ndarray, event: np.ndarray, second: np.ndarray, strata: np.ndarray | None = None) -> dict[str, float]:
    """Log-rank test of two groups (Mantel 1966). second: (n,) bool, the second group. strata: (n,), compared within.

    Returns chi2 (one degree of freedom) and p; NaN where nothing can be compared.
    """
    excess, variance = 0.0, 0.0
    strata = np.zeros(len(time)) if strata is None else strata
    for stratum in np.unique(strata):
        own = strata == stratum
        t, e, g = time[own], event[own] > 0, second[own]
        for at in np.unique(t[e]):
            risk, own_risk = (t >= at).sum(), (g & (t >= at)).sum()
            seen = (e & (t == at)).sum()
            excess += (e & g & (t == at)).sum() - seen * own_risk / risk
            if risk > 1:
                variance += seen * own_risk / risk * (1 - own_risk / risk) * (risk - seen) / (risk - 1)
    if variance <= 0:
        return {"chi2": math.nan, "p": math.nan}
    chi2 = excess**2 / variance
    return {"chi2": float(chi2), "p": math.erfc(math.sqrt(chi2 / 2))}


def risk_groups(risk: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """Whether each example's risk is above the median of its own fold, (n,) bool."""
    high = np.zeros(len(risk), bool)
    for number in np.unique(fold):
        at = fold == number
        high[at] = risk[at] > np.median(risk[at])
    return high


def over_time(risk: np.ndarray, time: np.ndarray, event: np.ndarray, fold: np.ndarray, grid: np.ndarray) -> list[float | None]:
    """Area under the ROC curve of who had the event by each time of `grid` (cumulative/dynamic: Uno et al. 2007)."""
    worth = np.sqrt(worth_of(time, event))
    found: list[float | None] = []
    for at in grid:
        won = whole = 0.0
        for number in np.unique(fold):
            here = fold == number
            case = here & (time <= at) & (event > 0)
            r, other = risk[case][:, None], risk[here & (time > at)]
            won += float((((r > other) + 0.5 * (r == other)) * worth[case][:, None]).sum())
            whole += float(worth[case].sum() * len(other))
        found.append(won / whole if whole > 0 else None)
    return found


def curve(time: np.ndarray, event: np.ndarray) -> dict[str, Any]:
    """A survival curve with its interval, as plain lists."""
    steps = kaplan_meier(time, event)
    own = {name: [float(v) for v in getattr(steps, name)] for name in ("time", "value", "low", "high")}
    return own | {"at_risk": steps.at_risk.tolist(), "censored": np.unique(time[event == 0]).tolist()}
