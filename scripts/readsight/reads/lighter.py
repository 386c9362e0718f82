"""Error correction with Lighter (Song, Florea and Langmead, 2014)."""

import gzip
import shutil
from pathlib import Path

from readsight import pipes
from readsight.formats.compression import is_gzip


def read_genome_size(fai: Path) -> int:
    """Number of bases of a reference, from its index."""
    return sum(int(line.split("\t")[1]) for line in fai.read_text().splitlines())


def correct_reads(fastqs: list[Path], corrected: list[Path], fai: Path, kmer: int, threads: int, scratch: Path) -> None:
    """Correct the reads of one unit; number and order of the reads do not change.

    Parameters
    ----------
    fastqs, corrected : one file, or two mates.
    kmer : k-mer length in bases.

    Notes
    -----
    Lighter estimates the sampling rate from the depth (option -K).
    """
    input_folder, output_folder = scratch / "given", scratch / "corrected"
    input_folder.mkdir()
    output_folder.mkdir()
    command = ["lighter", "-K", str(kmer), str(read_genome_size(fai)), "-t", str(threads), "-od", output_folder]
    for i, fastq in enumerate(fastqs, start=1):
        link = input_folder / f"mate_{i}.fq{'.gz' if is_gzip(fastq) else ''}"
        link.symlink_to(fastq.resolve())
        command += ["-r", link]
    pipes.run_tool(command)
    for i, path in enumerate(corrected, start=1):
        corrected_path = output_folder / f"mate_{i}.cor.fq.gz"
        if corrected_path.exists():
            shutil.move(corrected_path, path)
        else:  # uncompressed input gives uncompressed output
            with open(corrected_path.with_suffix(""), "rb") as plain, gzip.open(path, "wb", compresslevel=1) as zipped:
                shutil.copyfileobj(plain, zipped)
