"""Files of calls (VCF, BCF): clean headers, the user's files made to fit the reference, empty files.

A clean header holds definitions and contigs alone: no dates, paths, versions or command
lines, so that the same calls are the same bytes.
"""

import gzip
import re
import shutil
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from readsight.errors import InputError, ToolError
from readsight.formats.contigs import open_any
from readsight.pipes import Command, capture, listed, pipe, reading, run

# a process may hold 1024 files open by default
BATCH = 500

KEPT = ("##INFO=", "##FORMAT=", "##FILTER=", "##ALT=")


def clean_header(lines: Iterable[str], lengths: dict[str, int], extra: Sequence[str] = ()) -> list[str]:
    """Definitions of a VCF header, the contigs of the reference, and the column line.

    lines: header lines without line ends, the last one `#CHROM…`. lengths: contig →
    length, in order. extra: definitions to add where their kind and ID is not there yet.
    """
    lines = list(lines)
    kept = [line for line in lines if line.startswith(KEPT)]
    known = {_identity(line) for line in kept}
    kept += [line for line in extra if _identity(line) not in known]
    marks = [f"##contig=<ID={name},length={length}>" for name, length in lengths.items()]
    return ["##fileformat=VCFv4.2", *kept, *marks, lines[-1]]


def _identity(line: str) -> tuple[str, str]:
    kind, _, rest = line.partition("=<")
    found = re.search(r"ID=([^,>]+)", rest)
    return kind, found.group(1) if found else rest


def cleaned(source: BinaryIO, lengths: dict[str, int], extra: Sequence[str] = ()) -> Callable[[BinaryIO], None]:
    """A feed for `pipe` that passes a text VCF on under a clean header."""

    def feed(sink: BinaryIO) -> None:
        lines = read_header(source)
        if not lines:
            raise ToolError("a stream of calls ended before its header did")
        sink.write("".join(f"{line}\n" for line in clean_header(lines, lengths, extra)).encode())
        shutil.copyfileobj(source, sink, 1 << 20)

    return feed


def read_header(source: BinaryIO) -> list[str]:
    """Header lines of a text VCF, up to `#CHROM…`, and no further; none where that line does not come.

    Tabs at the end of the column line go: files of the GATK bundle have one, and bcftools refuses them.
    """
    lines = []
    for line in source:
        if not line.startswith(b"#"):
            break
        lines.append(line.decode(errors="replace").rstrip("\r\n"))
        if line.startswith(b"#CHROM"):
            lines[-1] = lines[-1].rstrip("\t ")
            return lines
    return []


@contextmanager
def text_of(path: Path, header_only: bool = False) -> Iterator[BinaryIO]:
    """A user's VCF (plain, gzipped or BGZF) or BCF as text, told by its content. Raises InputError where it is cut off."""
    binary = False
    try:
        with open_any(path) as handle:
            binary = handle.peek(3)[:3] == b"BCF"
            if not binary:
                yield handle
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise InputError(f"{path}: is cut off or damaged; get the file again from its source") from None
    if binary:
        with reading([["bcftools", "view", "--no-version", *["-h"] * header_only, "-Ov", path]]) as text:
            yield text


def header(path: Path) -> list[str]:
    """Header lines of a VCF or BCF file."""
    return capture(["bcftools", "view", "--no-version", "-h", path]).splitlines()


def samples(path: Path) -> list[str]:
    """Sample names of a VCF or BCF file."""
    return header(path)[-1].split("\t")[9:]


def tags(lines: Iterable[str], kind: str) -> set[str]:
    """IDs that header lines define. kind: INFO, FORMAT or FILTER."""
    return {_identity(line)[1] for line in lines if line.startswith(f"##{kind}=<")}


def index(path: Path) -> None:
    """Write the CSI index beside a BCF file."""
    run(["bcftools", "index", "-f", path])


def column_line(names: Sequence[str]) -> str:
    """The `#CHROM…` line for these samples."""
    columns = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO"]
    return "\t".join(columns + ["FORMAT", *names] * bool(names))


def empty_lines(lengths: dict[str, int], names: Sequence[str]) -> str:
    """Text of a valid VCF without calls."""
    genotype = '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">'
    return "\n".join(clean_header([genotype] * bool(names) + [column_line(names)], lengths)) + "\n"


