"""Wiring of the demo: the planted cohort is the one that the sample sheet describes."""

from functools import cached_property
from pathlib import Path
from typing import Any

from readsight.project import Project, one_of
from readsight.samples import Unit
from readsight.wiring.stage import COHORT, Stage

MOTIFS = Path(__file__).resolve().parents[3] / "resources" / "motifs"
READS = "{folder}/demo/reads/{sample}.{unit}_{mate}.fastq.gz"


class DemoWiring(Stage):
    """What the demo's rules ask of the project; only units whose reads the demo makes take part."""

    factors = str(MOTIFS / "factors.meme")
    splice = str(MOTIFS / "splice.meme")

    def __init__(self, project: Project):
        self.project = project
        self.settings = project.config.demo

    @cached_property
    def units(self) -> dict[tuple[str, str], Unit]:
        """(sample, unit) → unit, of the reads that the demo makes."""
        every = [u for units in self.project.units.values() for u in units] if self.settings else []
        return {(u.sample, u.unit): u for u in every if u.fastq_1 == self.reads(u, 1)}

    def reads(self, unit: Unit, mate: int) -> str:
        return READS.format(folder=self.project.folder, sample=unit.sample, unit=unit.unit, mate=mate)

    @property
    def unit_names(self) -> str:
        """Wildcard constraint of a unit's name."""
        return one_of(sorted({name for _, name in self.units}))

    @property
    def cohort(self) -> dict[str, tuple[str, str | None]]:
        """Sample → (donor, label), in the sheet's order."""
        return {u.sample: (u.metadata.get("donor", u.sample), u.metadata.get("label")) for u in self.units.values()}

    @cached_property
    def batches(self) -> list[str]:
        return sorted({u.metadata.get("batch", "") for u in self.units.values()})

    def rank(self, wildcards: Any) -> int:
        """Which of the cohort's batches a unit belongs to."""
        return self.batches.index(self.units[wildcards.sample, wildcards.unit].metadata.get("batch", ""))

    def lane(self, wildcards: Any) -> int:
        """Flow-cell lane of a unit: its place among its sample's units."""
        return self._own(wildcards).index(wildcards.unit) + 1

    def coverage(self, wildcards: Any) -> float:
        """Mean depth that a unit adds: units of a sample share it equally."""
        return self.settings.coverage / len(self._own(wildcards))

    def _own(self, wildcards: Any) -> list[str]:
        return [unit for sample, unit in self.units if sample == wildcards.sample]

    def targets(self) -> list[str]:
        return [self.reads(u, mate) for u in self.units.values() for mate in (1, 2)] + list(self.products().values())

    def products(self) -> dict[tuple[str, str], str]:
        folder = f"{self.project.folder}/demo"
        names = {
            "planted truth": "truth.json",
            "planted small variants": "truth.vcf.gz",
            "planted structural variants": "structural.vcf.gz",
        }
        return {(COHORT, name): f"{folder}/{file}" for name, file in names.items()} if self.settings else {}
