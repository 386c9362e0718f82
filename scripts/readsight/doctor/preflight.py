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
from readsight.config.key_locations import Places
from readsight.config.sample_sheet import Unit
from readsight.doctor import resources
from readsight.doctor import sequences as of_sequences
from readsight.doctor import tables as foresight
from readsight.doctor.cache import Cache
from readsight.errors import InputError
from readsight.formats import bam_headers, contigs, fastq, gmt
from readsight.formats.contigs import Table
from readsight.text import nearest
from readsight.wiring.project import Project

HEAD = 100_000
MOST = 100
ADAPTERS = Path(__file__).resolve().parents[3] / "resources" / "adapters"
Say = Callable[[str, str], None]


class Named(NamedTuple):
    """A file that the config names: the key, the path and the format."""

    key: str
    path: str
    kind: str


def files(project: Project) -> list[Named]:
    """All files that the config names, the reference first; without those that the demo will make."""
    c = project.config
    named = [Named("reference.fasta", c.reference.fasta, "FASTA"), Named("reference.gtf", c.reference.gtf, "GTF")]
    named += [Named(f"reference.known_sites.{i}", path, "VCF") for i, path in enumerate(c.reference.known_sites)]
    named += [
        Named("reference.population", c.reference.population, "VCF"),
        Named("reference.clinvar", c.reference.clinvar, "VCF"),
    ]
    if c.variants:
        named += [Named("variants.vcf", c.variants.vcf, "VCF"), Named("variants.targets", c.variants.targets, "BED")]
    if c.variants and c.variants.truth:
        truth = c.variants.truth
        named += [Named("variants.truth.vcf", truth.vcf, "VCF"), Named("variants.truth.bed", truth.bed, "BED")]
        named += [Named("variants.truth.structural_vcf", truth.structural_vcf, "VCF")]
        named += [Named(f"variants.truth.strata.{name}", path, "BED") for name, path in truth.strata.items()]
    return [n for n in named if n.path and not _planted(project, n.path)]


def tables(project: Project) -> list[Named]:
    """Files of tables and of metadata; without those that the demo will make."""
    named = [Named(key, path, "table") for key, path in foresight.files(project)]
    return [n for n in named if not _planted(project, n.path)]


def gene_sets(project: Project) -> list[Named]:
    """Files of gene sets that tasks name; without those that the demo will make."""
    named = [Named(f"tasks.{name}.pathways", task.pathways, "GMT") for name, task in project.config.tasks.items()]
    return [n for n in named if n.path and not _planted(project, n.path)]


def sequences(project: Project) -> list[Named]:
    """Files of sequences, and what lies beside them, that tasks name; without those that the demo will make."""
    named = [Named(key, path, kind) for key, path, kind in of_sequences.files(project)]
    return [n for n in named if not _planted(project, n.path)]


def _planted(project: Project, path: str) -> bool:
    """Whether the demo makes the file, so that it cannot be there yet."""
    return project.config.demo is not None and path.startswith(f"{project.folder}/demo/")


def missing(project: Project) -> list[str]:
    """Faults of files that are not there or cannot be read. Quick: looks at names only."""
    places = Places(project.paths)
    named = [*files(project), *tables(project), *gene_sets(project), *sequences(project)]
    faults = [places.locate(f"{n.key}: {fault}") for n in named for fault in _missing(n.path)]
    faults += [places.locate(fault) for fault in (*foresight.wrong_keys(project), *of_sequences.checkpoints(project))]
    adapters = project.config.reads.trim.adapters
    if project.config.reads.trim.enabled and not Path(adapters).is_file():
        sets = sorted({p.name.rsplit("-", 1)[0] for p in ADAPTERS.glob("*-*.fa")})
        if adapters not in sets:
            near = nearest(adapters, sets)
            fault = f"reads.trim.adapters: {adapters!r} is neither a file nor one of {', '.join(sets)}" + (
                f"; did you mean {near!r}?" if near else ""
            )
            faults.append(places.locate(fault))
    variants = project.config.variants
    if variants and variants.structural and not project.sequenced:
        fault = f"variants.structural: {variants.structural[0]} needs reads or alignments, and the project names calls alone"
        faults.append(places.locate(fault))
    faults += [places.locate(fault) for fault in _rna_faults(project)]
    faults += [places.locate(f"expression.contrast.{fault}") for fault in _contrast(project)]
    for unit, column, path in _sheet_files(project):
        faults += [f"{project.config.samples}, row {unit.row}, column {column}: {fault}" for fault in _missing(path)]
    return faults


