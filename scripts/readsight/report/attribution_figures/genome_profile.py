"""Contributions of windows, laid along the genome: at each base the mean over the windows that hold it."""

from dataclasses import dataclass

import numpy as np

from readsight.genome.codes import complement
from readsight.interpret.sequence_attribution.attribution_file import Attributions


@dataclass(frozen=True)
class Track:
    """One contig. positions: (m,) int64, 0-based, ascending, those that a window holds. values: (m,) float64. bases: (m,) uint8,
    codes of the forward strand. windows: (m,) how many hold each place.
    """

    positions: np.ndarray
    values: np.ndarray
    bases: np.ndarray
    windows: np.ndarray

    def crop(self, start: int, end: int) -> "Track":
        """What lies within [start, end)."""
        rows = slice(*np.searchsorted(self.positions, [start, end]))
        return Track(self.positions[rows], self.values[rows], self.bases[rows], self.windows[rows])


def find_placed_rows(attributions: Attributions) -> np.ndarray:
    """Rows whose place on a genome is known."""
    if "chrom" not in attributions.metadata:
        return np.zeros(0, int)
    return np.flatnonzero(np.asarray(attributions.metadata["chrom"]) != "")


def split_windows(attributions: Attributions, values: np.ndarray) -> list[np.ndarray]:
    """Values (n, places, …) of each window: one, or of pairs two."""
    return np.split(values, 2, axis=1) if attributions.attributes.get("pair") else [values]


def build_tracks(attributions: Attributions, values: np.ndarray, lengths: dict[str, int] | None = None) -> dict[str, Track]:
    """Mean of values (n, places) over the windows that hold each base, contig by contig in order of name.

    Windows on - are turned over; bases outside their contig are left out. Of pairs both windows' values are added up place by
    place: what the two share cancels out, and behind an allele of another length places are the reference window's. lengths:
    contig → bases, if they are known.
    """
    values, bases = sum(split_windows(attributions, values)), split_windows(attributions, attributions.sequence)[0]
    chroms, tracks = np.asarray(attributions.metadata.get("chrom", [])), {}
    rows = find_placed_rows(attributions)
    for name in sorted(set(chroms[rows].tolist())):
        contig_rows = rows[chroms[rows] == name]
        tracks[name] = _build_track(attributions, values[contig_rows], bases[contig_rows], contig_rows, (lengths or {}).get(name))
    return tracks


def _build_track(
    attributions: Attributions, values: np.ndarray, bases: np.ndarray, rows: np.ndarray, length: int | None
) -> Track:
    is_reverse = (np.asarray(attributions.metadata["strand"])[rows] == "-")[:, None]
    values = np.where(is_reverse, values[:, ::-1], values)
    bases = np.where(is_reverse, complement(bases[:, ::-1]), bases)
    positions = np.asarray(attributions.metadata["start"])[rows, None].astype(np.int64) + np.arange(values.shape[1])
    inside = (positions >= 0) & (positions < (np.iinfo(np.int64).max if length is None else length))
    unique_positions, first, inverse, windows = np.unique(
        positions[inside], return_index=True, return_inverse=True, return_counts=True
    )
    mean = np.bincount(inverse, values[inside], len(unique_positions)) / np.maximum(windows, 1)
    return Track(unique_positions, mean, bases[inside][first], windows)


def select_strongest(tracks: list[dict[str, Track]]) -> dict[str, Track]:
    """Of tracks of several heads over the same windows that value, at each base, which is largest in size."""
    strongest_tracks = {}
    for name, first in tracks[0].items():
        stacked = np.stack([track[name].values for track in tracks])
        best = np.take_along_axis(stacked, np.abs(stacked).argmax(axis=0)[None], axis=0)[0]
        strongest_tracks[name] = Track(first.positions, best, first.bases, first.windows)
    return strongest_tracks
