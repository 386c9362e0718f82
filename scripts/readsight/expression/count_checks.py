"""What counts of genes must be: whole numbers from 0, of genes named once."""

from collections.abc import Sequence

import numpy as np

from readsight.errors import InputError
from readsight.formats.gene_ids import find_duplicates

SHOWN = 5


def check_counts(counts: np.ndarray, genes: Sequence[str], source: str) -> None:
    """Raise InputError where a column of counts is not what counts are.

    counts: (genes,), numbers. source: the file or the sample that the fault is told of.
    """
    counts = np.asarray(counts, dtype=np.float64)
    faults = [f"{source}: gene {gene} stands twice; a gene has one row" for gene in find_duplicates(genes)[:SHOWN]]
    problems = {
        "has no count (empty or NaN); write 0 where no read was counted": np.isnan(counts),
        "is negative; counts start at 0 (is this a logarithm or a difference?)": counts < 0,
        "is not a whole number; give raw counts, not TPM, RPKM or logarithms": np.isfinite(counts) & (counts != np.floor(counts)),
        "is not finite": np.isinf(counts),
    }
    for problem, is_wrong in problems.items():
        positions = np.flatnonzero(is_wrong)
        for position in positions[:SHOWN]:
            value = "" if np.isnan(counts[position]) else f" {counts[position]:g}"
            faults.append(f"{source}, gene {genes[position]}:{value} {problem}")
        if len(positions) > SHOWN:
            faults.append(f"{source}: so do {len(positions) - SHOWN} genes more")
    if faults:
        raise InputError(faults)
