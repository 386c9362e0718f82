"""Trimmomatic: command lines, and counts of surviving reads."""

import re
import shutil
from pathlib import Path
from typing import Any

from readsight import pipes
from readsight.errors import InputError
from readsight.formats.compression import is_gzip
from readsight.reads import java

# Seed mismatches, palindrome and simple score thresholds as in the manual. Read-through is cut from
# 2 adapter bases on, and the reverse read of such a pair is kept, so that pairs stay complete.
CLIP = "2:30:10:2:True"
COUNTS = {
    "PE": re.compile(r"Input Read Pairs: (\d+) Both Surviving: (\d+)"),
    "SE": re.compile(r"Input Reads: (\d+) Surviving: (\d+)"),
}


def build_steps(trim: dict[str, Any], adapters: str) -> list[str]:
    """Trimming steps in the order of application.

    trim: config section reads.trim. adapters: FASTA path without a colon.
    """
    return [
        f"ILLUMINACLIP:{adapters}:{CLIP}",
        f"LEADING:{trim['leading']}",
        f"TRAILING:{trim['trailing']}",
        f"SLIDINGWINDOW:{trim['window']}:{trim['window_quality']}",
        f"MINLEN:{trim['min_length']}",
    ]


def find_program(mode: str) -> list[str]:
    """Command for paired (PE) or single-end (SE) reads; its name differs between Debian and bioconda."""
    return [f"Trimmomatic{mode}"] if shutil.which(f"Trimmomatic{mode}") else ["trimmomatic", mode]


def parse_survivors(mode: str, log_text: str) -> tuple[int, int]:
    """(input, surviving) pairs (PE) or reads (SE), from Trimmomatic's log."""
    match = COUNTS[mode].search(log_text)
    if not match:
        raise ValueError("the log of Trimmomatic has no summary line")
    return int(match[1]), int(match[2])


def trim_reads(
    name: str,
    fastqs: list[Path],
    adapters: Path,
    settings: dict[str, Any],
    clean: list[Path],
    log: Path,
    threads: int,
    memory_mb: int,
    scratch: Path,
) -> None:
    """Trim one unit; reads whose mate is dropped are dropped, too.

    Parameters
    ----------
    name : of the unit in MultiQC.
    fastqs, clean : one file, or two mates.
    settings : config section reads.trim.
    log : receives Trimmomatic's log.

    Raises
    ------
    InputError if no read survives.
    """
    mode = "PE" if len(fastqs) == 2 else "SE"
    (scratch / "adapters.fa").symlink_to(adapters.resolve())
    sources = [_make_link(scratch / f"{name}.raw_{i}{_file_suffix(fastq)}", fastq) for i, fastq in enumerate(fastqs, start=1)]
    sinks = [str(path.resolve()) for path in clean]
    if mode == "PE":
        sinks = [sinks[0], "/dev/null", sinks[1], "/dev/null"]
    pipes.run_tool(
        [*find_program(mode), "-threads", str(threads), "-phred33", *sources, *sinks, *build_steps(settings, "adapters.fa")],
        environment=java.build_environment(fastqs, heap_mb=int(memory_mb * 0.7)),
        folder=scratch,
        messages_file=scratch / "trim.log",
    )
    lines = (scratch / "trim.log").read_text().splitlines()
    summary = "\n".join(line for line in lines if "JAVA_TOOL_OPTIONS" not in line).replace(f"{clean[0].resolve().parent}/", "")
    log.write_text(summary + "\n")
    input_count, kept_count = parse_survivors(mode, summary)
    if kept_count == 0:
        raise InputError(
            f"{name}: trimming dropped all of {input_count:,} {'pairs' if mode == 'PE' else 'reads'}: all were shorter than "
            f"{settings['min_length']} bases (reads.trim.min_length), of low quality, or adapter sequence"
        )


def _file_suffix(fastq: Path) -> str:
    """Suffix by which Trimmomatic recognises gzip; the original file name may be misleading."""
    return ".fastq.gz" if is_gzip(fastq) else ".fastq"


def _make_link(link: Path, fastq: Path) -> str:
    link.symlink_to(fastq.resolve())
    return link.name
