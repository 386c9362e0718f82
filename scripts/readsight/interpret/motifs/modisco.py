"""Patterns that recur in contributions: TF-MoDISco (Shrikumar et al. 2018), by the program `modisco` of modisco-lite.

It is called as a program and not imported: it stands on libraries under the GPL.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from readsight.errors import InputError, ToolError
from readsight.interpret.motifs.pwm import core, counted, word
from readsight.interpret.motifs.tomtom import compiled

CORE, FLANK = 20, 10  # bases of a stretch of high contribution, and about it to either side
TRIM, MORE = 20, 10  # bases that patterns are trimmed to, and that they then have more to either side
WHISPER = 1e-3  # what bases are given that contribute nothing, as a part of what others contribute
ROOM, LEAST = 15, 200  # bases without contribution put to either side of sequences, and how long they are with them at least
PART, BESIDE = (
    0.3,
    2,
)  # a pattern is from the first to the last place that has this part of the largest contribution, and a little more
ONE_WAY = 0.5  # least sum of what a pattern's places contribute, as a part of the sum of their sizes
LETTERS = 4  # least bases of a pattern's word
SIGNS = {"pos_patterns": 1, "neg_patterns": -1}
# What the program ends with where sequences hold too little to find: not where something is wrong with it or with the machine.
GAVE_UP = (
    "BaseException",
    "ValueError",
    "IndexError",
    "ZeroDivisionError",
    "FloatingPointError",
    "RuntimeError",
    "AssertionError",
    "TypeError",
)


@dataclass(frozen=True)
class Pattern:
    """What recurs. sign: +1 where it raises the explained number, −1 where it lowers it.

    matrix: (width, 4) how often each base stands there. contributions: (width, 4), what its seqlets' bases contribute, mean.
    row, start, strand: its seqlets, stretches of `width` bases: which sequence, 0-based place, +1 or −1. They lie within sequences.
    """

    sign: int
    matrix: np.ndarray
    contributions: np.ndarray
    row: np.ndarray
    start: np.ndarray
    strand: np.ndarray

    def __len__(self) -> int:
        return len(self.row)

    @property
    def width(self) -> int:
        return len(self.matrix)


@dataclass(frozen=True)
class Sought:
    """What came of a search. file: of the program, HDF5; None where it wrote none. why: in words, where nothing was found."""

    patterns: list[Pattern]
    file: Path | None
    why: str


def seek(codes: np.ndarray, contributions: np.ndarray, most: int, threads: int, folder: Path, seed: int = 1) -> Sought:
    """Patterns in hypothetical contributions (n, places, 4) of codes (n, places).

    most: seqlets of each sign; the program takes those of the first sequences, so that they are put in random order. folder: for
    its files. Raises InputError for contributions that are no numbers, ToolError where the program is not there or breaks.
    """
    bad = np.flatnonzero(~np.isfinite(contributions).all(axis=(1, 2)))
    if len(bad):
        raise InputError(f"contributions of {len(bad)} of {len(codes)} sequences are no numbers, first of sequence {bad[0]}")
    if not len(codes) or not np.any(contributions):
        return Sought([], None, "no base contributes anything" if len(codes) else "there are no sequences")
    order = np.random.default_rng(seed).permutation(len(codes))
    room = max(ROOM, -(-(LEAST - codes.shape[1]) // 2))
    letters, values = surrounded(codes[order], contributions[order], room, seed)
    np.save(folder / "sequences.npy", letters)
    np.save(folder / "contributions.npy", values)
    out = folder / "modisco.h5"
    why = _run(folder, letters.shape[2], most, threads, out)
    for name in ("sequences.npy", "contributions.npy"):
        (folder / name).unlink()
    if why:
        return Sought([], None, why)
    _replace(out, order, room)
    patterns = parse(out, codes)
    few = f"fewer than 100 stretches of high contribution in {len(codes)} sequences, or none alike"
    return Sought(patterns, out, "" if patterns else few)


def surrounded(codes: np.ndarray, contributions: np.ndarray, room: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """One-hot and contributions (n, 4, room + places + room), one more where that is odd, with random bases to either side.

    So a seqlet can lie at the edge of a sequence, and short sequences have stretches that contribute nothing, which the program
    needs to tell what is much. N is a random base that contributes nothing, too. What contributes nothing at all is given a
    whisper: the program divides by sizes. It takes windows of even length alone.
    """
    n, places = codes.shape
    draw, inner = np.random.default_rng([seed, 1]), slice(room, room + places)
    full = draw.integers(0, 4, (n, places + 2 * room + places % 2)).astype(np.uint8)
    full[:, inner][codes < 4] = codes[codes < 4]
    values = np.zeros((n, 4, full.shape[1]), np.float32)
    values[:, :, inner] = np.where((codes < 4)[:, None], contributions.transpose(0, 2, 1), 0)
    silent = ~values.any(axis=1)
    size = np.abs(contributions[contributions != 0]).mean()
    values.transpose(0, 2, 1)[silent] = draw.normal(0, WHISPER * size, (int(silent.sum()), 4))
    return (full[:, None] == np.arange(4, dtype=np.uint8)[:, None]).astype(np.int8), values


def program() -> str:
    """The program, beside the interpreter or on PATH. Raises ToolError where it is not."""
    found = shutil.which("modisco", path=str(Path(sys.executable).parent)) or shutil.which("modisco")
    if not found:
        raise ToolError("modisco is not there: it comes with the Python package modisco-lite, which envs/motifs.yaml names")
    return found


def _run(folder: Path, places: int, most: int, threads: int, out: Path) -> str:
    """Run the program; words why it gave up, or nothing."""
    sizes = {"-n": most, "-w": places, "-z": CORE, "-f": FLANK, "-t": TRIM, "-g": MORE}
    command = [program(), "motifs", "-s", str(folder / "sequences.npy"), "-a", str(folder / "contributions.npy"), "-o", str(out)]
    command += [word for name, value in sizes.items() for word in (name, str(value))]
    limits = {"NUMBA_NUM_THREADS": str(threads), "OMP_NUM_THREADS": str(threads)}
    done = subprocess.run(command, env=os.environ | compiled() | limits, capture_output=True, text=True)
    if not done.returncode:
        return ""
    last = (done.stderr.strip().splitlines() or ["no words"])[-1]
    if done.returncode > 0 and last.startswith(GAVE_UP):
        return f"TF-MoDISco gave up: {last}"
    raise ToolError(f"modisco ended with status {done.returncode}: {last}")


def _replace(out: Path, order: np.ndarray, room: int) -> None:
    """Places and sequences in the program's file as they were before `surrounded`."""

    def own(_: str, held: h5py.Group | h5py.Dataset) -> None:
        if isinstance(held, h5py.Group) and "example_idx" in held:
            held["example_idx"][...] = order[held["example_idx"][...]]
            for name in ("start", "end"):
                held[name][...] = held[name][...] - room

    with h5py.File(out, "r+") as handle:
        handle.visititems(own)


