"""The typed model of a project's config: every key with type, default, unit and one line of help.

The commented defaults (`config/config.yaml`), the JSON Schema and the reference
in `config/README.md` are generated from here (`readsight.config.documentation`).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, ValidationError, model_validator

from readsight.config import tasks as learning
from readsight.config.base import Fraction, Name, Positive, Section
from readsight.config.error_messages import explain_error
from readsight.config.key_locations import KeyLocations
from readsight.config.tables import Metadata, TableConfig
from readsight.config.tasks import Task
from readsight.errors import InputError
from readsight.text import describe_unset_variables, expand_variables


class Demo(Section):
    """Simulate a cohort with planted truth instead of reading one."""

    chromosomes: int = Field(4, ge=4, description="Number of chromosomes.")
    length: int = Field(100_000, ge=40_000, description="Length of a chromosome, in bases.")
    coverage: float = Field(30, gt=0, description="Mean depth of the DNA reads of a donor.")
    read_length: int = Field(101, ge=50, le=250, description="Read length, in bases.")
    rna_pairs: int = Field(10_000, ge=500, description="Read pairs of a sample of RNA, where the sheet has some.")
    library: int = Field(8_000, ge=200, description="Elements of the library whose activity is measured.")
    snv_rate: Fraction = Field(0.002, description="Planted SNVs per base, over the cohort.")
    indel_rate: Fraction = Field(0.0003, description="Planted indels per base, over the cohort.")
    structural: int = Field(12, ge=0, description="Number of planted structural variants.")


class Reference(Section):
    """The genome that everything is aligned to and compared with."""

    fasta: str | None = Field(
        None,
        description="Reference genome, FASTA, plain or bgzipped; indexes are built where missing. Needed wherever there are reads, alignments or calls.",
    )
    gtf: str | None = Field(None, description="Gene annotation, GTF or GFF3, of the same build; needed for consequences.")
    known_sites: list[str] = Field(
        [], description="Known variants (dbSNP, Mills), VCF; they give ids, and GATK's base recalibration."
    )
    population: str | None = Field(None, description="Population frequencies, VCF with INFO/AF (gnomAD).")
    clinvar: str | None = Field(None, description="Clinical significance, VCF with INFO/CLNSIG (ClinVar).")


class Trim(Section):
    """Adapter and quality trimming (Trimmomatic)."""

    enabled: bool = Field(True, description="Trim reads; off for reads that were trimmed before.")
    adapters: str = Field(
        "TruSeq3", description="An adapter set of resources/adapters (TruSeq2, TruSeq3, Nextera), or a FASTA file."
    )
    leading: int = Field(3, ge=0, le=93, description="Cut bases below this quality from the start (Phred).")
    trailing: int = Field(3, ge=0, le=93, description="Cut bases below this quality from the end (Phred).")
    window: Positive = Field(4, description="Length of the sliding window, in bases.")
    window_quality: int = Field(15, ge=0, le=93, description="Cut where the window's mean quality falls below this (Phred).")
    min_length: Positive = Field(36, description="Drop reads that end shorter than this, in bases.")


class Correct(Section):
    """Error correction of reads (Lighter). Off by default: callers model errors themselves."""

    enabled: bool = Field(False, description="Correct sequencing errors before alignment.")
    kmer: int = Field(17, ge=7, le=31, description="k-mer length, in bases.")


class Reads(Section):
    """From FASTQ to clean reads."""

    trim: Trim = Field(Trim(), description="Trimming.")
    correct: Correct = Field(Correct(), description="Error correction.")
    full_check_mb: float = Field(
        500,
        ge=0,
        description="FASTQ files up to this size (MB) are read whole before the first job; larger ones by a job of their own.",
    )


class AlignConfig(Section):
    """From clean reads to duplicate-marked CRAM."""

    aligner: Literal["bwa", "bwa-mem2"] = Field(
        "bwa", description="bwa-mem2 is about twice as fast and needs about 10 times the index memory."
    )
    mark_duplicates: bool = Field(True, description="Mark PCR and optical duplicates; off for amplicon panels.")
    platform: str = Field("ILLUMINA", description="Sequencing platform, PL of the read group.")
    min_mapped: Fraction = Field(0.01, description="A sample of which a smaller fraction of reads maps stops with an error.")
    recalibrate: bool | None = Field(
        None,
        description="GATK base recalibration; needs reference.known_sites and gatk. Default: where gatk is a caller and known sites are given.",
    )
    threads: Positive = Field(8, description="Threads of an alignment job; Snakemake lowers it to the cores given.")


class Truth(Section):
    """What is known to be there, to compare calls with."""

    vcf: str = Field(..., description="True small variants, VCF.")
    bed: str | None = Field(
        None,
        description="Confident regions, BED; outside them no small variant is counted (structural ones are compared everywhere). Default: the whole reference.",
    )
    structural_vcf: str | None = Field(None, description="True structural variants, VCF.")
    samples: dict[str, str] = Field(
        {}, description="Sheet sample → truth sample, where names differ. A lone sample pairs with a lone truth sample."
    )
    strata: dict[Name, str] = Field(
        {}, description="Named BED files; figures are given inside each of them too, and outside all of them."
    )


class DeepVariant(Section):
    """DeepVariant runs from its container, through apptainer."""

    image: str = Field("docker://google/deepvariant:1.8.0", description="Container image, pinned.")
    model: Literal["WGS", "WES", "PACBIO", "ONT_R104"] = Field("WGS", description="Model type.")


class VariantsConfig(Section):
    """From alignments to filtered, annotated calls, and how true they are."""

    callers: list[Literal["bcftools", "freebayes", "gatk", "deepvariant"]] = Field(
        ["bcftools"], description="Callers of small variants, any number at once; [] for none."
    )
    vcf: str | None = Field(
        None,
        description="Calls of your own, VCF; they pass through normalisation, filters, annotation and comparison as caller `given`.",
    )
    structural: list[Literal["delly"]] = Field([], description="Callers of structural variants.")
    consensus: int = Field(0, ge=0, description="Also write the calls found by at least this many callers; 0: do not.")
    targets: str | None = Field(None, description="Restrict calling to these regions, BED (exomes, panels).")
    scatter: int | None = Field(
        None, ge=1, description="Pieces of equal length that calling is split into. Default: one per 60 Mb, at least 2."
    )
    ploidy: Literal[1, 2] = Field(2, description="Chromosome copies.")
    min_base_quality: int = Field(13, ge=0, description="Bases below this quality are not counted (Phred).")
    min_mapping_quality: int = Field(1, ge=0, description="Reads below this mapping quality are not counted (Phred).")
    filters: dict[Name, str] = Field(
        {"LowQual": "QUAL<20", "LowDepth": "INFO/DP<4"},
        description="Soft filters, reason → bcftools expression; the reason is written to FILTER, the call is kept.",
    )
    truth: Truth | None = Field(None, description="Truth to compare with.")
    deepvariant: DeepVariant = Field(DeepVariant(), description="DeepVariant.")


class Contrast(Section):
    """Two groups of samples whose expression is compared."""

    table: Name | None = Field(
        None,
        description="Table whose counts are compared; `expression` for what reads are counted to. Default: that, else the only table.",
    )
    column: str = Field(..., description="Column of the sample sheet (of a table: of its metadata) that tells the groups.")
    reference: str = Field(..., description="The group that is compared with; a positive fold change is more in the other.")
    tested: str = Field(..., description="The group that is tested.")
    block: str | None = Field(
        None, description="Column, of the same, (donor, batch) whose own effect on expression is taken out."
    )


class Expression(Section):
    """From RNA reads to counts of genes."""

    quantifiers: list[Literal["star", "salmon"]] = Field(
        ["star"],
        min_length=1,
        description="star: alignments, counted by featureCounts and by STAR itself; about 10 bytes of memory a base of the reference. salmon: transcripts by pseudo-alignment; alone, it suits a laptop.",
    )
    two_pass: bool = Field(False, description="STAR's second pass over the reads, with the junctions that the first one found.")
    strandedness: Literal["auto", "unstranded", "forward", "reverse"] = Field(
        "auto",
        description="What the library kit is said to give; the sheet's column strandedness overrides it. It is always measured, and a claim that the reads contradict is an error.",
    )
    min_assigned: Fraction = Field(
        0.01, description="A sample of whose fragments a smaller fraction is assigned to genes stops with an error."
    )
    contrast: Contrast | None = Field(
        None, description="Groups to find differential genes between, by PyDESeq2; two samples a group at least."
    )


class Config(Section):
    """A project."""

    project: Name = Field(..., description="Name of the project; results go to <results>/<project>/.")
    samples: str | None = Field(
        None,
        description="Sample sheet, TSV, a row a sequencing unit. Not needed where only variants.vcf or tables are given.",
    )
    results: str = Field("results", description="Folder of the results.")
    seed: int = Field(1, ge=0, description="Seed of everything that draws at random.")
    demo: Demo | None = Field(None, description="Simulate the data (the demo).")
    reference: Reference = Field(Reference(), description="Reference genome.")
    reads: Reads = Field(Reads(), description="Reads.")
    align: AlignConfig = Field(AlignConfig(), description="Alignment.")
    variants: VariantsConfig | None = Field(VariantsConfig(), description="Variants; null to stop after alignment.")
    expression: Expression | None = Field(
        Expression(), description="Expression of the samples of assay rna; null to stop after their reads."
    )
    tables: dict[Name, TableConfig] = Field(
        {}, description="Matrices of your own, by name: one a modality (mrna, protein, methylation)."
    )
    metadata: list[Metadata] = Field([], description="Files that say what the samples are, beside the sample sheet.")
    tasks: dict[Name, Task] = Field({}, description="Learning tasks, by name.")

    @property
    def folder(self) -> str:
        """The project's own results folder."""
        return f"{self.results}/{self.project}"

    @property
    def uses_recalibration(self) -> bool:
        """Whether callers get alignments of recalibrated base qualities."""
        if self.align.recalibrate is None:
            return bool(self.reference.known_sites) and "gatk" in list_callers(self.variants)
        return self.align.recalibrate

    @model_validator(mode="after")
    def check_agreement(self) -> "Config":
        """Keys that need one another."""
        faults = []
        variants = self.variants
        has_calls = bool(variants and variants.vcf)
        has_sequences = any(task.source == "sequences" for task in self.tasks.values())
        if self.samples is None and not has_calls and not self.tables and not has_sequences:
            faults.append(
                "samples: a sample sheet is needed (or variants.vcf, to start from calls; or tables, to start from matrices; or a task of source: sequences)"
            )
        if self.reference.fasta is None and (has_calls or not (self.tables or has_sequences)):
            faults.append("reference.fasta: this key is needed")
        if "expression" in self.tables:
            faults.append("tables.expression: that name is kept for what reads are counted to; choose another")
        if self.metadata and not self.tables:
            faults.append("metadata: describes the samples of tables, and there are none; write it to the sample sheet")
        if self.align.recalibrate and not self.reference.known_sites:
            faults.append("align.recalibrate: base recalibration needs reference.known_sites")
        contrast = self.expression and self.expression.contrast
        if contrast and contrast.table not in (None, "expression", *self.tables):
            known = ", ".join(self.tables) or "there is none"
            faults.append(f"expression.contrast.table: {contrast.table!r} is no table of this project ({known})")
        callers = list_callers(variants)
        if variants and variants.consensus > len(callers):
            faults.append(
                f"variants.consensus: asks for {variants.consensus} callers, but only {len(callers)} are named ({', '.join(callers)})"
            )
        callers += ["consensus"] * bool(variants and variants.consensus)
        modalities = ["expression"] * bool(self.samples and self.expression) + list(self.tables)
        for name, task in self.tasks.items():
            faults += learning.check_task(
                name,
                task,
                callers,
                bool(variants and variants.truth),
                modalities,
                bool(self.reference.fasta),
                bool(self.reference.gtf),
            )
        if faults:
            raise ValueError("\n".join(faults))
        return self


