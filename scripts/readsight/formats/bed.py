"""Reader of BED files with all their columns: names, scores, strands, summits and custom columns.

BED3 to BED12, narrowPeak and broadPeak (ENCODE) are recognised by content, with or without a header `#chrom start end …`.
"""

import gzip
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from readsight.errors import InputError
from readsight.formats.contigs import open_decompressed

BED = ["chrom", "start", "end", "name", "score", "strand", "thickStart", "thickEnd", "itemRgb", "blockCount", "blockSizes", "blockStarts"]  # fmt: skip
PEAK = [*BED[:6], "signalValue", "pValue", "qValue", "peak"]
MAX_FAULTS = 20
SKIPPED = ("#", "track", "browser")


@dataclass(frozen=True)
class Bed:
    """Rows of a BED file in file order.

    chrom: (n,) names. start, end: (n,) int64, 0-based half-open. strand: (n,) of +, - and `.`. summit: (n,) int64, position of
    the peak's summit on the contig; -1 where the file has none. rows: (n,) row in the file, from 1. columns: all columns as
    text, by name; in a file without header they have the standard names of the format.
    """

    path: Path
    chrom: np.ndarray
    start: np.ndarray
    end: np.ndarray
    strand: np.ndarray
    summit: np.ndarray
    rows: np.ndarray
    columns: pd.DataFrame

    def column(self, wanted: str) -> pd.Series | None:
        """Return a column by name (case-insensitive) or by number (from 1); None if it does not exist."""
        names = list(self.columns)
        if wanted.isdigit() and 0 < int(wanted) <= len(names) and wanted not in names:
            return self.columns.iloc[:, int(wanted) - 1]
        matches = [name for name in names if name == wanted] or [name for name in names if name.lower() == wanted.lower()]
        return self.columns[matches[0]] if matches else None


def centre_windows(start: np.ndarray, end: np.ndarray, length: int, summit: np.ndarray | None = None) -> np.ndarray:
    """Starts of windows around the summits of regions, or around their centres where the summit is -1.

    Parameters
    ----------
    start, end : (n,), 0-based half-open.
    length : of the windows in bases.
    summit : (n,), on the contig.

    Returns
    -------
    (n,) starts of the windows, 0-based.
    """
    centre = (start + end) // 2
    if summit is not None:
        centre = np.where(summit >= 0, summit, centre)
    return centre - length // 2


def read(path: Path) -> Bed:
    """Read all rows of a BED file, plain or gzip. Raises InputError with file, row and column of each fault, or if it is empty."""
    header, row_numbers, rows, faults = None, [], [], []
    for number, line in _read_lines(path):
        fields = line.split("\t")
        if header is None and not rows and _is_header(fields):
            header = [name.strip() for name in [fields[0].lstrip("#").strip(), *fields[1:]]]
        elif line.startswith(SKIPPED) or not line.strip():
            continue
        elif fault := _find_fault(fields, len(rows[0]) if rows else None):
            faults.append(f"{path}, row {number}: {fault}")
        else:
            rows.append(fields)
            row_numbers.append(number)
    if faults:
        more = [f"{path}: … and {len(faults) - MAX_FAULTS:,} more rows"] * (len(faults) > MAX_FAULTS)
        raise InputError(faults[:MAX_FAULTS] + more)
    if not rows:
        raise InputError(f"{path}: holds no region; a BED row has contig, start and end, separated by tabs")
    columns = pd.DataFrame(rows, columns=_name_columns(path, header, rows), dtype=object)
    return _build_bed(path, columns, np.array(row_numbers))


def _read_lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with io.TextIOWrapper(open_decompressed(path), errors="replace") as handle:
            for number, line in enumerate(handle, start=1):
                yield number, line.rstrip("\r\n")
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f"{path}: gzip is truncated or corrupt ({error}); get the file again from its source") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None


def _is_header(fields: list[str]) -> bool:
    """Whether a row is a header: #chrom (chr, contig), start, end, …"""
    names = [field.strip().lower() for field in fields[:3]]
    return len(names) == 3 and "start" in names[1] and "end" in names[2]


def _find_fault(fields: list[str], width: int | None) -> str | None:
    """Describe the fault of a row, if it has one. width: number of columns of the previous rows."""
    if len(fields) < 3:
        has_spaces = len(fields[0].split()) >= 3
        return (
            "columns are separated by spaces instead of tabs"
            if has_spaces
            else "contig, start and end are needed, separated by tabs"
        )
    for column, value in ((2, fields[1]), (3, fields[2])):
        if not value.isdigit():
            return f"column {column}: {value!r} is not a position; integers from 0 are needed"
    if int(fields[1]) >= int(fields[2]):
        return f"start {fields[1]} is not before end {fields[2]}; BED counts from 0 and its end is exclusive"
    if width is not None and len(fields) != width:
        return f"has {len(fields)} columns, but previous rows have {width}; all rows need the same number"
    return None


def _name_columns(path: Path, header: list[str] | None, rows: list[list[str]]) -> list[str]:
    """Names of the columns, from the header or from the format that fits the content."""
    width = len(rows[0])
    if header is not None:
        if len(header) != width:
            raise InputError(f"{path}: its header names {len(header)} columns, but its rows have {width}; name each of them")
        duplicates = sorted({name for name in header if header.count(name) > 1})
        if duplicates:
            raise InputError(f"{path}: its header names {', '.join(map(repr, duplicates))} twice; column names must be unique")
        return ["chrom", "start", "end", *(name.lower() if name.lower() in ("strand", "peak") else name for name in header[3:])]
    column_names = PEAK[:width] if width in (9, 10) and _is_peak(rows[0]) else BED[:width]
    return [*column_names, *(str(i + 1) for i in range(len(column_names), width))]


def _is_peak(fields: list[str]) -> bool:
    """Whether columns 7 to 9 are signal, p-value and q-value, not thickStart, thickEnd and itemRgb."""
    start, end = int(fields[1]), int(fields[2])
    thick = [int(value) for value in fields[6:8] if value.isdigit()]
    if len(thick) == 2 and start <= thick[0] <= thick[1] <= end:
        return False
    try:
        return all(float(value) >= -1 for value in fields[6:10])
    except ValueError:
        return False


def _build_bed(path: Path, columns: pd.DataFrame, rows: np.ndarray) -> Bed:
    start, end = columns["start"].astype(np.int64).to_numpy(), columns["end"].astype(np.int64).to_numpy()
    strand = columns["strand"].to_numpy(str) if "strand" in columns else np.full(len(rows), ".")
    strand = np.where(np.isin(strand, ["+", "-"]), strand, ".")
    return Bed(
        path, columns["chrom"].to_numpy(str), start, end, strand, _locate_summits(path, columns, start, end, rows), rows, columns
    )


def _locate_summits(path: Path, columns: pd.DataFrame, start: np.ndarray, end: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Positions of summits on their contigs. Raises InputError for summits outside their peaks."""
    if "peak" not in columns:
        return np.full(len(rows), -1)
    peak = pd.to_numeric(columns["peak"], errors="coerce")
    if peak.isna().all():  # the column holds names of peaks
        return np.full(len(rows), -1)
    peak = peak.fillna(-2).to_numpy(np.int64)
    wrong = np.flatnonzero((peak < -1) | (start + peak >= end))
    if len(wrong):
        raise InputError(
            f"{path}, row {rows[i]}, column peak: {columns['peak'].iloc[i]!r} is not a position in this peak; a summit is an offset in bases from "
            "the start, or -1 if there is none"
            for i in wrong[:MAX_FAULTS]
        )
    return np.where(peak >= 0, start + peak, -1)
