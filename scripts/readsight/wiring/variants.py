"""Which files the rules of stage `variants` take and give (truth comparison has its own wiring)."""

import math
from pathlib import Path
from typing import Any

from readsight.config.schema import Variants, callers_of
from readsight.wiring.project import Project, one_of
from readsight.wiring.stage import COHORT, Stage

PIECE = 60_000_000


class VariantsWiring(Stage):
    """From alignments, or the user's own calls, to final calls."""

    def __init__(self, project: Project):
        self.config = project.config
        self.variants = project.config.variants or Variants()
        self.folder = f"{project.folder}/variants"
        self.samples = project.dna
        self.callers = callers_of(project.config.variants)
        self.sets = project.callers
        count = self.variants.scatter or self._pieces()
        self.pieces = [f"{i:0{len(str(count))}d}" for i in range(1, count + 1)]
        self.own_caller = one_of(self.callers)

    def _pieces(self) -> int:
        """One piece per 60 Mb, at least 2. The size is that of the FASTA file; a gzipped one holds about four times that."""
        if self.config.demo:
            size = self.config.demo.chromosomes * self.config.demo.length
        else:
            path = Path(self.config.reference.fasta or "")
            size = path.stat().st_size * (4 if path.suffix in (".gz", ".bgz") else 1) if path.is_file() else 0
        return max(2, math.ceil(size / PIECE))

    def beds(self) -> list[str]:
        return [f"{self.folder}/regions/{piece}.bed" for piece in self.pieces]

    def targets_bed(self) -> str | list[str]:
        """The user's target regions, if any."""
        return self.variants.targets or []

    def raw(self, wildcards: Any) -> list[str]:
        """Raw calls of a caller, piece by piece, in order."""
        if wildcards.caller == "given":
            return [f"{self.folder}/raw/given.bcf"]
        ending = "vcf.gz" if wildcards.caller == "gatk" else "bcf"
        return [f"{self.folder}/raw/{wildcards.caller}/{piece}.{ending}" for piece in self.pieces]

    def gvcfs(self, wildcards: Any) -> list[str]:
        return [f"{self.folder}/raw/gatk/{sample}.{wildcards.piece}.g.vcf.gz" for sample in self.samples]

    def gvcf_indexes(self, wildcards: Any) -> list[str]:
        return [f"{path}.tbi" for path in self.gvcfs(wildcards)]

    def sample_vcfs(self, wildcards: Any) -> list[str]:
        return [f"{self.folder}/raw/deepvariant/{sample}.{wildcards.piece}.vcf.gz" for sample in self.samples]

    def own_vcf(self) -> str | list[str]:
        """The user's own calls, if any."""
        return self.variants.vcf or []

    def named_resources(self) -> dict[str, str]:
        """Name → VCF of known variants that calls are compared with, in order of use."""
        reference = self.config.reference
        found = {f"known{i}": path for i, path in enumerate(reference.known_sites)}
        found |= {"population": reference.population} if reference.population else {}
        return found | ({"clinvar": reference.clinvar} if reference.clinvar else {})

    def resource(self, wildcards: Any) -> str:
        return self.named_resources()[wildcards.resource]

    def resources(self) -> list[str]:
        """Prepared files of known variants."""
        return [f"{self.folder}/resources/{name}.bcf" for name in self.named_resources()]

    def resource_indexes(self) -> list[str]:
        return [f"{path}.csi" for path in self.resources()]

    def gtf(self) -> str | list[str]:
        return self.config.reference.gtf or []

    def genes(self) -> str | list[str]:
        """The gene annotation as bcftools csq reads it, if there is one."""
        return f"{self.folder}/resources/genes.gff3" if self.config.reference.gtf else []

    def final(self, caller: str) -> str:
        return f"{self.folder}/{caller}.bcf"

    def calls(self) -> list[str]:
        """Final calls of each caller, in the order of the config."""
        return [self.final(caller) for caller in self.callers]

    def call_indexes(self) -> list[str]:
        return [f"{path}.csi" for path in self.calls()]

    def structural(self) -> list[str]:
        """Final structural variants, if asked for."""
        return [f"{self.folder}/structural/{tool}.bcf" for tool in self.variants.structural] if self.samples else []

    def delly_sites(self) -> list[str]:
        return [f"{self.folder}/structural/sites/{sample}.bcf" for sample in self.samples]

    def delly_genotypes(self) -> list[str]:
        return [f"{self.folder}/structural/genotypes/{sample}.bcf" for sample in self.samples]

    def delly_notes(self) -> list[str]:
        """Why a sample has no structural variants, of both steps that may find out."""
        return [path.replace(".bcf", ".json") for path in self.delly_sites() + self.delly_genotypes()]

    def stats(self) -> list[str]:
        """`bcftools stats` of each set of calls, for MultiQC."""
        return [f"{self.folder}/{caller}.stats.txt" for caller in self.sets]

    def targets(self) -> list[str]:
        finals = [self.final(caller) for caller in self.sets] + self.structural()
        return finals + [f"{path}.csi" for path in finals] + self.stats() + self.summaries()

    def summaries(self) -> list[str]:
        found = [f"{self.folder}/{caller}.summary.json" for caller in self.sets]
        return found + [path.replace(".bcf", ".summary.json") for path in self.structural()]

    def products(self) -> dict[tuple[str, str], str]:
        found = {(COHORT, f"small variants ({caller})"): self.final(caller) for caller in self.sets}
        return found | {(COHORT, f"structural variants ({Path(path).stem})"): path for path in self.structural()}
