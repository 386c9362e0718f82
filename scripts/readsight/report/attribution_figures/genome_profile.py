"""Contributions per base of the genome: mean over the windows that cover each base."""

from dataclasses import dataclass

import numpy as np

from readsight.genome.codes import complement
from readsight.interpret.sequence_attribution.attribution_file import Attributions


@dataclass(frozen=True)
class Track:
    """One contig. positions: (m,) int64, 0-based, ascending, those covered by windows. values: (m,) float64. bases: (m,) uint8,
    codes of the forward strand. windows: (m,) number of windows that cover each position.
    """

    positions: np.ndarray
    values: np.ndarray
    bases: np.ndarray
    windows: np.ndarray

    def crop(self, start: int, end: int) -> "Track":
        """The part within [start, end)."""
        rows = slice(*np.searchsorted(self.positions, [start, end]))
        return Track(self.positions[rows], self.values[rows], self.bases[rows], self.windows[rows])


def find_placed_rows(attributions: Attributions) -> np.ndarray:
    """Rows with a known genomic location."""
    if "chrom" not in attributions.metadata:
        return np.zeros(0, int)
    return np.flatnonzero(np.asarray(attributions.metadata["chrom"]) != "")


def split_windows(attributions: Attributions, values: np.ndarray) -> list[np.ndarray]:
    """Values (n, positions, …) of each window: one, or two for pairs."""
    return np.split(values, 2, axis=1) if attributions.attributes.get("pair") else [values]


def build_tracks(attributions: Attributions, values: np.ndarray, lengths: dict[str, int] | None = None) -> dict[str, Track]:
    """Mean of values (n, positions) over the windows that cover each base, per contig in order of name.

    Windows on the reverse strand are reversed; bases outside their contig are omitted. The values of both windows of a pair are
    summed per position, so that shared contributions cancel; after an allele of a different length positions are those of the
    reference window. lengths: contig → length in bases, if known.
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
    """Combine tracks of several heads over the same windows: at each base the value of largest magnitude."""
    strongest_tracks = {}
    for name, first in tracks[0].items():
        stacked = np.stack([track[name].values for track in tracks])
        best = np.take_along_axis(stacked, np.abs(stacked).argmax(axis=0)[None], axis=0)[0]
        strongest_tracks[name] = Track(first.positions, best, first.bases, first.windows)
    return strongest_tracks
