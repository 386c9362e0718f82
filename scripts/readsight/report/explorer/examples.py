"""What a page says of each example: its class, what the model called it, and how wrong that was."""

from typing import Any

import numpy as np

from readsight.dataset.outcome import UNCOUNTED
from readsight.interpret.sequence_attribution.attribution_file import Attributions

EDGE = 1e-6


def described(held: Attributions) -> dict[str, Any]:
    """Columns of the examples, JSON-able.

    name, group, label (in words), classes (places in `filters`), fold, chrom, start, end, strand: a value an example. filters:
    classes that examples can be chosen by. score, chance, called, right, wrong, at: head → a value an example. chance: probability
    as the explained number gives it (before calibration). called: in words. right: whether that is the label, None where
    nothing is called. wrong: how far from the truth the number is, larger is worse. None stands for what is not known.
    """
    kind, heads = held.about["kind"], held.heads
    label = held.rows.get("label")
    words, filters, members = labels(kind, [str(c) for c in held.about.get("classes", [])], label, len(held))
    score = np.stack([np.asarray(held.score[head], float) for head in heads], axis=1)
    found: dict[str, Any] = {"label": words, "filters": filters, "classes": members}
    for name in ("example", "group", "chrom", "strand"):
        found[name] = [str(v) for v in held.rows[name]] if name in held.rows else [""] * len(held)
    for name in ("fold", "start", "end"):
        found[name] = [int(v) for v in held.rows[name]] if name in held.rows else [-1] * len(held)
    judged = {head: verdict(held, score, i) for i, head in enumerate(heads)}
    found["score"] = {head: numbers(score[:, i]) for i, head in enumerate(heads)}
    for name in ("called", "right", "wrong"):
        found[name] = {head: own[name] for head, own in judged.items()}
    found["chance"] = {head: None if own is None else numbers(own) for head, own in zip(heads, chances(kind, score), strict=True)}
    found["at"] = {head: [int(v) for v in held.at[head]] for head in heads if head in held.at}
    return found


def labels(kind: str, classes: list[str], label: np.ndarray | None, n: int) -> tuple[list[str], list[str], list[list[int]]]:
    """The label of each example in words, what examples are chosen by, and which of these each one is."""
    if label is None:
        return [""] * n, [], [[] for _ in range(n)]
    if kind in ("binary", "multiclass"):
        return [classes[int(v)] for v in label], classes, [[int(v)] for v in label]
    if kind == "multilabel":
        own = [np.flatnonzero(row == 1).tolist() for row in label]
        return [", ".join(classes[i] for i in row) or "none" for row in own], classes, own
    if kind == "positions":
        counts = np.stack([(np.asarray(label) == i).sum(axis=1) for i in range(1, len(classes))], axis=1)
        words = [", ".join(f"{c} {name}" for c, name in zip(row, classes[1:], strict=True) if c) or "no site" for row in counts]
        members = [np.flatnonzero(row).tolist() or [len(classes) - 1] for row in counts]
        return words, [*(f"with {name}" for name in classes[1:]), "no site"], members
    total = np.asarray(label, float).sum(axis=1) if kind == "profile" else np.asarray(label, float)
    return [f"{v:.4g}" for v in total], [], [[] for _ in range(n)]


def chances(kind: str, score: np.ndarray) -> list[np.ndarray | None]:
    """Probability of each head, where its numbers tell one. score: (n, heads)."""
    if kind in ("binary", "multilabel"):
        return list((0.5 * (1 + np.tanh(score / 2))).T)
    if kind == "multiclass":
        grown = np.exp(score - score.max(axis=1, keepdims=True))
        return list((grown / grown.sum(axis=1, keepdims=True)).T)
    return [None] * score.shape[1]


def verdict(held: Attributions, score: np.ndarray, head: int) -> dict[str, list[Any]]:
    """What each example was called, whether that is right, and how wrong it is; of one head."""
    kind, n, own = held.about["kind"], len(held), score[:, head]
    none: list[Any] = [None] * n
    if held.rows.get("label") is None:
        return {"called": none, "right": none, "wrong": none}
    label, name = np.asarray(held.rows["label"]), held.heads[head]
    classes = [str(c) for c in held.about.get("classes", [])]
    if kind == "binary":
        called = [classes[int(s > 0)] for s in own]
        return {"called": called, "right": ((own > 0) == label).tolist(), "wrong": numbers(np.where(label == 1, -own, own))}
    if kind == "multilabel":
        called, true = [name if s > 0 else f"not {name}" for s in own], label[:, head] == 1
        return {"called": called, "right": ((own > 0) == true).tolist(), "wrong": numbers(np.where(true, -own, own))}
    if kind == "multiclass":
        best, label = score.argmax(axis=1), label.astype(int)
        others = score.copy()
        others[np.arange(n), label] = -np.inf
        gap = others.max(axis=1) - score[np.arange(n), label]
        return {"called": [classes[i] for i in best], "right": (best == label).tolist(), "wrong": numbers(gap)}
    if kind == "positions":
        at = label[np.arange(n), held.at[name]].astype(int)
        true = at == classes.index(name)
        right = [None if a == UNCOUNTED else bool(t) for a, t in zip(at, true, strict=True)]
        return {"called": none, "right": right, "wrong": numbers(np.where(true, -own, own))}
    truth = np.log(np.maximum(label.astype(float).sum(axis=1), EDGE)) if kind == "profile" else label.astype(float)
    return {"called": none, "right": none, "wrong": numbers(np.abs(own - truth))}


def numbers(values: np.ndarray) -> list[float | None]:
    """Numbers of six digits; None for what JSON has no word for."""
    return [float(f"{v:.6g}") if np.isfinite(v) else None for v in np.asarray(values, float)]
