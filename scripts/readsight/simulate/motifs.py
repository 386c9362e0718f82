"""Motifs (position probability matrices): reading, sampling of instances and scoring of sequences."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from readsight.errors import InputError
from readsight.genome.codes import reverse_complement


@dataclass(frozen=True)
class Motif:
    """A position probability matrix. probabilities: (width, 4), rows sum to 1."""

    name: str
    probabilities: np.ndarray

    @property
    def width(self) -> int:
        return len(self.probabilities)

    @cached_property
    def log_odds(self) -> np.ndarray:
        """(width, 5), bits relative to a uniform background; the fifth column (N) is 0."""
        bits = np.log2(self.probabilities / 0.25)
        return np.pad(bits, ((0, 0), (0, 1)))

    @property
    def threshold(self) -> float:
        """Minimum score of a site, bits: two thirds of the maximum score."""
        return 2 / 3 * float(self.log_odds.max(axis=1).sum())

    def score(self, sequence: np.ndarray) -> float:
        """Log-odds of a sequence of the motif's width, bits."""
        return float(self.log_odds[np.arange(self.width), sequence].sum())

    def scan(self, sequence: np.ndarray) -> np.ndarray:
        """Log-odds at each start on the forward strand, shape (length - width + 1,), in bits."""
        windows = np.lib.stride_tricks.sliding_window_view(sequence, self.width)
        return self.log_odds[np.arange(self.width), windows].sum(axis=1)

    def find_hits(self, sequence: np.ndarray) -> list[tuple[int, str]]:
        """(start, strand) of every site on both strands, by start."""
        if len(sequence) < self.width:
            return []
        forward = np.flatnonzero(self.scan(sequence) >= self.threshold)
        reverse = np.flatnonzero(self.scan(reverse_complement(sequence)) >= self.threshold)
        return sorted([(int(i), "+") for i in forward] + [(len(sequence) - self.width - int(i), "-") for i in reverse])

    def draw_instance(self, rng: np.random.Generator) -> np.ndarray:
        """Draw an instance of the motif that scores as a site."""
        edges = self.probabilities.cumsum(axis=1)
        while True:
            instance = (rng.random((self.width, 1)) > edges[:, :3]).sum(axis=1).astype(np.uint8)
            if self.score(instance) >= self.threshold:
                return instance


def read_meme(path: Path) -> dict[str, Motif]:
    """Read the motifs of a file in minimal MEME format, by name.

    A pseudo-probability of 0.001 keeps log-odds finite. Raises InputError for an empty matrix or
    a row without four numbers.
    """
    motifs: dict[str, Motif] = {}
    name, rows = "", []
    for number, line in enumerate([*Path(path).read_text().splitlines(), "MOTIF"], start=1):
        fields = line.split()
        if line.startswith("MOTIF"):
            if name:
                if not rows:
                    raise InputError(f"{path}: motif {name} has no matrix")
                table = np.array(rows) + 0.001
                motifs[name] = Motif(name, table / table.sum(axis=1, keepdims=True))
            name, rows = (fields[1] if len(fields) > 1 else ""), []
        elif name and fields and fields[0][0] in "0123456789.":
            if len(fields) != 4:
                raise InputError(f"{path}: row {number}: a row of motif {name} must have four numbers")
            rows.append([float(value) for value in fields])
    return motifs
