"""Regions of a genome (BED, narrowPeak) as examples: each cut out of the genome, at one length, on its strand."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from readsight.dataset.sequences import columns, lengths
from readsight.dataset.sequences.raw_examples import Found, unique
from readsight.dataset.sequences.records import SHOWN, Records
from readsight.errors import InputError
from readsight.formats import bed
from readsight.genome import windows
from readsight.genome.store import BASE, Genome, unknown

N = 4


def read(path: Path | str, genome: Genome, spec: dict[str, Any], label: str | None = None, split: str | None = None) -> Found:
    """Examples of a BED file, in its order.

    With spec["length"] windows are widened or cut about the summit (narrowPeak), else about the centre; else regions stay as
    they are, brought to one length as spec["unequal"] says (pad: with N, not with the bases beside them). Windows past a
    contig's end: spec["outside"]. label, split: of the whole file, None where columns say them: a column by the name that the
    format or the header gives it, or by its number from 1. Raises InputError with all faults: rows that are no regions,
    contigs that the genome lacks, regions past a contig's end, columns that are not there, windows of N alone.
    """
    table = bed.read(Path(path))
    records = _records(str(path), table, spec)
    strange = [name for name in dict.fromkeys(table.chrom.tolist()) if name not in genome.lengths]
    faults = unknown(strange, genome.names, str(path)) if strange else _past(table, genome)
    said: dict[str, list[str]] = {}
    length = spec["length"] or 0
    try:
        said = columns.said(records, spec, label, split, number_of(records.path, spec))
    except InputError as error:
        faults += error.faults
    try:
        length = length or lengths.common([records], spec)
    except InputError as error:
        faults += error.faults
    if faults:
        raise InputError(faults)
    return _cut(table, records, said, length, genome, spec)


def _records(path: str, table: bed.Bed, spec: dict[str, Any]) -> Records:
    """The rows as records of sequences of which only the length is known."""
    place = zip(table.chrom.tolist(), table.start.tolist(), table.end.tolist(), strict=True)
    names = [f"{chrom}:{start}-{end}" for chrom, start, end in place]
    if "name" in table.columns:
        own = table.columns["name"].str.strip().tolist()
        names = [name if name not in ("", ".") else default for name, default in zip(own, names, strict=True)]
    sizes = [range(size) for size in (table.end - table.start).tolist()]
    said = {name: table.columns[name].tolist() for name in table.columns}
    wanted = spec["label"] if isinstance(spec["label"], (list, tuple)) else [spec["label"]]
    for word in (*wanted, spec.get("column"), spec.get("given")):
        own = table.column(word) if word and word.isdigit() else None
        if own is not None:
            said[word] = own.tolist()
    return Records(path, names, sizes, table.rows.tolist(), said=said)  # type: ignore[arg-type]


def number_of(path: str, spec: dict[str, Any]) -> int:
    """Place of a file in the config, from 0."""
    return next((i for i, file in enumerate(spec["files"]) if str(file["path"]) == path), 0)


def _past(table: bed.Bed, genome: Genome) -> list[str]:
    """Faults of regions that end past their contigs: whatever the policy, they are of another genome."""
    sizes = np.array([genome.lengths[name] for name in table.chrom.tolist()])
    wrong = np.flatnonzero(table.end > sizes)
    said = [
        f"{table.path}, row {table.rows[i]}: ends at {table.end[i]:,}, past the end of contig {str(table.chrom[i])!r} ({sizes[i]:,} bases); "
        "use a file of the same genome build"
        for i in wrong[:SHOWN]
    ]
    return said + [f"{table.path}: … and {len(wrong) - SHOWN:,} more regions past their contig's end"] * (len(wrong) > SHOWN)


def _cut(
    table: bed.Bed, records: Records, said: dict[str, list[str]], length: int, genome: Genome, spec: dict[str, Any]
) -> Found:
    """Windows of the rows that have a label, by the policies."""
    contigs = genome.index(table.chrom.tolist(), records.path)
    starts = bed.centred(table.start, table.end, length, table.summit if spec["length"] else None)
    kept, left = np.ones(len(starts), bool), []
    for name in (name for name in said if name.startswith("label")):
        kept &= np.array([bool(value) for value in said[name]])
    left += [f"{records.path}: {int((~kept).sum()):,} regions without a label"] * (not kept.all())
    if spec["outside"] == "drop":
        past = kept & ~windows.inside(genome, contigs, starts, length)
        left += [f"{records.path}: {int(past.sum()):,} windows that reach past their contig's end"] * bool(past.any())
        kept &= ~past
    at = np.flatnonzero(kept)
    stored = windows.raw(genome, contigs[at], starts[at], length, padded=spec["outside"] == "pad")
    if not spec["length"]:  # what a shorter region is widened by is not its own
        place = starts[at, None] + np.arange(length)
        stored[(place < table.start[at, None]) | (place >= table.end[at, None])] = N
    blank = np.flatnonzero((stored & BASE == N).all(axis=1))
    if len(blank):
        raise InputError(_blank(table, at[blank]))
    obs = pd.DataFrame(
        {
            "chrom": table.chrom[at].astype(object),
            "start": starts[at],
            "end": starts[at] + length,
            "strand": table.strand[at].astype(object),
            "repeat": windows.repeats(genome, stored),
        }
        | {name: np.array(values, object)[at] for name, values in said.items()},
        index=pd.Index(unique([records.names[i] for i in at]), dtype=object),
    )
    codes = windows.turned(stored & BASE, table.strand[at])
    taken = pd.DataFrame({"chrom": table.chrom.astype(object), "start": table.start, "end": table.end})
    return Found(codes, obs, left_out=left, taken=taken)


def _blank(table: bed.Bed, rows: np.ndarray) -> list[str]:
    """Faults of windows that hold no base."""
    said = [
        f"{table.path}, row {table.rows[i]}: {table.chrom[i]}:{table.start[i]}-{table.end[i]} is N throughout in the genome; leave it out"
        for i in rows[:SHOWN]
    ]
    return said + [f"{table.path}: … and {len(rows) - SHOWN:,} more regions of N alone"] * (len(rows) > SHOWN)
