"""Words of k bases that stand in one kind of sequences more often than in others: Fisher's exact test of how many have them."""

import numpy as np
import pandas as pd

from readsight.dataset.encodings import kmer_tokens
from readsight.stats.enrichment import adjusted

K = 6
COLUMNS = ("towards", "kmer", "inside", "inside_with", "outside", "outside_with", "odds_ratio", "p", "q")


def having(codes: np.ndarray, k: int, stranded: bool) -> np.ndarray:
    """Which words stand in which sequences, (n, words) bool; unless stranded a word on either strand."""
    column = kmer_tokens.columns(k, stranded)[kmer_tokens.ids(codes, k)]
    found = np.zeros((len(codes), int(kmer_tokens.columns(k, stranded).max()) + 1), bool)
    row, place = np.nonzero(column >= 0)
    found[row, column[row, place]] = True
    return found


def enriched(present: np.ndarray, inside: np.ndarray, towards: str, names: tuple[str, ...]) -> pd.DataFrame:
    """A row a word: how many sequences of either side have it, odds ratio (half an example added to each cell; Haldane 1956), p, q.

    present: (n, words) as `having` gives. inside: (n,) bool. p: two-sided, twice the smaller tail of Fisher's exact test; q: adjusted over the words
    (Benjamini & Hochberg 1995). Those most surely told apart come first.
    """
    from scipy.stats import hypergeom

    n, m = int(inside.sum()), int((~inside).sum())
    own, other = present[inside].sum(axis=0), present[~inside].sum(axis=0)
    up = hypergeom.sf(own - 1, n + m, own + other, n)
    down = hypergeom.cdf(own, n + m, own + other, n)
    p = np.clip(2 * np.minimum(up, down), 0, 1)
    odds = (own + 0.5) * (m - other + 0.5) / ((n - own + 0.5) * (other + 0.5))
    columns = (towards, names, n, own, m, other, odds, p, adjusted(p))
    table = pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)))
    surest = np.lexsort((-np.abs(np.log(odds)), p))
    return table.iloc[surest].reset_index(drop=True)
