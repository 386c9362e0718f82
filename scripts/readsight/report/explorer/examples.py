"""Description of each example on the page: label, prediction, and error."""

from typing import Any

import numpy as np

from readsight.dataset.outcome import UNCOUNTED
from readsight.interpret.sequence_attribution.attribution_file import Attributions

EDGE = 1e-6


def describe_examples(attributions: Attributions) -> dict[str, Any]:
    """Columns of the examples, JSON-compatible.

    One value per example: name, group, label (text), classes (indices in `filters`), fold, chrom, start, end, strand.
    filters: classes to select examples by. By head, one value per example: score; chance (probability from the explained
    output, before calibration); called (predicted class); right (whether it is the label, None without prediction); wrong
    (size of the error); at. None is not available.
    """
    kind, heads = attributions.attributes["kind"], attributions.heads
    label = attributions.metadata.get("label")
    label_texts, filters, members = describe_labels(
        kind, [str(c) for c in attributions.attributes.get("classes", [])], label, len(attributions)
    )
    score = np.stack([np.asarray(attributions.score[head], float) for head in heads], axis=1)
    columns: dict[str, Any] = {"label": label_texts, "filters": filters, "classes": members}
    for name in ("example", "group", "chrom", "strand"):
        columns[name] = (
            [str(v) for v in attributions.metadata[name]] if name in attributions.metadata else [""] * len(attributions)
        )
    for name in ("fold", "start", "end"):
        columns[name] = (
            [int(v) for v in attributions.metadata[name]] if name in attributions.metadata else [-1] * len(attributions)
        )
    verdicts = {head: judge_predictions(attributions, score, i) for i, head in enumerate(heads)}
    columns["score"] = {head: round_numbers(score[:, i]) for i, head in enumerate(heads)}
    for name in ("called", "right", "wrong"):
        columns[name] = {head: entry[name] for head, entry in verdicts.items()}
    columns["chance"] = {
        head: None if entry is None else round_numbers(entry)
        for head, entry in zip(heads, compute_probabilities(kind, score), strict=True)
    }
    columns["at"] = {head: [int(v) for v in attributions.positions[head]] for head in heads if head in attributions.positions}
    return columns


def describe_labels(
    kind: str, classes: list[str], label: np.ndarray | None, n: int
) -> tuple[list[str], list[str], list[list[int]]]:
    """Label text of each example, the filters, and the filters that each example belongs to."""
    if label is None:
        return [""] * n, [], [[] for _ in range(n)]
    if kind in ("binary", "multiclass"):
        return [classes[int(v)] for v in label], classes, [[int(v)] for v in label]
    if kind == "multilabel":
        class_indices = [np.flatnonzero(row == 1).tolist() for row in label]
        return [", ".join(classes[i] for i in row) or "none" for row in class_indices], classes, class_indices
    if kind == "positions":
        counts = np.stack([(np.asarray(label) == i).sum(axis=1) for i in range(1, len(classes))], axis=1)
        texts = [", ".join(f"{c} {name}" for c, name in zip(row, classes[1:], strict=True) if c) or "no site" for row in counts]
        members = [np.flatnonzero(row).tolist() or [len(classes) - 1] for row in counts]
        return texts, [*(f"with {name}" for name in classes[1:]), "no site"], members
    total = np.asarray(label, float).sum(axis=1) if kind == "profile" else np.asarray(label, float)
    return [f"{v:.4g}" for v in total], [], [[] for _ in range(n)]


def compute_probabilities(kind: str, score: np.ndarray) -> list[np.ndarray | None]:
    """Probability of each head, if defined. score: (n, heads)."""
    if kind in ("binary", "multilabel"):
        return list((0.5 * (1 + np.tanh(score / 2))).T)
    if kind == "multiclass":
        exponentials = np.exp(score - score.max(axis=1, keepdims=True))
        return list((exponentials / exponentials.sum(axis=1, keepdims=True)).T)
    return [None] * score.shape[1]


def judge_predictions(attributions: Attributions, score: np.ndarray, head: int) -> dict[str, list[Any]]:
    """Predicted class, correctness and error of each example, for one head."""
    kind, n, head_score = attributions.attributes["kind"], len(attributions), score[:, head]
    missing: list[Any] = [None] * n
    if attributions.metadata.get("label") is None:
        return {"called": missing, "right": missing, "wrong": missing}
    label, name = np.asarray(attributions.metadata["label"]), attributions.heads[head]
    classes = [str(c) for c in attributions.attributes.get("classes", [])]
    if kind == "binary":
        called = [classes[int(s > 0)] for s in head_score]
        return {
            "called": called,
            "right": ((head_score > 0) == label).tolist(),
            "wrong": round_numbers(np.where(label == 1, -head_score, head_score)),
        }
    if kind == "multilabel":
        called, is_positive = [name if s > 0 else f"not {name}" for s in head_score], label[:, head] == 1
        return {
            "called": called,
            "right": ((head_score > 0) == is_positive).tolist(),
            "wrong": round_numbers(np.where(is_positive, -head_score, head_score)),
        }
    if kind == "multiclass":
        best, label = score.argmax(axis=1), label.astype(int)
        competing = score.copy()
        competing[np.arange(n), label] = -np.inf
        gap = competing.max(axis=1) - score[np.arange(n), label]
        return {"called": [classes[i] for i in best], "right": (best == label).tolist(), "wrong": round_numbers(gap)}
    if kind == "positions":
        site_class = label[np.arange(n), attributions.positions[name]].astype(int)
        is_positive = site_class == classes.index(name)
        is_right = [None if a == UNCOUNTED else bool(t) for a, t in zip(site_class, is_positive, strict=True)]
        return {"called": missing, "right": is_right, "wrong": round_numbers(np.where(is_positive, -head_score, head_score))}
    truth = np.log(np.maximum(label.astype(float).sum(axis=1), EDGE)) if kind == "profile" else label.astype(float)
    return {"called": missing, "right": missing, "wrong": round_numbers(np.abs(head_score - truth))}


def round_numbers(values: np.ndarray) -> list[float | None]:
    """Numbers with six digits; None for non-finite ones."""
    return [float(f"{v:.6g}") if np.isfinite(v) else None for v in np.asarray(values, float)]
