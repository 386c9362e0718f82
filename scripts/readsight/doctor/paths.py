"""Files that a project uses, and faults of missing files and of settings that need no file content."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from readsight.checks import contrast
from readsight.config.key_locations import KeyLocations
from readsight.config.sample_sheet import Unit
from readsight.doctor import sequences as sequence_checks
from readsight.doctor import tables as table_checks
from readsight.text import find_closest
from readsight.wiring.project import Project

ADAPTERS = Path(__file__).resolve().parents[3] / "resources" / "adapters"


class NamedFile(NamedTuple):
    """A file of the config: its key, path and format."""

    key: str
    path: str
    kind: str


def list_genome_files(project: Project) -> list[NamedFile]:
    """Files of reference, variants and truth in the config, reference first, without those that the demo will make."""
    config = project.config
    files = [
        NamedFile("reference.fasta", config.reference.fasta, "FASTA"),
        NamedFile("reference.gtf", config.reference.gtf, "GTF"),
    ]
    files += [NamedFile(f"reference.known_sites.{i}", path, "VCF") for i, path in enumerate(config.reference.known_sites)]
    files += [
        NamedFile("reference.population", config.reference.population, "VCF"),
        NamedFile("reference.clinvar", config.reference.clinvar, "VCF"),
    ]
    if config.variants:
        files += [
            NamedFile("variants.vcf", config.variants.vcf, "VCF"),
            NamedFile("variants.targets", config.variants.targets, "BED"),
        ]
    if config.variants and config.variants.truth:
        truth = config.variants.truth
        files += [NamedFile("variants.truth.vcf", truth.vcf, "VCF"), NamedFile("variants.truth.bed", truth.bed, "BED")]
        files += [NamedFile("variants.truth.structural_vcf", truth.structural_vcf, "VCF")]
        files += [NamedFile(f"variants.truth.strata.{name}", path, "BED") for name, path in truth.strata.items()]
    return [n for n in files if n.path and not is_made_by_demo(project, n.path)]


def list_table_files(project: Project) -> list[NamedFile]:
    """Files of tables and metadata, without those that the demo will make."""
    files = [NamedFile(key, path, "table") for key, path in table_checks.list_files(project)]
    return [n for n in files if not is_made_by_demo(project, n.path)]


def list_gene_set_files(project: Project) -> list[NamedFile]:
    """Gene-set files of tasks, without those that the demo will make."""
    files = [NamedFile(f"tasks.{name}.pathways", task.pathways, "GMT") for name, task in project.config.tasks.items()]
    return [n for n in files if n.path and not is_made_by_demo(project, n.path)]


def list_sequence_files(project: Project) -> list[NamedFile]:
    """Sequence, signal and annotation files of tasks, without those that the demo will make."""
    files = [NamedFile(key, path, kind) for key, path, kind in sequence_checks.list_files(project)]
    return [n for n in files if not is_made_by_demo(project, n.path)]


def is_made_by_demo(project: Project, path: str) -> bool:
    """Whether the demo makes this file, which therefore may be missing before the run."""
    return project.config.demo is not None and path.startswith(f"{project.folder}/demo/")


def check_paths(project: Project) -> list[str]:
    """Faults of missing or unreadable files, and of settings that need no file content. Reads no file."""
    locations = KeyLocations(project.paths)
    files = [
        *list_genome_files(project),
        *list_table_files(project),
        *list_gene_set_files(project),
        *list_sequence_files(project),
    ]
    faults = [locations.locate_fault(f"{n.key}: {fault}") for n in files for fault in _check_path(n.path)]
    faults += [
        locations.locate_fault(fault)
        for fault in (*table_checks.check_keys(project), *sequence_checks.check_checkpoints(project))
    ]
    adapters = project.config.reads.trim.adapters
    if project.config.reads.trim.enabled and not Path(adapters).is_file():
        sets = sorted({p.name.rsplit("-", 1)[0] for p in ADAPTERS.glob("*-*.fa")})
        if adapters not in sets:
            closest = find_closest(adapters, sets)
            fault = f"reads.trim.adapters: {adapters!r} is neither a file nor one of {', '.join(sets)}" + (
                f"; did you mean {closest!r}?" if closest else ""
            )
            faults.append(locations.locate_fault(fault))
    variants = project.config.variants
    if variants and variants.structural and not project.samples_with_data:
        fault = f"variants.structural: {variants.structural[0]} needs reads or alignments, but the project has calls only"
        faults.append(locations.locate_fault(fault))
    faults += [locations.locate_fault(fault) for fault in _check_rna(project)]
    faults += [locations.locate_fault(f"expression.contrast.{fault}") for fault in _check_contrast(project)]
    for unit, column, path in iterate_sheet_files(project):
        faults += [f"{project.config.samples}, row {unit.row}, column {column}: {fault}" for fault in _check_path(path)]
    return faults


def _check_rna(project: Project) -> Iterator[str]:
    """Faults of RNA samples without gene annotation or reads."""
    if not project.rna_samples or not project.config.expression:
        return
    if not project.config.reference.gtf:
        yield (
            f"reference.gtf: is required, because the sheet has RNA samples ({', '.join(project.rna_samples[:4])}); set the gene "
            "annotation of the same build, or set expression to null"
        )
    for unit in (unit for sample in project.rna_samples for unit in project.units[sample] if unit.alignment):
        column = "cram" if unit.alignment.endswith("cram") else "bam"
        yield (
            f"{project.config.samples}, row {unit.row}, column {column}: RNA is quantified from reads; list them in fastq_1 "
            "(samtools fastq extracts them from an alignment)"
        )


def _check_contrast(project: Project) -> list[str]:
    """Faults of expression.contrast that can be detected without reading tables."""
    expression = project.config.expression
    if expression is None or expression.contrast is None:
        return []
    settings = expression.contrast.model_dump()
    tables = list(project.config.tables)
    table = contrast.choose_table(settings.pop("table"), bool(project.rna_samples), tables)
    if table is None and tables:
        return [f"table: set the table whose counts are compared ({', '.join(tables)})"]
    if table != "expression" and table is not None:
        return []  # metadata of a table's samples are checked with the tables
    if not project.rna_samples:
        return ["column: the project has no sample of assay rna to compare"]
    samples = {sample: project.units[sample][0].metadata for sample in project.rna_samples}
    return contrast.check_contrast(**settings, samples=samples)


def iterate_sheet_files(project: Project) -> Iterator[tuple[Unit, str, str]]:
    for units in project.units.values():
        for unit in units:
            alignment = "cram" if (unit.alignment or "").endswith("cram") else "bam"
            for column, path in (("fastq_1", unit.fastq_1), ("fastq_2", unit.fastq_2), (alignment, unit.alignment)):
                if path and not is_made_by_demo(project, path):
                    yield unit, column, path


def _check_path(path: str) -> list[str]:
    if os.path.isdir(path):
        return [f"{path} is a folder; a file is needed"]
    if os.path.exists(path):
        return [] if os.access(path, os.R_OK) else [f"{path} cannot be read: permission denied"]
    parent = os.path.dirname(path) or "."
    if not os.path.isdir(parent):
        return [f"file does not exist: {path} (nor does its folder; relative paths start at {os.getcwd()})"]
    closest = find_closest(os.path.basename(path), os.listdir(parent), cutoff=0.7)
    return [
        f"file does not exist: {path}" + (f"; did you mean {os.path.join(os.path.dirname(path), closest)}?" if closest else "")
    ]
