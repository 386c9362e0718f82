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
class Head:
    """What a file is, and the names along its sides.

    kind: delimited, series (GEO), star (GDC), h5ad or h5mu; of the last two nothing else is known here.
    before: lines above the first row of numbers. corner: what stands over the names of the rows. columns, rows:
    names, as they are written. numbers: line of each row, from 1. about: text of rows (by name) that are no numbers; beside: of columns.
    told: GEO sample → what the series says of it. supplements: files that a GEO series names beside its table.
    """

    path: str
    kind: str
    delimiter: str = ""
    before: int = 0
    corner: str = ""
    columns: list[str] = field(default_factory=list)
    rows: list[str] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    about: dict[str, list[str]] = field(default_factory=dict)
    beside: dict[str, list[str]] = field(default_factory=dict)
    told: dict[str, dict[str, str]] = field(default_factory=dict)
    supplements: list[str] = field(default_factory=list)


@contextmanager
def text(path: str | Path) -> Iterator[TextIO]:
    """A text file, plain or gzip. Raises InputError where it cannot be read."""
    try:
        with open(path, "rb") as handle:
            packed = handle.read(2) == b"\x1f\x8b"
        with (gzip.open if packed else open)(path, "rt", encoding="utf-8-sig", errors="replace", newline=None) as handle:
            yield handle
    except (EOFError, gzip.BadGzipFile) as error:
        raise InputError(f"{path}: gzip is truncated or corrupt ({error}); get the file again from its source") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None


def look(path: str | Path, about: list[str] | None = None, whole: bool = True) -> Head:
    """The head of a file. about: rows or columns that are no numbers. whole: names of all rows, not those of the first alone.

    Raises InputError for what is no matrix: an empty file, a spreadsheet, a family file of GEO, rows of other lengths.
    """
    start = _start(path)
    # MuData writes its name before the HDF5 itself
    if start.startswith((b"\x89HDF", b"MuData")):
        return Head(str(path), "h5mu" if str(path).endswith(".h5mu") else "h5ad")
    if start.startswith(b"PK\x03\x04") or start.startswith(b"\xd0\xcf\x11\xe0"):
        raise InputError(f"{path}: is a spreadsheet (Excel or LibreOffice); save it as tab-separated text")
    with text(path) as handle:
        first = next((line for line in handle if line.strip()), "")
    if not first:
        raise InputError(f"{path}: is empty; a header with names and rows of numbers are needed")
    if first.startswith("^"):
        raise InputError(f"{path}: is a SOFT file of GEO; name the series matrix (…_series_matrix.txt.gz) instead")
    with text(path) as handle:
        if first.startswith("!"):
            return _series(str(path), handle, whole)
        return _delimited(str(path), handle, about or [], whole)


def fields(line: str, delimiter: str) -> list[str]:
    """The fields of a line, without quotes and blanks around them."""
    line = line.rstrip("\r\n")
    values = next(csv.reader([line], delimiter=delimiter), []) if '"' in line else line.split(delimiter)
    return [value.strip() for value in values]


def delimiter_of(line: str) -> str | None:
    """What separates the fields of a header: the delimiter that stands in it most often outside quotes."""
    bare = re.sub(r'"[^"]*"', "", line)
    found = max(DELIMITERS, key=bare.count)
    return found if bare.count(found) else None


def _start(path: str | Path) -> bytes:
    try:
        with open(path, "rb") as handle:
            return handle.read(8)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None


def _delimited(path: str, handle: TextIO, about: list[str], whole: bool) -> Head:
    """CSV or TSV, a GDC file of STAR counts among them."""
    before = 0
    header = ""
    for line in handle:
        before += 1
        # GCT says its size in the line below its version
        if line.startswith("#1."):
            before += len(next(handle, "")) > 0
        elif line.strip() and not line.startswith("#"):
            header = line
            break
    delimiter = delimiter_of(header)
    if delimiter is None:
        raise InputError(f"{path}, row {before}: no tabs, commas or semicolons stand between columns; is it a matrix?")
    names = fields(header, delimiter)
    kind = "star" if tuple(names[:4]) == STAR_COLUMNS else "delimited"
    head = Head(path, kind, delimiter, before, names[0], names[1:])
    faults: list[str] = []
    for number, line in enumerate(handle, start=before + 1):
        if line.strip():
            _row(head, number, line, about, faults)
        if len(faults) >= SHOWN or not whole and len(head.rows) >= SHOWN:
            break
    if faults:
        raise InputError(faults)
    if not head.rows:
        raise InputError(f"{path}: has a header but no rows")
    return head