def _rna_faults(project: Project) -> Iterator[str]:
    """What counting RNA needs: an annotation, and reads."""
    if not project.rna or not project.config.expression:
        return
    if not project.config.reference.gtf:
        yield (
            f"reference.gtf: is needed, since the sheet has samples of RNA ({', '.join(project.rna[:4])}); name the genes of the "
            "same build, or set expression to null"
        )
    for unit in (unit for sample in project.rna for unit in project.units[sample] if unit.alignment):
        column = "cram" if unit.alignment.endswith("cram") else "bam"
        yield (
            f"{project.config.samples}, row {unit.row}, column {column}: RNA is counted from its reads; name them in fastq_1 "
            "(samtools fastq writes them from an alignment)"
        )


def _contrast(project: Project) -> list[str]:
    """What keeps the two groups of expression.contrast from being compared."""
    expression = project.config.expression
    if expression is None or expression.contrast is None:
        return []
    asked = expression.contrast.model_dump()
    tables = list(project.config.tables)
    table = contrast.compared(asked.pop("table"), bool(project.rna), tables)
    if table is None and tables:
        return [f"table: name the table whose counts are compared ({', '.join(tables)})"]
    if table != "expression" and table is not None:
        return []  # what describes the samples of a table is told by foresight
    if not project.rna:
        return ["column: there is no sample of assay rna to compare"]
    samples = {sample: project.units[sample][0].metadata for sample in project.rna}
    return contrast.faults(**asked, samples=samples)


def _sheet_files(project: Project) -> Iterator[tuple[Unit, str, str]]:
    for units in project.units.values():
        for unit in units:
            alignment = "cram" if (unit.alignment or "").endswith("cram") else "bam"
            for column, path in (("fastq_1", unit.fastq_1), ("fastq_2", unit.fastq_2), (alignment, unit.alignment)):
                if path and not _planted(project, path):
                    yield unit, column, path


def _missing(path: str) -> list[str]:
    if os.path.isdir(path):
        return [f"{path} is a folder; a file is needed"]
    if os.path.exists(path):
        return [] if os.access(path, os.R_OK) else [f"{path} cannot be read: permission denied"]
    parent = os.path.dirname(path) or "."
    if not os.path.isdir(parent):
        return [f"there is no such file: {path} (nor its folder; relative paths start at {os.getcwd()})"]
    near = nearest(os.path.basename(path), os.listdir(parent), cutoff=0.7)
    return [f"there is no such file: {path}" + (f"; did you mean {os.path.join(os.path.dirname(path), near)}?" if near else "")]