def write_empty(path: Path, lengths: dict[str, int], names: Sequence[str]) -> None:
    """Write a valid BCF without calls."""
    text = empty_lines(lengths, names).encode()
    pipe([["bcftools", "view", "--no-version", "-Ob", "-o", path, "-"]], feed=lambda sink: sink.write(text))


def adopt(path: Path, lengths: dict[str, int], commands: Sequence[Command], scratch: Path, what: str) -> None:
    """Send a user's VCF through commands, under the contigs of the reference.

    path: VCF, plain, gzipped or BGZF, or BCF; with or without index or contig lines.
    Records on contigs that the reference lacks are left out. what: the config key, for
    messages. Raises InputError where it is no VCF, belongs to another genome, or uses tags
    that its header does not define.
    """
    lines = own_header(path, what)
    check_contigs(lines, path, lengths, what)
    bed = scratch / "reference.bed"
    bed.write_text("".join(f"{name}\t0\t{length}\n" for name, length in lengths.items()))
    within = ["bcftools", "view", "--no-version", "-T", bed, "-Ou", "-"]
    try:
        with text_of(path) as records:
            pipe([within, *commands], feed=cleaned(records, lengths))
    except ToolError as error:
        raise InputError(f"{what}: bcftools cannot take {path} in; {_undefined(path, str(error)) or error}") from None


def _undefined(path: Path, said: str) -> str | None:
    """What to do about the first tag that records use and their header does not define, if bcftools speaks of one."""
    found = re.search(r"(INFO|FORMAT|FILTER) '([^']+)' is not defined in the header", said)
    if not found:
        return None
    kind, tag = found.groups()
    line = f'##{kind}=<ID={tag},{"" if kind == "FILTER" else "Number=.,Type=String,"}Description="...">'
    return f"its header does not define {kind} {tag}, which its records use. Add to the header of {path} the line {line}"


def own_header(path: Path, what: str) -> list[str]:
    """Header lines of a user's VCF or BCF. Raises InputError, naming the config key `what`, where it is neither."""
    try:
        with text_of(path, header_only=True) as text:
            lines = read_header(text)
    except ToolError as error:
        raise InputError(f"{what}: {path} is not a VCF or BCF file that bcftools can read: {error}") from None
    if not lines:
        raise InputError(f"{what}: {path} is not a VCF file: no line that starts with #CHROM stands before its records")
    return lines


def check_contigs(lines: Sequence[str], path: Path, lengths: dict[str, int], what: str) -> None:
    """Compare a file's contigs with the reference. Raises InputError if none is shared or a length differs."""
    named = {}
    for line in lines:
        if line.startswith("##contig=<"):
            length = re.search(r"length=(\d+)", line)
            named[_identity(line)[1]] = int(length.group(1)) if length else None
    seen = list(named) or contigs_in(path)
    own = ", ".join(list(lengths)[:3])
    if seen and not any(name in lengths for name in seen):
        raise InputError(f"{what}: {path} has no contig of the reference: it has {', '.join(seen[:3])}, the reference {own}")
    faults = [
        f"{what}: {path}: contig {name} has {length} bases, in the reference {lengths[name]}: it was made for another build"
        for name, length in named.items()
        if name in lengths and length and length != lengths[name]
    ]
    if faults:
        raise InputError(faults[:5])


def contigs_in(path: Path) -> list[str]:
    """Contigs that the records of a file name, in order of first appearance."""
    found: dict[str, None] = {}
    with text_of(path) as records:
        read_header(records)
        for line in records:
            found.setdefault(line.split(b"\t", 1)[0].decode(errors="replace"))
    return list(found)


def join(files: list[Path], by: str, scratch: Path) -> Path:
    """Merge indexed files of different samples into one, in batches; their samples come in the order of the files.

    by: which records are one, in the words of bcftools merge -m. A sample without a record
    has no genotype there. Returns the merged file; a lone file is returned as it is.
    """
    level = 0
    while len(files) > 1:
        merged = []
        for number in range(0, len(files), BATCH):
            batch, out = files[number : number + BATCH], scratch / f"merged{level}.{number}.bcf"
            if len(batch) == 1:
                merged += batch
                continue
            names = listed(batch, out.with_suffix(".txt"))
            run(["bcftools", "merge", "--no-version", "-m", by, "-l", names, "-Ob", "-o", out])
            index(out)
            merged.append(out)
        files, level = merged, level + 1
    return files[0]
