"""Files of the comparison of calls with a truth set, in the stage `variants`."""

from readsight.wiring.project import Project
from readsight.wiring.stage import COHORT, Stage


class CompareWiring(Stage):
    """Files of the comparison of small and structural variants per caller, and of the figures."""

    def __init__(self, project: Project):
        self.folder = f"{project.folder}/variants/compare"
        self.variants = project.config.variants
        self.truth = self.variants.truth if self.variants else None
        self.callers = project.callers if self.truth else []
        # structural callers need alignments, which a project that starts from calls does not have
        wants_structural = bool(self.truth and self.truth.structural_vcf and project.dna_samples)
        self.structural_callers = list(dict.fromkeys(self.variants.structural)) if wants_structural else []

    def truth_vcf(self) -> str | list[str]:
        return self.truth.vcf if self.truth else []

    def truth_bed(self) -> str | list[str]:
        return (self.truth and self.truth.bed) or []

    def strata_beds(self) -> dict[str, str]:
        """Stratum → BED file."""
        return self.truth.strata if self.truth else {}

    def sample_pairs(self) -> dict[str, str]:
        """Sample of the sheet → truth sample, from the config."""
        return self.truth.samples if self.truth else {}

    def structural_vcf(self) -> str | list[str]:
        return self.truth.structural_vcf if self.structural_callers else []

    def _caller_files(self, ending: str) -> list[str]:
        return [f"{self.folder}/{caller}.{ending}" for caller in self.callers]

    def _structural_files(self, ending: str) -> list[str]:
        return [f"{self.folder}/{caller}.{ending}" for caller in self.structural_callers]

    def accuracy_tables(self) -> list[str]:
        return self._caller_files("tsv")

    def spectra_files(self) -> list[str]:
        return self._caller_files("spectra.json")

    def structural_tables(self) -> list[str]:
        return self._structural_files("tsv")

    def structural_sites(self) -> list[str]:
        return self._structural_files("sites.tsv")

    def figure_files(self) -> list[str]:
        names = ["accuracy", "sizes", "quality"] * bool(self.callers) + ["structural"] * bool(self.structural_callers)
        return [f"{self.folder}/{name}.svg" for name in names]

    def summaries(self) -> list[str]:
        return self._caller_files("summary.json") + self._structural_files("summary.json")

    def targets(self) -> list[str]:
        small = [file for ending in ("labels.vcf.gz", "tsv", "sites.tsv") for file in self._caller_files(ending)]
        return [*small, *self.structural_tables(), *self.structural_sites(), *self.summaries(), *self.figure_files()]

    def products(self) -> dict[tuple[str, str], str]:
        products = {(COHORT, f"{caller}: comparison with the truth"): f"{self.folder}/{caller}.tsv" for caller in self.callers}
        products |= {(COHORT, f"{caller}: labelled calls"): f"{self.folder}/{caller}.labels.vcf.gz" for caller in self.callers}
        for caller in self.structural_callers:
            products[COHORT, f"{caller}: structural comparison with the truth"] = f"{self.folder}/{caller}.tsv"
        return products
