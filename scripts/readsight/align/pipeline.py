"""Pipeline from streams of alignments to one sorted, duplicate-marked CRAM; only temporary sort files are written to disk."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from readsight import pipes
from readsight.errors import InputError

BLOCK = 1 << 20
# Bases per batch of reads. Fixed, because the aligner estimates the insert size per batch, so its result depends
# on the batch size, which by default grows with the number of threads.
BATCH = 100_000_000


@dataclass(frozen=True)
class Stream:
    """Piped commands that write the alignments of one sequencing unit as SAM with a header."""

    commands: list[pipes.Command]


@dataclass(frozen=True)
class PipelineSettings:
    """Settings for processing the streams.

    groups: @RG header lines of all streams. programs: @PG lines, or None for those of the first
    stream without their command lines, which contain threads and paths (equal reads must give
    equal bytes). grouped: the alignments of each read are consecutive. duplicate_marking: whether
    duplicates are marked. threads, memory_mb: of the job. used_mb: memory needed by the aligner.
    """

    groups: list[str]
    programs: list[str] | None = None
    grouped: bool = True
    duplicate_marking: bool = True
    threads: int = 1
    memory_mb: int = 1900
    used_mb: int = 900


def align_reads(aligner: str, job) -> None:
    """Align the units of a sample sequentially into one stream, and write its CRAM.

    aligner: bwa or bwa-mem2. job: of rule align_bwa or align_bwa_mem2.
    """
    index = job.input.index[0].with_suffix("")
    streams = [
        Stream([build_aligner_command(aligner, index, group, fastqs, job.threads)])
        for group, fastqs in zip(job.params.groups, group_by_unit(job.input.fastqs, job.params.mates), strict=True)
    ]
    index_mb = sum(path.stat().st_size for path in job.input.index) // 1_000_000
    settings = PipelineSettings(
        groups=list(job.params.groups),
        duplicate_marking=job.params.mark_duplicates,
        threads=job.threads,
        memory_mb=job.mem_mb,
        used_mb=900 + index_mb,
    )
    write_cram(streams, settings, job.input.fasta, job.input.dict, job.output, job.scratch)
    check_mapped(job.wildcards.sample, job.output.flagstat.read_text(), job.params.min_mapped)


def group_by_unit(fastqs: Sequence[Path], mates: Sequence[int]) -> list[list[Path]]:
    """Group a flat list of files into units of one or two mates."""
    files = iter(fastqs)
    unit_files = [[next(files) for _ in range(count)] for count in mates]
    if next(files, None):
        raise ValueError("more files than mates")
    return unit_files


def build_aligner_command(aligner: str, index: Path, group: str, fastqs: Sequence[Path], threads: int) -> list[str | Path]:
    """Aligner command for one unit; supplementary alignments keep their bases (-Y), as structural variant callers need them."""
    escaped = group.replace("\t", "\\t")
    return [aligner, "mem", "-t", str(threads), "-K", str(BATCH), "-Y", "-R", escaped, index, *fastqs]


def write_cram(
    streams: Sequence[Stream], settings: PipelineSettings, fasta: Path, dictionary: Path, output, scratch: Path
) -> None:
    """Join the streams, sort, and mark duplicates.

    Parameters
    ----------
    dictionary : sequence dictionary of the reference.
    output : has `cram`, `duplicates` and `flagstat`; the index is written next to the CRAM.

    Raises
    ------
    ToolError that names the failed command.
    """
    sequences = [line for line in dictionary.read_text().splitlines() if line.startswith("@SQ")]

    def feed(sink: BinaryIO) -> None:
        join_streams(streams, sequences, settings, sink)

    scratch = scratch.resolve()
    counts = scratch / "duplicates.txt"
    # run in the output folder: a CRAM starts with the path it was opened by, and its bytes must not depend on folders
    chain = build_commands(settings, fasta.resolve(), output.cram.name, counts, scratch)
    pipes.run_pipe(chain, feed=feed, folder=output.cram.parent)
    if settings.duplicate_marking:
        # drop the command line, which contains paths of this run
        lines = counts.read_text().splitlines(keepends=True)
        output.duplicates.write_text("".join(line for line in lines if not line.startswith("COMMAND")))
    else:
        output.duplicates.write_text("duplicates were not marked (align.mark_duplicates is off)\n")
    decode = ["--input-fmt-option", f"reference={fasta}", "-@", str(settings.threads - 1)]
    pipes.run_tool(["samtools", "flagstat", *decode, output.cram], stdout=output.flagstat)


def build_commands(settings: PipelineSettings, fasta: Path, cram: str, duplicates: Path, scratch: Path) -> list[pipes.Command]:
    """Commands that process the joined stream.

    The aligner uses all threads; sorting uses them in bursts and for the merge after the
    aligner has ended. CRAM is written with exactly one thread in addition to the one that
    marks duplicates: with more threads, the order in which blocks are finished influences
    the choice of codecs, and equal reads give different bytes.
    """
    sorters = max(1, min(settings.threads - 1, 8))
    sort_mb = max(16, min(1024, (settings.memory_mb - settings.used_mb) // sorters))
    to_cram = ["-O", "cram", "--reference", fasta, "--write-index", "-@", "1"]
    chain: list[pipes.Command] = []
    if not settings.grouped and settings.duplicate_marking:
        chain.append(["samtools", "collate", "--no-PG", "-O", "-u", "-", scratch / "collate"])
    if settings.grouped or settings.duplicate_marking:
        chain.append(["samtools", "fixmate", "--no-PG", "-m", "-u", "-", "-"])
    sort_options = ["-@", str(sorters - 1), "-m", f"{sort_mb}M"]
    chain.append(["samtools", "sort", "--no-PG", "-u", *sort_options, "-T", scratch / "sort", "-"])
    if settings.duplicate_marking:
        clear = [] if settings.grouped else ["-c"]
        temporary = ["-f", duplicates, "-T", scratch / "markdup"]
        chain.append(["samtools", "markdup", "--no-PG", *clear, *temporary, *to_cram, "-", cram])
    else:
        chain.append(["samtools", "view", "--no-PG", *to_cram, "-o", cram, "-"])
    return chain


def join_streams(streams: Sequence[Stream], sequences: list[str], settings: PipelineSettings, sink: BinaryIO) -> None:
    """Run the streams sequentially and write their alignments under one header."""
    for i, stream in enumerate(streams):
        with pipes.read_pipe(stream.commands) as sam:
            header, first_record = split_header(sam)
            if i == 0:
                programs = settings.programs
                if programs is None:
                    programs = [strip_command_line(line) for line in header if line.startswith("@PG")]
                lines = ["@HD\tVN:1.6\tSO:unknown", *sequences, *settings.groups, *programs]
                sink.write("".join(f"{line}\n" for line in lines).encode())
            sink.write(first_record)
            while block := sam.read1(BLOCK):
                sink.write(block)


def split_header(sam: BinaryIO) -> tuple[list[str], bytes]:
    """Read a SAM stream up to its first alignment; returns the header lines and that alignment (empty if there is none)."""
    header = []
    while (line := sam.readline()).startswith(b"@"):
        header.append(line.decode().rstrip("\n"))
    return header, line


def strip_command_line(line: str) -> str:
    """Remove the command line from a @PG line."""
    return "\t".join(field for field in line.split("\t") if not field.startswith("CL:"))


def count_mapped(flagstat: str) -> tuple[int, int]:
    """(reads, mapped reads) from `samtools flagstat`; each read counts once."""
    counts = [
        re.search(rf"^(\d+) \+ (\d+) {category}( \(|$)", flagstat, re.MULTILINE) for category in ("primary", "primary mapped")
    ]
    if not all(counts):
        raise ValueError("samtools flagstat did not count primary alignments")
    reads, mapped_reads = (int(count[1]) + int(count[2]) for count in counts)
    return reads, mapped_reads


def check_mapped(sample: str, flagstat: str, min_fraction: float) -> None:
    """Raise InputError if a sample has no reads or its mapped fraction is too small."""
    reads, mapped_reads = count_mapped(flagstat)
    if reads == 0:
        raise InputError(f"{sample}: there are no reads in its files, so nothing can be aligned")
    if mapped_reads < min_fraction * reads or mapped_reads == 0:
        raise InputError(
            f"{sample}: only {mapped_reads:,} of {reads:,} reads ({mapped_reads / reads:.2%}) map to the reference, and at least {min_fraction:.2%} "
            "are required (align.min_mapped). Are the reads from this species, and is reference.fasta the right genome? "
            "Further causes: reads of a different assay, wrong adapters, a contaminated library"
        )
