"""Which files the rules of stage `expression` take and give."""

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

# Of STAR's index with annotated junctions; Salmon's 1.10 of transcripts.
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
    """From RNA reads and their alignments to counts of genes.

    samples: the RNA samples, none where the config asks for no expression. star, uses_salmon: whether they quantify.
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
        # of samples of RNA that the demo makes, the truth is known
        self.has_truth = bool(self.samples and DemoWiring(project).rna_samples)

    def gtf(self) -> str | list[str]:
        """The user's own annotation."""
        return self.config.reference.gtf or []

    @property
    def star_folder(self) -> str:
        """Folder of STAR's index, with a slash at its end."""
        return f"{self.align.folder}/reference/star/"

    def star_index(self) -> list[str]:
        return [self.star_folder + name for name in STAR_INDEX]

    @staticmethod
    def shares_indexes() -> bool:
        """Whether the user names a cache that projects share; without one Snakemake would remark on the rule in every run."""
        return bool(os.environ.get("SNAKEMAKE_OUTPUT_CACHE"))

    def salmon_index(self) -> list[str]:
        return [f"{self.folder}/reference/salmon/{name}" for name in SALMON_INDEX]

    def lint_files(self) -> list[str]:
        """Lints of all units of RNA, which tell the length of their reads."""
        return [self.reads.lint_file(unit) for sample in self.samples for unit in self.units[sample] if unit.fastqs]

    def strandedness_claim(self, wildcards: Any) -> str:
        """What sheet or config say of a sample's strands: auto, unstranded, forward or reverse."""
        return self._first_unit(wildcards).metadata.get("strandedness", self.expression.strandedness)

    def is_paired(self, wildcards: Any) -> bool:
        return self._first_unit(wildcards).is_paired

    def strandedness_evidence(self, wildcards: Any) -> str:
        """What the strands are told from: STAR's counts, or else the libraries' kinds that Salmon found."""
        return f"{self.folder}/{wildcards.sample}.{'star.tsv' if self.uses_star else 'salmon.strands.json'}"

    def sample_files(self, ending: str) -> list[str]:
        """A file of every sample."""
        return [f"{self.folder}/{sample}.{ending}" for sample in self.samples]

    def count_files(self) -> list[str]:
        """Counts of genes by featureCounts, a file a sample."""
        return self.sample_files("counts.tsv") if self.uses_star else []

    def star_counts(self) -> list[str]:
        """Counts of genes by STAR, of each strandedness."""
        return self.sample_files("star.tsv") if self.uses_star else []

    def salmon_genes(self) -> list[str]:
        return self.sample_files("salmon.genes.tsv") if self.uses_salmon else []

    def strandedness_files(self) -> list[str]:
        return self.sample_files("strandedness.json")

    def gene_table(self) -> str:
        """Table of genes: gene_id, gene_name, biotype, contig, start, end, strand, length (of the union of exons)."""
        return f"{self.folder}/reference/genes.tsv"

    def report_files(self) -> list[str]:
        """Logs and summaries that MultiQC reads."""
        if not self.uses_star:
            return []
        logs = [f"{self.align.folder}/{sample}.Log.final.out" for sample in self.samples]
        return logs + self.sample_files("featureCounts.txt.summary")

    def contrast_spec(self) -> dict[str, str | None]:
        """The contrast of what reads were counted to, as plain values; empty where none is asked for."""
        settings = self.expression.contrast
        is_counted = (
            bool(self.samples and settings)
            and contrast.choose_table(settings.table, True, list(self.config.tables)) == "expression"
        )
        return settings.model_dump() if is_counted else {}

    def contrast_groups(self) -> dict[str, str]:
        """The two groups of the contrast, as reference and tested; empty where none is asked for."""
        return {k: v for k, v in self.contrast_spec().items() if k in ("reference", "tested")}

    def differential_table(self) -> str | list[str]:
        """Table of differential genes, where a contrast is asked for."""
        return f"{self.folder}/cohort/differential.tsv" if self.contrast_spec() else []

    def sample_donors(self) -> dict[str, str]:
        """Sample → donor, of RNA and DNA; a sample without one is a donor of its own."""
        samples = [*self.samples, *self.project.dna_samples]
        return {sample: self.units[sample][0].metadata.get("donor", sample) for sample in samples}

    @property
    def can_check_swaps(self) -> bool:
        """Whether RNA can be compared with DNA of the same donor: both aligned here, and variants called in the DNA."""
        donors = self.sample_donors()
        shared = {donors[s] for s in self.samples} & {donors[s] for s in self.project.dna_samples}
        has_calls = self.config.variants is not None and self.config.variants.vcf is None
        return bool(shared) and self.uses_star and has_calls

    def swap_crams(self) -> list[str]:
        return [self.align.cram_file(sample) for sample in self.samples] if self.can_check_swaps else []

    def swap_calls(self) -> str | list[str]:
        """Calls of the DNA: those of the first caller."""
        return VariantsWiring(self.project).final_bcfs()[0] if self.can_check_swaps else []

    def _comparison_files(self) -> list[str]:
        """Measured against planted expression."""
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
