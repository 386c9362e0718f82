"""Readers of BAM and CRAM headers: contigs and samples, with a check for truncated files."""

import gzip
import struct
import zlib
from pathlib import Path
from typing import BinaryIO

from readsight.formats.contigs import ContigTable
from readsight.formats.fastq import BGZF_END

CRAM_ENDS = {
    2: bytes.fromhex("0b000000ffffffff0fe0454f460000000001000001000606010001000100"),
    3: bytes.fromhex("0f000000ffffffff0fe0454f4600000000010005bdd94f0001000606010001000100ee63014b"),
}


def read_alignment_header(path: str | Path) -> ContigTable:
    """Read contigs and samples of a BAM or CRAM file; the format is recognised by content, faults are recorded in the table."""
    table = ContigTable(str(path), "BAM")
    try:
        with open(path, "rb") as handle:
            start = handle.read(4)
            handle.seek(0)
            if not start:
                table.add_fault("is empty (0 bytes); get the file again from its source")
            elif start == b"CRAM":
                table.kind = "CRAM"
                _read_cram(table, handle)
            elif start[:2] == b"\x1f\x8b":
                _read_bam(table, handle)
            else:
                table.add_fault(
                    "is neither BAM nor CRAM" + ("; it looks like SAM, convert it: samtools view -b" if start[:1] == b"@" else "")
                )
    except (EOFError, zlib.error, gzip.BadGzipFile, struct.error, IndexError) as error:
        table.add_fault(f"its header is truncated or corrupt ({error}); get the file again from its source")
    except OSError as error:
        table.add_fault(f"cannot be read: {error.strerror or error}")
    return table


def _ends_with(handle: BinaryIO, end: bytes) -> bool:
    size = handle.seek(0, 2)
    handle.seek(max(0, size - len(end)))
    return handle.read() == end


def _read_bam(table: ContigTable, handle: BinaryIO) -> None:
    is_complete = _ends_with(handle, BGZF_END)
    handle.seek(0)
    with gzip.GzipFile(fileobj=handle) as unpacked:
        if unpacked.read(4) != b"BAM\x01":
            table.add_fault("is neither BAM nor CRAM")
            return
        text = unpacked.read(_read_int32(unpacked)).rstrip(b"\0").decode(errors="replace")
        for _ in range(_read_int32(unpacked)):
            name = unpacked.read(_read_int32(unpacked)).rstrip(b"\0").decode()
            table.lengths[name] = _read_int32(unpacked)
    _parse_header(table, text)
    if not is_complete:
        table.add_fault("is truncated: the end-of-file marker of BAM is missing; get the file again from its source")


def _read_int32(handle) -> int:
    return struct.unpack("<i", handle.read(4))[0]


def _read_cram(table: ContigTable, handle: BinaryIO) -> None:
    """Read the SAM header in the first block of the first container (CRAM 3.1 specification, sections 6 to 8)."""
    major = handle.read(26)[4]
    if major not in CRAM_ENDS:
        return
    handle.seek(26 + 4)
    for _ in range(4):
        _read_itf8(handle)
    _read_ltf8(handle), _read_ltf8(handle), _read_itf8(handle)
    for _ in range(_read_itf8(handle)):
        _read_itf8(handle)
    handle.read(4 * (major >= 3))
    method, _ = handle.read(2)
    _read_itf8(handle)
    packed, _ = _read_itf8(handle), _read_itf8(handle)
    data = handle.read(packed)
    if method in (0, 1):
        data = zlib.decompress(data, wbits=47) if method else data
        _parse_header(table, data[4 : 4 + struct.unpack("<i", data[:4])[0]].rstrip(b"\0").decode(errors="replace"))
    if not _ends_with(handle, CRAM_ENDS[major]):
        table.add_fault("is truncated: the end-of-file marker of CRAM is missing; get the file again from its source")


def _read_itf8(handle: BinaryIO) -> int:
    """Read an ITF8 integer (1 to 5 bytes); the leading 1 bits of the first byte give the number of bytes that follow."""
    first = handle.read(1)[0]
    extra = min(4, 8 - (first ^ 0xFF).bit_length())
    remaining = handle.read(extra)
    value = first & (0xFF >> (extra + 1)) if extra < 4 else first & 0x0F
    if extra == 4:
        return value << 28 | remaining[0] << 20 | remaining[1] << 12 | remaining[2] << 4 | remaining[3] & 0x0F
    return value << 8 * extra | int.from_bytes(remaining, "big")


def _read_ltf8(handle: BinaryIO) -> int:
    first = handle.read(1)[0]
    extra = 8 - (first ^ 0xFF).bit_length()
    value = first & (0xFF >> (extra + 1)) if extra < 8 else 0
    return value << 8 * extra | int.from_bytes(handle.read(extra), "big")


def _parse_header(table: ContigTable, text: str) -> None:
    """Add contigs and samples of a SAM header to the table."""
    for line in text.splitlines():
        tags = dict(f.split(":", 1) for f in line.split("\t")[1:] if ":" in f)
        if line.startswith("@SQ") and "SN" in tags:
            table.lengths[tags["SN"]] = int(tags["LN"])
        elif line.startswith("@RG") and tags.get("SM") and tags["SM"] not in table.samples:
            table.samples.append(tags["SM"])
