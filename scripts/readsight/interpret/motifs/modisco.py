"""Recurring patterns in contributions by TF-MoDISco (Shrikumar et al. 2018), with the program `modisco` of modisco-lite.

It is run as a program and not imported because it depends on libraries under the GPL.
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
from readsight.interpret.motifs.pwm import compute_frequencies, encode_consensus, find_core
from readsight.interpret.motifs.tomtom import set_numba_cache

CORE, FLANK = 20, 10  # seqlet core and flank, bases
TRIM, ADDED_FLANK = 20, 10  # trimmed pattern width and added flanks, bases
NOISE_SCALE = 1e-3  # noise of sequences without contribution, as a fraction of the mean contribution
PADDING, MIN_LENGTH = 15, 200  # flanks without contribution, and smallest length including them, bases
CORE_FRACTION, CORE_MARGIN = 0.3, 2  # patterns span positions with this fraction of the largest contribution, plus a margin
MIN_SIGN_FRACTION = 0.5  # smallest ratio of net to absolute contribution of a pattern
MIN_CONSENSUS_BASES = 4  # fewest conserved positions of a pattern
SIGNS = {"pos_patterns": 1, "neg_patterns": -1}
# Errors of the program if the input is not sufficient, as opposed to faults of the installation or the machine.
TOO_LITTLE_SIGNAL = (
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
    """A recurring pattern.

    Attributes
    ----------
    sign : +1 if it raises the explained output, −1 if it lowers it.
    matrix : (width, 4), base frequencies.
    contributions : (width, 4), mean contributions of the seqlets' bases.
    row, start, strand : of the seqlets: sequence, 0-based position, +1 or −1. Seqlets have `width` bases and lie within
        sequences.
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
class PatternSearch:
    """Result of a search. file: HDF5 output of the program, None if there is none. reason: why there are no patterns."""

    patterns: list[Pattern]
    file: Path | None
    reason: str


