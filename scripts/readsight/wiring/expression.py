"""Files and parameters of the stage `expression`: RNA reads to gene counts."""

import os
from typing import Any

from readsight.checks import contrast
from readsight.config.sample_sheet import Unit
from readsight.config.schema import Expression
from readsight.wiring.align import AlignWiring
from readsight.wiring.demo import DemoWiring
from readsight.wiring.project import Project
from readsight.wiring.reads import ReadsWiring
from readsight.wiring.stage import COHORT, Stage
from readsight.wiring.variants import VariantsWiring

# Files of STAR's index with annotated junctions, and of the transcript index of Salmon 1.10.
STAR_INDEX = (
    *("Genome", "SA", "SAindex", "chrLength.txt", "chrName.txt", "chrNameLength.txt", "chrStart.txt", "exonGeTrInfo.tab"),
    *("exonInfo.tab", "geneInfo.tab", "genomeParameters.txt", "sjdbInfo.txt", "sjdbList.fromGTF.out.tab"),
    *("sjdbList.out.tab", "transcriptInfo.tab"),
)
SALMON_INDEX = (
    *("complete_ref_lens.bin", "ctable.bin", "ctg_offsets.bin", "duplicate_clusters.tsv", "info.json", "mphf.bin", "pos.bin"),
    *("rank.bin", "refAccumLengths.bin", "reflengths.bin", "refseq.bin", "seq.bin", "versionInfo.json"),
)


