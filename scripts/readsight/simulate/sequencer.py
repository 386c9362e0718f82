"""Sequencer: fragments to read pairs with qualities, errors and adapters, written as FASTQ."""

import gzip
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from readsight.genome.codes import LETTERS, complement, encode
from readsight.simulate.fragments import Fragments, Templates

# Read-through of fragments shorter than the read: TruSeq adapter, index, flow cell adapter.
ADAPTERS = (
    encode("AGATCGGAAGAGCACACGTCTGAACTCCAGTCACATCACGATCTCGTATGCCGTCTTCTGCTTG"),
    encode("AGATCGGAAGAGCGTCGTGTAGGGAAAGAGTGTAGATCTCGGTGGTCGCCGTATCATT"),
)
MATES = (1, 2)


@dataclass(frozen=True)
class SequencingRun:
    """Parameters of a sequencing run; they differ between batches.

    quality: Phred at the first base. fall: decrease towards the last base. spread: standard deviation between reads
    (Phred). indels: insertions and deletions per base. unknown: N per base. errors: False for perfect reads.
    """

    instrument: str = "A00611"
    number: int = 88
    flowcell: str = "HDEMODSX2"
    quality: float = 37.0
    fall: float = 6.0
    spread: float = 2.0
    indels: float = 5e-6
    unknown: float = 5e-5
    errors: bool = True