def find_patterns(
    codes: np.ndarray, contributions: np.ndarray, max_seqlets: int, threads: int, folder: Path, seed: int = 1
) -> PatternSearch:
    """Patterns in hypothetical contributions (n, positions, 4) of codes (n, positions).

    Parameters
    ----------
    max_seqlets : seqlets per sign. The program takes those of the first sequences; sequences are therefore shuffled.
    folder : for the files of the program.

    Raises
    ------
    InputError for non-finite contributions, ToolError if the program is missing or fails.
    """
    invalid = np.flatnonzero(~np.isfinite(contributions).all(axis=(1, 2)))
    if len(invalid):
        raise InputError(
            f"contributions of {len(invalid)} of {len(codes)} sequences are not finite, first in sequence {invalid[0]}"
        )
    if not len(codes) or not np.any(contributions):
        return PatternSearch([], None, "all contributions are zero" if len(codes) else "there are no sequences")
    order = np.random.default_rng(seed).permutation(len(codes))
    padding = max(PADDING, -(-(MIN_LENGTH - codes.shape[1]) // 2))
    onehot, values = add_flanks(codes[order], contributions[order], padding, seed)
    np.save(folder / "sequences.npy", onehot)
    np.save(folder / "contributions.npy", values)
    out = folder / "modisco.h5"
    reason = _run_program(folder, onehot.shape[2], max_seqlets, threads, out)
    for name in ("sequences.npy", "contributions.npy"):
        (folder / name).unlink()
    if reason:
        return PatternSearch([], None, reason)
    _restore_coordinates(out, order, padding)
    patterns = parse_patterns(out, codes)
    message = f"fewer than 100 regions of high contribution in {len(codes)} sequences, or no similar ones"
    return PatternSearch(patterns, out, "" if patterns else message)


def add_flanks(codes: np.ndarray, contributions: np.ndarray, padding: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """One-hot sequences and contributions, (n, 4, padding + positions + padding), rounded up to even length, with random flanks.

    Flanks allow seqlets at sequence ends and give short sequences a background without contribution, which the program needs.
    N becomes a random base without contribution. Sequences without any contribution get small noise because the program
    divides by their sum.
    """
    n, length = codes.shape
    rng, inner = np.random.default_rng([seed, 1]), slice(padding, padding + length)
    extended = rng.integers(0, 4, (n, length + 2 * padding + length % 2)).astype(np.uint8)
    extended[:, inner][codes < 4] = codes[codes < 4]
    values = np.zeros((n, 4, extended.shape[1]), np.float32)
    values[:, :, inner] = np.where((codes < 4)[:, None], contributions.transpose(0, 2, 1), 0)
    is_silent = ~values.any(axis=1)
    size = np.abs(contributions[contributions != 0]).mean()
    values.transpose(0, 2, 1)[is_silent] = rng.normal(0, NOISE_SCALE * size, (int(is_silent.sum()), 4))
    return (extended[:, None] == np.arange(4, dtype=np.uint8)[:, None]).astype(np.int8), values


def find_program() -> str:
    """Path of the program, from the interpreter's folder or PATH. Raises ToolError if it is missing."""
    path = shutil.which("modisco", path=str(Path(sys.executable).parent)) or shutil.which("modisco")
    if not path:
        raise ToolError("the program modisco is missing: it is part of the Python package modisco-lite (envs/motifs.yaml)")
    return path


def _run_program(folder: Path, window: int, max_seqlets: int, threads: int, out: Path) -> str:
    """Run the program; the reason if the input was not sufficient, else ""."""
    sizes = {"-n": max_seqlets, "-w": window, "-z": CORE, "-f": FLANK, "-t": TRIM, "-g": ADDED_FLANK}
    command = [
        find_program(),
        "motifs",
        "-s",
        str(folder / "sequences.npy"),
        "-a",
        str(folder / "contributions.npy"),
        "-o",
        str(out),
    ]
    command += [argument for name, value in sizes.items() for argument in (name, str(value))]
    limits = {"NUMBA_NUM_THREADS": str(threads), "OMP_NUM_THREADS": str(threads)}
    result = subprocess.run(command, env=os.environ | set_numba_cache() | limits, capture_output=True, text=True)
    if not result.returncode:
        return ""
    last = (result.stderr.strip().splitlines() or ["no message"])[-1]
    if result.returncode > 0 and last.startswith(TOO_LITTLE_SIGNAL):
        return f"TF-MoDISco gave up: {last}"
    raise ToolError(f"modisco ended with status {result.returncode}: {last}")


def _restore_coordinates(out: Path, order: np.ndarray, padding: int) -> None:
    """Convert positions and sequence numbers in the result file to those before `add_flanks` and shuffling."""

    def restore_group(_: str, item: h5py.Group | h5py.Dataset) -> None:
        if isinstance(item, h5py.Group) and "example_idx" in item:
            item["example_idx"][...] = order[item["example_idx"][...]]
            for name in ("start", "end"):
                item[name][...] = item[name][...] - padding

    with h5py.File(out, "r+") as handle:
        handle.visititems(restore_group)


def parse_patterns(out: Path, codes: np.ndarray) -> list[Pattern]:
    """Trimmed patterns of the result file, those that raise the output first."""
    patterns = []
    with h5py.File(out) as handle:
        for name, sign in SIGNS.items():
            groups = handle.get(name, {})
            patterns += [
                _parse_pattern(groups[key], sign, codes) for key in sorted(groups, key=lambda k: int(k.rpartition("_")[2]))
            ]
    return [pattern for pattern in patterns if pattern is not None]


def _parse_pattern(group: h5py.Group, sign: int, codes: np.ndarray) -> Pattern | None:
    """A pattern; None if its positions do not contribute mainly in its direction (seqlets next to another feature), or if
    fewer than MIN_CONSENSUS_BASES positions are conserved.
    """
    contributions = group["contrib_scores"][...]
    first, last = find_core(np.abs(contributions.sum(axis=1)), CORE_FRACTION, CORE_MARGIN)
    position_sums = contributions[first:last].sum(axis=1)
    if position_sums.sum() * sign < MIN_SIGN_FRACTION * np.abs(position_sums).sum():
        return None
    seqlets = group["seqlets"]
    is_reverse, seqlet_start, seqlet_end = (seqlets[key][...] for key in ("is_revcomp", "start", "end"))
    row, start = (
        seqlets["example_idx"][...].astype(int),
        np.where(is_reverse, seqlet_end - last, seqlet_start + first).astype(int),
    )
    is_inside = (start >= 0) & (start + last - first <= codes.shape[1])
    if not is_inside.any():
        return None
    row, start, strand = row[is_inside], start[is_inside], np.where(is_reverse[is_inside], -1, 1)
    order = np.lexsort((start, row))
    row, start, strand = row[order], start[order], strand[order]
    matrix = compute_frequencies(codes, row, start, strand, last - first)
    if (encode_consensus(matrix) < 4).sum() < MIN_CONSENSUS_BASES:
        return None
    return Pattern(sign, matrix, contributions[first:last], row, start, strand)
