"""Attributions of random sequences, exams and evaluations for tests of pages."""

from typing import Any

import numpy as np

import sequenced
from readsight.interpret.sequence_attribution.attribution_file import Attributions

CLASSES = {
    "binary": ["no", "yes"],
    "multiclass": ["a", "b", "c"],
    "multilabel": ["x", "y"],
    "positions": ["neither", "acceptor", "donor"],
    "regression": [],
    "profile": [],
}
HEADS = CLASSES | {
    "binary": ["yes"],
    "positions": ["acceptor", "donor"],
    "regression": ["score"],
    "profile": ["profile"],
}
METHODS = ("integrated_gradients", "mutagenesis", "grad_cam")


def build_attributions(
    kind: str = "binary", n: int = 5, length: int = 40, pair: bool = False, seed: int = 0, genome: bool = True
) -> Attributions:
    """Random attributions by METHODS. genome: whether windows have coordinates; the second is on the reverse strand."""
    rng = np.random.default_rng(seed)
    sequence = sequenced.random_codes(n, length * (1 + pair), seed)
    sequence[0, 3] = 4
    heads = HEADS[kind]
    values = {m: {h: rng.normal(size=(*sequence.shape, 4)).astype(np.float32) for h in heads} for m in METHODS}
    values["grad_cam"] = {h: np.abs(v[..., :1]).repeat(4, axis=2) for h, v in values["grad_cam"].items()}
    rows = {
        "example": np.array([f"one{i}" for i in range(n)], object),
        "group": np.array([f"group{i // 2}" for i in range(n)], object),
        "label": build_labels(kind, n, length, rng),
        "fold": np.zeros(n, int),
        "chrom": np.array(["chr1" if genome else ""] * n, object),
        "start": np.arange(n) * 1000 + 500 if genome else np.full(n, -1),
        "end": np.arange(n) * 1000 + 500 + length if genome else np.full(n, -1),
        "strand": np.array(["-" if i == 1 else "+" for i in range(n)], object),
    }
    score = {h: rng.normal(size=n) * 3 for h in heads}
    positions = {h: rng.integers(0, length, n) for h in heads} if kind == "positions" else {}
    description = {
        "task": "probe",
        "model": "cnn",
        "kind": kind,
        "classes": CLASSES[kind],
        "heads": heads,
        "methods": list(METHODS),
    }
    description |= {"unit": "logit", "pair": pair, "stranded": False, "bin": 4 if kind == "profile" else 1, "baseline": "zeros"}
    return Attributions(values, sequence, rows, score, positions, description)


def build_labels(kind: str, n: int, length: int, rng: np.random.Generator) -> np.ndarray:
    """A target for each example, all classes in turn."""
    if kind == "multilabel":
        return np.array([[i & 1, i >> 1 & 1] for i in range(n)])
    if kind == "positions":
        sites = np.zeros((n, length), np.uint8)
        sites[:, 10], sites[:, 30], sites[:, -1] = 1, 2, 255
        return sites
    if kind == "profile":
        return rng.gamma(1, 1, (n, length // 4))
    return rng.normal(size=n) if kind == "regression" else np.arange(n) % max(len(CLASSES[kind]), 1)


def build_exam(
    name: str = "completeness", value: float | None = 0.002, limit: float | None = 0.01, passed: bool = True
) -> dict[str, Any]:
    """One row of exams.json."""
    row = {"exam": name, "value": value, "side": "≤", "limit": limit, "passed": passed, "low": None, "high": None, "n": 5}
    return row | {"reason": "" if passed else "the attributions do not add up"}


def build_exams(*failing: str) -> dict[str, Any]:
    """`methods` of exams.json; the given methods fail completeness."""
    results = {}
    for method in METHODS:
        rows = [build_exam("stability", 0.4, 0.15), build_exam("planted motifs", None), build_exam("other strand", 0.9, None)]
        rows.insert(0, build_exam("completeness", 0.6, passed=False) if method in failing else build_exam())
        results[method] = {"exams": rows, "passed": method not in failing}
    return results


def build_evaluation(kind: str = "binary") -> dict[str, Any]:
    """The fields of evaluation.json that the page reads."""
    cell = {"value": 0.959, "low": 0.948, "high": 0.969}
    facts = {"feature": "QUAL", "control_chance": 0.5, "control_metric": "auroc"}
    metrics = {m: {"auroc": cell | {"value": v}} for m, v in (("cnn", 0.959), ("kmer_linear", 0.785), ("shuffled_labels", 0.494))}
    headline = "The convolutional network ranks <b>well</b>."
    return {"kind": kind, "primary": "auroc", "first": "cnn", "facts": facts, "metrics": metrics, "headline": headline}
