"""Typed model of a project's config: type, default, unit and description of every key.

`readsight.config.documentation` generates the commented defaults (`config/config.yaml`), the JSON Schema and the
reference in `config/README.md` from these classes.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, ValidationError, model_validator

from readsight.config.base import Fraction, Name, Positive, Section
from readsight.config.error_messages import explain_error
from readsight.config.key_locations import KeyLocations
from readsight.config.tables import Metadata, TableConfig
from readsight.config.task_checks import check_task
from readsight.config.tasks import Task
from readsight.errors import InputError
from readsight.text import describe_unset_variables, expand_variables


class Demo(Section):
    """Simulated cohort with known truth, instead of real data."""

    chromosomes: int = Field(4, ge=4, description="Number of chromosomes.")
    length: int = Field(100_000, ge=40_000, description="Length of a chromosome, in bases.")
    coverage: float = Field(30, gt=0, description="Mean sequencing depth of the DNA of each donor.")
    read_length: int = Field(101, ge=50, le=250, description="Read length, in bases.")
    rna_pairs: int = Field(10_000, ge=500, description="Read pairs of each RNA sample of the sheet.")
    library: int = Field(8_000, ge=200, description="Elements of the reporter library whose activity is measured.")
    snv_rate: Fraction = Field(0.002, description="Planted SNVs per base, over the cohort.")
    indel_rate: Fraction = Field(0.0003, description="Planted indels per base, over the cohort.")
    structural: int = Field(12, ge=0, description="Number of planted structural variants.")


class Reference(Section):
    """Reference genome, its annotation and known variants."""

    fasta: str | None = Field(
        None,
        description="Reference genome, FASTA, plain or bgzipped; missing indexes are built. Required with reads, alignments or calls.",
    )
    gtf: str | None = Field(None, description="Gene annotation of the same build, GTF or GFF3; needed for variant consequences.")
    known_sites: list[str] = Field(
        [], description="Known variants (dbSNP, Mills), VCF; used for variant ids and for GATK's base recalibration."
    )
    population: str | None = Field(None, description="Population frequencies, VCF with INFO/AF (gnomAD).")
    clinvar: str | None = Field(None, description="Clinical significance, VCF with INFO/CLNSIG (ClinVar).")


class Trim(Section):
    """Adapter and quality trimming (Trimmomatic)."""

    enabled: bool = Field(True, description="Trim reads; disable for reads that are already trimmed.")
    adapters: str = Field(
        "TruSeq3", description="Adapter set of resources/adapters (TruSeq2, TruSeq3, Nextera), or a FASTA file."
    )
    leading: int = Field(3, ge=0, le=93, description="Trim bases below this quality at the start (Phred).")
    trailing: int = Field(3, ge=0, le=93, description="Trim bases below this quality at the end (Phred).")
    window: Positive = Field(4, description="Length of the sliding window, in bases.")
    window_quality: int = Field(
        15, ge=0, le=93, description="Trim from where the window's mean quality falls below this (Phred)."
    )
    min_length: Positive = Field(36, description="Discard reads that are shorter than this after trimming, in bases.")


class Correct(Section):
    """Error correction of reads (Lighter). Off by default, because variant callers model sequencing errors."""

    enabled: bool = Field(False, description="Correct sequencing errors before alignment.")
    kmer: int = Field(17, ge=7, le=31, description="k-mer length, in bases.")


class Reads(Section):
    """Checks, trimming and error correction of reads."""

    trim: Trim = Field(Trim(), description="Trimming.")
    correct: Correct = Field(Correct(), description="Error correction.")
    full_check_mb: float = Field(
        500,
        ge=0,
        description="FASTQ files up to this size (MB) are checked completely before the first job; larger ones by a separate job.",
    )


class AlignConfig(Section):
    """Alignment of clean reads to duplicate-marked CRAM."""

    aligner: Literal["bwa", "bwa-mem2"] = Field(
        "bwa", description="bwa-mem2 is about twice as fast and needs about 10 times the index memory."
    )
    mark_duplicates: bool = Field(True, description="Mark PCR and optical duplicates; disable for amplicon panels.")
    platform: str = Field("ILLUMINA", description="Sequencing platform, PL of the read group.")
    min_mapped: Fraction = Field(0.01, description="Smallest fraction of mapped reads; a sample below it is an error.")
    recalibrate: bool | None = Field(
        None,
        description="GATK base recalibration; needs reference.known_sites and gatk. Default: true if gatk is a caller and known sites are given.",
    )
    threads: Positive = Field(8, description="Threads of an alignment job, at most the cores given to Snakemake.")


class Truth(Section):
    """Truth set that calls are compared with."""

    vcf: str = Field(..., description="True small variants, VCF.")
    bed: str | None = Field(
        None,
        description="Confident regions, BED; small variants are only counted inside them (structural variants everywhere). Default: the entire reference.",
    )
    structural_vcf: str | None = Field(None, description="True structural variants, VCF.")
    samples: dict[str, str] = Field(
        {}, description="Sheet sample → truth sample, where names differ. A single sample pairs with a single truth sample."
    )
    strata: dict[Name, str] = Field(
        {}, description="Named BED files; metrics are also reported inside each of them, and outside of all of them."
    )


class DeepVariant(Section):
    """DeepVariant, run from its container by apptainer."""

    image: str = Field("docker://google/deepvariant:1.8.0", description="Container image, pinned.")
    model: Literal["WGS", "WES", "PACBIO", "ONT_R104"] = Field("WGS", description="Model type.")


class VariantsConfig(Section):
    """Calling, filtering, annotation and evaluation of variants."""

    callers: list[Literal["bcftools", "freebayes", "gatk", "deepvariant"]] = Field(
        ["bcftools"], description="Callers of small variants, one or several; [] for none."
    )
    vcf: str | None = Field(
        None,
        description="Existing calls, VCF, used instead of callers; they are normalised, filtered, annotated and compared as caller `given`.",
    )
    structural: list[Literal["delly"]] = Field([], description="Callers of structural variants.")
    consensus: int = Field(0, ge=0, description="Also write the calls that at least this many callers agree on; 0: none.")
    targets: str | None = Field(None, description="Restrict calling to these regions, BED (exomes, panels).")
    scatter: int | None = Field(
        None,
        ge=1,
        description="Number of equally long pieces of the genome to call in parallel. Default: one per 60 Mb, at least 2.",
    )
    ploidy: Literal[1, 2] = Field(2, description="Ploidy.")
    min_base_quality: int = Field(13, ge=0, description="Bases below this quality are ignored (Phred).")
    min_mapping_quality: int = Field(1, ge=0, description="Reads below this mapping quality are ignored (Phred).")
    filters: dict[Name, str] = Field(
        {"LowQual": "QUAL<20", "LowDepth": "INFO/DP<4"},
        description="Soft filters, name → bcftools expression; the name is written to FILTER, and the call is kept.",
    )
    truth: Truth | None = Field(None, description="Truth set to compare with.")
    deepvariant: DeepVariant = Field(DeepVariant(), description="DeepVariant.")


class Contrast(Section):
    """Two groups of samples to test for differential expression."""

    table: Name | None = Field(
        None,
        description="Table whose counts are compared; `expression` for counts of the project's reads. Default: `expression`, else the only table.",
    )
    column: str = Field(..., description="Column of the sample sheet (or of the metadata of a table) with the groups.")
    reference: str = Field(..., description="Reference group; a positive fold change is higher expression in the tested group.")
    tested: str = Field(..., description="Group that is compared with the reference group.")
    block: str | None = Field(
        None, description="Blocking factor: column of the same source (donor, batch) whose effect on expression is modelled."
    )


class Expression(Section):
    """Quantification of genes from RNA reads, and differential expression."""

    quantifiers: list[Literal["star", "salmon"]] = Field(
        ["star"],
        min_length=1,
        description="star: alignment, with counts by featureCounts and by STAR; needs about 10 bytes of memory per base of the reference. salmon: transcripts by pseudo-alignment; without star it needs little memory.",
    )
    two_pass: bool = Field(False, description="STAR's two-pass mode: align again with the junctions of the first pass.")
    strandedness: Literal["auto", "unstranded", "forward", "reverse"] = Field(
        "auto",
        description="Strandedness of the library kit; the sheet's column `strandedness` overrides it. It is always measured, and a value that the reads contradict is an error.",
    )
    min_assigned: Fraction = Field(
        0.01, description="Smallest fraction of fragments that are assigned to genes; a sample below it is an error."
    )
    contrast: Contrast | None = Field(
        None, description="Groups to test for differential genes by PyDESeq2; at least two samples per group."
    )


class Config(Section):
    """A project."""

    project: Name = Field(..., description="Name of the project; results go to <results>/<project>/.")
    samples: str | None = Field(
        None,
        description="Sample sheet, TSV, one row per sequencing unit. Optional for projects of variants.vcf, tables or sequences.",
    )
    results: str = Field("results", description="Folder of the results.")
    seed: int = Field(1, ge=0, description="Seed of all random number generators.")
    demo: Demo | None = Field(None, description="Simulate the data (the demo).")
    reference: Reference = Field(Reference(), description="Reference genome.")
    reads: Reads = Field(Reads(), description="Reads.")
    align: AlignConfig = Field(AlignConfig(), description="Alignment.")
    variants: VariantsConfig | None = Field(VariantsConfig(), description="Variants; null to stop after alignment.")
    expression: Expression | None = Field(
        Expression(), description="Expression of the samples of assay rna; null to stop after their reads."
    )
    tables: dict[Name, TableConfig] = Field(
        {}, description="User matrices by name, one per modality (mrna, protein, methylation)."
    )
    metadata: list[Metadata] = Field([], description="Files of sample metadata, in addition to the sample sheet.")
    tasks: dict[Name, Task] = Field({}, description="Learning tasks, by name.")

    @property
    def folder(self) -> str:
        """Results folder of the project."""
        return f"{self.results}/{self.project}"

    @property
    def uses_recalibration(self) -> bool:
        """Whether callers use alignments with recalibrated base qualities."""
        if self.align.recalibrate is None:
            return bool(self.reference.known_sites) and "gatk" in list_callers(self.variants)
        return self.align.recalibrate

    @model_validator(mode="after")
    def check_agreement(self) -> "Config":
        """Check combinations of keys."""
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
            faults.append("tables.expression: this name is reserved for counts of the project's reads; choose a different one")
        if self.metadata and not self.tables:
            faults.append("metadata: describes the samples of tables, but the project has none; use the sample sheet instead")
        if self.align.recalibrate and not self.reference.known_sites:
            faults.append("align.recalibrate: base recalibration needs reference.known_sites")
        contrast = self.expression and self.expression.contrast
        if contrast and contrast.table not in (None, "expression", *self.tables):
            known = ", ".join(self.tables) or "there is none"
            faults.append(f"expression.contrast.table: {contrast.table!r} is not a table of this project ({known})")
        callers = list_callers(variants)
        if variants and variants.consensus > len(callers):
            faults.append(
                f"variants.consensus: requires {variants.consensus} callers, but only {len(callers)} are named ({', '.join(callers)})"
            )
        callers += ["consensus"] * bool(variants and variants.consensus)
        modalities = ["expression"] * bool(self.samples and self.expression) + list(self.tables)
        for name, task in self.tasks.items():
            faults += check_task(
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
    """Callers of small variants; `given` for existing calls."""
    if variants is None:
        return []
    return list(dict.fromkeys(variants.callers)) * (variants.vcf is None) + ["given"] * (variants.vcf is not None)


def parse_config(raw: dict[str, Any], source: str = "config") -> Config:
    """Validate a config and fill in defaults.

    Parameters
    ----------
    raw : the config as read from YAML.
    source : name of the config in messages.

    Raises
    ------
    InputError with one line for each fault: unknown keys (with the closest known one), wrong types, values out of
    range, unset environment variables.
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
    """Read a config file without validation. Raises InputError if it is not a YAML mapping."""
    try:
        raw = yaml.safe_load(Path(path).read_text())
    except FileNotFoundError:
        raise InputError(f"{path}: this config file does not exist") from None
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
    """Read and validate a config file; faults name file and row."""
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
    """Expand variables in every string of a config; unset variables are added to `faults`."""
    if isinstance(value, dict):
        return {k: _expand_values(v, f"{key_path}.{k}" if key_path else str(k), results, faults) for k, v in value.items()}
    if isinstance(value, list):
        return [_expand_values(v, f"{key_path}.{i}", results, faults) for i, v in enumerate(value)]
    if isinstance(value, str):
        value = expand_variables(value, results)
        faults += [f"{key_path}: {fault}" for fault in describe_unset_variables(value)]
    return value
