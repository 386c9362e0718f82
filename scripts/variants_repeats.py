"""List the lower-case regions of the user's FASTA: repeats and low complexity (soft masking)."""

import io
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from readsight.formats.contigs import open_decompressed
from readsight.genome.intervals import Interval
from readsight.pipes import run_pipe, run_tool
from readsight.step import step

LOWER = re.compile("[a-z]+")


def find_lower_case(lines: Iterable[str]) -> Iterator[Interval]:
    """Yield the runs of lower-case letters in a FASTA, across line ends, in file order."""
    name, offset, run_start = "", 0, None
    for line in lines:
        line = line.rstrip("\r\n")
        if line.startswith(">"):
            if run_start is not None:
                yield name, run_start, offset
            name, offset, run_start = line[1:].split()[0], 0, None
            continue
        if run_start is not None and not line[:1].islower():
            yield name, run_start, offset
            run_start = None
        for match in LOWER.finditer(line):
            start = run_start if match.start() == 0 and run_start is not None else offset + match.start()
            run_start = None
            if match.end() == len(line):
                run_start = start
            else:
                yield name, start, offset + match.end()
        offset += len(line)
    if run_start is not None:
        yield name, run_start, offset


def main(fasta: Path, out: Path) -> None:
    """Write the runs as a BGZF-compressed BED file with its index."""
    with io.TextIOWrapper(open_decompressed(fasta)) as lines:
        rows = (f"{name}\t{start}\t{end}\n".encode() for name, start, end in find_lower_case(lines))
        run_pipe([["bgzip", "-c"]], stdout=out, feed=lambda sink: sink.writelines(rows))
    # CSI, because contigs may be too long for TBI
    run_tool(["tabix", "-f", "-C", "-p", "bed", out])


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(job.input.fasta, job.output.bed)
