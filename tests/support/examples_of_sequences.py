"""Sequence files, and specifications for `dataset_assemble_sequences`, for tests."""

import random
from pathlib import Path
from typing import Any

COMPLEMENT = str.maketrans("ACGTacgtNn", "TGCAtgcaNn")


def reverse_complement_text(sequence: str) -> str:
    """The reverse complement."""
    return sequence[::-1].translate(COMPLEMENT)


def draw_bases(rng: random.Random, length: int, gc: float = 0.5) -> str:
    return "".join(rng.choices("ACGT", [1 - gc, gc, gc, 1 - gc], k=length))


def make_spec(*files: dict[str, Any], **options: Any) -> dict[str, Any]:
    """Specification from the wiring for `dataset_assemble_sequences`, with the config's defaults. files: path, label, split."""
    defaults = {
        "name": "t",
        "source": "sequences",
        "representation": "one_hot",
        "outcome": "classes",
        "label": "label",
        "positive": None,
        "by": "homology",
        "files": [{"label": None, "split": None} | {key: str(value) for key, value in file.items()} for file in files],
        "columns": [],
        "target": "classes",
        "bin": 32,
        "length": None,
        "unequal": "error",
        "outside": "error",
        "stranded": False,
        "negatives": {"method": "none", "ratio": 1.0, "label": "negative"},
        "sample": None,
    }
    return defaults | options


def write_fasta(path: Path, records: dict[str, str]) -> Path:
    """Write records: name (with optional description) → sequence."""
    path.write_text("".join(f">{name}\n{sequence}\n" for name, sequence in records.items()))
    return path


def write_two_classes(folder: Path, number: int = 30, length: int = 40) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two FASTA files of random sequences on chromosomes 1 to 5; returns their entries for `make_spec`."""
    rng = random.Random(4)
    entries = []
    for label, gc in (("bound", 0.7), ("free", 0.3)):
        loci = [(f"chr{1 + i % 5}", 1000 * i + (label == "free") * 500) for i in range(number)]
        sequences = {f"{chrom}:{start}-{start + length}": draw_bases(rng, length, gc) for chrom, start in loci}
        entries.append({"path": write_fasta(folder / f"{label}.fa", sequences), "label": label})
    return entries[0], entries[1]
