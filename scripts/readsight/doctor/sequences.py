"""Checks of tasks on sequences before any job, from their files; only the head of large files is read.

Uses the standard library only. Parquet files are not opened here; their job checks them.
"""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from types import SimpleNamespace
from typing import Any

from readsight.config import interpretation
from readsight.config.key_locations import KeyLocations
from readsight.config.tasks import Task
from readsight.dataset.sequences import columns, fasta_reader, format_detection, label_checks, lengths, tables
from readsight.dataset.sequences.lengths import FileLengths
from readsight.doctor.cache import Cache
from readsight.errors import InputError
from readsight.formats import contigs
from readsight.formats.contigs import ContigTable
from readsight.text import find_closest
from readsight.wiring.dataset import DatasetWiring
from readsight.wiring.project import Project

LARGE_BYTES = 50_000_000
HEAD_BYTES = 4_000_000
# Default window length of variants and splice sites, in bases.
DEFAULT_LENGTH = 1000
BIGWIG_MAGIC = (b"\x26\xfc\x8f\x88", b"\x88\x8f\xfc\x26")
TOKENIZER_FILES = ("tokenizer.json", "vocab.txt", "vocab.json", "tokenizer.model")
SECTIONS = ("sequences.", "interpret.", "label:", "positive:", "split.", "represent.", "kmers.", "architectures.")
Report = Callable[[str, str], None]


@dataclass
class SequenceFileSummary:
    """Summary of one FASTA file or table of sequences.

    Attributes
    ----------
    lengths : (bases, number of sequences, row and name of the first one).
    labels : (label, number of sequences, name of the first one).
    chroms : chromosome → number of sequences.
    unplaced : number of sequences without coordinates, and the name of the first one.
    sides : subsets of a given split.
    is_complete : whether the file was read to its end.
    """

    path: str
    kind: str
    lengths: list[tuple[int, int, int, str]] = field(default_factory=list)
    labels: list[tuple[str, int, str]] = field(default_factory=list)
    chroms: dict[str, int] = field(default_factory=dict)
    unplaced: tuple[int, str] = (0, "")
    sides: list[str] = field(default_factory=list)
    is_complete: bool = True


def list_files(project: Project) -> list[tuple[str, str, str]]:
    """(key, path, format) of the files of all tasks on sequences."""
    files = []
    for name, task in _list_sequence_tasks(project):
        settings = task.sequences
        files += [(f"tasks.{name}.sequences.files.{i}.path", file.path, "sequences") for i, file in enumerate(settings.files)]
        extra_files = (
            ("genome", settings.genome, "FASTA"),
            ("signal", settings.signal, "bigWig"),
            ("annotation", settings.annotation, "GTF"),
        )
        files += [(f"tasks.{name}.sequences.{key}", path, kind) for key, path, kind in extra_files if path]
        files += [(f"tasks.{name}.{key}", path, kind) for key, path, kind in interpretation.list_files(task)]
    return files


def check_checkpoints(project: Project) -> list[str]:
    """Faults of the checkpoint folders of pre-trained transformers."""
    faults = []
    for name, task in _list_sequence_tasks(project):
        folder = task.represent.checkpoint
        if not folder or task.representation != "transformer":
            continue
        key = f"tasks.{name}.represent.checkpoint"
        if not os.path.isdir(folder):
            faults.append(f"{key}: folder does not exist: {folder}; the folder of a Hugging Face model is needed")
            continue
        contents = os.listdir(folder)
        if "config.json" not in contents:
            faults.append(
                f"{key}: {folder} has no config.json; the folder of a Hugging Face model has config.json, weights and a tokenizer"
            )
        if not set(TOKENIZER_FILES) & set(contents):
            faults.append(
                f"{key}: {folder} has no tokenizer ({', '.join(TOKENIZER_FILES)}); save it with the model (save_pretrained)"
            )
        if not any(file.endswith((".safetensors", ".bin")) for file in contents):
            faults.append(f"{key}: {folder} has no weights (model.safetensors or pytorch_model.bin)")
    return faults


def _list_sequence_tasks(project: Project) -> list[tuple[str, Task]]:
    return [(name, task) for name, task in project.config.tasks.items() if task.source == "sequences"]


