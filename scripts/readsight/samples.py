"""The sample sheet: a TSV, a row a sequencing unit."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from readsight.config import expand

ASSAYS = ("wgs", "wes", "panel", "rna", "atac", "chip", "bisulfite")
COLUMNS = ("sample", "unit", "assay", "fastq_1", "fastq_2", "bam", "cram")


@dataclass(frozen=True)
class Unit:
    """One sequencing unit: a lane or library of a sample.

    fastq_1, fastq_2: paths of reads (fastq_2 only where paired). alignment: path
    of a BAM or CRAM instead of reads. metadata: the sheet's other columns.
    row: row of the sheet, counted from 1 with the header.
    """

    sample: str
    unit: str
    assay: str
    fastq_1: str | None
    fastq_2: str | None
    alignment: str | None
    metadata: dict[str, str] = field(default_factory=dict, hash=False)
    row: int = 0

    @property
    def fastqs(self) -> list[str]:
        return [f for f in (self.fastq_1, self.fastq_2) if f]

    @property
    def paired(self) -> bool:
        return self.fastq_2 is not None


def read(path: Path, results: str) -> list[Unit]:
    """Read a sample sheet; ${results} and ${VARIABLE} in paths are expanded."""
    return list(_units(Path(path), results))


def _units(path: Path, results: str) -> Iterator[Unit]:
    with open(path, newline="") as handle:
        for number, row in enumerate(csv.DictReader(handle, delimiter="\t"), start=2):
            given = {k: expand(v.strip(), results) if k in COLUMNS[3:] else v.strip() for k, v in row.items() if v}
            yield Unit(
                sample=given["sample"],
                unit=given.get("unit") or "1",
                assay=given["assay"],
                fastq_1=given.get("fastq_1"),
                fastq_2=given.get("fastq_2"),
                alignment=given.get("bam") or given.get("cram"),
                metadata={k: v for k, v in given.items() if k not in COLUMNS},
                row=number,
            )