def _row(head: Head, number: int, line: str, about: list[str], faults: list[str]) -> None:
    """Take in a row's name; its fields only where it is no numbers."""
    quoted = '"' in line
    count = len(fields(line, head.delimiter)) if quoted else line.count(head.delimiter) + 1
    if not head.rows and count == len(head.columns) + 2:
        # R's write.table leaves out the corner
        head.columns, head.corner = [head.corner, *head.columns], ""
    if count != len(head.columns) + 1:
        faults.append(
            f"{head.path}, row {number}: has {count} fields, but the header names {len(head.columns) + 1} columns; is the file cut off?"
        )
        return
    name = fields(line, head.delimiter)[0] if quoted else line.split(head.delimiter, 1)[0].strip()
    if name in about:
        head.about[name] = fields(line, head.delimiter)[1:]
        return
    head.rows.append(name)
    head.numbers.append(number)
    for column in about:
        if column in head.columns:
            place = head.columns.index(column) + 1
            value = fields(line, head.delimiter)[place] if quoted else line.split(head.delimiter, place + 1)[place].strip()
            head.beside.setdefault(column, []).append(value)


def sample_of(path: str, named: Mapping[str, str]) -> str:
    """Sample of a GDC file: as the GDC's sample sheet says (file name → sample), or else the file's own name without endings."""
    plain = Path(path).name.removesuffix(".gz")
    for name in (Path(path).name, plain):
        if name in named:
            return named[name]
    for ending in (".tsv", ".txt", ".rna_seq.augmented_star_gene_counts"):
        plain = plain.removesuffix(ending)
    return plain


def _series(path: str, handle: TextIO, whole: bool) -> Head:
    """A series matrix of GEO: lines on the series and its samples, then the table."""
    head = Head(path, "series", "\t", corner="ID_REF")
    lines: list[tuple[str, list[str]]] = []
    for number, line in enumerate(handle, start=1):
        key, *values = fields(line, "\t")
        if key.startswith("!Series_supplementary_file"):
            head.supplements += [value.rsplit("/", 1)[-1] for value in values if value.upper() != "NONE"]
        elif key.startswith("!Sample_"):
            lines.append((key.removeprefix("!Sample_"), values))
        elif key == TABLE:
            head.before = number + 1
            head.columns = fields(next(handle, ""), "\t")[1:]
            break
    head.told = _told(lines)
    for number, line in enumerate(handle, start=head.before + 1):
        if line.startswith(TABLE_END):
            break
        if line.strip():
            head.rows.append(fields(line.split("\t", 1)[0], "\t")[0])
            head.numbers.append(number)
        if not whole and len(head.rows) >= SHOWN:
            break
    return head


def _told(lines: list[tuple[str, list[str]]]) -> dict[str, dict[str, str]]:
    """What a series says of its samples: accession, title, source, and characteristics (`key: value`)."""
    accessions = next((values for key, values in lines if key == "geo_accession"), [])
    told: dict[str, dict[str, str]] = {name: {"geo_accession": name} for name in accessions}
    for key, values in lines:
        plain, channel = re.sub(r"_ch\d+$", "", key), " (ch2)" if key.endswith("_ch2") else ""
        for name, value in zip(accessions, values, strict=False):
            if plain in ("title", "source_name"):
                told[name][plain + channel] = value
            elif plain == "characteristics" and value:
                word, colon, rest = value.partition(":")
                column = word.strip() if colon else "characteristics"
                told[name][column + channel] = rest.strip() if colon else value
    return told


def without_numbers(head: Head) -> str:
    """What to say of a series matrix whose table has no rows, as those of sequencing have."""
    named = ", ".join(head.supplements)
    where = (
        f" Its series names {named}: download the counts and name them in files,"
        if named
        else " Name the file of the counts in files,"
    )
    return f"{head.path}: the series matrix has no rows, only what it says of its {len(head.told)} samples.{where} and this file under metadata"
