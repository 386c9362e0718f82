"""Which files the rules of stage `reads` take and give."""

from pathlib import Path
from typing import Any

from readsight.config.sample_sheet import Unit
from readsight.wiring.project import Project, one_of
from readsight.wiring.stage import COHORT, Stage

ADAPTERS = Path(__file__).resolve().parents[3] / "resources" / "adapters"


class ReadsWiring(Stage):
    """From the sheet's FASTQ files to what the aligner is given."""

    def __init__(self, project: Project):
        self.config = project.config
        self.folder = f"{project.folder}/reads"
        self.sequenced = project.sequenced
        self.units = {(u.sample, u.unit): u for units in project.units.values() for u in units if u.fastqs}
        self.units_of = project.units
        self.calls = f"{project.folder}/variants"
        self.callers = project.callers

    def sample_of(self, paired: bool) -> str:
        """Constraint on {sample} where {sample}/{unit}. follows: the paired units alone, or the single-end ones.

        Both kinds write `clean_1`; a look at the unit's name behind the slash tells them apart.
        """
        here = [f"{unit.sample}/{unit.unit}." for unit in self.units.values() if unit.paired == paired]
        return rf"(?={one_of(here)})[^/]+"

    def raw(self, wildcards: Any) -> list[str]:
        """The sheet's own files of a unit, mate 1 first."""
        return self._unit(wildcards).fastqs

    def lint(self, wildcards: Any) -> str:
        return f"{self.folder}/{wildcards.sample}/{wildcards.unit}.lint.json"

    def adapters(self, paired: bool) -> str:
        """FASTA of the adapters to trim: a shipped set, by name and kind of reads, or the user's file."""
        name = self.config.reads.trim.adapters
        shipped = ADAPTERS / f"{name}-{'PE' if paired else 'SE'}.fa"
        return str(shipped) if shipped.exists() else name

    def trimmed(self, wildcards: Any) -> list[str]:
        """A unit's reads after trimming, or as they came where trimming is off."""
        return self._of("clean", self._unit(wildcards)) if self.config.reads.trim.enabled else self.raw(wildcards)

    def ready(self, wildcards: Any) -> list[str]:
        """A unit's reads as they go to the aligner."""
        return self._of("corrected", self._unit(wildcards)) if self.config.reads.correct.enabled else self.trimmed(wildcards)

    def after(self, wildcards: Any) -> list[str]:
        """A unit's reads as FastQC sees them the second time; none where nothing was done to them."""
        return self.ready(wildcards) if "clean" in self._looks() else []

    def ready_of(self, wildcards: Any) -> list[str]:
        """All reads of a sample, unit after unit, mates side by side."""
        return [path for unit in self._units(wildcards.sample) for path in self.ready(unit)]

    def lints_of(self, wildcards: Any) -> list[str]:
        return [self.lint(unit) for unit in self._units(wildcards.sample)]

    def fastqc_of(self, paired: bool, ending: str) -> list[str]:
        """Patterns of the FastQC files of a unit, ending in html or zip."""
        mates = (1, 2) if paired else (1,)
        return [f"{self.folder}/{{sample}}/{{unit}}.{look}_{m}_fastqc.{ending}" for look in self._looks() for m in mates]

    def fastqc(self, ending: str = "zip") -> list[str]:
        """The FastQC files of all units."""
        patterns = [(unit, pattern) for unit in self.units.values() for pattern in self.fastqc_of(unit.paired, ending)]
        return [pattern.format(sample=unit.sample, unit=unit.unit) for unit, pattern in patterns]

    def trim_logs(self) -> list[str]:
        if not self.config.reads.trim.enabled:
            return []
        return [f"{self.folder}/{unit.sample}/{unit.unit}.trim.log" for unit in self.units.values()]

    def call_statistics(self) -> list[str]:
        """bcftools stats of each set of calls."""
        return [f"{self.calls}/{caller}.stats.txt" for caller in self.callers]

    def multiqc(self) -> str:
        return f"{self.folder}/multiqc.html"

    def targets(self) -> list[str]:
        return [self.multiqc()] if self.sequenced else []

    def products(self) -> dict[tuple[str, str], str]:
        found = {(u.sample, f"reads checked, unit {u.unit}"): self.lint(u) for u in self.units.values()}
        for unit in self.units.values():
            for pattern in self.fastqc_of(unit.paired, "html"):
                look = "before" if ".raw_" in pattern else "after"
                mate = pattern.rsplit("_", 2)[1]
                path = pattern.format(sample=unit.sample, unit=unit.unit)
                found[unit.sample, f"FastQC {look} cleaning, unit {unit.unit}, mate {mate}"] = path
        return found | {(COHORT, "MultiQC report"): self.multiqc()} if self.sequenced else {}

    def _looks(self) -> list[str]:
        reads = self.config.reads
        return ["raw", "clean"] if reads.trim.enabled or reads.correct.enabled else ["raw"]

    def _of(self, state: str, unit: Unit) -> list[str]:
        stem = f"{self.folder}/{unit.sample}/{unit.unit}"
        return [f"{stem}.{state}_{mate}.fastq.gz" for mate in range(1, len(unit.fastqs) + 1)]

    def _unit(self, wildcards: Any) -> Unit:
        return self.units[wildcards.sample, wildcards.unit]

    def _units(self, sample: str) -> list[Unit]:
        return [unit for unit in self.units_of[sample] if unit.fastqs]
