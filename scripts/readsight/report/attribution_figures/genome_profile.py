"""Contributions of windows, laid along the genome: at each base the mean over the windows that hold it."""

from dataclasses import dataclass

import numpy as np

from readsight.genome.codes import complement
from readsight.interpret.sequence_attribution.attribution_file import Attributions


@dataclass(frozen=True)
class Track:
    """One contig. places: (m,) int64, 0-based, ascending, those that a window holds. values: (m,) float64. bases: (m,) uint8,
    codes of the forward strand. windows: (m,) how many hold each place.
    """

    places: np.ndarray
    values: np.ndarray
    bases: np.ndarray
    windows: np.ndarray

    def cut(self, start: int, end: int) -> "Track":
        """What lies within [start, end)."""
        part = slice(*np.searchsorted(self.places, [start, end]))
        return Track(self.places[part], self.values[part], self.bases[part], self.windows[part])


def placed(held: Attributions) -> np.ndarray:
    """Rows whose place on a genome is known."""
    if "chrom" not in held.rows:
        return np.zeros(0, int)
    return np.flatnonzero(np.asarray(held.rows["chrom"]) != "")


def halves(held: Attributions, values: np.ndarray) -> list[np.ndarray]:
    """Values (n, places, …) of each window: one, or of pairs two."""
    return np.split(values, 2, axis=1) if held.about.get("pair") else [values]


def along(held: Attributions, values: np.ndarray, lengths: dict[str, int] | None = None) -> dict[str, Track]:
    """Mean of values (n, places) over the windows that hold each base, contig by contig in order of name.

    Windows on - are turned over; bases outside their contig are left out. Of pairs both windows' values are added up place by
    place: what the two share cancels out, and behind an allele of another length places are the reference window's. lengths:
    contig → bases, if they are known.
    """
    values, bases = sum(halves(held, values)), halves(held, held.sequence)[0]
    chroms, found = np.asarray(held.rows.get("chrom", [])), {}
    rows = placed(held)
    for name in sorted(set(chroms[rows].tolist())):
        own = rows[chroms[rows] == name]
        found[name] = _contig(held, values[own], bases[own], own, (lengths or {}).get(name))
    return found


def _contig(held: Attributions, values: np.ndarray, bases: np.ndarray, rows: np.ndarray, length: int | None) -> Track:
    back = (np.asarray(held.rows["strand"])[rows] == "-")[:, None]
    values = np.where(back, values[:, ::-1], values)
    bases = np.where(back, complement(bases[:, ::-1]), bases)
    at = np.asarray(held.rows["start"])[rows, None].astype(np.int64) + np.arange(values.shape[1])
    inside = (at >= 0) & (at < (np.iinfo(np.int64).max if length is None else length))
    places, first, which, windows = np.unique(at[inside], return_index=True, return_inverse=True, return_counts=True)
    mean = np.bincount(which, values[inside], len(places)) / np.maximum(windows, 1)
    return Track(places, mean, bases[inside][first], windows)


def strongest(tracks: list[dict[str, Track]]) -> dict[str, Track]:
    """Of tracks of several heads over the same windows that value, at each base, which is largest in size."""
    found = {}
    for name, first in tracks[0].items():
        every = np.stack([one[name].values for one in tracks])
        best = np.take_along_axis(every, np.abs(every).argmax(axis=0)[None], axis=0)[0]
        found[name] = Track(first.places, best, first.bases, first.windows)
    return found
