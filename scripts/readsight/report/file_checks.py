"""What a file holds, told from its bytes and its index alone: is it whole, and does it say anything?"""

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

THERE, EMPTY, DAMAGED, ABSENT = "there", "empty", "damaged", "absent"


@dataclass(frozen=True)
class Content:
    """What was found. state: there, empty, damaged or absent. says: what was counted, or what is wrong; empty where nothing is to be said."""

    state: str
    says: str


def look(path: Path) -> Content:
    """Tell what a file holds by its format; formats that are not known here are only asked whether they hold a byte."""
    if not path.exists():
        return Content(ABSENT, "no such file")
    if path.is_dir():
        return Content(THERE, "") if any(path.iterdir()) else Content(EMPTY, "empty folder")
    if path.stat().st_size == 0:
        return Content(EMPTY, "a file of 0 bytes")
    try:
        for ending, reader in READERS.items():
            if path.name.endswith(ending):
                return reader(path)
    except (ValueError, OSError, EOFError, struct.error, xml.ParseError) as error:
        return Content(DAMAGED, str(error) or type(error).__name__)
    return Content(THERE, "")


def counted(count: int, one: str, many: str) -> Content:
    """There if anything was counted, else empty: both are said."""
    return Content(THERE if count else EMPTY, f"{count:,} {one if count == 1 else many}")


def variants(path: Path) -> Content:
    """Calls of a BCF or bgzipped VCF. Raises ValueError where its end is missing."""
    _ends_with(path, BGZF_END)
    for index in (Path(f"{path}.csi"), Path(f"{path}.tbi")):
        if index.exists():
            return counted(indexed_records(index), "call", "calls")
    lines = bcf_records(path) if path.suffix == ".bcf" else data_lines(path)
    return counted(sum(1 for _ in lines), "call", "calls")


def indexed_records(index: Path) -> int:
    """Records that an index (CSI or TBI) counts, without reading the file itself.

    The count of each sequence stands in the pseudo-bin that follows the last
    real one (SAM specification 5.3; CSIv1).
    """
    with gzip.open(index) as handle:
        data = handle.read()
    kind = data[:4]
    if kind == b"CSI\1":
        _, depth, extra = struct.unpack_from("<3i", data, 4)
        place, bin_head = 16 + extra, struct.Struct("<IQi")
    elif kind == b"TBI\1":
        depth, bin_head = 5, struct.Struct("<Ii")
        place = 36 + struct.unpack_from("<i", data, 32)[0]
    else:
        raise ValueError(f"{index.name} is not an index")
    sequences = struct.unpack_from("<i", data, 4 if kind == b"TBI\1" else place)[0]
    place += 4 if kind == b"CSI\1" else 0
    pseudo = ((1 << 3 * (depth + 1)) - 1) // 7 + 1
    total = 0
    for _ in range(sequences):
        bins = struct.unpack_from("<i", data, place)[0]
        place += 4
        for _ in range(bins):
            number, *_, chunks = bin_head.unpack_from(data, place)
            place += bin_head.size
            if number == pseudo and chunks == 2:
                total += struct.unpack_from("<4Q", data, place)[2]
            place += 16 * chunks
        if kind == b"TBI\1":
            place += 4 + 8 * struct.unpack_from("<i", data, place)[0]
    return total


def bcf_records(path: Path) -> Iterator[int]:
    """Lengths of the records of a BCF file, one after another."""
    with gzip.open(path) as handle:
        if handle.read(3) != b"BCF":
            raise ValueError("not a BCF file")
        handle.read(2)
        handle.read(struct.unpack("<i", handle.read(4))[0])
        while head := handle.read(8):
            length = sum(struct.unpack("<2I", head))
            if len(handle.read(length)) < length:
                raise ValueError("the last record is cut off")
            yield length


def data_lines(path: Path) -> Iterator[str]:
    """Lines of a text file, gzipped or not, that are neither comments nor blank."""
    with (gzip.open if path.name.endswith("gz") else open)(path, "rt") as handle:
        yield from (line for line in handle if line.strip() and not line.startswith("#"))


def alignments(path: Path) -> Content:
    """Mapped reads of a CRAM file, from the statistics beside it where there are some."""
    _ends_with(path, CRAM_END)
    stats = path.with_suffix(".stats.txt")
    if not stats.exists():
        return Content(THERE, "")
    figures = dict(line.split("\t")[1:3] for line in data_lines(stats) if line.startswith("SN\t"))
    mapped, total = int(figures["reads mapped:"]), int(figures["raw total sequences:"])
    return Content(THERE if mapped else EMPTY, f"{mapped:,} of {total:,} reads mapped")


def _ends_with(path: Path, mark: bytes) -> None:
    with open(path, "rb") as handle:
        handle.seek(max(0, path.stat().st_size - len(mark)))
        if handle.read() != mark:
            raise ValueError("the end of the file is missing: it is cut off")


def table_rows(path: Path) -> Content:
    """Rows of a TSV under its head; the head may start with one #, remarks with two."""
    with open(path) as handle:
        lines = sum(1 for line in handle if line.strip() and not line.startswith("##"))
    return counted(max(0, lines - 1), "row", "rows")


def intervals(path: Path) -> Content:
    return counted(sum(1 for _ in data_lines(path)), "interval", "intervals")


def json_records(path: Path) -> Content:
    held = json.loads(path.read_text())
    if isinstance(held, list):
        return counted(len(held), "entry", "entries")
    return Content(EMPTY, "no entry") if held in ({}, None) else Content(THERE, "")


def tensors(path: Path) -> Content:
    """Named tensors of a safetensors file."""
    with open(path, "rb") as handle:
        length = struct.unpack("<Q", handle.read(8))[0]
        head = json.loads(handle.read(length)) if length < path.stat().st_size else {}
    names = [name for name in head if name != "__metadata__"]
    end = 8 + length + max((head[name]["data_offsets"][1] for name in names), default=0)
    if end > path.stat().st_size:
        raise ValueError("the end of the file is missing: it is cut off")
    return counted(len(names), "tensor", "tensors")


def drawing(path: Path) -> Content:
    xml.parse(path)
    return Content(THERE, "")


def zipped(path: Path) -> Content:
    if not zipfile.is_zipfile(path):
        raise ValueError("not a whole zip file")
    return Content(THERE, "")


def marked(start: bytes, end: bytes = b"") -> Callable[[Path], Content]:
    """A reader that asks only for the format's marks at the start and the end."""

    def reader(path: Path) -> Content:
        with open(path, "rb") as handle:
            if handle.read(len(start)) != start:
                raise ValueError("not a file of this format")
        if end:
            _ends_with(path, end)
        return Content(THERE, "")

    return reader


READERS: dict[str, Callable[[Path], Content]] = {
    ".bcf": variants,
    ".vcf.gz": variants,
    ".cram": alignments,
    ".json": json_records,
    ".tsv": table_rows,
    ".bed": intervals,
    ".bed.gz": intervals,
    ".safetensors": tensors,
    ".svg": drawing,
    ".zip": zipped,
    ".h5ad": marked(b"\x89HDF\r\n\x1a\n"),
    ".h5mu": marked(b"MuData"),
    ".h5": marked(b"\x89HDF\r\n\x1a\n"),
    ".parquet": marked(b"PAR1", b"PAR1"),
}