def parse(out: Path, codes: np.ndarray) -> list[Pattern]:
    """Patterns of the program's file, trimmed; those that raise the number first."""
    found = []
    with h5py.File(out) as handle:
        for name, sign in SIGNS.items():
            held = handle.get(name, {})
            found += [_pattern(held[key], sign, codes) for key in sorted(held, key=lambda k: int(k.rpartition("_")[2]))]
    return [pattern for pattern in found if pattern is not None]


def _pattern(held: h5py.Group, sign: int, codes: np.ndarray) -> Pattern | None:
    """A pattern; None where its places do not contribute its own way for the most part, as its seqlets lie beside something else, or
    where too few of its bases are the same in most seqlets to make a word.
    """
    contributions = held["contrib_scores"][...]
    first, last = core(np.abs(contributions.sum(axis=1)), PART, BESIDE)
    places = contributions[first:last].sum(axis=1)
    if places.sum() * sign < ONE_WAY * np.abs(places).sum():
        return None
    seqlets = held["seqlets"]
    back, left, right = (seqlets[key][...] for key in ("is_revcomp", "start", "end"))
    row, start = seqlets["example_idx"][...].astype(int), np.where(back, right - last, left + first).astype(int)
    whole = (start >= 0) & (start + last - first <= codes.shape[1])
    if not whole.any():
        return None
    row, start, strand = row[whole], start[whole], np.where(back[whole], -1, 1)
    ordered = np.lexsort((start, row))
    row, start, strand = row[ordered], start[ordered], strand[ordered]
    matrix = counted(codes, row, start, strand, last - first)
    if (word(matrix) < 4).sum() < LETTERS:
        return None
    return Pattern(sign, matrix, contributions[first:last], row, start, strand)
