"""Attributions in the format of `interpret_attribute_sequences`, for tests: sequences with a planted motif that contributes."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from readsight.genome.codes import encode
from readsight.interpret.sequence_attribution import attribution_file
from readsight.interpret.sequence_attribution.attribution_file import Attributions

WORD = encode("GATTACA")
HEADS = {
    "binary": ("no", "yes"),
    "multiclass": ("liver", "brain", "skin"),
    "multilabel": ("a", "b"),
    "regression": ("value",),
    "positions": ("neither", "acceptor", "donor"),
    "profile": ("value",),
}
PLACES = ("grad_cam", "attention_rollout")


def make_attributions(
    kind: str = "binary",
    n: int = 12,
    length: int = 150,
    methods: tuple[str, ...] = ("integrated_gradients", "mutagenesis"),
    pair: bool = False,
    chrom: str = "chr1",
    seed: int = 0,
) -> Attributions:
    """Windows 40 bases apart, odd rows on the reverse strand, with the motif at position 20 + row."""
    rng = np.random.default_rng(seed)
    sequence = rng.integers(0, 4, (n, length)).astype(np.uint8)
    contributions = rng.normal(0, 0.02, (n, length, 4))
    for row in range(n):
        positions = slice(20 + row, 20 + row + len(WORD))
        sequence[row, positions] = WORD
        contributions[row, np.arange(positions.start, positions.stop), WORD] = 1 + 0.1 * np.arange(len(WORD))
    sequence[:1, 0] = 4
    if pair:
        alternative = sequence.copy()
        alternative[:, length // 2] = (alternative[:, length // 2] + 1) % 4
        sequence, contributions = (
            np.concatenate([sequence, alternative], axis=1),
            np.concatenate([-contributions, contributions], axis=1),
        )
    classes = HEADS[kind]
    heads = {"binary": classes[1:], "positions": classes[1:], "regression": ("score",), "profile": ("profile",)}.get(
        kind, classes
    )
    values = {m: {h: _method_values(m, contributions * (1 + i), sequence) for i, h in enumerate(heads)} for m in methods}
    score = {h: np.linspace(-3, 3, n)[rng.permutation(n)] for h in heads}
    label = {
        "regression": rng.normal(size=n),
        "multilabel": rng.integers(0, 2, (n, 2)),
        "positions": rng.integers(0, 3, (n, length)),
        "profile": rng.random((n, 5)),
    }.get(kind, np.arange(n) % max(len(classes), 2))
    positions = {h: 27 + np.arange(n) for h in heads} if kind == "positions" else {}
    start = 1000 + 40 * np.arange(n) if chrom else np.full(n, -1)
    metadata = {
        "example": np.array([f"window{i}" for i in range(n)]),
        "group": np.array(["g"] * n),
        "label": label,
        "fold": np.zeros(n, int),
        "chrom": np.array([chrom] * n),
        "start": start,
        "end": start + length if chrom else start,
        "strand": np.array(["+", "-"] * n)[:n] if chrom else np.array(["."] * n),
    }
    attributes = {"task": "t", "model": "cnn", "model_hash": "m", "data_hash": "d", "certificate": "c", "kind": kind}
    attributes |= {"classes": list(classes), "heads": list(heads), "methods": list(methods), "unit": "logit"}
    attributes |= {"pair": pair, "stranded": True, "bin": 1, "baseline": "shuffled"}
    return Attributions(values, sequence, metadata, score, positions, attributes)


def _method_values(method: str, contributions: np.ndarray, sequence: np.ndarray) -> np.ndarray:
    """Hypothetical contributions (float32, as stored) of a method; position-level methods have equal values for all bases."""
    if method in PLACES:
        position_values = np.abs(attribution_file.base_contributions(contributions, sequence))
        return np.repeat(position_values[..., None], 4, axis=2).astype(np.float32)
    return contributions.astype(np.float32)


def make_exams(**failed: list[str]) -> dict[str, Any]:
    """Exam results of methods: names of the exams that each method failed."""
    return {
        method: {"passed": not names, "exams": [{"exam": name, "passed": False} for name in names]}
        for method, names in failed.items()
    }


def write_files(folder: Path, attributions: Attributions, exams: dict[str, Any]) -> tuple[Path, Path]:
    """Write files of attributions and of exams."""
    attribution_file.write(folder / "attributions.h5", attributions)
    (folder / "exams.json").write_text(json.dumps({"methods": exams}))
    return folder / "attributions.h5", folder / "exams.json"
