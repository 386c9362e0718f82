"""VCF and BCF files: clean headers, import of user files, empty files, merging.

A clean header has only definitions and contigs, without dates, paths, versions or command
lines, so that equal calls give equal bytes.
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
from readsight.formats.contigs import open_decompressed
from readsight.pipes import Command, capture_output, read_pipe, run_pipe, run_tool, write_list

# by default a process can have 1024 open files
BATCH = 500

KEPT = ("##INFO=", "##FORMAT=", "##FILTER=", "##ALT=")


def clean_header(lines: Iterable[str], lengths: dict[str, int], extra: Sequence[str] = ()) -> list[str]:
    """Build a header from the definitions of a VCF header, the contigs of the reference, and the column line.

    Parameters
    ----------
    lines : header lines without line ends, the last one `#CHROM…`.
    lengths : contig → length, in order.
    extra : definitions to add if their kind and ID are missing.
    """
    lines = list(lines)
    header_lines = [line for line in lines if line.startswith(KEPT)]
    known = {_parse_identity(line) for line in header_lines}
    header_lines += [line for line in extra if _parse_identity(line) not in known]
    contig_lines = [f"##contig=<ID={name},length={length}>" for name, length in lengths.items()]
    return ["##fileformat=VCFv4.2", *header_lines, *contig_lines, lines[-1]]


def _parse_identity(line: str) -> tuple[str, str]:
    kind, _, body = line.partition("=<")
    match = re.search(r"ID=([^,>]+)", body)
    return kind, match.group(1) if match else body


def make_clean_feed(source: BinaryIO, lengths: dict[str, int], extra: Sequence[str] = ()) -> Callable[[BinaryIO], None]:
    """Make a feed for `run_pipe` that passes on a text VCF with a clean header."""

    def feed(sink: BinaryIO) -> None:
        lines = read_header(source)
        if not lines:
            raise ToolError("a stream of calls ended within its header")
        sink.write("".join(f"{line}\n" for line in clean_header(lines, lengths, extra)).encode())
        shutil.copyfileobj(source, sink, 1 << 20)

    return feed


def read_header(source: BinaryIO) -> list[str]:
    """Read the header lines of a text VCF up to `#CHROM…`; empty if that line is missing.

    Tabs at the end of the column line are removed: files of the GATK bundle have one, which bcftools rejects.
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
def open_vcf_text(path: Path, header_only: bool = False) -> Iterator[BinaryIO]:
    """Open a VCF (plain, gzip or BGZF) or BCF as text; the format is recognised by content. Raises InputError if truncated."""
    binary = False
    try:
        with open_decompressed(path) as handle:
            binary = handle.peek(3)[:3] == b"BCF"
            if not binary:
                yield handle
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise InputError(f"{path}: is truncated or damaged; get the file again from its source") from None
    if binary:
        with read_pipe([["bcftools", "view", "--no-version", *["-h"] * header_only, "-Ov", path]]) as text:
            yield text


def load_header(path: Path) -> list[str]:
    """Header lines of a VCF or BCF file."""
    return capture_output(["bcftools", "view", "--no-version", "-h", path]).splitlines()


def read_samples(path: Path) -> list[str]:
    """Sample names of a VCF or BCF file."""
    return load_header(path)[-1].split("\t")[9:]


def find_defined_tags(lines: Iterable[str], kind: str) -> set[str]:
    """IDs that header lines define. kind: INFO, FORMAT or FILTER."""
    return {_parse_identity(line)[1] for line in lines if line.startswith(f"##{kind}=<")}


def index_bcf(path: Path) -> None:
    """Write the CSI index of a BCF file next to it."""
    run_tool(["bcftools", "index", "-f", path])


def format_column_line(names: Sequence[str]) -> str:
    """The `#CHROM…` line for these samples."""
    columns = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO"]
    return "\t".join(columns + ["FORMAT", *names] * bool(names))


def format_empty_vcf(lengths: dict[str, int], names: Sequence[str]) -> str:
    """Text of a valid VCF without calls."""
    genotype = '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">'
    return "\n".join(clean_header([genotype] * bool(names) + [format_column_line(names)], lengths)) + "\n"


def write_empty_bcf(path: Path, lengths: dict[str, int], names: Sequence[str]) -> None:
    """Write a valid BCF without calls."""
    text = format_empty_vcf(lengths, names).encode()
    run_pipe([["bcftools", "view", "--no-version", "-Ob", "-o", path, "-"]], feed=lambda sink: sink.write(text))


