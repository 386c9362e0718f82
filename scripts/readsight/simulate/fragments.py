"""Sequencing libraries: random fragments of template sequences, with GC bias and duplicates.

Templates and Fragments are independent of the assay: chromosomes and transcripts use the same classes.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Templates:
    """Concatenated sequences. codes: (total,) uint8. edges: (n + 1,) start of each sequence, and the end."""

    codes: np.ndarray
    edges: np.ndarray

    @classmethod
    def from_sequences(cls, sequences: list[np.ndarray]) -> "Templates":
        return cls(np.concatenate(sequences), np.concatenate([[0], np.cumsum([len(s) for s in sequences])]))


@dataclass(frozen=True)
class Fragments:
    """Double-stranded fragments. start, length: (n,) on the concatenated codes. reverse: (n,) read 1 is on the reverse strand."""

    start: np.ndarray
    length: np.ndarray
    reverse: np.ndarray

    def __len__(self) -> int:
        return len(self.start)

    def take(self, rows: np.ndarray) -> "Fragments":
        return Fragments(self.start[rows], self.length[rows], self.reverse[rows])


@dataclass(frozen=True)
class Library:
    """Parameters of library preparation; they differ between batches.

    insert_mean, insert_sd: fragment length, bases. short: fraction of fragments shorter than a read, so that reads run
    into the adapter. gc_slope: log change of a fragment's probability per unit of GC above one half. duplicates: fraction
    of duplicate pairs. antisense: fraction of fragments with read 1 on the strand opposite to the template (0.5:
    unstranded; near 1: dUTP protocol).
    """

    insert_mean: float = 340.0
    insert_sd: float = 60.0
    short: float = 0.03
    gc_slope: float = -1.0
    duplicates: float = 0.05
    antisense: float = 0.5


def draw_lengths(count: int, library: Library, read_length: int, rng: np.random.Generator) -> np.ndarray:
    """Draw fragment lengths, bases."""
    lengths = rng.normal(library.insert_mean, library.insert_sd, count)
    short = rng.random(count) < library.short
    lengths[short] = rng.uniform(25, read_length + 15, short.sum())
    return np.clip(lengths, 25, library.insert_mean + 5 * library.insert_sd).astype(np.int64)


def shear_templates(
    templates: Templates,
    count: int,
    library: Library,
    read_length: int,
    rng: np.random.Generator,
    copies: np.ndarray | None = None,
) -> Fragments:
    """Draw `count` random fragments from templates with the library's length distribution, GC bias and duplicates.

    copies: (templates,), relative number of molecules of each template; default: one each.
    """
    if count == 0:
        empty = np.zeros(0, dtype=np.int64)
        return Fragments(empty, empty, empty.astype(bool))
    unique = count - int(rng.binomial(count, library.duplicates))
    gc = np.concatenate([[0], np.cumsum((templates.codes == 1) | (templates.codes == 2))])
    batches: list[np.ndarray] = []
    while sum(batch.shape[1] for batch in batches) < unique:
        start = _draw_starts(templates, copies, unique * 2, rng)
        length = draw_lengths(len(start), library, read_length, rng)
        owner = np.searchsorted(templates.edges, start, side="right")
        fits = start + length <= templates.edges[owner]
        start, length = start[fits], length[fits]
        chance = np.exp(library.gc_slope * ((gc[start + length] - gc[start]) / length - 0.5))
        chosen = rng.random(len(start)) < chance / np.exp(abs(library.gc_slope) * 0.5)
        batches.append(np.stack([start[chosen], length[chosen]]))
    start, length = np.concatenate(batches, axis=1)[:, :unique]
    fragments = Fragments(start, length, rng.random(unique) < library.antisense)
    rows = np.concatenate([np.arange(unique), rng.integers(0, unique, count - unique)])
    return fragments.take(rng.permutation(rows))


def _draw_starts(templates: Templates, copies: np.ndarray | None, count: int, rng: np.random.Generator) -> np.ndarray:
    """Start positions on the concatenated codes, uniform over the bases of all molecules."""
    if copies is None:
        return rng.integers(0, templates.edges[-1], count)
    lengths = np.diff(templates.edges)
    weights = copies * lengths
    owner = rng.choice(len(lengths), count, p=weights / weights.sum())
    return templates.edges[owner] + (rng.random(count) * lengths[owner]).astype(np.int64)