def check_tasks(
    project: Project,
    missing: set[str],
    read_contigs: Callable[[str, str], ContigTable],
    reference: ContigTable | None,
    cache: Cache,
    report: Report,
) -> tuple[list[str], list[str]]:
    """Faults and notes of all tasks on sequences.

    Parameters
    ----------
    missing : missing paths; tasks with such a file are skipped.
    read_contigs : (path, format) → contig table; it records faults of the file.
    reference : contig table of the project's reference.
    cache : of check results.
    report : callback for progress (subject, text).
    """
    locations, wiring = KeyLocations(project.paths), DatasetWiring(project)
    faults: list[str] = []
    notes: list[str] = []
    for name, task in _list_sequence_tasks(project):
        settings = task.sequences
        if missing & {path for key, path, _ in list_files(project) if key.startswith(f"tasks.{name}.")}:
            continue
        spec = wiring.sequences_spec(SimpleNamespace(task=name))
        genome = read_contigs(settings.genome, "FASTA") if settings.genome else reference
        genome = genome if genome and genome.lengths and not genome.faults else None
        fasta = project.config.reference.fasta is not None
        task_faults, task_notes = check_task(
            task, spec, read_contigs, genome, cache, lambda text, name=name: report(f"task {name}", text), fasta
        )
        faults += [
            locations.locate_fault(f"tasks.{name}.{fault}") if fault.startswith(SECTIONS) else fault for fault in task_faults
        ]
        notes += task_notes
    return faults, notes


def check_task(
    task: Task,
    spec: dict[str, Any],
    read_contigs: Callable[[str, str], ContigTable],
    genome: ContigTable | None,
    cache: Cache,
    report: Callable[[str], None],
    fasta: bool = True,
) -> tuple[list[str], list[str]]:
    """Faults and notes of one task whose files all exist. fasta: whether the project has a reference genome."""
    faults, notes = _check_signal(spec, task.sequences.signal), []
    spec = spec | ({"label": None} if task.sequences.signal else {})
    summaries: list[SequenceFileSummary] = []
    window_sources: list[tuple[ContigTable, dict[str, Any]]] = []
    paths = [file.path for file in task.sequences.files]
    for number, (path, entry) in enumerate(zip(paths, spec["files"], strict=True)):
        try:
            kind = format_detection.detect_format(path, spec["columns"])
            if kind in (format_detection.BED, format_detection.VCF):
                if not (task.sequences.genome or fasta):
                    faults.append(f"sequences.genome: {path} is {kind}, which needs a genome; set it here or as reference.fasta")
                window_sources.append((read_contigs(path, kind), entry))
                report(f"{path}: {kind}, {window_sources[-1][0].records:,} records")
            elif kind != format_detection.PARQUET:
                summaries.append(_summarise_file(path, kind, spec, number, cache))
                report(_describe_summary(summaries[-1]))
            else:
                summaries.append(SequenceFileSummary(path, kind, is_complete=False))
                report(f"{path}: will be checked by its job")
        except InputError as error:
            faults += error.faults
    if task.outcome == "positions":
        annotation = read_contigs(task.sequences.annotation, "GTF") if task.sequences.annotation else None
        window_sources += [(annotation, {})] if annotation else []
    extra_tables = [read_contigs(path, kind) for _, path, kind in interpretation.list_files(task) if kind in ("VCF", "BED")]
    for contig_table in [*(contig_table for contig_table, _ in window_sources), *extra_tables]:
        contig_faults, contig_notes = _check_contigs(contig_table, genome, cache)
        faults += contig_faults
        notes += contig_notes
    if faults:
        return faults, notes
    length, faults = _check_lengths(summaries, [contig_table for contig_table, _ in window_sources], spec)
    faults += (
        _check_classes(summaries, window_sources, spec)
        + _check_positions(summaries, spec)
        + _check_chromosomes(task, summaries, [contig_table for contig_table, _ in window_sources])
    )
    return faults + _check_sides(summaries, window_sources, spec) + (_check_min_lengths(task, length) if length else []), notes


