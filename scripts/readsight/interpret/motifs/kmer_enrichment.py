"""K-mers that are enriched in one group of sequences: Fisher's exact test of the number of sequences that contain them."""

import numpy as np
import pandas as pd

from readsight.dataset.encodings import kmer_tokens
from readsight.stats.enrichment import adjust_p_values

K = 6
COLUMNS = ("towards", "kmer", "inside", "inside_with", "outside", "outside_with", "odds_ratio", "p", "q")


def find_kmers(codes: np.ndarray, k: int, stranded: bool) -> np.ndarray:
    """Presence of each k-mer in each sequence, (n, kmers) bool; on either strand unless stranded."""
    column = kmer_tokens.kmer_columns(k, stranded)[kmer_tokens.encode_kmers(codes, k)]
    present = np.zeros((len(codes), int(kmer_tokens.kmer_columns(k, stranded).max()) + 1), bool)
    row, position = np.nonzero(column >= 0)
    present[row, column[row, position]] = True
    return present


def compute_enrichment(present: np.ndarray, inside: np.ndarray, towards: str, names: tuple[str, ...]) -> pd.DataFrame:
    """Enrichment table, one row per k-mer, most significant first.

    Parameters
    ----------
    present : (n, kmers), from `find_kmers`.
    inside : (n,) bool.

    Notes
    -----
    Odds ratios add half an example to each cell (Haldane 1956). p is two-sided: twice the smaller tail of Fisher's exact
    test; q is adjusted over the k-mers (Benjamini & Hochberg 1995).
    """
    from scipy.stats import hypergeom

    n, m = int(inside.sum()), int((~inside).sum())
    inside_with, outside_with = present[inside].sum(axis=0), present[~inside].sum(axis=0)
    upper_tail = hypergeom.sf(inside_with - 1, n + m, inside_with + outside_with, n)
    lower_tail = hypergeom.cdf(inside_with, n + m, inside_with + outside_with, n)
    p = np.clip(2 * np.minimum(upper_tail, lower_tail), 0, 1)
    odds = (inside_with + 0.5) * (m - outside_with + 0.5) / ((n - inside_with + 0.5) * (outside_with + 0.5))
    columns = (towards, names, n, inside_with, m, outside_with, odds, p, adjust_p_values(p))
    table = pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)))
    order = np.lexsort((-np.abs(np.log(odds)), p))
    return table.iloc[order].reset_index(drop=True)
