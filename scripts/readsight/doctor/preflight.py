"""Look at all that a project names before any job starts, and say everything that is wrong at once.

`python -m readsight.doctor CONFIG` prints what it looks at on the way; a run looks without printing.
"""

import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

from readsight.checks import contrast
from readsight.config import schema
from readsight.config.key_locations import KeyLocations
from readsight.config.sample_sheet import Unit
from readsight.doctor import resources
from readsight.doctor import sequences as of_sequences
from readsight.doctor import tables as foresight
from readsight.doctor.cache import Cache
from readsight.errors import InputError
from readsight.formats import bam_headers, contigs, fastq, gmt
from readsight.formats.contigs import ContigTable
from readsight.text import find_closest
from readsight.wiring.project import Project

HEAD_READS = 100_000
MAX_FAULTS = 100
ADAPTERS = Path(__file__).resolve().parents[3] / "resources" / "adapters"
Report = Callable[[str, str], None]


class NamedFile(NamedTuple):
    """A file that the config names: the key, the path and the format."""

    key: str
    path: str
    kind: str


def list_genome_files(project: Project) -> list[NamedFile]:
    """All files that the config names, the reference first; without those that the demo will make."""
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
    return [n for n in files if n.path and not _is_planted(project, n.path)]


def list_table_files(project: Project) -> list[NamedFile]:
    """Files of tables and of metadata; without those that the demo will make."""
    files = [NamedFile(key, path, "table") for key, path in foresight.list_files(project)]
    return [n for n in files if not _is_planted(project, n.path)]


def list_gene_set_files(project: Project) -> list[NamedFile]:
    """Files of gene sets that tasks name; without those that the demo will make."""
    files = [NamedFile(f"tasks.{name}.pathways", task.pathways, "GMT") for name, task in project.config.tasks.items()]
    return [n for n in files if n.path and not _is_planted(project, n.path)]


def list_sequence_files(project: Project) -> list[NamedFile]:
    """Files of sequences, and what lies beside them, that tasks name; without those that the demo will make."""
    files = [NamedFile(key, path, kind) for key, path, kind in of_sequences.list_files(project)]
    return [n for n in files if not _is_planted(project, n.path)]


def _is_planted(project: Project, path: str) -> bool:
    """Whether the demo makes the file, so that it cannot be there yet."""
    return project.config.demo is not None and path.startswith(f"{project.folder}/demo/")


