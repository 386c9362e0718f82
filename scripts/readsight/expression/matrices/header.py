"""The head of a matrix file: what format it is of, the names along both sides, and what GEO says of its samples.

With the standard library alone, so that a project can be looked at before any environment is made.
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
TABLE, TABLE_END = "!series_matrix_table_begin", "!series_matrix_table_end"
SHOWN = 5


@dataclass
class MatrixHeader:
    """What a file is, and the names along its sides.

    kind: delimited, series (GEO), star (GDC), h5ad or h5mu; of the last two nothing else is known here.
    header_lines: lines above the first row of numbers. corner: what stands over the names of the rows. columns, rows:
    names, as they are written. line_numbers: line of each row, from 1. metadata_rows: text of rows (by name) that are no numbers; metadata_columns: of columns.
    sample_metadata: GEO sample → what the series says of it. supplements: files that a GEO series names beside its table.
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
    """A text file, plain or gzip. Raises InputError where it cannot be read."""
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
    """The head of a file. metadata_names: rows or columns that are no numbers. all_rows: names of all rows, not those of the first alone.

    Raises InputError for what is no matrix: an empty file, a spreadsheet, a family file of GEO, rows of other lengths.
    """
    start = _read_magic(path)
    # MuData writes its name before the HDF5 itself
    if start.startswith((b"\x89HDF", b"MuData")):
        return MatrixHeader(str(path), "h5mu" if str(path).endswith(".h5mu") else "h5ad")
    if start.startswith(b"PK\x03\x04") or start.startswith(b"\xd0\xcf\x11\xe0"):
        raise InputError(f"{path}: is a spreadsheet (Excel or LibreOffice); save it as tab-separated text")
    with open_text(path) as handle:
        first = next((line for line in handle if line.strip()), "")
    if not first:
        raise InputError(f"{path}: is empty; a header with names and rows of numbers are needed")
    if first.startswith("^"):
        raise InputError(f"{path}: is a SOFT file of GEO; name the series matrix (…_series_matrix.txt.gz) instead")
    with open_text(path) as handle:
        if first.startswith("!"):
            return _read_series_header(str(path), handle, all_rows)
        return _read_delimited_header(str(path), handle, metadata_names or [], all_rows)


def split_fields(line: str, delimiter: str) -> list[str]:
    """The fields of a line, without quotes and blanks around them."""
    line = line.rstrip("\r\n")
    values = next(csv.reader([line], delimiter=delimiter), []) if '"' in line else line.split(delimiter)
    return [value.strip() for value in values]


def detect_delimiter(line: str) -> str | None:
    """What separates the fields of a header: the delimiter that stands in it most often outside quotes."""
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
    """CSV or TSV, a GDC file of STAR counts among them."""
    header_lines = 0
    header = ""
    for line in handle:
        header_lines += 1
        # GCT says its size in the line below its version
        if line.startswith("#1."):
            header_lines += len(next(handle, "")) > 0
        elif line.strip() and not line.startswith("#"):
            header = line
            break
    delimiter = detect_delimiter(header)
    if delimiter is None:
        raise InputError(f"{path}, row {header_lines}: no tabs, commas or semicolons stand between columns; is it a matrix?")
    names = split_fields(header, delimiter)
    kind = "star" if tuple(names[:4]) == STAR_COLUMNS else "delimited"
    head = MatrixHeader(path, kind, delimiter, header_lines, names[0], names[1:])
    faults: list[str] = []
    for number, line in enumerate(handle, start=header_lines + 1):
        if line.strip():
            _add_row(head, number, line, metadata_names, faults)
        if len(faults) >= SHOWN or not all_rows and len(head.rows) >= SHOWN:
            break
    if faults:
        raise InputError(faults)
    if not head.rows:
        raise InputError(f"{path}: has a header but no rows")
    return head


def _add_row(head: MatrixHeader, number: int, line: str, metadata_names: list[str], faults: list[str]) -> None:
    """Take in a row's name; its fields only where it is no numbers."""
    quoted = '"' in line
    count = len(split_fields(line, head.delimiter)) if quoted else line.count(head.delimiter) + 1
    if not head.rows and count == len(head.columns) + 2:
        # R's write.table leaves out the corner
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
    """Sample of a GDC file: as the GDC's sample sheet says (file name → sample), or else the file's own name without endings."""
    stem = Path(path).name.removesuffix(".gz")
    for name in (Path(path).name, stem):
        if name in file_samples:
            return file_samples[name]
    for ending in (".tsv", ".txt", ".rna_seq.augmented_star_gene_counts"):
        stem = stem.removesuffix(ending)
    return stem


def _read_series_header(path: str, handle: TextIO, all_rows: bool) -> MatrixHeader:
    """A series matrix of GEO: lines on the series and its samples, then the table."""
    head = MatrixHeader(path, "series", "\t", corner="ID_REF")
    lines: list[tuple[str, list[str]]] = []
    for number, line in enumerate(handle, start=1):
        key, *values = split_fields(line, "\t")
        if key.startswith("!Series_supplementary_file"):
            head.supplements += [value.rsplit("/", 1)[-1] for value in values if value.upper() != "NONE"]
        elif key.startswith("!Sample_"):
            lines.append((key.removeprefix("!Sample_"), values))
        elif key == TABLE:
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
        if not all_rows and len(head.rows) >= SHOWN:
            break
    return head


def _parse_sample_lines(lines: list[tuple[str, list[str]]]) -> dict[str, dict[str, str]]:
    """What a series says of its samples: accession, title, source, and characteristics (`key: value`)."""
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
    """What to say of a series matrix whose table has no rows, as those of sequencing have."""
    supplements = ", ".join(head.supplements)
    advice = (
        f" Its series names {supplements}: download the counts and name them in files,"
        if supplements
        else " Name the file of the counts in files,"
    )
    return f"{head.path}: the series matrix has no rows, only what it says of its {len(head.sample_metadata)} samples.{advice} and this file under metadata"
