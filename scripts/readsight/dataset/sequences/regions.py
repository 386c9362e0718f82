"""Genomic regions (BED, narrowPeak) as examples: cut from the genome at one length, on their strand."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from readsight.dataset.sequences import columns, lengths
from readsight.dataset.sequences.raw_examples import SequenceSet, make_unique
from readsight.dataset.sequences.records import SHOWN, Records
from readsight.errors import InputError
from readsight.formats import bed
from readsight.genome import windows
from readsight.genome.store import BASE, Genome, describe_missing_contigs

N = 4


def read_regions(
    path: Path | str, genome: Genome, spec: dict[str, Any], label: str | None = None, split: str | None = None
) -> SequenceSet:
    """Examples of a BED file, in order.

    With spec["length"], windows are resized around the summit (narrowPeak) or the centre. Without it, regions are unchanged, and
    spec["unequal"] brings them to one length (pad: with N, not with neighbouring bases). spec["outside"]: policy for windows
    past a contig's end.

    Parameters
    ----------
    label, split : values for the entire file; None if a column has them. Columns are named by the format or the header, or by
        their number from 1.

    Raises
    ------
    InputError with all faults: invalid rows, contigs missing from the genome, regions past a contig's end, missing columns, windows
    that contain only N.
    """
    table = bed.read(Path(path))
    records = _make_records(str(path), table, spec)
    missing = [name for name in dict.fromkeys(table.chrom.tolist()) if name not in genome.lengths]
    faults = describe_missing_contigs(missing, genome.names, str(path)) if missing else _check_contig_ends(table, genome)
    row_columns: dict[str, list[str]] = {}
    length = spec["length"] or 0
    try:
        row_columns = columns.read_row_columns(records, spec, label, split, find_file_number(records.path, spec))
    except InputError as error:
        faults += error.faults
    try:
        length = length or lengths.choose_common_length([records], spec)
    except InputError as error:
        faults += error.faults
    if faults:
        raise InputError(faults)
    return _cut_regions(table, records, row_columns, length, genome, spec)


def _make_records(path: str, table: bed.Bed, spec: dict[str, Any]) -> Records:
    """The rows as records of which only the length is known."""
    loci = zip(table.chrom.tolist(), table.start.tolist(), table.end.tolist(), strict=True)
    names = [f"{chrom}:{start}-{end}" for chrom, start, end in loci]
    if "name" in table.columns:
        column_values = table.columns["name"].str.strip().tolist()
        names = [name if name not in ("", ".") else default for name, default in zip(column_values, names, strict=True)]
    sizes = [range(size) for size in (table.end - table.start).tolist()]
    row_columns = {name: table.columns[name].tolist() for name in table.columns}
    label_names = spec["label"] if isinstance(spec["label"], (list, tuple)) else [spec["label"]]
    for column_name in (*label_names, spec.get("column"), spec.get("given")):
        column_values = table.column(column_name) if column_name and column_name.isdigit() else None
        if column_values is not None:
            row_columns[column_name] = column_values.tolist()
    return Records(path, names, sizes, table.rows.tolist(), columns=row_columns)  # type: ignore[arg-type]


def find_file_number(path: str, spec: dict[str, Any]) -> int:
    """Index of a file in the config, from 0."""
    return next((i for i, file in enumerate(spec["files"]) if str(file["path"]) == path), 0)


def _check_contig_ends(table: bed.Bed, genome: Genome) -> list[str]:
    """Faults of regions that end past their contigs: these are of a different genome, whatever the policy."""
    sizes = np.array([genome.lengths[name] for name in table.chrom.tolist()])
    outside = np.flatnonzero(table.end > sizes)
    messages = [
        f"{table.path}, row {table.rows[i]}: ends at {table.end[i]:,}, past the end of contig {str(table.chrom[i])!r} ({sizes[i]:,} bases); "
        "use a file of the same genome build"
        for i in outside[:SHOWN]
    ]
    return messages + [f"{table.path}: … and {len(outside) - SHOWN:,} more regions past their contig's end"] * (
        len(outside) > SHOWN
    )


def _cut_regions(
    table: bed.Bed, records: Records, row_columns: dict[str, list[str]], length: int, genome: Genome, spec: dict[str, Any]
) -> SequenceSet:
    """Windows of the labelled rows, by the policies."""
    contigs = genome.index_contigs(table.chrom.tolist(), records.path)
    starts = bed.centre_windows(table.start, table.end, length, table.summit if spec["length"] else None)
    is_included, excluded = np.ones(len(starts), bool), []
    for name in (name for name in row_columns if name.startswith("label")):
        is_included &= np.array([bool(value) for value in row_columns[name]])
    excluded += [f"{records.path}: {int((~is_included).sum()):,} regions without a label"] * (not is_included.all())
    if spec["outside"] == "drop":
        past = is_included & ~windows.is_inside(genome, contigs, starts, length)
        excluded += [f"{records.path}: {int(past.sum()):,} windows that reach past their contig's end"] * bool(past.any())
        is_included &= ~past
    rows = np.flatnonzero(is_included)
    stored = windows.cut_raw(genome, contigs[rows], starts[rows], length, padded=spec["outside"] == "pad")
    if not spec["length"]:  # mask the bases outside a shorter region
        positions = starts[rows, None] + np.arange(length)
        stored[(positions < table.start[rows, None]) | (positions >= table.end[rows, None])] = N
    blank = np.flatnonzero((stored & BASE == N).all(axis=1))
    if len(blank):
        raise InputError(_describe_blank(table, rows[blank]))
    obs = pd.DataFrame(
        {
            "chrom": table.chrom[rows].astype(object),
            "start": starts[rows],
            "end": starts[rows] + length,
            "strand": table.strand[rows].astype(object),
            "repeat": windows.compute_repeat_fraction(genome, stored),
        }
        | {name: np.array(values, object)[rows] for name, values in row_columns.items()},
        index=pd.Index(make_unique([records.names[i] for i in rows]), dtype=object),
    )
    codes = windows.orient_strands(stored & BASE, table.strand[rows])
    taken = pd.DataFrame({"chrom": table.chrom.astype(object), "start": table.start, "end": table.end})
    return SequenceSet(codes, obs, left_out=excluded, taken=taken)


def _describe_blank(table: bed.Bed, rows: np.ndarray) -> list[str]:
    """Faults of windows without a known base."""
    messages = [
        f"{table.path}, row {table.rows[i]}: {table.chrom[i]}:{table.start[i]}-{table.end[i]} contains only N in the genome; remove it"
        for i in rows[:SHOWN]
    ]
    return messages + [f"{table.path}: … and {len(rows) - SHOWN:,} more regions that contain only N"] * (len(rows) > SHOWN)
