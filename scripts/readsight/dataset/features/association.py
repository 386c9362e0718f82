"""Univariate association of each feature with the outcome, computed on a training fold."""

import numpy as np

from readsight.dataset.outcome import Outcome

BLOCK = 4096  # features at a time


def association_scores(values: np.ndarray, outcome: Outcome, target: np.ndarray) -> np.ndarray:
    """Statistic of each feature (features,), larger for stronger association; −1 if undefined.

    values: (n, features), no NaN. target: shaped as the outcome requires. Classes: ANOVA F. Multilabel: the largest F of
    all labels. Survival: score statistic of a univariate Cox model (χ², 1 degree of freedom).
    """
    blocks = [
        _score_block(values[:, start : start + BLOCK].astype(np.float64), outcome, target)
        for start in range(0, values.shape[1], BLOCK)
    ]
    return np.nan_to_num(np.concatenate(blocks), nan=-1.0, posinf=np.finfo(float).max)


def _score_block(values: np.ndarray, outcome: Outcome, target: np.ndarray) -> np.ndarray:
    if outcome.kind == "survival":
        return cox_score(values, target[:, 0], target[:, 1])
    if outcome.kind == "multilabel":
        varying = [label for label in target.T if label.min() < label.max()]
        return np.max([_anova_f(values, label) for label in varying], axis=0) if varying else np.zeros(values.shape[1])
    return _anova_f(values, target)


def _anova_f(values: np.ndarray, classes: np.ndarray) -> np.ndarray:
    from sklearn.feature_selection import f_classif

    with np.errstate(divide="ignore", invalid="ignore"):
        return f_classif(values, classes)[0]


def cox_score(values: np.ndarray, time: np.ndarray, event: np.ndarray) -> np.ndarray:
    """Score statistic of each column of (n, features) at zero effect: U² / I (Cox 1972; ties by Breslow).

    U: value of each event less the mean of those at risk; I: variance of those at risk, summed over events.
    """
    order = np.argsort(-time, kind="stable")
    centred = values[order] - values.mean(axis=0)
    last = np.searchsorted(-time[order], -time[order], side="right") - 1
    event_rows = np.flatnonzero(event[order] > 0)
    at_risk = (last[event_rows] + 1.0)[:, None]
    mean = np.cumsum(centred, axis=0)[last[event_rows]] / at_risk
    spread = np.cumsum(centred**2, axis=0)[last[event_rows]] / at_risk - mean**2
    score, information = (centred[event_rows] - mean).sum(axis=0), spread.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(information > 1e-12, score**2 / information, np.nan)