def _summarise_file(path: str, kind: str, spec: dict[str, Any], number: int, cache: Cache) -> SequenceFileSummary:
    """Cached summary of a text file, or of the head of a large one. Raises InputError with its faults."""
    limit = HEAD_BYTES if os.path.getsize(path) > LARGE_BYTES else None
    entry = spec["files"][number]

    def summarise() -> dict[str, Any]:
        records = (
            fasta_reader.read_fasta(path, limit)
            if kind == format_detection.FASTA
            else tables.read_table(path, kind, spec["columns"], limit)
        )
        column_values = columns.read_row_columns(records, spec, entry["label"], entry["split"], number)
        return asdict(_summarise_records(records, kind, column_values))

    cache_spec = {key: spec.get(key) for key in ("columns", "label", "target", "by", "column", "given")}
    return SequenceFileSummary(**cache.get("sequences", [path], summarise, kind, cache_spec, entry, number))


def _summarise_records(records: Any, kind: str, column_values: dict[str, list[str]]) -> SequenceFileSummary:
    labels: dict[str, tuple[str, int, str]] = {}
    for label, name in zip(column_values.get("label", []), records.names, strict=False):
        if label:
            _, count, first = labels.get(label, (label, 0, name))
            labels[label] = (label, count + 1, first)
    without = [name for locus, name in zip(records.loci, records.names, strict=True) if not locus.chrom]
    return SequenceFileSummary(
        records.path,
        kind,
        [(length, *count_and_first) for length, count_and_first in lengths.count_lengths(records).counts.items()],
        list(labels.values()),
        dict(Counter(locus.chrom for locus in records.loci if locus.chrom)),
        (len(without), without[0] if without else ""),
        sorted({side for side in column_values.get("split", []) if side}),
        records.is_complete,
    )


def _describe_summary(summary: SequenceFileSummary) -> str:
    total, sizes = sum(number for _, number, _, _ in summary.lengths), [length for length, *_ in summary.lengths]
    spread = f"{min(sizes)}" + f" to {max(sizes)}" * (len(sizes) > 1)
    return f"{summary.path}: {'' if summary.is_complete else 'the first '}{total:,} sequences of {spread} bases ({summary.kind})"


def _check_signal(spec: dict[str, Any], signal: str | None) -> list[str]:
    """Fault of a signal file that is not a bigWig."""
    if not signal:
        return []
    with open(signal, "rb") as handle:
        start = handle.read(4)
    return (
        [] if start in BIGWIG_MAGIC else [f"sequences.signal: {signal} is not a bigWig; convert a bedGraph with bedGraphToBigWig"]
    )


def _check_contigs(table: ContigTable, genome: ContigTable | None, cache: Cache) -> tuple[list[str], list[str]]:
    """Faults and notes of contigs and reference alleles that differ from the genome."""
    if genome is None or table.faults:
        return [], []
    faults, notes = contigs.compare_contigs(table, genome)
    if table.kind == "VCF" and not faults:
        check = lambda: contigs.check_alleles(table, genome.path)  # noqa: E731
        faults = cache.get("alleles", [table.path, genome.path, f"{genome.path}.fai"], check)
    return faults, notes


def _check_lengths(
    summaries: Sequence[SequenceFileSummary], window_tables: Sequence[ContigTable], spec: dict[str, Any]
) -> tuple[int | None, list[str]]:
    """Sequence length in bases, None if it is not known yet; and faults of unequal lengths."""
    known_lengths = [
        FileLengths(summary.path, {n: tuple(first) for n, *first in summary.lengths}) for summary in summaries if summary.lengths
    ]
    if known_lengths:
        try:
            return lengths.agree_length(known_lengths, spec), []
        except InputError as error:
            return None, error.faults
    windows = spec["target"] == "splice_sites" or any(table.kind == "VCF" for table in window_tables)
    return spec["length"] or (DEFAULT_LENGTH if windows else None), []


def _check_classes(
    summaries: Sequence[SequenceFileSummary], window_sources: Sequence[tuple[ContigTable, dict[str, Any]]], spec: dict[str, Any]
) -> list[str]:
    """Faults of class labels, if all are known: a single class, a class of one example, an unknown positive class."""
    is_known = all(summary.is_complete for summary in summaries) and all(entry.get("label") for _, entry in window_sources)
    if spec["outcome"] != "classes" or not is_known or not (summaries or window_sources):
        return []
    examples: dict[str, tuple[int, str]] = {}
    label_counts = [label_count for summary in summaries for label_count in summary.labels]
    label_counts += [(entry["label"], table.records, f"of {table.path}") for table, entry in window_sources]
    for label, number, name in label_counts:
        count, first = examples.get(label, (0, name))
        examples[label] = (count + number, first)
    if not examples:
        return ["label: no sequence has a label"]
    if spec["negatives"]["method"] != "none":
        label, positives = spec["negatives"]["label"], sum(number for number, _ in examples.values())
        count, first = examples.get(label, (0, ""))
        examples[label] = (count + max(2, positives), first)
    return label_checks.check_classes(examples, spec["positive"])


