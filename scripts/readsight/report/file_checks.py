"""Checks of result files from their bytes and index only: complete or truncated, empty or not."""

import gzip
import json
import struct
import xml.etree.ElementTree as xml
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
CRAM_END = bytes.fromhex("0f000000ffffffff0fe0454f4600000000010005bdd94f0001000606010001000100ee63014b")

PRESENT, EMPTY, DAMAGED, ABSENT = "there", "empty", "damaged", "absent"


@dataclass(frozen=True)
class FileContent:
    """Result of a check. state: there, empty, damaged or absent. message: counts, or the fault; may be empty."""

    state: str
    message: str


def check_file(path: Path) -> FileContent:
    """Check a file by its format; files of unknown formats are only tested for being empty."""
    if not path.exists():
        return FileContent(ABSENT, "no such file")
    if path.is_dir():
        return FileContent(PRESENT, "") if any(path.iterdir()) else FileContent(EMPTY, "empty folder")
    if path.stat().st_size == 0:
        return FileContent(EMPTY, "file of 0 bytes")
    try:
        for ending, reader in READERS.items():
            if path.name.endswith(ending):
                return reader(path)
    except (ValueError, OSError, EOFError, struct.error, xml.ParseError) as error:
        return FileContent(DAMAGED, str(error) or type(error).__name__)
    return FileContent(PRESENT, "")


def count_content(count: int, singular: str, plural: str) -> FileContent:
    """Present if the count is positive, else empty; the message has the count."""
    return FileContent(PRESENT if count else EMPTY, f"{count:,} {singular if count == 1 else plural}")


def check_variants(path: Path) -> FileContent:
    """Variant calls of a BCF or bgzipped VCF. Raises ValueError if its end is missing."""
    _check_ending(path, BGZF_END)
    for index in (Path(f"{path}.csi"), Path(f"{path}.tbi")):
        if index.exists():
            return count_content(count_indexed_records(index), "call", "calls")
    lines = iterate_bcf_records(path) if path.suffix == ".bcf" else iterate_data_lines(path)
    return count_content(sum(1 for _ in lines), "call", "calls")


def count_indexed_records(index: Path) -> int:
    """Number of records according to an index (CSI or TBI), without reading the file.

    The count of each sequence is in the pseudo-bin that follows the last real bin (SAM specification 5.3; CSIv1).
    """
    with gzip.open(index) as handle:
        data = handle.read()
    kind = data[:4]
    if kind == b"CSI\1":
        _, depth, extra = struct.unpack_from("<3i", data, 4)
        offset, bin_head = 16 + extra, struct.Struct("<IQi")
    elif kind == b"TBI\1":
        depth, bin_head = 5, struct.Struct("<Ii")
        offset = 36 + struct.unpack_from("<i", data, 32)[0]
    else:
        raise ValueError(f"{index.name} is not an index")
    sequences = struct.unpack_from("<i", data, 4 if kind == b"TBI\1" else offset)[0]
    offset += 4 if kind == b"CSI\1" else 0
    pseudo = ((1 << 3 * (depth + 1)) - 1) // 7 + 1
    total = 0
    for _ in range(sequences):
        bins = struct.unpack_from("<i", data, offset)[0]
        offset += 4
        for _ in range(bins):
            number, *_, chunks = bin_head.unpack_from(data, offset)
            offset += bin_head.size
            if number == pseudo and chunks == 2:
                total += struct.unpack_from("<4Q", data, offset)[2]
            offset += 16 * chunks
        if kind == b"TBI\1":
            offset += 4 + 8 * struct.unpack_from("<i", data, offset)[0]
    return total


def iterate_bcf_records(path: Path) -> Iterator[int]:
    """Lengths of the records of a BCF file."""
    with gzip.open(path) as handle:
        if handle.read(3) != b"BCF":
            raise ValueError("not a BCF file")
        handle.read(2)
        handle.read(struct.unpack("<i", handle.read(4))[0])
        while head := handle.read(8):
            length = sum(struct.unpack("<2I", head))
            if len(handle.read(length)) < length:
                raise ValueError("the last record is truncated")
            yield length


