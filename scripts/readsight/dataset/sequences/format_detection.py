"""Opening of example files, and detection of their format from the content. Standard library only."""

import gzip
import re
import zlib
from collections.abc import Sequence
from pathlib import Path

from readsight.errors import InputError
from readsight.expression.matrices.header import detect_delimiter, split_fields
from readsight.formats.compression import is_gzip

HEAD_BYTES = 1 << 16
FASTA, TABLE, PARQUET, BED, VCF = "FASTA", "table", "parquet", "BED", "VCF"
# Formats that are often given by mistake: leading bytes, and what to use instead.
WRONG_FORMATS = {
    b"PK\x03\x04": "is a spreadsheet or a zip file; save it as tab-separated text",
    b"\xd0\xcf\x11\xe0": "is a spreadsheet (Excel); save it as tab-separated text",
    b"\x89HDF": "is HDF5; write its sequences to a table or FASTA",
    b"BAM\x01": "is an alignment; sequences, regions or variants are required",
    b"CRAM": "is an alignment; sequences, regions or variants are required",
    b"\x26\xfc\x8f\x88": "is a bigWig; name it in sequences.signal, and regions in files",
    b"\x88\x8f\xfc\x26": "is a bigWig; name it in sequences.signal, and regions in files",
    b"\x87\x89\xf2\xeb": "is a bigBed; write it as BED (bigBedToBed)",
    b"\x43\x27\x41\x1a": "is 2bit; write it as FASTA (twoBitToFa)",
}


def read_bytes(path: str, limit: int | None = None) -> tuple[bytes, bool]:
    r"""Unpacked bytes of a file, with line ends \n, and whether the file was read completely. limit: maximum number of bytes.

    Raises InputError if the file cannot be read.
    """
    try:
        with (gzip.open if is_gzip(Path(path)) else open)(path, "rb") as handle:
            content = handle.read() if limit is None else handle.read(limit)
            is_complete = limit is None or not handle.read(1)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f"{path}: gzip is truncated or corrupt ({error}); download the file again") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
    content = content.removeprefix(b"\xef\xbb\xbf")
    return (content.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in content else content), is_complete


def detect_format(path: str, columns: Sequence[str] = ()) -> str:
    """FASTA, table, parquet, BED or VCF. columns: column names of tables without a header.

    Raises InputError for all other formats.
    """
    head, _ = read_bytes(path, HEAD_BYTES)
    if head.startswith(b"PAR1"):
        return PARQUET
    if head.startswith((b"##fileformat=VCF", b"BCF")):
        return VCF
    for signature, message in WRONG_FORMATS.items():
        if head.startswith(signature):
            raise InputError(f"{path}: {message}")
    if b"\0" in head:
        raise InputError(f"{path}: is binary data; FASTA, a table, BED or VCF is required")
    lines = [line for line in head.decode(errors="replace").splitlines() if line.strip()]
    if not lines:
        raise InputError(f"{path}: is empty; FASTA, a table, BED or VCF is required")
    if lines[0].startswith(">"):
        return FASTA
    if lines[0].startswith("@") and len(lines) > 2 and lines[2].startswith("+"):
        raise InputError(f"{path}: is FASTQ: reads cannot be examples; write its sequences as FASTA, with labels")
    return _detect_rows(path, lines, columns)


def _detect_rows(path: str, lines: list[str], columns: Sequence[str]) -> str:
    """BED or table, decided by the first data row."""
    browser = any(line.startswith(("track", "browser")) for line in lines[:20])
    line = next((line for line in lines if not line.startswith(("#", "track", "browser"))), "")
    if not line:
        raise InputError(f"{path}: contains only comments; FASTA, a table, BED or VCF is required")
    row_fields = split_line(line, detect_separator(line))
    if columns and len(row_fields) == len(columns) and not browser:
        return TABLE
    interval = len(row_fields) >= 3 and row_fields[1].isdigit() and row_fields[2].isdigit()
    lower = [field.lower() for field in row_fields]
    # A BED header without '#'; a table of sequences would have a column named sequence.
    has_header = "\t" in line and "start" in "".join(lower[1:2]) and "end" in "".join(lower[2:3]) and "sequence" not in lower
    if interval and int(row_fields[2]) >= int(row_fields[1]) or has_header:
        return BED
    if len(row_fields) == 1 and re.fullmatch(r"[ACGTUNacgtun]{20,}", row_fields[0]):
        raise InputError(f"{path}: has one sequence per row without names; set sequences.columns: [sequence], or write FASTA")
    return TABLE


def detect_separator(line: str) -> str | None:
    """Field separator of a line: tab, comma or semicolon; None for blanks."""
    return detect_delimiter(line)


def split_line(line: str, delimiter: str | None) -> list[str]:
    """Fields of a line, without surrounding blanks."""
    return split_fields(line, delimiter) if delimiter else line.split()
