"""Error correction with Lighter (Song, Florea and Langmead, 2014)."""

import shutil
from pathlib import Path

from readsight import pipes


def genome_size(fai: Path) -> int:
    """Bases of a reference, from its index."""
    return sum(int(line.split("\t")[1]) for line in fai.read_text().splitlines())


def correct(fastqs: list[Path], corrected: list[Path], fai: Path, kmer: int, threads: int, scratch: Path) -> None:
    """Correct the reads of one unit.

    fastqs, corrected: one file, or two mates. kmer: k-mer length in bases. The
    sampling rate is Lighter's own estimate from depth (option -K). Reads keep
    their number and order.
    """
    given, out = scratch / "given", scratch / "corrected"
    given.mkdir()
    out.mkdir()
    command = ["lighter", "-K", str(kmer), str(genome_size(fai)), "-t", str(threads), "-od", out]
    for i, fastq in enumerate(fastqs, start=1):
        with open(fastq, "rb") as handle:
            zipped = handle.read(2) == b"\x1f\x8b"
        link = given / (f"mate_{i}.fq.gz" if zipped else f"mate_{i}.fq")
        link.symlink_to(fastq.resolve())
        command += ["-r", link]
    pipes.run(command)
    for i, path in enumerate(corrected, start=1):
        made = out / f"mate_{i}.cor.fq.gz"
        if not made.exists():  # plain in, plain out
            pipes.run(["gzip", "-1", "-n", made.with_suffix("")])
        shutil.move(made, path)
