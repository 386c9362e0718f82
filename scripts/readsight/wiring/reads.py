"""Files and parameters of the stage `reads`."""

from pathlib import Path
from typing import Any

from readsight.config.sample_sheet import Unit
from readsight.wiring.project import Project, one_of
from readsight.wiring.stage import COHORT, Stage

ADAPTERS = Path(__file__).resolve().parents[3] / "resources" / "adapters"


class ReadsWiring(Stage):
    """From the FASTQ files of the sheet to the reads for the aligner."""

    def __init__(self, project: Project):
        self.config = project.config
        self.folder = f"{project.folder}/reads"
        self.samples_with_data = project.samples_with_data
        self.units = {(u.sample, u.unit): u for units in project.units.values() for u in units if u.fastqs}
        self.sample_units = project.units
        self.calls_folder = f"{project.folder}/variants"
        self.callers = project.callers

    def sample_constraint(self, paired: bool) -> str:
        """Constraint on {sample} in paths `{sample}/{unit}.…`: paired or single-end units only.

        Both kinds have a file `clean_1`, so the constraint looks ahead to the name of the unit.
        """
        prefixes = [f"{unit.sample}/{unit.unit}." for unit in self.units.values() if unit.is_paired == paired]
        return rf"(?={one_of(prefixes)})[^/]+"

    def raw_reads(self, wildcards: Any) -> list[str]:
        """FASTQ files of a unit in the sheet, mate 1 first."""
        return self._get_unit(wildcards).fastqs

    def lint_file(self, wildcards: Any) -> str:
        return f"{self.folder}/{wildcards.sample}/{wildcards.unit}.lint.json"

    def adapter_fasta(self, paired: bool) -> str:
        """FASTA of the adapters to trim: an included set for this kind of reads, or a user file."""
        name = self.config.reads.trim.adapters
        shipped_fasta = ADAPTERS / f"{name}-{'PE' if paired else 'SE'}.fa"
        return str(shipped_fasta) if shipped_fasta.exists() else name

    def reads_after_trimming(self, wildcards: Any) -> list[str]:
        """Reads of a unit after trimming, or the raw reads if trimming is disabled."""
        return (
            self._read_files("clean", self._get_unit(wildcards)) if self.config.reads.trim.enabled else self.raw_reads(wildcards)
        )

    def aligner_reads(self, wildcards: Any) -> list[str]:
        """Reads of a unit for the aligner."""
        return (
            self._read_files("corrected", self._get_unit(wildcards))
            if self.config.reads.correct.enabled
            else self.reads_after_trimming(wildcards)
        )

    def reads_after_cleaning(self, wildcards: Any) -> list[str]:
        """Reads of a unit for the second FastQC; none if they are unchanged."""
        return self.aligner_reads(wildcards) if "clean" in self._fastqc_stages() else []

    def sample_reads(self, wildcards: Any) -> list[str]:
        """All reads of a sample for the aligner, unit by unit, with mates adjacent."""
        return [path for unit in self._get_units(wildcards.sample) for path in self.aligner_reads(unit)]

    def sample_lints(self, wildcards: Any) -> list[str]:
        return [self.lint_file(unit) for unit in self._get_units(wildcards.sample)]

    def fastqc_patterns(self, paired: bool, ending: str) -> list[str]:
        """Patterns of the FastQC files of a unit; `ending` is html or zip."""
        mates = (1, 2) if paired else (1,)
        return [
            f"{self.folder}/{{sample}}/{{unit}}.{stage}_{mate}_fastqc.{ending}"
            for stage in self._fastqc_stages()
            for mate in mates
        ]

    def fastqc_files(self, ending: str = "zip") -> list[str]:
        """The FastQC files of all units."""
        patterns = [(unit, pattern) for unit in self.units.values() for pattern in self.fastqc_patterns(unit.is_paired, ending)]
        return [pattern.format(sample=unit.sample, unit=unit.unit) for unit, pattern in patterns]

    def trim_logs(self) -> list[str]:
        if not self.config.reads.trim.enabled:
            return []
        return [f"{self.folder}/{unit.sample}/{unit.unit}.trim.log" for unit in self.units.values()]

    def call_statistics(self) -> list[str]:
        """Output of `bcftools stats` for each call set."""
        return [f"{self.calls_folder}/{caller}.stats.txt" for caller in self.callers]

    def multiqc_report(self) -> str:
        return f"{self.folder}/multiqc.html"

    def targets(self) -> list[str]:
        return [self.multiqc_report()] if self.samples_with_data else []

    def products(self) -> dict[tuple[str, str], str]:
        products = {(u.sample, f"reads checked, unit {u.unit}"): self.lint_file(u) for u in self.units.values()}
        for unit in self.units.values():
            for pattern in self.fastqc_patterns(unit.is_paired, "html"):
                stage = "before" if ".raw_" in pattern else "after"
                mate = pattern.rsplit("_", 2)[1]
                path = pattern.format(sample=unit.sample, unit=unit.unit)
                products[unit.sample, f"FastQC {stage} cleaning, unit {unit.unit}, mate {mate}"] = path
        return products | {(COHORT, "MultiQC report"): self.multiqc_report()} if self.samples_with_data else {}

    def _fastqc_stages(self) -> list[str]:
        reads = self.config.reads
        return ["raw", "clean"] if reads.trim.enabled or reads.correct.enabled else ["raw"]

    def _read_files(self, state: str, unit: Unit) -> list[str]:
        stem = f"{self.folder}/{unit.sample}/{unit.unit}"
        return [f"{stem}.{state}_{mate}.fastq.gz" for mate in range(1, len(unit.fastqs) + 1)]

    def _get_unit(self, wildcards: Any) -> Unit:
        return self.units[wildcards.sample, wildcards.unit]

    def _get_units(self, sample: str) -> list[Unit]:
        return [unit for unit in self.sample_units[sample] if unit.fastqs]
