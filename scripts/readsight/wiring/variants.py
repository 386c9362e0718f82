"""Files and parameters of the stage `variants` (for the comparison with a truth set see `variants_compare`)."""

import math
from pathlib import Path
from typing import Any

from readsight.config.schema import VariantsConfig, list_callers
from readsight.wiring.project import Project, one_of
from readsight.wiring.stage import COHORT, Stage

PIECE_LENGTH = 60_000_000


class VariantsWiring(Stage):
    """From alignments, or imported calls, to final calls."""

    def __init__(self, project: Project):
        self.config = project.config
        self.variants = project.config.variants or VariantsConfig()
        self.folder = f"{project.folder}/variants"
        self.samples = project.dna_samples
        self.callers = list_callers(project.config.variants)
        self.call_sets = project.callers
        count = self.variants.scatter or self._count_pieces()
        self.pieces = [f"{i:0{len(str(count))}d}" for i in range(1, count + 1)]
        self.caller_constraint = one_of(self.callers)

    def _count_pieces(self) -> int:
        """One piece per 60 Mb, at least 2, from the size of the FASTA file (times four if it is compressed)."""
        if self.config.demo:
            size = self.config.demo.chromosomes * self.config.demo.length
        else:
            path = Path(self.config.reference.fasta or "")
            size = path.stat().st_size * (4 if path.suffix in (".gz", ".bgz") else 1) if path.is_file() else 0
        return max(2, math.ceil(size / PIECE_LENGTH))

    def piece_beds(self) -> list[str]:
        return [f"{self.folder}/regions/{piece}.bed" for piece in self.pieces]

    def targets_bed(self) -> str | list[str]:
        """Target regions of the config, if any."""
        return self.variants.targets or []

    def raw_calls(self, wildcards: Any) -> list[str]:
        """Raw calls of a caller, one file per piece, in order."""
        if wildcards.caller == "given":
            return [f"{self.folder}/raw/given.bcf"]
        ending = "vcf.gz" if wildcards.caller == "gatk" else "bcf"
        return [f"{self.folder}/raw/{wildcards.caller}/{piece}.{ending}" for piece in self.pieces]

    def gvcf_files(self, wildcards: Any) -> list[str]:
        return [f"{self.folder}/raw/gatk/{sample}.{wildcards.piece}.g.vcf.gz" for sample in self.samples]

    def gvcf_indexes(self, wildcards: Any) -> list[str]:
        return [f"{path}.tbi" for path in self.gvcf_files(wildcards)]

    def sample_vcfs(self, wildcards: Any) -> list[str]:
        return [f"{self.folder}/raw/deepvariant/{sample}.{wildcards.piece}.vcf.gz" for sample in self.samples]

    def user_vcf(self) -> str | list[str]:
        """Imported calls, if any."""
        return self.variants.vcf or []

    def resource_vcfs(self) -> dict[str, str]:
        """Name → VCF of known variants for annotation, in order of use."""
        reference = self.config.reference
        vcfs = {f"known{i}": path for i, path in enumerate(reference.known_sites)}
        vcfs |= {"population": reference.population} if reference.population else {}
        return vcfs | ({"clinvar": reference.clinvar} if reference.clinvar else {})

    def resource_vcf(self, wildcards: Any) -> str:
        return self.resource_vcfs()[wildcards.resource]

    def resource_bcfs(self) -> list[str]:
        """Prepared files of known variants."""
        return [f"{self.folder}/resources/{name}.bcf" for name in self.resource_vcfs()]

    def resource_indexes(self) -> list[str]:
        return [f"{path}.csi" for path in self.resource_bcfs()]

    def gtf(self) -> str | list[str]:
        return self.config.reference.gtf or []

    def gene_gff(self) -> str | list[str]:
        """The gene annotation as bcftools csq reads it, if there is one."""
        return f"{self.folder}/resources/genes.gff3" if self.config.reference.gtf else []

    def final_bcf(self, caller: str) -> str:
        return f"{self.folder}/{caller}.bcf"

    def final_bcfs(self) -> list[str]:
        """Final calls of each caller, in the order of the config."""
        return [self.final_bcf(caller) for caller in self.callers]

    def call_indexes(self) -> list[str]:
        return [f"{path}.csi" for path in self.final_bcfs()]

    def structural_bcfs(self) -> list[str]:
        """Final structural variants, if callers are configured."""
        return [f"{self.folder}/structural/{tool}.bcf" for tool in self.variants.structural] if self.samples else []

    def delly_sites(self) -> list[str]:
        return [f"{self.folder}/structural/sites/{sample}.bcf" for sample in self.samples]

    def delly_genotypes(self) -> list[str]:
        return [f"{self.folder}/structural/genotypes/{sample}.bcf" for sample in self.samples]

    def delly_notes(self) -> list[str]:
        """Notes of both steps on samples without structural variants."""
        return [path.replace(".bcf", ".json") for path in self.delly_sites() + self.delly_genotypes()]

    def stats_files(self) -> list[str]:
        """Output of `bcftools stats` for each call set, for MultiQC."""
        return [f"{self.folder}/{caller}.stats.txt" for caller in self.call_sets]

    def targets(self) -> list[str]:
        finals = [self.final_bcf(caller) for caller in self.call_sets] + self.structural_bcfs()
        return finals + [f"{path}.csi" for path in finals] + self.stats_files() + self.summaries()

    def summaries(self) -> list[str]:
        summaries = [f"{self.folder}/{caller}.summary.json" for caller in self.call_sets]
        return summaries + [path.replace(".bcf", ".summary.json") for path in self.structural_bcfs()]

    def products(self) -> dict[tuple[str, str], str]:
        products = {(COHORT, f"small variants ({caller})"): self.final_bcf(caller) for caller in self.call_sets}
        return products | {(COHORT, f"structural variants ({Path(path).stem})"): path for path in self.structural_bcfs()}
