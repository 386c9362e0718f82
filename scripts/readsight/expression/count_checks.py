"""Validation of gene counts: non-negative integers, one row per gene."""

from collections.abc import Sequence

import numpy as np

from readsight.errors import InputError
from readsight.formats.gene_ids import find_duplicates

MAX_REPORTED = 5


def check_counts(counts: np.ndarray, genes: Sequence[str], source: str) -> None:
    """Raise InputError if a column of counts has invalid values or duplicate genes.

    counts: (genes,) numbers. source: file or sample named in the error.
    """
    counts = np.asarray(counts, dtype=np.float64)
    faults = [
        f"{source}: gene {gene} occurs more than once; each gene needs exactly one row"
        for gene in find_duplicates(genes)[:MAX_REPORTED]
    ]
    problems = {
        "has no count (empty or NaN); write 0 for genes without reads": np.isnan(counts),
        "is negative; counts start at 0 (is this a logarithm or a difference?)": counts < 0,
        "is not an integer; provide raw counts, not TPM, RPKM or logarithms": np.isfinite(counts) & (counts != np.floor(counts)),
        "is not finite": np.isinf(counts),
    }
    for problem, is_wrong in problems.items():
        positions = np.flatnonzero(is_wrong)
        for position in positions[:MAX_REPORTED]:
            value = "" if np.isnan(counts[position]) else f" {counts[position]:g}"
            faults.append(f"{source}, gene {genes[position]}:{value} {problem}")
        if len(positions) > MAX_REPORTED:
            faults.append(f"{source}: the same problem in {len(positions) - MAX_REPORTED} more genes")
    if faults:
        raise InputError(faults)
