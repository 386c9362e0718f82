"""Files and parameters of the demo, which simulates the cohort of the sample sheet."""

from functools import cached_property
from pathlib import Path
from typing import Any

from readsight.config.sample_sheet import Unit
from readsight.wiring.project import Project, one_of
from readsight.wiring.stage import COHORT, Stage

MOTIFS = Path(__file__).resolve().parents[3] / "resources" / "motifs"
READS = "{folder}/demo/reads/{sample}.{unit}_{mate}.fastq.gz"


class DemoWiring(Stage):
    """Files and parameters of the demo's rules, for the units whose reads the demo makes."""

    factors = str(MOTIFS / "factors.meme")
    splice = str(MOTIFS / "splice.meme")

    def __init__(self, project: Project):
        self.project = project
        self.settings = project.config.demo

    @cached_property
    def units(self) -> dict[tuple[str, str], Unit]:
        """(sample, unit) → unit, for the reads that the demo makes."""
        all_units = [u for units in self.project.units.values() for u in units] if self.settings else []
        return {(u.sample, u.unit): u for u in all_units if u.fastq_1 == self.fastq_path(u, 1)}

    def fastq_path(self, unit: Unit, mate: int) -> str:
        return READS.format(folder=self.project.folder, sample=unit.sample, unit=unit.unit, mate=mate)

    @cached_property
    def rna_samples(self) -> list[str]:
        """RNA samples."""
        return list(dict.fromkeys(u.sample for u in self.units.values() if u.assay == "rna"))

    def sample_constraint(self, rna: bool) -> str:
        """Constraint on {sample}: RNA samples or DNA samples."""
        return one_of([sample for sample, _ in self.units if (sample in self.rna_samples) == rna])

    @property
    def unit_constraint(self) -> str:
        """Constraint on {unit}."""
        return one_of(sorted({name for _, name in self.units}))

    @property
    def donors_and_labels(self) -> dict[str, tuple[str, str | None]]:
        """Sample → (donor, label), in the order of the sheet."""
        return {u.sample: (u.metadata.get("donor", u.sample), u.metadata.get("label")) for u in self.units.values()}

    @property
    def rna_factors(self) -> dict[str, dict[str, Any]]:
        """RNA sample → factors of its expression: donor, label, batch (index), sex."""
        factors = {}
        for unit in self.units.values():
            if unit.sample in self.rna_samples:
                metadata = unit.metadata
                rank, sex = self.batch_names.index(metadata.get("batch", "")), metadata.get("sex", "").lower() or None
                factors[unit.sample] = {
                    "donor": self.donors_and_labels[unit.sample][0],
                    "label": metadata.get("label"),
                    "batch": rank,
                    "sex": sex,
                }
        return factors

    @cached_property
    def batch_names(self) -> list[str]:
        return sorted({u.metadata.get("batch", "") for u in self.units.values()})

    def batch_rank(self, wildcards: Any) -> int:
        """Index of a unit's batch among the batches of the cohort."""
        return self.batch_names.index(self.units[wildcards.sample, wildcards.unit].metadata.get("batch", ""))

    def lane_number(self, wildcards: Any) -> int:
        """Flow-cell lane of a unit: its position among the units of its sample, from 1."""
        return self._sample_units(wildcards).index(wildcards.unit) + 1

    def unit_coverage(self, wildcards: Any) -> float:
        """Mean depth of a unit; the units of a sample share the depth equally."""
        return self.settings.coverage / len(self._sample_units(wildcards))

    def unit_read_pairs(self, wildcards: Any) -> int:
        """Read pairs of an RNA unit; the units of a sample share them equally."""
        return round(self.settings.rna_pairs / len(self._sample_units(wildcards)))

    def expression_truth(self) -> dict[str, str]:
        """Files of planted expression: levels, truth, regulons; empty if the demo makes no RNA."""
        names = {"levels": "expression.tsv", "truth": "expression.json", "regulons": "regulons.gmt"}
        return {kind: f"{self.project.folder}/demo/{name}" for kind, name in names.items()} if self.rna_samples else {}

    def library_path(self) -> str:
        """Path of the simulated reporter library, as tasks list it."""
        return f"{self.project.folder}/demo/library.tsv"

    def library_tasks(self) -> list[str]:
        """Tasks on the simulated library, for which the best possible performance is known."""
        tasks = self.project.config.tasks if self.settings else {}
        return [name for name, task in tasks.items() if [file.path for file in task.sequences.files] == [self.library_path()]]

    def _sample_units(self, wildcards: Any) -> list[str]:
        return [unit for sample, unit in self.units if sample == wildcards.sample]

    def targets(self) -> list[str]:
        return [self.fastq_path(u, mate) for u in self.units.values() for mate in (1, 2)] + list(self.products().values())

    def products(self) -> dict[tuple[str, str], str]:
        folder = f"{self.project.folder}/demo"
        names = {
            "planted truth": "truth.json",
            "planted small variants": "truth.vcf.gz",
            "planted structural variants": "structural.vcf.gz",
        }
        products = {(COHORT, name): f"{folder}/{file}" for name, file in names.items()} if self.settings else {}
        planted = self.expression_truth()
        titles = {"levels": "planted expression", "truth": "planted differential genes", "regulons": "planted regulons"}
        return products | {(COHORT, titles[kind]): path for kind, path in planted.items()}