class ExpressionWiring(Stage):
    """From RNA reads and their alignments to gene counts.

    Attributes
    ----------
    samples : the RNA samples; empty if the config disables expression.
    uses_star, uses_salmon : whether these quantifiers are used.
    has_truth : whether the demo simulates the samples, so that the truth is known.
    """

    def __init__(self, project: Project):
        self.config = project.config
        self.expression = project.config.expression or Expression()
        self.folder = f"{project.folder}/expression"
        self.units = project.units
        self.samples = project.rna_samples if project.config.expression else []
        self.uses_star = "star" in self.expression.quantifiers
        self.uses_salmon = "salmon" in self.expression.quantifiers
        self.reads = ReadsWiring(project)
        self.align = AlignWiring(project)
        self.project = project
        self.has_truth = bool(self.samples and DemoWiring(project).rna_samples)

    def gtf(self) -> str | list[str]:
        """The gene annotation of the config."""
        return self.config.reference.gtf or []

    @property
    def star_folder(self) -> str:
        """Folder of STAR's index, with a trailing slash."""
        return f"{self.align.folder}/reference/star/"

    def star_index(self) -> list[str]:
        return [self.star_folder + name for name in STAR_INDEX]

    @staticmethod
    def shares_indexes() -> bool:
        """Whether a cache for several projects is configured; without one, Snakemake would warn about the rule in every run."""
        return bool(os.environ.get("SNAKEMAKE_OUTPUT_CACHE"))

    def salmon_index(self) -> list[str]:
        return [f"{self.folder}/reference/salmon/{name}" for name in SALMON_INDEX]

    def lint_files(self) -> list[str]:
        """Read checks of all RNA units, which contain the read lengths."""
        return [self.reads.lint_file(unit) for sample in self.samples for unit in self.units[sample] if unit.fastqs]

    def strandedness_claim(self, wildcards: Any) -> str:
        """Strandedness of a sample in sheet or config: auto, unstranded, forward or reverse."""
        return self._first_unit(wildcards).metadata.get("strandedness", self.expression.strandedness)

    def is_paired(self, wildcards: Any) -> bool:
        return self._first_unit(wildcards).is_paired

    def strandedness_evidence(self, wildcards: Any) -> str:
        """File from which strandedness is inferred: STAR's counts, or the library types of Salmon."""
        return f"{self.folder}/{wildcards.sample}.{'star.tsv' if self.uses_star else 'salmon.strands.json'}"

    def sample_files(self, ending: str) -> list[str]:
        """One file per sample."""
        return [f"{self.folder}/{sample}.{ending}" for sample in self.samples]

    def count_files(self) -> list[str]:
        """Gene counts by featureCounts, one file per sample."""
        return self.sample_files("counts.tsv") if self.uses_star else []

    def star_counts(self) -> list[str]:
        """Gene counts by STAR for each strandedness, one file per sample."""
        return self.sample_files("star.tsv") if self.uses_star else []

    def salmon_genes(self) -> list[str]:
        return self.sample_files("salmon.genes.tsv") if self.uses_salmon else []

    def strandedness_files(self) -> list[str]:
        return self.sample_files("strandedness.json")

    def gene_table(self) -> str:
        """Gene table: gene_id, gene_name, biotype, contig, start, end, strand, length (of the union of exons)."""
        return f"{self.folder}/reference/genes.tsv"

    def report_files(self) -> list[str]:
        """Logs and summaries for MultiQC."""
        if not self.uses_star:
            return []
        logs = [f"{self.align.folder}/{sample}.Log.final.out" for sample in self.samples]
        return logs + self.sample_files("featureCounts.txt.summary")

    def contrast_spec(self) -> dict[str, str | None]:
        """Contrast on the counts of the project's reads, as plain values; empty if there is none."""
        settings = self.expression.contrast
        is_counted = (
            bool(self.samples and settings)
            and contrast.choose_table(settings.table, True, list(self.config.tables)) == "expression"
        )
        return settings.model_dump() if is_counted else {}

    def contrast_groups(self) -> dict[str, str]:
        """Reference and tested group of the contrast; empty if there is none."""
        return {k: v for k, v in self.contrast_spec().items() if k in ("reference", "tested")}

    def differential_table(self) -> str | list[str]:
        """Table of differential genes, if there is a contrast."""
        return f"{self.folder}/cohort/differential.tsv" if self.contrast_spec() else []

    def sample_donors(self) -> dict[str, str]:
        """RNA or DNA sample → donor; the default donor is the sample name."""
        samples = [*self.samples, *self.project.dna_samples]
        return {sample: self.units[sample][0].metadata.get("donor", sample) for sample in samples}

    @property
    def can_check_swaps(self) -> bool:
        """Whether RNA can be compared with DNA of the same donor: both are aligned, and variants are called in the DNA."""
        donors = self.sample_donors()
        shared = {donors[s] for s in self.samples} & {donors[s] for s in self.project.dna_samples}
        has_calls = self.config.variants is not None and self.config.variants.vcf is None
        return bool(shared) and self.uses_star and has_calls

    def swap_crams(self) -> list[str]:
        return [self.align.cram_file(sample) for sample in self.samples] if self.can_check_swaps else []

    def swap_calls(self) -> str | list[str]:
        """Calls of the first caller in the DNA."""
        return VariantsWiring(self.project).final_bcfs()[0] if self.can_check_swaps else []

    def _comparison_files(self) -> list[str]:
        """Comparison of measured with planted expression."""
        names = ("levels.tsv", "genes.tsv", "levels.svg", "changes.svg")
        return [f"{self.folder}/planted/{name}" for name in names] if self.has_truth else []

    def targets(self) -> list[str]:
        each = [*self.count_files(), *self.star_counts(), *self.salmon_genes(), *self.strandedness_files()]
        swaps = [f"{self.folder}/cohort/{name}" for name in ("swaps.tsv", "swaps.matrix.tsv", "swaps.svg")] * self.can_check_swaps
        return each + swaps + self._comparison_files() + self.summaries()

    def summaries(self) -> list[str]:
        summaries = self.sample_files("summary.json") if self.uses_star else []
        summaries += [f"{self.folder}/cohort/swaps.summary.json"] * self.can_check_swaps
        return summaries + [f"{self.folder}/planted/compare.summary.json"] * self.has_truth

    def products(self) -> dict[tuple[str, str], str]:
        kinds = {"strandedness": "strandedness.json"}
        kinds |= {"counts of genes (featureCounts)": "counts.tsv", "counts of genes (STAR)": "star.tsv"} if self.uses_star else {}
        kinds |= {"abundance of genes (Salmon)": "salmon.genes.tsv"} if self.uses_salmon else {}
        products = {(s, kind): f"{self.folder}/{s}.{ending}" for s in self.samples for kind, ending in kinds.items()}
        if self.can_check_swaps:
            products[COHORT, "RNA and DNA of one donor"] = f"{self.folder}/cohort/swaps.tsv"
        if self.has_truth:
            products[COHORT, "measured against planted expression"] = f"{self.folder}/planted/levels.tsv"
        return products

    def _first_unit(self, wildcards: Any) -> Unit:
        return self.units[wildcards.sample][0]