def _check_positions(summaries: Sequence[SequenceFileSummary], spec: dict[str, Any]) -> list[str]:
    """Faults of sequences without coordinates in a split by chromosome."""
    if spec["by"] != "chromosome":
        return []
    total = sum(number for summary in summaries for _, number, *_ in summary.lengths)
    first = next((summary.unplaced[1] for summary in summaries if summary.unplaced[0]), "")
    return label_checks.check_loci(sum(summary.unplaced[0] for summary in summaries), total, first)


def _check_chromosomes(task: Task, summaries: Sequence[SequenceFileSummary], window_tables: Sequence[ContigTable]) -> list[str]:
    """Faults of test and validation chromosomes without examples."""
    if not all(summary.is_complete for summary in summaries) or task.split.by != "chromosome":
        return []
    chromosomes = list(
        dict.fromkeys(
            [*(c for summary in summaries for c in summary.chroms), *(c for table in window_tables for c in table.ends)]
        )
    )
    faults = []
    for key in ("test_chromosomes", "validation_chromosomes"):
        for i, chrom in enumerate(getattr(task.split, key)):
            if chromosomes and chrom not in chromosomes:
                alternative = contigs.alternative_name(chrom)
                closest = alternative if alternative in chromosomes else find_closest(chrom, chromosomes, cutoff=0.7)
                hint = f"did you mean {closest!r}? Available" if closest else "available"
                faults.append(
                    f"split.{key}.{i}: no example is on {chrom!r}; {hint}: {', '.join(sorted(chromosomes, key=_natural_key)[:30])}"
                )
    return faults


def _check_sides(
    summaries: Sequence[SequenceFileSummary], window_sources: Sequence[tuple[ContigTable, dict[str, Any]]], spec: dict[str, Any]
) -> list[str]:
    """Faults of a given split without training or test examples."""
    is_known = all(summary.is_complete for summary in summaries) and all(entry.get("split") for _, entry in window_sources)
    if spec["by"] != "given" or not is_known or not (summaries or window_sources):
        return []
    sides = {side for summary in summaries for side in summary.sides} | {entry["split"] for _, entry in window_sources}
    return [
        f"split.given: no sequence is in subset {side!r}; set split: {side} for one of sequences.files, or in its column {spec['given']!r}"
        for side in ("train", "test")
        if side not in sides
    ]


def _check_min_lengths(task: Task, length: int) -> list[str]:
    """Faults of k-mer lengths and bin widths that do not fit the sequence length."""
    models, encoding, architectures = set(task.models), task.representation, task.architectures
    needs = []
    if encoding in ("kmer", "word2vec", "kmer_graph"):
        needs.append(("represent.k", task.represent.k, "k-mers"))
    if models & {"kmer_linear", "kmer_boosting"}:
        needs.append(("kmers.k", task.kmers.k, "k-mers"))
    if "gapped_kmer_svm" in models:
        needs.append(("kmers.length", task.kmers.length, "gapped k-mers"))
    if "graph" in models and encoding != "kmer_graph":
        needs.append(("architectures.graph.k", architectures.graph.k, "k-mers"))
    faults = [
        f"{key}: {unit} of {value} bases do not fit into sequences of {length} bases; use a smaller value"
        for key, value, unit in needs
        if value > length
    ]
    bin_width = task.sequences.bin
    if task.sequences.target == "profile" and length % bin_width:
        faults.append(
            f"sequences.bin: the window length of {length} bases is not a multiple of the bin width of {bin_width}; set sequences.length to "
            f"{max(1, round(length / bin_width)) * bin_width}"
        )
    return faults


def _natural_key(chrom: str) -> tuple[int, str]:
    """Sort key that puts chr2 before chr10."""
    digits = chrom.removeprefix("chr")
    return (int(digits), "") if digits.isdigit() else (1000, chrom)
