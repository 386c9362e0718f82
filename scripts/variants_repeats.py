"""List what the user's own FASTA writes in lower case: repeats and low complexity (soft masking)."""

import io
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from readsight.formats.contigs import open_any
from readsight.genome.intervals import Interval
from readsight.pipes import pipe, run
from readsight.step import step

LOWER = re.compile("[a-z]+")


def lower_case(lines: Iterable[str]) -> Iterator[Interval]:
    """Runs of lower-case letters in a FASTA, over line ends, in its order."""
    name, place, begun = "", 0, None
    for line in lines:
        line = line.rstrip("\r\n")
        if line.startswith(">"):
            if begun is not None:
                yield name, begun, place
            name, place, begun = line[1:].split()[0], 0, None
            continue
        if begun is not None and not line[:1].islower():
            yield name, begun, place
            begun = None
        for match in LOWER.finditer(line):
            start = begun if match.start() == 0 and begun is not None else place + match.start()
            begun = None
            if match.end() == len(line):
                begun = start
            else:
                yield name, start, place + match.end()
        place += len(line)
    if begun is not None:
        yield name, begun, place


def main(fasta: Path, out: Path) -> None:
    """Write the runs as a BGZF-compressed BED file with its index."""
    with io.TextIOWrapper(open_any(fasta)) as lines:
        rows = (f"{name}\t{start}\t{end}\n".encode() for name, start, end in lower_case(lines))
        pipe([["bgzip", "-c"]], stdout=out, feed=lambda sink: sink.writelines(rows))
    # CSI, since contigs may be longer than TBI can hold
    run(["tabix", "-f", "-C", "-p", "bed", out])


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(job.input.fasta, job.output.bed)