def check_paths(project: Project) -> list[str]:
    """Faults of files that are not there or cannot be read. Quick: looks at names only."""
    locations = KeyLocations(project.paths)
    files = [
        *list_genome_files(project),
        *list_table_files(project),
        *list_gene_set_files(project),
        *list_sequence_files(project),
    ]
    faults = [locations.locate_fault(f"{n.key}: {fault}") for n in files for fault in _check_path(n.path)]
    faults += [
        locations.locate_fault(fault) for fault in (*foresight.check_keys(project), *of_sequences.check_checkpoints(project))
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
        fault = f"variants.structural: {variants.structural[0]} needs reads or alignments, and the project names calls alone"
        faults.append(locations.locate_fault(fault))
    faults += [locations.locate_fault(fault) for fault in _check_rna(project)]
    faults += [locations.locate_fault(f"expression.contrast.{fault}") for fault in _check_contrast(project)]
    for unit, column, path in _iterate_sheet_files(project):
        faults += [f"{project.config.samples}, row {unit.row}, column {column}: {fault}" for fault in _check_path(path)]
    return faults


def _check_rna(project: Project) -> Iterator[str]:
    """What counting RNA needs: an annotation, and reads."""
    if not project.rna_samples or not project.config.expression:
        return
    if not project.config.reference.gtf:
        yield (
            f"reference.gtf: is needed, since the sheet has samples of RNA ({', '.join(project.rna_samples[:4])}); name the genes of the "
            "same build, or set expression to null"
        )
    for unit in (unit for sample in project.rna_samples for unit in project.units[sample] if unit.alignment):
        column = "cram" if unit.alignment.endswith("cram") else "bam"
        yield (
            f"{project.config.samples}, row {unit.row}, column {column}: RNA is counted from its reads; name them in fastq_1 "
            "(samtools fastq writes them from an alignment)"
        )


def _check_contrast(project: Project) -> list[str]:
    """What keeps the two groups of expression.contrast from being compared."""
    expression = project.config.expression
    if expression is None or expression.contrast is None:
        return []
    settings = expression.contrast.model_dump()
    tables = list(project.config.tables)
    table = contrast.choose_table(settings.pop("table"), bool(project.rna_samples), tables)
    if table is None and tables:
        return [f"table: name the table whose counts are compared ({', '.join(tables)})"]
    if table != "expression" and table is not None:
        return []  # what describes the samples of a table is told by foresight
    if not project.rna_samples:
        return ["column: there is no sample of assay rna to compare"]
    samples = {sample: project.units[sample][0].metadata for sample in project.rna_samples}
    return contrast.check_contrast(**settings, samples=samples)


def _iterate_sheet_files(project: Project) -> Iterator[tuple[Unit, str, str]]:
    for units in project.units.values():
        for unit in units:
            alignment = "cram" if (unit.alignment or "").endswith("cram") else "bam"
            for column, path in (("fastq_1", unit.fastq_1), ("fastq_2", unit.fastq_2), (alignment, unit.alignment)):
                if path and not _is_planted(project, path):
                    yield unit, column, path


def _check_path(path: str) -> list[str]:
    if os.path.isdir(path):
        return [f"{path} is a folder; a file is needed"]
    if os.path.exists(path):
        return [] if os.access(path, os.R_OK) else [f"{path} cannot be read: permission denied"]
    parent = os.path.dirname(path) or "."
    if not os.path.isdir(parent):
        return [f"there is no such file: {path} (nor its folder; relative paths start at {os.getcwd()})"]
    closest = find_closest(os.path.basename(path), os.listdir(parent), cutoff=0.7)
    return [
        f"there is no such file: {path}" + (f"; did you mean {os.path.join(os.path.dirname(path), closest)}?" if closest else "")
    ]


class Doctor:
    """One look at a project; faults and notes gather here."""

    def __init__(self, project: Project, report: Report):
        self.project = project
        self.report = report
        self.cache = Cache()
        self.faults = check_paths(project)
        self.notes: list[str] = []
        self.reference: ContigTable | None = None
        self.user_calls: ContigTable | None = None

    def run_checks(self) -> None:
        """Look at everything; what lies behind a missing file is left out."""
        self._check_genome()
        self._check_alignments()
        self._check_reads()
        self._check_tables()
        self._check_gene_sets()
        self._check_sequences()
        bases = sum(length or 0 for length in self.reference.lengths.values()) if self.reference else 0
        faults, notes = resources.check_disk(self.project, bases)
        self.faults += faults
        self.notes += notes + resources.check_memory(self.project, bases)

    def _read_contigs(self, path: str, kind: str) -> ContigTable:
        """A file's table of contigs, remembered; its own faults are noted."""
        paths = [path, f"{path}.fai"] if kind == "FASTA" else [path]
        read_table = (
            (lambda: asdict(bam_headers.read_alignment_header(path)))
            if kind == "BAM"
            else (lambda: asdict(contigs.read_contigs(path, kind)))
        )
        table = ContigTable(**self.cache.get(f"table {kind}", paths, read_table))
        self.faults += table.faults
        return table

    def _check_genome(self) -> None:
        """The reference, and what the config names beside it."""
        for key, path, kind in list_genome_files(self.project):
            if not os.path.isfile(path):
                continue
            self.report(key, path)
            table = self._read_contigs(path, kind)
            if key == "reference.fasta":
                self.reference = table if table.lengths and not table.faults else None
                self.report(
                    "",
                    f"{len(table.lengths)} contig{'s' * (len(table.lengths) != 1)}, {sum(n or 0 for n in table.lengths.values()):,} bases",
                )
                continue
            self._compare_contigs(table)
            self._check_content(key, table)

    def _check_gene_sets(self) -> None:
        for key, path, _ in list_gene_set_files(self.project):
            if os.path.isfile(path):
                self.report(key, path)
                try:
                    gmt.read_gmt(Path(path))
                except InputError as error:
                    self.faults += error.faults

    def _compare_contigs(self, table: ContigTable) -> None:
        if self.reference is None or table.faults:
            return
        faults, notes = contigs.compare_contigs(table, self.reference)
        self.faults += faults
        self.notes += notes
        if table.kind == "VCF" and not faults:
            fasta = self.reference.path
            check = lambda: contigs.check_alleles(table, fasta)  # noqa: E731
            self.faults += self.cache.get("alleles", [table.path, fasta, f"{fasta}.fai"], check)

    def _check_content(self, key: str, table: ContigTable) -> None:
        """What a VCF must hold for its use."""
        needed = {"reference.population": "AF", "reference.clinvar": "CLNSIG"}.get(key)
        if needed and table.fields and needed not in table.fields:
            closest = find_closest(needed, table.fields)
            self.faults.append(
                f"{table.path}: has no INFO/{needed}, which {key} needs" + (f"; is it INFO/{closest}?" if closest else "")
            )
        if key.endswith("truth.vcf") and not table.records and not table.faults:
            self.faults.append(f"{table.path}: holds no variant; a truth without variants cannot be compared with")
        is_compared = bool(self.project.config.variants and self.project.config.variants.truth)
        if (
            (key.startswith("variants.truth.") or key == "variants.vcf" and is_compared)
            and table.kind == "VCF"
            and not table.faults
        ):
            if not table.samples:
                self.faults.append(f"{table.path}: has no sample columns; calls and truth are compared by genotypes")
                return
        if key == "variants.truth.vcf" and not table.faults:
            self._check_truth_samples(table)
        if key == "variants.vcf" and not table.faults:
            self.user_calls = table
            for sample in [s for s in self.project.samples if s not in table.samples]:
                closest = find_closest(sample, table.samples) or ", ".join(table.samples[:4])
                row = self.project.units[sample][0].row
                self.faults.append(
                    f"{self.project.config.samples}, row {row}, column sample: {sample!r} is not in {table.path}; there is {closest}"
                )

    def _check_truth_samples(self, table: ContigTable) -> None:
        """Each sheet sample's truth: by its own name, by variants.truth.samples, or the lone one."""
        pairs, called_samples, origin = (
            self.project.config.variants.truth.samples,
            self.project.samples,
            self.project.config.samples,
        )
        if self.user_calls:
            called_samples, origin = self.user_calls.samples, self.user_calls.path
        locations = KeyLocations(self.project.paths)
        for sample, truth in pairs.items():
            for name, known, source in ((sample, called_samples, origin), (truth, table.samples, table.path)):
                if known and name not in known:
                    closest = find_closest(name, known)
                    hint = f"; did you mean {closest!r}?" if closest else f" ({', '.join(known[:4])})"
                    self.faults.append(
                        locations.locate_fault(f"variants.truth.samples.{sample}: {name!r} is not a sample of {source}{hint}")
                    )
        is_single = len(called_samples) <= 1 and len(table.samples) <= 1
        without = [s for s in called_samples if pairs.get(s, s) not in table.samples]
        if is_single or not without or not table.samples:
            return
        if len(without) == len(called_samples):
            self.faults.append(
                f"{table.path}: its samples ({', '.join(table.samples[:4])}) are none of those of {origin} ({', '.join(called_samples[:4])}); "
                "say which is which in variants.truth.samples"
            )
        else:
            self.notes.append(f"{table.path}: has no truth for {', '.join(without[:6])}; these are called but not compared")

    def _check_alignments(self) -> None:
        for unit, column, path in _iterate_sheet_files(self.project):
            if column not in ("bam", "cram") or not os.path.isfile(path):
                continue
            self.report(f"{unit.sample} {unit.unit}", path)
            table = self._read_contigs(path, "BAM")
            self._compare_contigs(table)
            if table.samples and table.samples != [unit.sample]:
                self.notes.append(
                    f"{path}: its read groups are of sample {', '.join(table.samples)}; here it is called {unit.sample}"
                )

    def _check_reads(self) -> None:
        """FASTQ files: whole up to reads.full_check_mb, the head of larger ones; several at a time."""
        units = [u for sample_units in self.project.units.values() for u in sample_units if u.fastqs]
        units = [u for u in units if all(os.path.isfile(f) and not _is_planted(self.project, f) for f in u.fastqs)]
        with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
            for unit, result in zip(units, pool.map(self._check_unit, units), strict=True):
                if isinstance(result, InputError):
                    location = f"{self.project.config.samples}, row {unit.row} (sample {unit.sample}, unit {unit.unit})"
                    self.faults += [f"{location}: {fault}" for fault in result.faults]
                    self.report(f"{unit.sample} {unit.unit}", f"{len(result.faults)} fault{'s' * (len(result.faults) > 1)}")
                    continue
                lengths = sorted({result["min_length"], result["max_length"]})
                kind = "paired" if unit.is_paired else "single-end"
                head = "the first " if not result["whole"] else ""
                self.report(
                    f"{unit.sample} {unit.unit}", f"{head}{result['reads']:,} {kind} reads of {'–'.join(map(str, lengths))} bases"
                )

    def _check_tables(self) -> None:
        """Tables, metadata, and the tasks that learn from samples; nothing while files of theirs are missing."""
        if all(os.path.isfile(path) for _, path in foresight.list_files(self.project)) and not foresight.check_keys(self.project):
            faults, notes = foresight.check_tables(self.project, self.cache, self.report)
            self.faults += faults
            self.notes += notes

    def _check_sequences(self) -> None:
        """Tasks that learn from sequences; without those of which a file is missing, or is still to be made by the demo."""
        absent = {path for _, path, _ in of_sequences.list_files(self.project) if not os.path.isfile(path)}
        faults, notes = of_sequences.check_tasks(
            self.project, absent, self._read_contigs, self.reference, self.cache, self.report
        )
        self.faults += faults
        self.notes += notes

    def _check_unit(self, unit: Unit) -> dict | InputError:
        paths = unit.fastqs
        max_bytes = self.project.config.reads.full_check_mb * resources.MB
        limit = HEAD_READS if any(os.path.getsize(path) > max_bytes for path in paths) else None

        def check_fastq() -> dict:
            result = fastq.check_unit([Path(path) for path in paths], limit)
            if limit:
                fastq.check_bgzip_ends([Path(path) for path in paths])
            return {**result, "whole": limit is None}

        try:
            return self.cache.get("reads", paths, check_fastq, limit)
        except InputError as error:
            return error


def examine_project(project: Project, report: Report = lambda subject, text: None) -> list[str]:
    """Look at all that a project names. Returns notes; raises InputError with all faults."""
    doctor = Doctor(project, report)
    doctor.run_checks()
    if doctor.faults:
        raise InputError(dict.fromkeys(doctor.faults))
    return doctor.notes


def examine_at_start(project: Project) -> None:
    """Look at the project as a run starts: notes go to standard error, faults end the run without a traceback."""
    try:
        for note in examine_project(project):
            print(f"note: {note}", file=sys.stderr)
    except InputError as error:
        print(format_faults(error.faults, f"Project {project.config.project}"), file=sys.stderr)
        raise SystemExit(1) from None


def format_faults(faults: list[str], project: str) -> str:
    """Faults as a list that can be read; of very many, the first."""
    count = f"{len(faults)} faults" if len(faults) > 1 else "a fault"
    lines = [f"  {i}. {fault}" for i, fault in enumerate(faults[:MAX_FAULTS], start=1)]
    lines += [f"  … and {len(faults) - MAX_FAULTS} more"] * (len(faults) > MAX_FAULTS)
    return "\n".join([f"{project} has {count}; nothing was started.", *lines])


def main(arguments: list[str]) -> int:
    """Look at the project of a config file; 0 if it is well."""
    if len(arguments) != 1:
        print("usage: python -m readsight.doctor CONFIG", file=sys.stderr)
        return 2
    path = Path(arguments[0])

    def report(subject: str, text: str) -> None:
        print(f"  {subject:<36} {text}", flush=True)

    print(f"Looking at {path}", flush=True)
    try:
        project = Project.from_raw(schema.load_config(path), [path])
        units = sum(len(units) for units in project.units.values())
        summary = f": {units} unit{'s' * (units != 1)} of {len(project.samples)} sample{'s' * (len(project.samples) != 1)}"
        sheet = project.config.samples is not None
        report("config, sample sheet" if sheet else "config", "well formed" + summary * sheet)
        notes = examine_project(project, report)
    except InputError as error:
        print("\n" + format_faults(error.faults, str(path)), flush=True)
        return 1
    for note in notes:
        print(f"  note: {note}")
    print(f"All is well. Start it with: make run PROJECT={project.config.project}")
    return 0
