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


def steps(trim: dict[str, Any], adapters: str) -> list[str]:
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


def program(mode: str) -> list[str]:
    """The command for paired (PE) or single (SE) reads: Debian and bioconda name it differently."""
    return [f"Trimmomatic{mode}"] if shutil.which(f"Trimmomatic{mode}") else ["trimmomatic", mode]


def survivors(mode: str, said: str) -> tuple[int, int]:
    """Pairs (PE) or reads (SE) that went in and that were kept, from Trimmomatic's own words."""
    found = COUNTS[mode].search(said)
    if not found:
        raise ValueError("Trimmomatic's summary line was not found")
    return int(found[1]), int(found[2])


def trim(
    name: str,
    fastqs: list[Path],
    adapters: Path,
    trim: dict[str, Any],
    clean: list[Path],
    said: Path,
    threads: int,
    memory_mb: int,
    scratch: Path,
) -> None:
    """Trim one unit.

    name: of the unit, in MultiQC. fastqs, clean: one file, or two mates. said: keeps
    Trimmomatic's summary. Reads whose mate was dropped are dropped, too.
    Raises InputError if no read is left.
    """
    mode = "PE" if len(fastqs) == 2 else "SE"
    (scratch / "adapters.fa").symlink_to(adapters.resolve())
    sources = [_link(scratch / f"{name}.raw_{i}{_ending(fastq)}", fastq) for i, fastq in enumerate(fastqs, start=1)]
    sinks = [str(path.resolve()) for path in clean]
    if mode == "PE":
        sinks = [sinks[0], "/dev/null", sinks[1], "/dev/null"]
    pipes.run(
        [*program(mode), "-threads", str(threads), "-phred33", *sources, *sinks, *steps(trim, "adapters.fa")],
        environment=java.options(fastqs, heap_mb=int(memory_mb * 0.7)),
        folder=scratch,
        said=scratch / "said",
    )
    lines = (scratch / "said").read_text().splitlines()
    words = "\n".join(line for line in lines if "JAVA_TOOL_OPTIONS" not in line).replace(f"{clean[0].resolve().parent}/", "")
    said.write_text(words + "\n")
    given, kept = survivors(mode, words)
    if kept == 0:
        raise InputError(
            f"{name}: trimming dropped every one of {given:,} {'pairs' if mode == 'PE' else 'reads'}: all were shorter than "
            f"{trim['min_length']} bases (reads.trim.min_length), of poor quality, or made of adapter"
        )


def _ending(fastq: Path) -> str:
    """Trimmomatic tells gzip by the file's name; the name may lie."""
    return ".fastq.gz" if is_gzip(fastq) else ".fastq"


def _link(link: Path, fastq: Path) -> str:
    link.symlink_to(fastq.resolve())
    return link.name