def import_vcf(path: Path, lengths: dict[str, int], commands: Sequence[Command], scratch: Path, config_key: str) -> None:
    """Pass a user's VCF through commands, with the contigs of the reference in its header.

    Parameters
    ----------
    path : VCF (plain, gzip or BGZF) or BCF, with or without index or contig lines. Records on contigs
        that the reference lacks are left out.
    config_key : for messages.

    Raises
    ------
    InputError if the file is not VCF, belongs to another genome, or uses tags that its header does not define.
    """
    lines = read_user_header(path, config_key)
    check_contigs(lines, path, lengths, config_key)
    bed = scratch / "reference.bed"
    bed.write_text("".join(f"{name}\t0\t{length}\n" for name, length in lengths.items()))
    restrict_command = ["bcftools", "view", "--no-version", "-T", bed, "-Ou", "-"]
    try:
        with open_vcf_text(path) as records:
            run_pipe([restrict_command, *commands], feed=make_clean_feed(records, lengths))
    except ToolError as error:
        raise InputError(
            f"{config_key}: bcftools cannot read {path}; {_explain_undefined_tag(path, str(error)) or error}"
        ) from None


def _explain_undefined_tag(path: Path, error_message: str) -> str | None:
    """Remedy for a tag that records use but the header does not define, if that is the error of bcftools."""
    match = re.search(r"(INFO|FORMAT|FILTER) '([^']+)' is not defined in the header", error_message)
    if not match:
        return None
    kind, tag = match.groups()
    line = f'##{kind}=<ID={tag},{"" if kind == "FILTER" else "Number=.,Type=String,"}Description="...">'
    return f"its header does not define {kind} {tag}, which its records use. Add to the header of {path} the line {line}"


def read_user_header(path: Path, config_key: str) -> list[str]:
    """Header lines of a user's VCF or BCF. Raises InputError with the config key if the file is neither."""
    try:
        with open_vcf_text(path, header_only=True) as text:
            lines = read_header(text)
    except ToolError as error:
        raise InputError(f"{config_key}: {path} is not a VCF or BCF file that bcftools can read: {error}") from None
    if not lines:
        raise InputError(f"{config_key}: {path} is not a VCF file: the header line #CHROM is missing before its records")
    return lines


def check_contigs(lines: Sequence[str], path: Path, lengths: dict[str, int], config_key: str) -> None:
    """Compare the contigs of a file with the reference. Raises InputError if none is shared or a length differs."""
    contig_lengths = {}
    for line in lines:
        if line.startswith("##contig=<"):
            length = re.search(r"length=(\d+)", line)
            contig_lengths[_parse_identity(line)[1]] = int(length.group(1)) if length else None
    names = list(contig_lengths) or list_contigs(path)
    reference_names = ", ".join(list(lengths)[:3])
    if names and not any(name in lengths for name in names):
        raise InputError(
            f"{config_key}: {path} has no contig of the reference: it has {', '.join(names[:3])}, the reference {reference_names}"
        )
    faults = [
        f"{config_key}: {path}: contig {name} has {length} bases, in the reference {lengths[name]}: the file belongs to another genome build"
        for name, length in contig_lengths.items()
        if name in lengths and length and length != lengths[name]
    ]
    if faults:
        raise InputError(faults[:5])


def list_contigs(path: Path) -> list[str]:
    """Contigs of the records of a file, in order of first appearance."""
    contigs: dict[str, None] = {}
    with open_vcf_text(path) as records:
        read_header(records)
        for line in records:
            contigs.setdefault(line.split(b"\t", 1)[0].decode(errors="replace"))
    return list(contigs)


def merge_samples(files: list[Path], merge_by: str, scratch: Path) -> Path:
    """Merge indexed files of different samples into one, in batches; samples keep the order of the files.

    Parameters
    ----------
    merge_by : option -m of bcftools merge, which defines equal records.

    Returns
    -------
    The merged file; a single file is returned unchanged. A sample without a record has a missing genotype there.
    """
    level = 0
    while len(files) > 1:
        merged = []
        for number in range(0, len(files), BATCH):
            batch, out = files[number : number + BATCH], scratch / f"merged{level}.{number}.bcf"
            if len(batch) == 1:
                merged += batch
                continue
            names = write_list(batch, out.with_suffix(".txt"))
            run_tool(["bcftools", "merge", "--no-version", "-m", merge_by, "-l", names, "-Ob", "-o", out])
            index_bcf(out)
            merged.append(out)
        files, level = merged, level + 1
    return files[0]