class Doctor:
    """One look at a project; faults and notes gather here."""

    def __init__(self, project: Project, say: Say):
        self.project = project
        self.say = say
        self.cache = Cache()
        self.faults = missing(project)
        self.notes: list[str] = []
        self.reference: Table | None = None
        self.given: Table | None = None

    def look(self) -> None:
        """Look at everything; what lies behind a missing file is left out."""
        self._genome()
        self._alignments()
        self._reads()
        self._tables()
        self._gene_sets()
        self._sequences()
        bases = sum(length or 0 for length in self.reference.lengths.values()) if self.reference else 0
        faults, notes = resources.check_disk(self.project, bases)
        self.faults += faults
        self.notes += notes + resources.check_memory(self.project, bases)

    def _table(self, path: str, kind: str) -> Table:
        """A file's table of contigs, remembered; its own faults are noted."""
        beside = [path, f"{path}.fai"] if kind == "FASTA" else [path]
        read = (lambda: asdict(bam_headers.read(path))) if kind == "BAM" else (lambda: asdict(contigs.read(path, kind)))
        table = Table(**self.cache.get(f"table {kind}", beside, read))
        self.faults += table.faults
        return table

    def _genome(self) -> None:
        """The reference, and what the config names beside it."""
        for key, path, kind in files(self.project):
            if not os.path.isfile(path):
                continue
            self.say(key, path)
            table = self._table(path, kind)
            if key == "reference.fasta":
                self.reference = table if table.lengths and not table.faults else None
                self.say(
                    "",
                    f"{len(table.lengths)} contig{'s' * (len(table.lengths) != 1)}, {sum(n or 0 for n in table.lengths.values()):,} bases",
                )
                continue
            self._compare(table)
            self._content(key, table)

    def _gene_sets(self) -> None:
        for key, path, _ in gene_sets(self.project):
            if os.path.isfile(path):
                self.say(key, path)
                try:
                    gmt.read(Path(path))
                except InputError as error:
                    self.faults += error.faults

    def _compare(self, table: Table) -> None:
        if self.reference is None or table.faults:
            return
        faults, notes = contigs.compare(table, self.reference)
        self.faults += faults
        self.notes += notes
        if table.kind == "VCF" and not faults:
            fasta = self.reference.path
            check = lambda: contigs.check_alleles(table, fasta)  # noqa: E731
            self.faults += self.cache.get("alleles", [table.path, fasta, f"{fasta}.fai"], check)

    def _content(self, key: str, table: Table) -> None:
        """What a VCF must hold for its use."""
        needed = {"reference.population": "AF", "reference.clinvar": "CLNSIG"}.get(key)
        if needed and table.fields and needed not in table.fields:
            near = nearest(needed, table.fields)
            self.faults.append(
                f"{table.path}: has no INFO/{needed}, which {key} needs" + (f"; is it INFO/{near}?" if near else "")
            )
        if key.endswith("truth.vcf") and not table.records and not table.faults:
            self.faults.append(f"{table.path}: holds no variant; a truth without variants cannot be compared with")
        compared = bool(self.project.config.variants and self.project.config.variants.truth)
        if (key.startswith("variants.truth.") or key == "variants.vcf" and compared) and table.kind == "VCF" and not table.faults:
            if not table.samples:
                self.faults.append(f"{table.path}: has no sample columns; calls and truth are compared by genotypes")
                return
        if key == "variants.truth.vcf" and not table.faults:
            self._truth_samples(table)
        if key == "variants.vcf" and not table.faults:
            self.given = table
            for sample in [s for s in self.project.samples if s not in table.samples]:
                near = nearest(sample, table.samples) or ", ".join(table.samples[:4])
                row = self.project.units[sample][0].row
                self.faults.append(
                    f"{self.project.config.samples}, row {row}, column sample: {sample!r} is not in {table.path}; there is {near}"
                )

    def _truth_samples(self, table: Table) -> None:
        """Each sheet sample's truth: by its own name, by variants.truth.samples, or the lone one."""
        given, own, origin = self.project.config.variants.truth.samples, self.project.samples, self.project.config.samples
        if self.given:
            own, origin = self.given.samples, self.given.path
        places = Places(self.project.paths)
        for sample, truth in given.items():
            for name, known, where in ((sample, own, origin), (truth, table.samples, table.path)):
                if known and name not in known:
                    near = nearest(name, known)
                    hint = f"; did you mean {near!r}?" if near else f" ({', '.join(known[:4])})"
                    self.faults.append(
                        places.locate(f"variants.truth.samples.{sample}: {name!r} is not a sample of {where}{hint}")
                    )
        lone = len(own) <= 1 and len(table.samples) <= 1
        without = [s for s in own if given.get(s, s) not in table.samples]
        if lone or not without or not table.samples:
            return
        if len(without) == len(own):
            self.faults.append(
                f"{table.path}: its samples ({', '.join(table.samples[:4])}) are none of those of {origin} ({', '.join(own[:4])}); "
                "say which is which in variants.truth.samples"
            )
        else:
            self.notes.append(f"{table.path}: has no truth for {', '.join(without[:6])}; these are called but not compared")

    def _alignments(self) -> None:
        for unit, column, path in _sheet_files(self.project):
            if column not in ("bam", "cram") or not os.path.isfile(path):
                continue
            self.say(f"{unit.sample} {unit.unit}", path)
            table = self._table(path, "BAM")
            self._compare(table)
            if table.samples and table.samples != [unit.sample]:
                self.notes.append(
                    f"{path}: its read groups are of sample {', '.join(table.samples)}; here it is called {unit.sample}"
                )

    def _reads(self) -> None:
        """FASTQ files: whole up to reads.full_check_mb, the head of larger ones; several at a time."""
        units = [u for us in self.project.units.values() for u in us if u.fastqs]
        units = [u for u in units if all(os.path.isfile(f) and not _planted(self.project, f) for f in u.fastqs)]
        with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
            for unit, result in zip(units, pool.map(self._unit, units), strict=True):
                if isinstance(result, InputError):
                    where = f"{self.project.config.samples}, row {unit.row} (sample {unit.sample}, unit {unit.unit})"
                    self.faults += [f"{where}: {fault}" for fault in result.faults]
                    self.say(f"{unit.sample} {unit.unit}", f"{len(result.faults)} fault{'s' * (len(result.faults) > 1)}")
                    continue
                lengths = sorted({result["min_length"], result["max_length"]})
                kind = "paired" if unit.paired else "single-end"
                head = "the first " if not result["whole"] else ""
                self.say(
                    f"{unit.sample} {unit.unit}", f"{head}{result['reads']:,} {kind} reads of {'–'.join(map(str, lengths))} bases"
                )

    def _tables(self) -> None:
        """Tables, metadata, and the tasks that learn from samples; nothing while files of theirs are missing."""
        if all(os.path.isfile(path) for _, path in foresight.files(self.project)) and not foresight.wrong_keys(self.project):
            faults, notes = foresight.look(self.project, self.cache, self.say)
            self.faults += faults
            self.notes += notes

    def _sequences(self) -> None:
        """Tasks that learn from sequences; without those of which a file is missing, or is still to be made by the demo."""
        absent = {path for _, path, _ in of_sequences.files(self.project) if not os.path.isfile(path)}
        faults, notes = of_sequences.look(self.project, absent, self._table, self.reference, self.cache, self.say)
        self.faults += faults
        self.notes += notes

    def _unit(self, unit: Unit) -> dict | InputError:
        paths = unit.fastqs
        most = self.project.config.reads.full_check_mb * resources.MB
        limit = HEAD if any(os.path.getsize(path) > most for path in paths) else None

        def look() -> dict:
            result = fastq.check_unit([Path(path) for path in paths], limit)
            if limit:
                fastq.check_ends([Path(path) for path in paths])
            return {**result, "whole": limit is None}

        try:
            return self.cache.get("reads", paths, look, limit)
        except InputError as error:
            return error


