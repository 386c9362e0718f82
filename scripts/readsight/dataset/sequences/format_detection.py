"""Open a file of examples, and tell by its content what it is. With the standard library alone."""

import gzip
import re
import zlib
from collections.abc import Sequence
from pathlib import Path

from readsight.errors import InputError
from readsight.expression.matrices.header import detect_delimiter, split_fields
from readsight.formats.compression import is_gzip

HEAD = 1 << 16
FASTA, TABLE, PARQUET, BED, VCF = "FASTA", "table", "parquet", "BED", "VCF"
# What is often named by mistake: how it begins, what it is, and what would be right.
STRANGERS = {
    b"PK\x03\x04": "is a spreadsheet or a zip file; save it as tab-separated text",
    b"\xd0\xcf\x11\xe0": "is a spreadsheet (Excel); save it as tab-separated text",
    b"\x89HDF": "is HDF5; write its sequences to a table or FASTA",
    b"BAM\x01": "is an alignment; sequences, regions or variants are needed",
    b"CRAM": "is an alignment; sequences, regions or variants are needed",
    b"\x26\xfc\x8f\x88": "is a bigWig; name it in sequences.signal, and regions in files",
    b"\x88\x8f\xfc\x26": "is a bigWig; name it in sequences.signal, and regions in files",
    b"\x87\x89\xf2\xeb": "is a bigBed; write it as BED (bigBedToBed)",
    b"\x43\x27\x41\x1a": "is 2bit; write it as FASTA (twoBitToFa)",
}


def read_bytes(path: str, limit: int | None = None) -> tuple[bytes, bool]:
    """Bytes of a file, unpacked, lines ended by \\n, and whether they are all; limit: of the first bytes alone.

    Raises InputError where it cannot be read.
    """
    try:
        with (gzip.open if is_gzip(Path(path)) else open)(path, "rb") as handle:
            content = handle.read() if limit is None else handle.read(limit)
            is_complete = limit is None or not handle.read(1)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f"{path}: gzip is truncated or corrupt ({error}); get the file again from its source") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
    content = content.removeprefix(b"\xef\xbb\xbf")
    return (content.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in content else content), is_complete


def detect_format(path: str, columns: Sequence[str] = ()) -> str:
    """FASTA, table, parquet, BED or VCF. columns: names of the columns of tables without a header.

    Raises InputError for what is none of these.
    """
    head, _ = read_bytes(path, HEAD)
    if head.startswith(b"PAR1"):
        return PARQUET
    if head.startswith((b"##fileformat=VCF", b"BCF")):
        return VCF
    for signature, message in STRANGERS.items():
        if head.startswith(signature):
            raise InputError(f"{path}: {message}")
    if b"\0" in head:
        raise InputError(f"{path}: is binary data; FASTA, a table, BED or VCF is needed")
    lines = [line for line in head.decode(errors="replace").splitlines() if line.strip()]
    if not lines:
        raise InputError(f"{path}: is empty; FASTA, a table, BED or VCF is needed")
    if lines[0].startswith(">"):
        return FASTA
    if lines[0].startswith("@") and len(lines) > 2 and lines[2].startswith("+"):
        raise InputError(f"{path}: is FASTQ: reads are no examples; write its sequences as FASTA, with labels")
    return _detect_rows(path, lines, columns)


def _detect_rows(path: str, lines: list[str], columns: Sequence[str]) -> str:
    """BED or table, told by the first row that says something."""
    browser = any(line.startswith(("track", "browser")) for line in lines[:20])
    line = next((line for line in lines if not line.startswith(("#", "track", "browser"))), "")
    if not line:
        raise InputError(f"{path}: has no rows but comments; FASTA, a table, BED or VCF is needed")
    row_fields = split_line(line, detect_separator(line))
    if columns and len(row_fields) == len(columns) and not browser:
        return TABLE
    interval = len(row_fields) >= 3 and row_fields[1].isdigit() and row_fields[2].isdigit()
    lower = [field.lower() for field in row_fields]
    # A header of BED without its #: a table of sequences has a column of that name.
    has_header = "\t" in line and "start" in "".join(lower[1:2]) and "end" in "".join(lower[2:3]) and "sequence" not in lower
    if interval and int(row_fields[2]) >= int(row_fields[1]) or has_header:
        return BED
    if len(row_fields) == 1 and re.fullmatch(r"[ACGTUNacgtun]{20,}", row_fields[0]):
        raise InputError(f"{path}: has sequences, a row each, without names; say sequences.columns: [sequence], or write FASTA")
    return TABLE


def detect_separator(line: str) -> str | None:
    """What separates the fields of a line: tab, comma or semicolon; None: blanks."""
    return detect_delimiter(line)


def split_line(line: str, delimiter: str | None) -> list[str]:
    """Fields of a line, blanks around them dropped."""
    return split_fields(line, delimiter) if delimiter else line.split()