def list_callers(variants: VariantsConfig | None) -> list[str]:
    """Callers of small variants in this project, `given` for the user's own calls."""
    if variants is None:
        return []
    return list(dict.fromkeys(variants.callers)) * (variants.vcf is None) + ["given"] * (variants.vcf is not None)


def parse_config(raw: dict[str, Any], source: str = "config") -> Config:
    """Check a config and fill in defaults.

    raw: the config as read from YAML. source: its name in messages.
    Raises InputError with one line for each fault: unknown keys (with the
    nearest known one), wrong types, values out of range, unset variables.
    """
    faults: list[str] = []
    results_folder = f"{raw.get('results', 'results')}/{raw.get('project', '')}"
    raw = _expand_values(raw, "", results_folder, faults)
    try:
        config = Config.model_validate(raw)
    except ValidationError as error:
        faults += [line for e in error.errors() for line in explain_error(e, Config)]
        config = None
    if faults:
        raise InputError(f"{source}: {fault}" for fault in faults)
    return config


def load_config(path: str | Path) -> dict[str, Any]:
    """A config file as it stands, not checked. Raises InputError where it is no YAML of keys and values."""
    try:
        raw = yaml.safe_load(Path(path).read_text())
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such config file") from None
    except yaml.MarkedYAMLError as error:
        position, problem = error.problem_mark, error.problem
        row = f", row {position.line + 1}, column {position.column + 1}" if position else ""
        raise InputError(f"{path}{row}: not YAML: {problem}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not YAML: {error}") from None
    if not isinstance(raw, dict):
        raise InputError(f"{path}: a config is a list of `key: value` lines; this file has none")
    return raw


def read_config(path: Path) -> Config:
    """Read a project's config file; faults name the file and the row."""
    return check_config(load_config(path), [path])


def check_config(raw: dict[str, Any], paths: Sequence[str | Path]) -> Config:
    """As `parse_config`, with file and row before each fault.

    paths: the files that the config was merged from, in the order in which later ones override earlier ones.
    """
    locations = KeyLocations(paths)
    faults = locations.find_duplicates()
    try:
        config = parse_config(raw)
    except InputError as error:
        faults += [locations.locate_fault(fault.removeprefix("config: ")) for fault in error.faults]
    if faults:
        raise InputError(faults)
    return config


def _expand_values(value: Any, key_path: str, results: str, faults: list[str]) -> Any:
    """Expand every string of a config; a variable that is not set is a fault."""
    if isinstance(value, dict):
        return {k: _expand_values(v, f"{key_path}.{k}" if key_path else str(k), results, faults) for k, v in value.items()}
    if isinstance(value, list):
        return [_expand_values(v, f"{key_path}.{i}", results, faults) for i, v in enumerate(value)]
    if isinstance(value, str):
        value = expand_variables(value, results)
        faults += [f"{key_path}: {fault}" for fault in describe_unset_variables(value)]
    return value
