"""Checks of all files and settings of a project before any job starts; all faults are reported at once.

`python -m readsight.doctor CONFIG` prints its progress; at the start of a run the same checks are silent.
"""

import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from readsight.config import schema
from readsight.config.key_locations import KeyLocations
from readsight.config.sample_sheet import Unit
from readsight.doctor import resources
from readsight.doctor import sequences as sequence_checks
from readsight.doctor import tables as table_checks
from readsight.doctor.cache import Cache
from readsight.doctor.paths import (
    check_paths,
    is_made_by_demo,
    iterate_sheet_files,
    list_gene_set_files,
    list_genome_files,
)
from readsight.errors import InputError
from readsight.formats import bam_headers, contigs, fastq, gmt
from readsight.formats.contigs import ContigTable
from readsight.text import find_closest
from readsight.wiring.project import Project

HEAD_READS = 100_000
MAX_FAULTS = 100
Report = Callable[[str, str], None]


class Doctor:
    """One examination of a project, which collects faults and notes."""

    def __init__(self, project: Project, report: Report):
        self.project = project
        self.report = report
        self.cache = Cache()
        self.faults = check_paths(project)
        self.notes: list[str] = []
        self.reference: ContigTable | None = None
        self.user_calls: ContigTable | None = None

    def run_checks(self) -> None:
        """Run all checks; checks that need a missing file are skipped."""
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
        """Cached contig table of a file; faults of the file are recorded."""
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
        """Check the reference, and compare annotation and variant files with it."""
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
        """Check that a VCF has the fields, records and samples that its use requires."""
        needed = {"reference.population": "AF", "reference.clinvar": "CLNSIG"}.get(key)
        if needed and table.fields and needed not in table.fields:
            closest = find_closest(needed, table.fields)
            self.faults.append(
                f"{table.path}: has no INFO/{needed}, which {key} needs" + (f"; is it INFO/{closest}?" if closest else "")
            )
        if key.endswith("truth.vcf") and not table.records and not table.faults:
            self.faults.append(f"{table.path}: has no variants; a truth set needs at least one")
        is_compared = bool(self.project.config.variants and self.project.config.variants.truth)
        if (
            (key.startswith("variants.truth.") or key == "variants.vcf" and is_compared)
            and table.kind == "VCF"
            and not table.faults
        ):
            if not table.samples:
                self.faults.append(f"{table.path}: has no sample columns; calls and truth are compared by genotype")
                return
        if key == "variants.truth.vcf" and not table.faults:
            self._check_truth_samples(table)
        if key == "variants.vcf" and not table.faults:
            self.user_calls = table
            for sample in [s for s in self.project.samples if s not in table.samples]:
                closest = find_closest(sample, table.samples) or ", ".join(table.samples[:4])
                row = self.project.units[sample][0].row
                self.faults.append(
                    f"{self.project.config.samples}, row {row}, column sample: {sample!r} is not in {table.path}; available: {closest}"
                )

    def _check_truth_samples(self, table: ContigTable) -> None:
        """Match samples to truth samples: by name, by variants.truth.samples, or if there is only one of each."""
        pairs = self.project.config.variants.truth.samples
        called_samples, origin = self.project.samples, self.project.config.samples
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
                f"{table.path}: its samples ({', '.join(table.samples[:4])}) do not match those of {origin} ({', '.join(called_samples[:4])}); "
                "set the pairs in variants.truth.samples"
            )
        else:
            self.notes.append(
                f"{table.path}: has no truth for {', '.join(without[:6])}; these samples are called but not compared"
            )

    def _check_alignments(self) -> None:
        for unit, column, path in iterate_sheet_files(self.project):
            if column not in ("bam", "cram") or not os.path.isfile(path):
                continue
            self.report(f"{unit.sample} {unit.unit}", path)
            table = self._read_contigs(path, "BAM")
            self._compare_contigs(table)
            if table.samples and table.samples != [unit.sample]:
                self.notes.append(
                    f"{path}: its read groups have sample {', '.join(table.samples)}; the sheet calls it {unit.sample}"
                )

    def _check_reads(self) -> None:
        """Check FASTQ files in parallel: completely up to reads.full_check_mb, only the head of larger ones."""
        units = [u for sample_units in self.project.units.values() for u in sample_units if u.fastqs]
        units = [u for u in units if all(os.path.isfile(f) and not is_made_by_demo(self.project, f) for f in u.fastqs)]
        with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
            for unit, result in zip(units, pool.map(self._check_unit, units), strict=True):
                if isinstance(result, InputError):
                    location = f"{self.project.config.samples}, row {unit.row} (sample {unit.sample}, unit {unit.unit})"
                    self.faults += [f"{location}: {fault}" for fault in result.faults]
                    self.report(f"{unit.sample} {unit.unit}", f"{len(result.faults)} fault{'s' * (len(result.faults) > 1)}")
                    continue
                lengths = sorted({result["min_length"], result["max_length"]})
                kind = "paired" if unit.is_paired else "single-end"
                head = "the first " if not result["is_complete"] else ""
                self.report(
                    f"{unit.sample} {unit.unit}", f"{head}{result['reads']:,} {kind} reads of {'–'.join(map(str, lengths))} bases"
                )

    def _check_tables(self) -> None:
        """Check tables, metadata, and tasks on samples, unless one of their files is missing."""
        if all(os.path.isfile(path) for _, path in table_checks.list_files(self.project)) and not table_checks.check_keys(
            self.project
        ):
            faults, notes = table_checks.check_tables(self.project, self.cache, self.report)
            self.faults += faults
            self.notes += notes

    def _check_sequences(self) -> None:
        """Check tasks on sequences, except those with missing files or files that the demo will make."""
        absent = {path for _, path, _ in sequence_checks.list_files(self.project) if not os.path.isfile(path)}
        faults, notes = sequence_checks.check_tasks(
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
            return {**result, "is_complete": limit is None}

        try:
            return self.cache.get("reads", paths, check_fastq, limit)
        except InputError as error:
            return error


def examine_project(project: Project, report: Report = lambda subject, text: None) -> list[str]:
    """Run all checks on a project. Returns notes; raises InputError with all faults."""
    doctor = Doctor(project, report)
    doctor.run_checks()
    if doctor.faults:
        raise InputError(dict.fromkeys(doctor.faults))
    return doctor.notes


def examine_at_start(project: Project) -> None:
    """Check the project at the start of a run: print notes to standard error, and end the run on faults."""
    try:
        for note in examine_project(project):
            print(f"note: {note}", file=sys.stderr)
    except InputError as error:
        print(format_faults(error.faults, f"Project {project.config.project}"), file=sys.stderr)
        raise SystemExit(1) from None


def format_faults(faults: list[str], project: str) -> str:
    """Numbered list of faults, shortened if there are very many."""
    count = f"{len(faults)} faults" if len(faults) > 1 else "a fault"
    lines = [f"  {i}. {fault}" for i, fault in enumerate(faults[:MAX_FAULTS], start=1)]
    lines += [f"  … and {len(faults) - MAX_FAULTS} more"] * (len(faults) > MAX_FAULTS)
    return "\n".join([f"{project} has {count}; nothing was started.", *lines])


def main(arguments: list[str]) -> int:
    """Check the project of a config file; returns 0 if it has no faults."""
    if len(arguments) != 1:
        print("usage: python -m readsight.doctor CONFIG", file=sys.stderr)
        return 2
    path = Path(arguments[0])

    def report(subject: str, text: str) -> None:
        print(f"  {subject:<36} {text}", flush=True)

    print(f"Checking {path}", flush=True)
    try:
        project = Project.from_raw(schema.load_config(path), [path])
        units = sum(len(units) for units in project.units.values())
        summary = f": {units} unit{'s' * (units != 1)} of {len(project.samples)} sample{'s' * (len(project.samples) != 1)}"
        sheet = project.config.samples is not None
        report("config, sample sheet" if sheet else "config", "valid" + summary * sheet)
        notes = examine_project(project, report)
    except InputError as error:
        print("\n" + format_faults(error.faults, str(path)), flush=True)
        return 1
    for note in notes:
        print(f"  note: {note}")
    print(f"No faults. Start the run with: make run PROJECT={project.config.project}")
    return 0
