"""What counts of genes must be: whole numbers from 0, of genes named once."""

from collections.abc import Sequence

import numpy as np

from readsight.errors import InputError
from readsight.formats.gene_ids import twice

SHOWN = 5


def check(counts: np.ndarray, genes: Sequence[str], source: str) -> None:
    """Raise InputError where a column of counts is not what counts are.

    counts: (genes,), numbers. source: the file or the sample that the fault is told of.
    """
    counts = np.asarray(counts, dtype=np.float64)
    faults = [f"{source}: gene {gene} stands twice; a gene has one row" for gene in twice(genes)[:SHOWN]]
    kinds = {
        "has no count (empty or NaN); write 0 where no read was counted": np.isnan(counts),
        "is negative; counts start at 0 (is this a logarithm or a difference?)": counts < 0,
        "is not a whole number; give raw counts, not TPM, RPKM or logarithms": np.isfinite(counts) & (counts != np.floor(counts)),
        "is not finite": np.isinf(counts),
    }
    for words, wrong in kinds.items():
        places = np.flatnonzero(wrong)
        for place in places[:SHOWN]:
            value = "" if np.isnan(counts[place]) else f" {counts[place]:g}"
            faults.append(f"{source}, gene {genes[place]}:{value} {words}")
        if len(places) > SHOWN:
            faults.append(f"{source}: so do {len(places) - SHOWN} genes more")
    if faults:
        raise InputError(faults)
