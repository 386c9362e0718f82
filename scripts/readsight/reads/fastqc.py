"""FastQC on all files of a sequencing unit in one call, so that Java starts only once."""

import shutil
from pathlib import Path

from readsight import pipes
from readsight.formats.compression import is_gzip
from readsight.reads import java


def run_fastqc(name: str, groups: dict[str, list[Path]], html: list[Path], zips: list[Path], threads: int, scratch: Path) -> None:
    """Write the FastQC reports of the files of a unit.

    Parameters
    ----------
    name : of the unit in MultiQC.
    groups : "raw" and "clean" → one file, or two mates.
    html, zips : one output per input file, in the same order.
    """
    links = []
    for state, fastqs in groups.items():
        for mate, fastq in enumerate(fastqs, start=1):
            link = scratch / f"{name}.{state}_{mate}.fastq{'.gz' if is_gzip(fastq) else ''}"
            link.symlink_to(fastq.resolve())
            links.append(link)
    out = scratch / "out"
    out.mkdir()
    # FastQC allocates 250 MB of heap per thread
    threads = min(threads, len(links))
    command = ["fastqc", "--quiet", "--noextract", "--format", "fastq", "--threads", str(threads)]
    pipes.run_tool([*command, "--dir", scratch, "--outdir", out, *links], environment=java.build_environment(links))
    for link, page, archive in zip(links, html, zips, strict=True):
        stem = link.name.removesuffix(".gz").removesuffix(".fastq")
        shutil.move(out / f"{stem}_fastqc.html", page)
        shutil.move(out / f"{stem}_fastqc.zip", archive)