def sequence_reads(
    templates: Templates, fragments: Fragments, mate: int, length: int, run: SequencingRun, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Sequence one end of each fragment: mate 1 or 2. Returns codes and Phred qualities, both (n, length) uint8.

    Errors occur with the probability given by the quality. Read-through continues into the adapter, then poly-G
    (no signal in two-colour chemistry).
    """
    step = np.broadcast_to(np.arange(length, dtype=np.int32), (len(fragments), length))
    if run.errors:
        step = _add_indels(step, run.indels, rng)
    is_reverse = fragments.reverse if mate == 1 else ~fragments.reverse
    first = np.where(is_reverse, fragments.start + fragments.length - 1, fragments.start)
    position = first[:, None] + np.where(is_reverse, -1, 1)[:, None] * step
    codes = templates.codes[np.clip(position, 0, len(templates.codes) - 1)]
    codes[is_reverse] = complement(codes[is_reverse])
    beyond = step >= fragments.length[:, None]
    if beyond.any():
        tail = np.full(length + 10, 2, dtype=np.uint8)
        tail[: len(ADAPTERS[mate - 1])] = ADAPTERS[mate - 1][: length + 10]
        rows = np.flatnonzero(beyond.any(axis=1))
        over = step[rows] - fragments.length[rows, None]
        codes[rows] = np.where(over >= 0, tail[np.clip(over, 0, length + 9)], codes[rows])
    if not run.errors:
        return codes, np.full(codes.shape, 40, dtype=np.uint8)
    quality = _draw_qualities(len(fragments), length, run, mate, rng)
    return _add_substitutions(codes, quality, run, rng), quality


def _add_indels(step: np.ndarray, rate: float, rng: np.random.Generator) -> np.ndarray:
    """Insert or delete a base in a few reads: later bases are read one position earlier or later."""
    step = step.copy()
    count, length = step.shape
    rows = np.flatnonzero(rng.random(count) < rate * length)
    indel_position = rng.integers(1, length - 1, len(rows))
    shift = rng.choice([-1, 1], len(rows))
    step[rows] += (np.arange(length) >= indel_position[:, None]) * shift[:, None].astype(np.int32)
    return step


def _draw_qualities(count: int, length: int, run: SequencingRun, mate: int, rng: np.random.Generator) -> np.ndarray:
    """Draw Phred qualities: decreasing towards the end, lower in mate 2, with bad reads and local dips."""
    relative_position = np.linspace(0, 1, length, dtype=np.float32)
    mean = (
        run.quality - (mate == 2) * 1.0 - run.fall * relative_position**2 - 3 * np.exp(-np.arange(length, dtype=np.float32) / 3)
    )
    read_offset = rng.standard_normal((count, 1), dtype=np.float32) * run.spread
    slope = np.abs(rng.standard_normal((count, 1), dtype=np.float32)) * run.fall
    q = mean + read_offset - slope * relative_position**3 + rng.standard_normal((count, length), dtype=np.float32) * 1.5
    dip = rng.random((count, length), dtype=np.float32) < 0.01
    q[dip] -= rng.random(int(dip.sum()), dtype=np.float32) * 20
    return np.clip(np.rint(q), 2, 41).astype(np.uint8)


def _add_substitutions(codes: np.ndarray, quality: np.ndarray, run: SequencingRun, rng: np.random.Generator) -> np.ndarray:
    """Substitute bases with the probability given by their quality, and replace a few by N (quality 2)."""
    chance = (10 ** (-np.arange(64) / 10)).astype(np.float32)
    u = rng.random(codes.shape, dtype=np.float32)
    is_error = u < chance[quality]
    codes[is_error] = (codes[is_error] + rng.integers(1, 4, int(is_error.sum())).astype(np.uint8)) % 4
    is_unknown = u > 1 - run.unknown
    codes[is_unknown], quality[is_unknown] = 4, 2
    return codes


def draw_read_names(count: int, run: SequencingRun, lane: int, rng: np.random.Generator) -> np.ndarray:
    """Draw Illumina-style read names in flow cell order, all of the same length: (count, width) bytes."""
    spots = np.unique(rng.integers(0, 96 * 20_000 * 30_000, int(count * 1.01) + 16))
    spots = np.sort(rng.permutation(spots)[:count])
    tile, x, y = spots // 600_000_000, spots // 30_000 % 20_000, spots % 30_000
    side, swath, number = tile // 48, tile // 16 % 3, tile % 16
    tiles = (side + 1) * 1000 + (swath + 1) * 100 + number + 1
    head = f"@{run.instrument}:{run.number}:{run.flowcell}:{lane}:".encode()
    table = np.empty((count, len(head) + 16), dtype=np.uint8)
    table[:, : len(head)] = np.frombuffer(head, dtype=np.uint8)
    for offset, width, values in ((0, 4, tiles), (5, 5, x + 10_000), (11, 5, y + 10_000)):
        for digit in range(width):
            table[:, len(head) + offset + digit] = values // 10 ** (width - 1 - digit) % 10 + ord("0")
    table[:, [len(head) + 4, len(head) + 10]] = ord(":")
    return table


def format_fastq(names: np.ndarray, mate: int, codes: np.ndarray, quality: np.ndarray) -> bytes:
    """FASTQ records of reads of equal length."""
    count, length = codes.shape
    tail = np.frombuffer(f" {mate}:N:0:ATCACG\n".encode(), dtype=np.uint8)
    middle = np.frombuffer(b"\n+\n", dtype=np.uint8)
    width = names.shape[1] + len(tail)
    out = np.empty((count, width + 2 * length + len(middle) + 1), dtype=np.uint8)
    out[:, : names.shape[1]] = names
    out[:, names.shape[1] : width] = tail
    out[:, width : width + length] = LETTERS[codes]
    out[:, width + length : width + length + 3] = middle
    out[:, width + length + 3 : -1] = quality + 33
    out[:, -1] = ord("\n")
    return out.tobytes()


def write_pairs(
    templates: Templates,
    fragments: Fragments,
    length: int,
    run: SequencingRun,
    lane: int,
    rng: np.random.Generator,
    paths: tuple[Path, Path],
) -> None:
    """Sequence both ends of every fragment into two gzipped FASTQ files; byte-identical for the same generator state."""
    read_names = draw_read_names(len(fragments), run, lane, rng)
    chunk = 50_000
    for mate, path in zip(MATES, paths, strict=True):
        with open(path, "wb") as raw, gzip.GzipFile("", "wb", compresslevel=2, fileobj=raw, mtime=0) as handle:
            for start in range(0, len(fragments), chunk):
                rows = slice(start, start + chunk)
                handle.write(
                    format_fastq(read_names[rows], mate, *sequence_reads(templates, fragments.take(rows), mate, length, run, rng))
                )
