"""Benchmark of effects: discrimination of causal and neutral variants, compared with baselines without a model."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from readsight.stats import metrics
from readsight.stats.confidence_intervals import percentile_interval, wilson_interval
from readsight.text import capitalise, format_estimate, format_signed, join_phrases

METRICS: dict[str, Callable[..., np.ndarray]] = {"auroc": metrics.auroc, "auprc": metrics.auprc}
MAX_VALUES = 10_000_000  # weights of resamples per batch
MAX_FOLDS = 5
MIN_LOSS = 0.2  # smallest loss of a broken site, as SpliceAI's authors recommend for recall
RANKING_NAMES = {
    "score": "the model's score",
    "conservation": "conservation",
    "gene_distance": "proximity to a gene",
    "tss_distance": "proximity to a transcription start",
    "motif_break": "a broken or created motif",
    "gc_change": "change of GC content",
    "combined": "score and baselines together",
    "baselines": "the baselines together",
}
Resampler = Callable[[Callable[[np.ndarray], np.ndarray]], np.ndarray]


def evaluate(
    label: np.ndarray, score: np.ndarray, baselines: dict[str, np.ndarray], group: np.ndarray, resamples: int, seed: int
) -> dict[str, Any]:
    """AUROC and AUPRC of the score, each baseline and logistic combinations, and differences from the score.

    Parameters
    ----------
    label : (n,) bool.
    score : (n,).
    baselines : name → (n,), larger is more likely causal; NaN if not available.
    group : (n,), resampled as units and never split between training and test folds of a combination.

    Returns
    -------
    dict; `ranks` is empty if one class is missing.
    """
    positives = int(label.sum())
    result: dict[str, Any] = {"variants": len(label), "positives": positives, "groups": len(np.unique(group)), "ranks": {}}
    if not 0 < positives < len(label):
        return result
    ranks = {"score": score} | {name: fill_missing(values) for name, values in baselines.items() if np.isfinite(values).any()}
    baseline_names = list(ranks)[1:]
    combinations = {"combined": ["score", *baseline_names], "baselines": baseline_names}
    fold = assign_folds(group, label, seed)
    fold_ids = {name: np.zeros(len(label), int) for name in ranks}
    if fold is not None and baseline_names:
        for name, columns in combinations.items():
            ranks[name] = fit_combination(np.stack([ranks[c] for c in columns], axis=1), label, fold)
            fold_ids[name] = fold
    resample = make_resampler(group, resamples, seed)
    samples = {}
    for name, values in ranks.items():
        samples[name] = {
            metric: resample(lambda weights, f=f, v=values, p=fold_ids[name]: metrics.average_by_fold(f, v, label, p, weights))
            for metric, f in METRICS.items()
        }
        result["ranks"][name] = {metric: metrics.resample_interval(sample) for metric, sample in samples[name].items()}
    result["ranks"]["score"] |= {"curve": compute_roc(score, label)}
    for name in baseline_names:
        result["ranks"][name]["curve"] = compute_roc(ranks[name], label)
        result["ranks"][name]["difference"] = compute_difference(samples["score"]["auroc"], samples[name]["auroc"])
    if "combined" in samples:
        result["ranks"]["combined"]["difference"] = compute_difference(
            samples["combined"]["auroc"], samples["baselines"]["auroc"]
        )
    return result


def fill_missing(values: np.ndarray) -> np.ndarray:
    """Values with the median in place of missing ones."""
    numbers = np.asarray(values, float)
    return np.where(np.isfinite(numbers), numbers, np.median(numbers[np.isfinite(numbers)]))


def make_resampler(group: np.ndarray, resamples: int, seed: int) -> Resampler:
    """Function that computes a statistic (weights (r, n) → (r,)) on all data and on resamples of groups: (1 + resamples,)."""
    step = max(1, MAX_VALUES // max(len(group), 1))

    def compute_statistic(statistic: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        chunks = []
        for number, first in enumerate(range(0, max(resamples, 1), step)):
            weights = metrics.group_weights(group, min(step, resamples - first), seed + number)
            chunks.append(statistic(weights if not number else weights[1:]))
        return np.concatenate(chunks)

    return compute_statistic


def compute_difference(first: np.ndarray, second: np.ndarray) -> dict[str, float | None]:
    """Difference of two statistics on the same resamples, with its interval."""
    gap = first - second
    low, high = percentile_interval(gap[1:])
    is_finite = math.isfinite(low)
    return {"value": float(gap[0]), "low": low if is_finite else None, "high": high if is_finite else None}


def assign_folds(group: np.ndarray, label: np.ndarray, seed: int) -> np.ndarray | None:
    """Fold of each variant (n,), without splitting groups and with both classes in each training set; None if not possible."""
    names, which = np.unique(group, return_inverse=True)
    positive = np.bincount(which, label, len(names))
    number = min(MAX_FOLDS, len(names), int((positive > 0).sum()))
    if number < 2:
        return None
    order = np.random.default_rng(seed).permutation(len(names))
    order = order[np.argsort(-positive[order], kind="stable")]
    group_fold = np.empty(len(names), int)
    group_fold[order] = np.arange(len(names)) % number
    fold = group_fold[which]
    is_valid = all(len(np.unique(label[fold != k])) == 2 for k in range(number))
    return fold if is_valid else None


def fit_combination(values: np.ndarray, label: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """Out-of-fold log odds of a logistic regression, (n,). values: (n, columns)."""
    from sklearn.linear_model import LogisticRegression

    log_odds = np.empty(len(label))
    for k in np.unique(fold):
        is_training = fold != k
        centre, scale = values[is_training].mean(axis=0), values[is_training].std(axis=0)
        scaled = (values - centre) / np.where(scale > 0, scale, 1)
        log_odds[~is_training] = (
            LogisticRegression(max_iter=1000).fit(scaled[is_training], label[is_training]).decision_function(scaled[~is_training])
        )
    return log_odds


def compute_roc(score: np.ndarray, label: np.ndarray, points: int = 200) -> dict[str, list[float]]:
    """Points of the ROC curve: false and true positive rates."""
    order = np.argsort(-score, kind="stable")
    last = np.append(np.flatnonzero(np.diff(score[order])), len(order) - 1)
    true, false = np.cumsum(label[order])[last], np.cumsum(~label[order])[last]
    selected = np.unique(np.linspace(0, len(last) - 1, points).astype(int))
    return {
        "false": [0.0, *np.round(false[selected] / max(false[-1], 1), 5).tolist()],
        "true": [0.0, *np.round(true[selected] / max(true[-1], 1), 5).tolist()],
    }


def evaluate_site_positions(loss: np.ndarray, position: np.ndarray, site: np.ndarray) -> dict[str, Any]:
    """Fraction of broken sites that are located by the largest loss.

    loss: (n,), largest loss of each variant. position, site: (n,), 0-based. recall: fraction with position equal to the site;
    found: of these, with a loss of at least MIN_LOSS.
    """
    is_correct = position == site
    outcomes = {"recall": is_correct, "found": is_correct & (loss >= MIN_LOSS)}
    rows = {name: wilson_interval(int(is_hit.sum()), len(is_hit)) for name, is_hit in outcomes.items()}
    intervals = {name: dict(zip(("value", "low", "high"), map(_finite_or_none, row), strict=True)) for name, row in rows.items()}
    return {"variants": len(site), "least": MIN_LOSS} | intervals


def _finite_or_none(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def write_verdict(evaluation: dict[str, Any], subset_name: str, group_name: str) -> str:
    """One paragraph. evaluation: from `evaluate`. subset_name: e.g. `all variants`. group_name: what groups are."""
    ranks = evaluation["ranks"]
    counts = f"{capitalise(subset_name)}: {evaluation['positives']:,} of {evaluation['variants']:,} are functional, in {evaluation['groups']:,} {group_name}."
    if not ranks:
        return f"{counts} Nothing can be ranked: one class is missing."
    score_metric = ranks["score"]["auroc"]
    sentences = [counts, f"The model's score ranks them with AUROC {format_estimate(score_metric)}."]
    differences = {name: row["difference"] for name, row in ranks.items() if "difference" in row and name != "combined"}
    worse = [name for name, gap in differences.items() if gap["high"] is not None and gap["high"] < 0]
    better = [name for name, gap in differences.items() if gap["low"] is not None and gap["low"] > 0]
    unclear = [name for name in differences if name not in worse + better]
    if better:
        sentences.append(f"It is better than {_list_rankings(better, ranks)}.")
    if unclear:
        sentences.append(f"It is not significantly better than {_list_rankings(unclear, ranks)}.")
    if worse:
        sentences.append(f"It is worse than {_list_rankings(worse, ranks)}: do not use the model in place of these rankings.")
    if "combined" in ranks:
        gap = ranks["combined"]["difference"]
        adds = gap["low"] is not None and gap["low"] > 0
        difference_text = f"ΔAUROC {format_signed(gap['value'])}" + (
            "" if gap["low"] is None else f" [{format_signed(gap['low'])}, {format_signed(gap['high'])}]"
        )
        sentences.append(
            f"Added to the baselines it {'improves' if adds else 'does not significantly improve'} the ranking ({difference_text})."
        )
    if score_metric["low"] is not None and score_metric["low"] <= 0.5:
        sentences.append("The interval of the AUROC includes 0.5: the score may be no better than chance.")
    return " ".join(sentences)


def _list_rankings(names: list[str], ranks: dict[str, Any]) -> str:
    return join_phrases([f"{RANKING_NAMES.get(name, name)} ({format_estimate(ranks[name]['auroc'])})" for name in names])
