"""Headers of matrix files: format, row and column names, and GEO sample metadata.

Uses the standard library only, so that a project can be checked before any environment is installed.
"""

import csv
import gzip
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from readsight.errors import InputError

DELIMITERS = {"\t": "tabs", ",": "commas", ";": "semicolons"}
STAR_COLUMNS = ("gene_id", "gene_name", "gene_type", "unstranded")
TABLE_BEGIN, TABLE_END = "!series_matrix_table_begin", "!series_matrix_table_end"
MAX_REPORTED = 5


@dataclass
class MatrixHeader:
    """Format of a matrix file and its row and column names.

    kind: delimited, series (GEO), star (GDC), h5ad or h5mu; the latter two have no further fields.
    header_lines: number of lines above the first row of values. corner: label above the row names.
    columns, rows: names as written. line_numbers: line of each row, from 1. metadata_rows, metadata_columns:
    text of the rows and columns that are sample metadata, by name. sample_metadata: GEO sample → attributes.
    supplements: supplementary files listed by a GEO series.
    """

    path: str
    kind: str
    delimiter: str = ""
    header_lines: int = 0
    corner: str = ""
    columns: list[str] = field(default_factory=list)
    rows: list[str] = field(default_factory=list)
    line_numbers: list[int] = field(default_factory=list)
    metadata_rows: dict[str, list[str]] = field(default_factory=dict)
    metadata_columns: dict[str, list[str]] = field(default_factory=dict)
    sample_metadata: dict[str, dict[str, str]] = field(default_factory=dict)
    supplements: list[str] = field(default_factory=list)


@contextmanager
def open_text(path: str | Path) -> Iterator[TextIO]:
    """Open a plain or gzipped text file. Raises InputError if it cannot be read."""
    try:
        with open(path, "rb") as handle:
            is_gzip = handle.read(2) == b"\x1f\x8b"
        with (gzip.open if is_gzip else open)(path, "rt", encoding="utf-8-sig", errors="replace", newline=None) as handle:
            yield handle
    except (EOFError, gzip.BadGzipFile) as error:
        raise InputError(f"{path}: gzip is truncated or corrupt ({error}); get the file again from its source") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None


def read_header(path: str | Path, metadata_names: list[str] | None = None, all_rows: bool = True) -> MatrixHeader:
    """Read the header of a file.

    Parameters
    ----------
    metadata_names : rows or columns that are sample metadata.
    all_rows : read the names of all rows; if False, of the first few only.

    Raises
    ------
    InputError for an empty file, a spreadsheet, a GEO SOFT file, or rows of unequal length.
    """
    start = _read_magic(path)
    # MuData files have a text header before the HDF5 signature
    if start.startswith((b"\x89HDF", b"MuData")):
        return MatrixHeader(str(path), "h5mu" if str(path).endswith(".h5mu") else "h5ad")
    if start.startswith(b"PK\x03\x04") or start.startswith(b"\xd0\xcf\x11\xe0"):
        raise InputError(f"{path}: is a spreadsheet (Excel or LibreOffice); save it as tab-separated text")
    with open_text(path) as handle:
        first = next((line for line in handle if line.strip()), "")
    if not first:
        raise InputError(f"{path}: is empty; a header line and rows of numbers are required")
    if first.startswith("^"):
        raise InputError(f"{path}: is a SOFT file of GEO; use the series matrix (…_series_matrix.txt.gz) instead")
    with open_text(path) as handle:
        if first.startswith("!"):
            return _read_series_header(str(path), handle, all_rows)
        return _read_delimited_header(str(path), handle, metadata_names or [], all_rows)


def split_fields(line: str, delimiter: str) -> list[str]:
    """Split a line into fields, without surrounding quotes and whitespace."""
    line = line.rstrip("\r\n")
    values = next(csv.reader([line], delimiter=delimiter), []) if '"' in line else line.split(delimiter)
    return [value.strip() for value in values]


def detect_delimiter(line: str) -> str | None:
    """Delimiter of a header line: the most frequent candidate outside quotes."""
    unquoted = re.sub(r'"[^"]*"', "", line)
    delimiter = max(DELIMITERS, key=unquoted.count)
    return delimiter if unquoted.count(delimiter) else None


def _read_magic(path: str | Path) -> bytes:
    try:
        with open(path, "rb") as handle:
            return handle.read(8)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None


