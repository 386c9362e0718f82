"""How well effects tell variants that are known to do something from those known to do nothing, beside what needs no model."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from readsight.stats import metrics
from readsight.stats.confidence_intervals import percentiles, wilson
from readsight.wording import capital, figure, listed, signed

METRICS: dict[str, Callable[..., np.ndarray]] = {"auroc": metrics.auroc, "auprc": metrics.auprc}
HELD = 10_000_000  # numbers of resamples held at once
FOLDS = 5
SITE = 0.2  # least loss that counts as a broken site, as SpliceAI's authors advise for recall
NAMES = {
    "score": "the model's score",
    "conservation": "conservation",
    "gene_distance": "nearness to a gene",
    "tss_distance": "nearness to a transcript's first base",
    "motif_break": "a motif broken or made",
    "gc_change": "change of GC content",
    "combined": "score and baselines together",
    "baselines": "the baselines together",
}
Draws = Callable[[Callable[[np.ndarray], np.ndarray]], np.ndarray]


def evaluate(
    label: np.ndarray, score: np.ndarray, baselines: dict[str, np.ndarray], group: np.ndarray, resamples: int, seed: int
) -> dict[str, Any]:
    """AUROC and AUPRC of the score, of each baseline, and of logistic combinations; their differences from the score's.

    label: (n,) bool. score: (n,). baselines: name → (n,), the larger the more likely; NaN where it does not say. group: (n,), drawn whole
    and never divided between the parts that a combination is fitted and tested on. Where one class is missing nothing is ranked.
    """
    positives = int(label.sum())
    found: dict[str, Any] = {"variants": len(label), "positives": positives, "groups": len(np.unique(group)), "ranks": {}}
    if not 0 < positives < len(label):
        return found
    ranks = {"score": score} | {name: filled(values) for name, values in baselines.items() if np.isfinite(values).any()}
    told = list(ranks)[1:]
    together = {"combined": ["score", *told], "baselines": told}
    fold = folds(group, label, seed)
    parts = {name: np.zeros(len(label), int) for name in ranks}
    if fold is not None and told:
        for name, columns in together.items():
            ranks[name] = combined(np.stack([ranks[c] for c in columns], axis=1), label, fold)
            parts[name] = fold
    draws = resampled(group, resamples, seed)
    kept = {}
    for name, values in ranks.items():
        kept[name] = {
            metric: draws(lambda weights, f=f, v=values, p=parts[name]: metrics.by_fold(f, v, label, p, weights))
            for metric, f in METRICS.items()
        }
        found["ranks"][name] = {metric: metrics.interval(drawn) for metric, drawn in kept[name].items()}
    found["ranks"]["score"] |= {"curve": curve(score, label)}
    for name in told:
        found["ranks"][name]["curve"] = curve(ranks[name], label)
        found["ranks"][name]["difference"] = difference(kept["score"]["auroc"], kept[name]["auroc"])
    if "combined" in kept:
        found["ranks"]["combined"]["difference"] = difference(kept["combined"]["auroc"], kept["baselines"]["auroc"])
    return found


def filled(values: np.ndarray) -> np.ndarray:
    """Numbers, with the median of all where they are not told."""
    held = np.asarray(values, float)
    return np.where(np.isfinite(held), held, np.median(held[np.isfinite(held)]))


def resampled(group: np.ndarray, resamples: int, seed: int) -> Draws:
    """What computes a statistic (weights (r, n) → (r,)) on all, and then on each resample of whole groups: (1 + resamples,)."""
    step = max(1, HELD // max(len(group), 1))

    def draws(statistic: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        parts = []
        for number, first in enumerate(range(0, max(resamples, 1), step)):
            weights = metrics.group_weights(group, min(step, resamples - first), seed + number)
            parts.append(statistic(weights if not number else weights[1:]))
        return np.concatenate(parts)

    return draws


def difference(one: np.ndarray, other: np.ndarray) -> dict[str, float | None]:
    """One statistic less the other on the same resamples, with its interval."""
    gap = one - other
    low, high = percentiles(gap[1:])
    whole = math.isfinite(low)
    return {"value": float(gap[0]), "low": low if whole else None, "high": high if whole else None}


def folds(group: np.ndarray, label: np.ndarray, seed: int) -> np.ndarray | None:
    """Part of each variant (n,), so that no group is divided and each part has both classes outside of it; None where that cannot be."""
    names, which = np.unique(group, return_inverse=True)
    positive = np.bincount(which, label, len(names))
    number = min(FOLDS, len(names), int((positive > 0).sum()))
    if number < 2:
        return None
    order = np.random.default_rng(seed).permutation(len(names))
    order = order[np.argsort(-positive[order], kind="stable")]
    part = np.empty(len(names), int)
    part[order] = np.arange(len(names)) % number
    own = part[which]
    fits = all(len(np.unique(label[own != k])) == 2 for k in range(number))
    return own if fits else None


def combined(values: np.ndarray, label: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """Log odds of each variant by logistic regression that was fitted on the other parts, (n,). values: (n, columns)."""
    from sklearn.linear_model import LogisticRegression

    found = np.empty(len(label))
    for k in np.unique(fold):
        fit = fold != k
        centre, scale = values[fit].mean(axis=0), values[fit].std(axis=0)
        held = (values - centre) / np.where(scale > 0, scale, 1)
        found[~fit] = LogisticRegression(max_iter=1000).fit(held[fit], label[fit]).decision_function(held[~fit])
    return found


def curve(score: np.ndarray, label: np.ndarray, points: int = 200) -> dict[str, list[float]]:
    """Points of the ROC curve: false and true positive rates, at most so many."""
    order = np.argsort(-score, kind="stable")
    last = np.append(np.flatnonzero(np.diff(score[order])), len(order) - 1)
    true, false = np.cumsum(label[order])[last], np.cumsum(~label[order])[last]
    some = np.unique(np.linspace(0, len(last) - 1, points).astype(int))
    return {
        "false": [0.0, *np.round(false[some] / max(false[-1], 1), 5).tolist()],
        "true": [0.0, *np.round(true[some] / max(true[-1], 1), 5).tolist()],
    }


def named(loss: np.ndarray, place: np.ndarray, site: np.ndarray) -> dict[str, Any]:
    """How many known broken sites are named by the place of the largest loss.

    loss: (n,) largest loss of each variant. place, site: (n,) bases, 0-based. recall: part of the variants of which the place is the site;
    found: those of which the loss is SITE at least, besides.
    """
    right = place == site
    parts = {"recall": right, "found": right & (loss >= SITE)}
    rows = {name: wilson(int(own.sum()), len(own)) for name, own in parts.items()}
    told = {name: dict(zip(("value", "low", "high"), map(_plain, row), strict=True)) for name, row in rows.items()}
    return {"variants": len(site), "least": SITE} | told


def _plain(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def verdict(found: dict[str, Any], what: str, groups: str) -> str:
    """One paragraph. found: of `evaluate`. what: `all variants`. groups: what groups are."""
    ranks = found["ranks"]
    counts = f"{capital(what)}: {found['positives']:,} of {found['variants']:,} do something, in {found['groups']:,} {groups}."
    if not ranks:
        return f"{counts} Nothing can be ranked: one kind is missing."
    own = ranks["score"]["auroc"]
    words = [counts, f"The model's score ranks them with AUROC {figure(own)}."]
    beside = {name: row["difference"] for name, row in ranks.items() if "difference" in row and name != "combined"}
    lost = [name for name, gap in beside.items() if gap["high"] is not None and gap["high"] < 0]
    won = [name for name, gap in beside.items() if gap["low"] is not None and gap["low"] > 0]
    equal = [name for name in beside if name not in lost + won]
    if won:
        words.append(f"It is better than {_each(won, ranks)}.")
    if equal:
        words.append(f"It is not shown to be better than {_each(equal, ranks)}.")
    if lost:
        words.append(f"It loses to {_each(lost, ranks)}: do not rank by the model what these rank better.")
    if "combined" in ranks:
        gap = ranks["combined"]["difference"]
        adds = gap["low"] is not None and gap["low"] > 0
        shown = f"ΔAUROC {signed(gap['value'])}" + (
            "" if gap["low"] is None else f" [{signed(gap['low'])}, {signed(gap['high'])}]"
        )
        words.append(f"To the baselines together it adds {'something' if adds else 'nothing that is shown'} ({shown}).")
    if own["low"] is not None and own["low"] <= 0.5:
        words.append("The interval of the score holds 0.5: it may rank by chance.")
    return " ".join(words)


def _each(names: list[str], ranks: dict[str, Any]) -> str:
    return listed([f"{NAMES.get(name, name)} ({figure(ranks[name]['auroc'])})" for name in names])
