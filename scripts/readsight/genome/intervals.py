"""Genome intervals: contigs of an index, BED files, merging, padding and splitting.

An interval is (contig, start, end), 0-based half-open.
"""

import io
import logging
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from readsight.errors import InputError
from readsight.formats.contigs import open_decompressed

log = logging.getLogger("readsight")

Interval = tuple[str, int, int]


def read_contig_lengths(fai: Path) -> dict[str, int]:
    """Contig → length in bases, in the order of a FASTA index."""
    rows = (line.split("\t") for line in Path(fai).read_text().splitlines() if line)
    return {row[0]: int(row[1]) for row in rows}


def read_bed(path: Path, lengths: dict[str, int]) -> list[Interval]:
    """Intervals of a BED file, plain or gzipped, in order; contigs missing from the reference are ignored with a warning.

    lengths: contig → length, of the reference. Raises InputError naming the row of each invalid interval, or if no contig is in the
    reference.
    """
    intervals, faults, missing = [], [], {}
    with io.TextIOWrapper(open_decompressed(path)) as handle:
        for row, line in enumerate(handle, start=1):
            fields = line.rstrip("\r\n").split("\t")
            if not line.strip() or line.startswith(("#", "track", "browser")):
                continue
            fault = _find_fault(fields, lengths)
            if fault:
                faults.append(f"{path}, row {row}: {fault}")
            elif fields[0] not in lengths:
                missing.setdefault(fields[0], row)
            else:
                intervals.append((fields[0], int(fields[1]), int(fields[2])))
    if missing and not intervals and not faults:
        contig, row = next(iter(missing.items()))
        faults.append(
            f"{path}, row {row}: contig {contig!r} is not in the reference, and neither is any contig of this file; the reference has {_list_few(lengths)}"
        )
    if faults:
        raise InputError(faults[:20])
    if missing:
        log.warning("%s: contigs missing from the reference are ignored: %s", path, _list_few(missing))
    return intervals


def _find_fault(fields: list[str], lengths: dict[str, int]) -> str | None:
    """What is wrong with a row of a BED file; None if it is valid."""
    if len(fields) < 3 or not (fields[1].isdigit() and fields[2].isdigit()):
        return "not BED: a row needs contig, start and end, separated by tabs, with integer start and end"
    contig, start, end = fields[0], int(fields[1]), int(fields[2])
    if start > end:
        return f"start {start} is after end {end}"
    if end > lengths.get(contig, end):
        return f"end {end} is past the end of {contig} ({lengths[contig]} bases)"
    return None


def _list_few(names: Iterable[str]) -> str:
    listed = list(names)
    return ", ".join(listed[:5]) + (f" and {len(listed) - 5} more" if len(listed) > 5 else "")


def merge_intervals(intervals: Iterable[Interval], order: Iterable[str], gap: int = 0) -> list[Interval]:
    """Intervals sorted by contig and position; intervals at most `gap` bases apart are merged, empty ones removed."""
    rank = {contig: i for i, contig in enumerate(order)}
    merged: list[Interval] = []
    for contig, start, end in sorted((i for i in intervals if i[1] < i[2]), key=lambda i: (rank[i[0]], i[1], i[2])):
        if merged and merged[-1][0] == contig and start <= merged[-1][2] + gap:
            merged[-1] = (contig, merged[-1][1], max(end, merged[-1][2]))
        else:
            merged.append((contig, start, end))
    return merged


def split_evenly(intervals: list[Interval], count: int) -> list[list[Interval]]:
    """Split merged intervals into `count` pieces of equal length (to one base), in order.

    Together the pieces cover every base once. With fewer bases than pieces some are empty.
    """
    total = sum(end - start for _, start, end in intervals)
    pieces: list[list[Interval]] = [[] for _ in range(count)]
    done = piece = 0
    for contig, start, end in intervals:
        while start < end:
            while done >= total * (piece + 1) // count:
                piece += 1
            take = min(end - start, total * (piece + 1) // count - done)
            pieces[piece].append((contig, start, start + take))
            start, done = start + take, done + take
    return pieces


def pad_intervals(intervals: list[Interval], lengths: dict[str, int], by: int) -> list[Interval]:
    """Intervals extended by `by` bases on both sides, within their contigs, and merged."""
    widened = ((c, max(0, s - by), min(lengths[c], e + by)) for c, s, e in intervals)
    return merge_intervals(widened, lengths)


def span_contigs(intervals: list[Interval]) -> list[Interval]:
    """For each contig, from the first start to the last end."""
    groups = ((contig, list(group)) for contig, group in groupby(intervals, key=lambda i: i[0]))
    return [(contig, group[0][1], max(end for _, _, end in group)) for contig, group in groups]


def write_bed(path: Path, intervals: Iterable[Interval]) -> Path:
    """Write intervals as three columns."""
    Path(path).write_text("".join(f"{contig}\t{start}\t{end}\n" for contig, start, end in intervals))
    return path


def read_plain_bed(path: Path) -> list[Interval]:
    """Intervals of a BED file written by a step of the workflow."""
    rows = (line.split("\t") for line in Path(path).read_text().splitlines())
    return [(contig, int(start), int(end)) for contig, start, end in rows]