def _read_delimited_header(path: str, handle: TextIO, metadata_names: list[str], all_rows: bool) -> MatrixHeader:
    """Header of a CSV or TSV file, including GDC files of STAR counts."""
    header_lines = 0
    header = ""
    for line in handle:
        header_lines += 1
        # GCT has a line with its dimensions below the version line
        if line.startswith("#1."):
            header_lines += len(next(handle, "")) > 0
        elif line.strip() and not line.startswith("#"):
            header = line
            break
    delimiter = detect_delimiter(header)
    if delimiter is None:
        raise InputError(f"{path}, row {header_lines}: no tabs, commas or semicolons separate columns; is it a matrix?")
    names = split_fields(header, delimiter)
    kind = "star" if tuple(names[:4]) == STAR_COLUMNS else "delimited"
    head = MatrixHeader(path, kind, delimiter, header_lines, names[0], names[1:])
    faults: list[str] = []
    for number, line in enumerate(handle, start=header_lines + 1):
        if line.strip():
            _add_row(head, number, line, metadata_names, faults)
        if len(faults) >= MAX_REPORTED or not all_rows and len(head.rows) >= MAX_REPORTED:
            break
    if faults:
        raise InputError(faults)
    if not head.rows:
        raise InputError(f"{path}: has a header but no rows")
    return head


def _add_row(head: MatrixHeader, number: int, line: str, metadata_names: list[str], faults: list[str]) -> None:
    """Add a row's name to the header, and its fields if it is sample metadata."""
    quoted = '"' in line
    count = len(split_fields(line, head.delimiter)) if quoted else line.count(head.delimiter) + 1
    if not head.rows and count == len(head.columns) + 2:
        # R's write.table omits the corner
        head.columns, head.corner = [head.corner, *head.columns], ""
    if count != len(head.columns) + 1:
        faults.append(
            f"{head.path}, row {number}: has {count} fields, but the header names {len(head.columns) + 1} columns; is the file cut off?"
        )
        return
    name = split_fields(line, head.delimiter)[0] if quoted else line.split(head.delimiter, 1)[0].strip()
    if name in metadata_names:
        head.metadata_rows[name] = split_fields(line, head.delimiter)[1:]
        return
    head.rows.append(name)
    head.line_numbers.append(number)
    for column in metadata_names:
        if column in head.columns:
            position = head.columns.index(column) + 1
            value = (
                split_fields(line, head.delimiter)[position]
                if quoted
                else line.split(head.delimiter, position + 1)[position].strip()
            )
            head.metadata_columns.setdefault(column, []).append(value)


def star_sample_name(path: str, file_samples: Mapping[str, str]) -> str:
    """Sample of a GDC file: from the GDC sample sheet (file name → sample), else the file name without extensions."""
    stem = Path(path).name.removesuffix(".gz")
    for name in (Path(path).name, stem):
        if name in file_samples:
            return file_samples[name]
    for ending in (".tsv", ".txt", ".rna_seq.augmented_star_gene_counts"):
        stem = stem.removesuffix(ending)
    return stem


def _read_series_header(path: str, handle: TextIO, all_rows: bool) -> MatrixHeader:
    """Header of a GEO series matrix: lines about the series and its samples, then the table."""
    head = MatrixHeader(path, "series", "\t", corner="ID_REF")
    lines: list[tuple[str, list[str]]] = []
    for number, line in enumerate(handle, start=1):
        key, *values = split_fields(line, "\t")
        if key.startswith("!Series_supplementary_file"):
            head.supplements += [value.rsplit("/", 1)[-1] for value in values if value.upper() != "NONE"]
        elif key.startswith("!Sample_"):
            lines.append((key.removeprefix("!Sample_"), values))
        elif key == TABLE_BEGIN:
            head.header_lines = number + 1
            head.columns = split_fields(next(handle, ""), "\t")[1:]
            break
    head.sample_metadata = _parse_sample_lines(lines)
    for number, line in enumerate(handle, start=head.header_lines + 1):
        if line.startswith(TABLE_END):
            break
        if line.strip():
            head.rows.append(split_fields(line.split("\t", 1)[0], "\t")[0])
            head.line_numbers.append(number)
        if not all_rows and len(head.rows) >= MAX_REPORTED:
            break
    return head


def _parse_sample_lines(lines: list[tuple[str, list[str]]]) -> dict[str, dict[str, str]]:
    """Attributes of each GEO sample: accession, title, source, and characteristics (`key: value`)."""
    accessions = next((values for key, values in lines if key == "geo_accession"), [])
    samples: dict[str, dict[str, str]] = {name: {"geo_accession": name} for name in accessions}
    for key, values in lines:
        plain, channel = re.sub(r"_ch\d+$", "", key), " (ch2)" if key.endswith("_ch2") else ""
        for name, value in zip(accessions, values, strict=False):
            if plain in ("title", "source_name"):
                samples[name][plain + channel] = value
            elif plain == "characteristics" and value:
                label, colon, content = value.partition(":")
                column = label.strip() if colon else "characteristics"
                samples[name][column + channel] = content.strip() if colon else value
    return samples


def empty_series_message(head: MatrixHeader) -> str:
    """Error message for a series matrix with an empty table (sequencing series)."""
    supplements = ", ".join(head.supplements)
    advice = (
        f" Its series names {supplements}: download the counts and name them in files,"
        if supplements
        else " Name the file of the counts in files,"
    )
    return f"{head.path}: the series matrix has no rows, only metadata of its {len(head.sample_metadata)} samples.{advice} and this file under metadata"