def examine(project: Project, say: Say = lambda subject, text: None) -> list[str]:
    """Look at all that a project names. Returns notes; raises InputError with all faults."""
    doctor = Doctor(project, say)
    doctor.look()
    if doctor.faults:
        raise InputError(dict.fromkeys(doctor.faults))
    return doctor.notes


def start(project: Project) -> None:
    """Look at the project as a run starts: notes go to standard error, faults end the run without a traceback."""
    try:
        for note in examine(project):
            print(f"note: {note}", file=sys.stderr)
    except InputError as error:
        print(listed(error.faults, f"Project {project.config.project}"), file=sys.stderr)
        raise SystemExit(1) from None


def listed(faults: list[str], project: str) -> str:
    """Faults as a list that can be read; of very many, the first."""
    many = f"{len(faults)} faults" if len(faults) > 1 else "a fault"
    lines = [f"  {i}. {fault}" for i, fault in enumerate(faults[:MOST], start=1)]
    lines += [f"  … and {len(faults) - MOST} more"] * (len(faults) > MOST)
    return "\n".join([f"{project} has {many}; nothing was started.", *lines])


def main(arguments: list[str]) -> int:
    """Look at the project of a config file; 0 if it is well."""
    if len(arguments) != 1:
        print("usage: python -m readsight.doctor CONFIG", file=sys.stderr)
        return 2
    path = Path(arguments[0])

    def say(subject: str, text: str) -> None:
        print(f"  {subject:<36} {text}", flush=True)

    print(f"Looking at {path}", flush=True)
    try:
        project = Project.from_raw(schema.load(path), [path])
        units = sum(len(units) for units in project.units.values())
        counted = f": {units} unit{'s' * (units != 1)} of {len(project.samples)} sample{'s' * (len(project.samples) != 1)}"
        sheet = project.config.samples is not None
        say("config, sample sheet" if sheet else "config", "well formed" + counted * sheet)
        notes = examine(project, say)
    except InputError as error:
        print("\n" + listed(error.faults, str(path)), flush=True)
        return 1
    for note in notes:
        print(f"  note: {note}")
    print(f"All is well. Start it with: make run PROJECT={project.config.project}")
    return 0
