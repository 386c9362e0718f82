"""Trimmomatic's command lines, and what it says about the reads that it kept."""

import re
import shutil
from pathlib import Path
from typing import Any

from readsight import pipes
from readsight.errors import InputError
from readsight.formats.compression import is_gzip
from readsight.reads import java

# Seed mismatches, palindrome and simple score thresholds: the manual's. Read-through is cut from
# 2 bases of adapter on, and the reverse read of such a pair is kept, so that pairs stay pairs.
CLIP = "2:30:10:2:True"
COUNTS = {
    "PE": re.compile(r"Input Read Pairs: (\d+) Both Surviving: (\d+)"),
    "SE": re.compile(r"Input Reads: (\d+) Surviving: (\d+)"),
}


def build_steps(trim: dict[str, Any], adapters: str) -> list[str]:
    """Trimming steps in the order in which they are applied.

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
    """The command for paired (PE) or single (SE) reads: Debian and bioconda name it differently."""
    return [f"Trimmomatic{mode}"] if shutil.which(f"Trimmomatic{mode}") else ["trimmomatic", mode]


def parse_survivors(mode: str, log_text: str) -> tuple[int, int]:
    """Pairs (PE) or reads (SE) that went in and that were kept, from Trimmomatic's own words."""
    match = COUNTS[mode].search(log_text)
    if not match:
        raise ValueError("Trimmomatic's summary line was not found")
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
    """Trim one unit.

    name: of the unit, in MultiQC. fastqs, clean: one file, or two mates. log: keeps
    Trimmomatic's summary. Reads whose mate was dropped are dropped, too.
    Raises InputError if no read is left.
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
        said=scratch / "said",
    )
    lines = (scratch / "said").read_text().splitlines()
    summary = "\n".join(line for line in lines if "JAVA_TOOL_OPTIONS" not in line).replace(f"{clean[0].resolve().parent}/", "")
    log.write_text(summary + "\n")
    input_count, kept_count = parse_survivors(mode, summary)
    if kept_count == 0:
        raise InputError(
            f"{name}: trimming dropped every one of {input_count:,} {'pairs' if mode == 'PE' else 'reads'}: all were shorter than "
            f"{settings['min_length']} bases (reads.trim.min_length), of poor quality, or made of adapter"
        )


def _file_suffix(fastq: Path) -> str:
    """Trimmomatic tells gzip by the file's name; the name may lie."""
    return ".fastq.gz" if is_gzip(fastq) else ".fastq"


def _make_link(link: Path, fastq: Path) -> str:
    link.symlink_to(fastq.resolve())
    return link.name
