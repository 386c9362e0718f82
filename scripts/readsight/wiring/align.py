"""Files and parameters of the stage `align`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from readsight.config.sample_sheet import Unit
from readsight.wiring.project import Project, one_of
from readsight.wiring.stage import Stage

MEGABYTE = 1_000_000


class AlignWiring(Stage):
    """From reads, or imported alignments, to one CRAM per sample."""

    def __init__(self, project: Project):
        self.config = project.config
        self.folder = f"{project.folder}/align"
        self.units = project.units
        expression = project.config.expression
        # RNA is only aligned if STAR counts it
        unaligned = [] if expression and "star" in expression.quantifiers else project.rna_samples
        self.samples = [sample for sample in project.samples_with_data if sample not in unaligned]
        self.rna_samples, self.dna_samples = project.rna_samples, project.dna_samples
        self.targets_bed = project.config.variants.targets if project.config.variants else None

    @property
    def fasta(self) -> str:
        """The prepared reference that all later steps use: upper case, A C G T N only, indexed."""
        return f"{self.folder}/reference/genome.fa"

    @property
    def fai(self) -> str:
        return self.fasta + ".fai"

    @property
    def dictionary(self) -> str:
        return self.fasta.removesuffix(".fa") + ".dict"

    def index_files(self) -> list[str]:
        """Index files of the selected aligner."""
        endings = {"bwa": "amb ann bwt pac sa", "bwa-mem2": "0123 amb ann bwt.2bit.64 pac"}[self.config.align.aligner]
        return [f"{self.folder}/reference/{self.config.align.aligner}.{ending}" for ending in endings.split()]

    def sample_constraint(self, route: str) -> str:
        """Constraint on {sample}: samples with this route to a CRAM (bwa, bwa-mem2, star or import)."""
        return one_of([s for s in self.samples if route == self._choose_route(s)])

    def _choose_route(self, sample: str) -> str:
        if self.list_alignments(sample):
            return "import"
        return "star" if sample in self.rna_samples else self.config.align.aligner

    def list_alignments(self, sample: str) -> list[str]:
        return [unit.alignment for unit in self.units[sample] if unit.alignment]

    def alignment_files(self, wildcards: Any) -> list[str]:
        return self.list_alignments(wildcards.sample)

    def unit_names(self, wildcards: Any) -> list[str]:
        return [unit.unit for unit in self.units[wildcards.sample]]

    def mates_per_unit(self, wildcards: Any) -> list[int]:
        """Number of FASTQ files of each unit of a sample: 2 if paired, else 1."""
        return [len(unit.fastqs) for unit in self.units[wildcards.sample] if unit.fastqs]

    def read_groups(self, wildcards: Any) -> list[str]:
        """The SAM header line of each unit of a sample."""
        return [self._read_group(unit) for unit in self.units[wildcards.sample]]

    def cram_file(self, sample: str) -> str:
        """Final alignments of a sample; RNA is never recalibrated."""
        recalibrated = self.config.uses_recalibration and sample not in self.rna_samples
        return f"{self.folder}/{'recalibrated/' if recalibrated else ''}{sample}.cram"

    def dna_crams(self) -> list[str]:
        """Alignments for variant calling, which are those of DNA."""
        return [self.cram_file(sample) for sample in self.dna_samples]

    def dna_crais(self) -> list[str]:
        return [f"{cram}.crai" for cram in self.dna_crams()]

    def report_files(self) -> list[str]:
        """Statistics for MultiQC."""
        endings = ("stats.txt", "flagstat.txt", "mosdepth.global.dist.txt", "mosdepth.summary.txt")
        return [f"{self.folder}/{sample}.{ending}" for sample in self.samples for ending in endings]

    def scale_memory(self, mb: int, per_base: float) -> Callable[..., int]:
        """Memory of a job in MB by attempt: `mb` plus `per_base` bytes per base of the reference.

        A reference that does not exist yet (in the demo) counts as empty.
        """
        path = Path(self.config.reference.fasta or "")
        bases = path.stat().st_size * (4 if path.suffix in (".gz", ".bgz") else 1) if path.is_file() else 0
        total = int(mb + bases * per_base / MEGABYTE)

        def mem_mb(wildcards: Any, attempt: int) -> int:
            return total * attempt

        return mem_mb

    def targets(self) -> list[str]:
        crams = [self.cram_file(sample) for sample in self.samples]
        return crams + [f"{cram}.crai" for cram in crams] + self.summaries()

    def summaries(self) -> list[str]:
        return [f"{self.folder}/{sample}.summary.json" for sample in self.samples]

    def products(self) -> dict[tuple[str, str], str]:
        products = {}
        for sample in self.samples:
            products[sample, "alignments"] = self.cram_file(sample)
            products[sample, "alignment statistics"] = f"{self.folder}/{sample}.summary.json"
        return products

    def _read_group(self, unit: Unit) -> str:
        """Read-group line; library and platform unit come from the sheet's columns `library` and `platform_unit`, if present."""
        name = f"{unit.sample}.{unit.unit}"
        fields = {
            "ID": name,
            "SM": unit.sample,
            "LB": unit.metadata.get("library", unit.sample),
            "PL": self.config.align.platform,
            "PU": unit.metadata.get("platform_unit", name),
        }
        return "@RG\t" + "\t".join(f"{key}:{value}" for key, value in fields.items())