def iterate_data_lines(path: Path) -> Iterator[str]:
    """Lines of a text file, gzipped or not, except comments and blank lines."""
    with (gzip.open if path.name.endswith("gz") else open)(path, "rt") as handle:
        yield from (line for line in handle if line.strip() and not line.startswith("#"))


def check_alignments(path: Path) -> FileContent:
    """Mapped reads of a CRAM file, from the statistics file next to it if there is one."""
    _check_ending(path, CRAM_END)
    stats = path.with_suffix(".stats.txt")
    if not stats.exists():
        return FileContent(PRESENT, "")
    statistics = dict(line.split("\t")[1:3] for line in iterate_data_lines(stats) if line.startswith("SN\t"))
    mapped, total = int(statistics["reads mapped:"]), int(statistics["raw total sequences:"])
    return FileContent(PRESENT if mapped else EMPTY, f"{mapped:,} of {total:,} reads mapped")


def _check_ending(path: Path, ending: bytes) -> None:
    with open(path, "rb") as handle:
        handle.seek(max(0, path.stat().st_size - len(ending)))
        if handle.read() != ending:
            raise ValueError("the end of the file is missing: it is truncated")


def count_table_rows(path: Path) -> FileContent:
    """Rows of a TSV without its header; the header may start with one #, comments with two."""
    with open(path) as handle:
        lines = sum(1 for line in handle if line.strip() and not line.startswith("##"))
    return count_content(max(0, lines - 1), "row", "rows")


def count_intervals(path: Path) -> FileContent:
    return count_content(sum(1 for _ in iterate_data_lines(path)), "interval", "intervals")


def count_json_records(path: Path) -> FileContent:
    content = json.loads(path.read_text())
    if isinstance(content, list):
        return count_content(len(content), "entry", "entries")
    return FileContent(EMPTY, "no entry") if content in ({}, None) else FileContent(PRESENT, "")


def count_tensors(path: Path) -> FileContent:
    """Named tensors of a safetensors file."""
    with open(path, "rb") as handle:
        length = struct.unpack("<Q", handle.read(8))[0]
        header = json.loads(handle.read(length)) if length < path.stat().st_size else {}
    names = [name for name in header if name != "__metadata__"]
    end = 8 + length + max((header[name]["data_offsets"][1] for name in names), default=0)
    if end > path.stat().st_size:
        raise ValueError("the end of the file is missing: it is truncated")
    return count_content(len(names), "tensor", "tensors")


def check_svg(path: Path) -> FileContent:
    xml.parse(path)
    return FileContent(PRESENT, "")


def check_zip(path: Path) -> FileContent:
    if not zipfile.is_zipfile(path):
        raise ValueError("not a complete zip file")
    return FileContent(PRESENT, "")


def make_magic_check(prefix: bytes, suffix: bytes = b"") -> Callable[[Path], FileContent]:
    """A check that only compares the magic bytes at the start and the end."""

    def check_magic(path: Path) -> FileContent:
        with open(path, "rb") as handle:
            if handle.read(len(prefix)) != prefix:
                raise ValueError("not a file of this format")
        if suffix:
            _check_ending(path, suffix)
        return FileContent(PRESENT, "")

    return check_magic


READERS: dict[str, Callable[[Path], FileContent]] = {
    ".bcf": check_variants,
    ".vcf.gz": check_variants,
    ".cram": check_alignments,
    ".json": count_json_records,
    ".tsv": count_table_rows,
    ".bed": count_intervals,
    ".bed.gz": count_intervals,
    ".safetensors": count_tensors,
    ".svg": check_svg,
    ".zip": check_zip,
    ".h5ad": make_magic_check(b"\x89HDF\r\n\x1a\n"),
    ".h5mu": make_magic_check(b"MuData"),
    ".h5": make_magic_check(b"\x89HDF\r\n\x1a\n"),
    ".parquet": make_magic_check(b"PAR1", b"PAR1"),
}
