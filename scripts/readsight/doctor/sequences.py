"""What a task on sequences will meet, seen before any job: from its files alone, the heads of large ones.

With the standard library alone. What stands in parquet is not looked into; the job checks it.
"""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from types import SimpleNamespace
from typing import Any

from readsight.config import interpretation
from readsight.config.key_locations import Places
from readsight.config.tasks import Task
from readsight.dataset.sequences import columns, fasta_reader, format_detection, label_checks, lengths, tables
from readsight.dataset.sequences.lengths import Lengths
from readsight.doctor.cache import Cache
from readsight.errors import InputError
from readsight.formats import contigs
from readsight.formats.contigs import Table
from readsight.text import nearest
from readsight.wiring.dataset import DatasetWiring
from readsight.wiring.project import Project

LARGE = 50_000_000
HEAD = 4_000_000
# Bases of a window where the config does not say it.
USUAL = 1000
BIGWIG = (b"\x26\xfc\x8f\x88", b"\x88\x8f\xfc\x26")
TOKENIZER = ("tokenizer.json", "vocab.txt", "vocab.json", "tokenizer.model")
SECTIONS = ("sequences.", "interpret.", "label:", "positive:", "split.", "represent.", "kmers.", "architectures.")
Say = Callable[[str, str], None]


@dataclass
class Seen:
    """What was found in one file of text. lengths: (bases, sequences, row and name of the first). labels: (label, sequences,
    name of the first). chroms: with their sequences. unplaced: sequences that do not say where they lie, and the first of
    them. sides: those of a given split. whole: whether the file was read to its end.
    """

    path: str
    kind: str
    lengths: list[tuple[int, int, int, str]] = field(default_factory=list)
    labels: list[tuple[str, int, str]] = field(default_factory=list)
    chroms: dict[str, int] = field(default_factory=dict)
    unplaced: tuple[int, str] = (0, "")
    sides: list[str] = field(default_factory=list)
    whole: bool = True


def files(project: Project) -> list[tuple[str, str, str]]:
    """(key, path, format) of the files of tasks on sequences."""
    named = []
    for name, task in _tasks(project):
        own = task.sequences
        named += [(f"tasks.{name}.sequences.files.{i}.path", file.path, "sequences") for i, file in enumerate(own.files)]
        beside = (("genome", own.genome, "FASTA"), ("signal", own.signal, "bigWig"), ("annotation", own.annotation, "GTF"))
        named += [(f"tasks.{name}.sequences.{key}", path, kind) for key, path, kind in beside if path]
        named += [(f"tasks.{name}.{key}", path, kind) for key, path, kind in interpretation.files(task)]
    return named


def checkpoints(project: Project) -> list[str]:
    """Faults of the folders of pre-trained transformers that tasks name."""
    faults = []
    for name, task in _tasks(project):
        folder = task.represent.checkpoint
        if not folder or task.representation != "transformer":
            continue
        key = f"tasks.{name}.represent.checkpoint"
        if not os.path.isdir(folder):
            faults.append(f"{key}: there is no such folder: {folder}; a folder of a Hugging Face model is needed")
            continue
        there = os.listdir(folder)
        if "config.json" not in there:
            faults.append(
                f"{key}: {folder} has no config.json; a folder of a Hugging Face model has config.json, weights and a tokenizer"
            )
        if not set(TOKENIZER) & set(there):
            faults.append(f"{key}: {folder} has no tokenizer ({', '.join(TOKENIZER)}); save it with the model (save_pretrained)")
        if not any(file.endswith((".safetensors", ".bin")) for file in there):
            faults.append(f"{key}: {folder} has no weights (model.safetensors or pytorch_model.bin)")
    return faults


def _tasks(project: Project) -> list[tuple[str, Task]]:
    return [(name, task) for name, task in project.config.tasks.items() if task.source == "sequences"]


def look(
    project: Project, absent: set[str], table: Callable[[str, str], Table], reference: Table | None, cache: Cache, say: Say
) -> tuple[list[str], list[str]]:
    """Faults and notes of all tasks on sequences.

    absent: paths that are not there; tasks that name one are left. table: contigs of a file of a kind, whose own faults it
    notes. reference: those of the project's genome.
    """
    places, wiring = Places(project.paths), DatasetWiring(project)
    faults: list[str] = []
    notes: list[str] = []
    for name, task in _tasks(project):
        own = task.sequences
        if absent & {path for key, path, _ in files(project) if key.startswith(f"tasks.{name}.")}:
            continue
        spec = wiring.sequences(SimpleNamespace(task=name))
        genome = table(own.genome, "FASTA") if own.genome else reference
        genome = genome if genome and genome.lengths and not genome.faults else None
        fasta = project.config.reference.fasta is not None
        found, noted = of_task(task, spec, table, genome, cache, lambda text, name=name: say(f"task {name}", text), fasta)
        faults += [places.locate(f"tasks.{name}.{fault}") if fault.startswith(SECTIONS) else fault for fault in found]
        notes += noted
    return faults, notes


def of_task(
    task: Task,
    spec: dict[str, Any],
    table: Callable[[str, str], Table],
    genome: Table | None,
    cache: Cache,
    say: Callable[[str], None],
    fasta: bool = True,
) -> tuple[list[str], list[str]]:
    """Faults and notes of one task, all of whose files are there. fasta: whether the project has a reference."""
    faults, notes = _of_signal(spec, task.sequences.signal), []
    spec = spec | ({"label": None} if task.sequences.signal else {})
    texts: list[Seen] = []
    cut: list[tuple[Table, dict[str, Any]]] = []
    paths = [file.path for file in task.sequences.files]
    for number, (path, entry) in enumerate(zip(paths, spec["files"], strict=True)):
        try:
            kind = format_detection.kind(path, spec["columns"])
            if kind in (format_detection.BED, format_detection.VCF):
                if not (task.sequences.genome or fasta):
                    faults.append(f"sequences.genome: {path} is {kind}, cut out of a genome; name it here or as reference.fasta")
                cut.append((table(path, kind), entry))
                say(f"{path}: {kind}, {cut[-1][0].records:,} records")
            elif kind != format_detection.PARQUET:
                texts.append(_text(path, kind, spec, number, cache))
                say(_words(texts[-1]))
            else:
                texts.append(Seen(path, kind, whole=False))
                say(f"{path}: looked into by its job")
        except InputError as error:
            faults += error.faults
    if task.outcome == "positions":
        annotation = table(task.sequences.annotation, "GTF") if task.sequences.annotation else None
        cut += [(annotation, {})] if annotation else []
    beside = [table(path, kind) for _, path, kind in interpretation.files(task) if kind in ("VCF", "BED")]
    for own in [*(own for own, _ in cut), *beside]:
        found, said = _of_contigs(own, genome, cache)
        faults += found
        notes += said
    if faults:
        return faults, notes
    length, faults = _length(texts, [own for own, _ in cut], spec)
    faults += _of_classes(texts, cut, spec) + _of_places(texts, spec) + _of_chromosomes(task, texts, [own for own, _ in cut])
    return faults + _of_sides(texts, cut, spec) + (_of_length(task, length) if length else []), notes


def _text(path: str, kind: str, spec: dict[str, Any], number: int, cache: Cache) -> Seen:
    """What a file of text holds; of a large one, its head. Raises InputError with its faults."""
    limit = HEAD if os.path.getsize(path) > LARGE else None
    entry = spec["files"][number]

    def make() -> dict[str, Any]:
        records = (
            fasta_reader.read(path, limit) if kind == format_detection.FASTA else tables.read(path, kind, spec["columns"], limit)
        )
        said = columns.said(records, spec, entry["label"], entry["split"], number)
        return asdict(_seen(records, kind, said))

    read = {key: spec.get(key) for key in ("columns", "label", "target", "by", "column", "given")}
    return Seen(**cache.get("sequences", [path], make, kind, read, entry, number))


def _seen(records: Any, kind: str, said: dict[str, list[str]]) -> Seen:
    labels: dict[str, tuple[str, int, str]] = {}
    for label, name in zip(said.get("label", []), records.names, strict=False):
        if label:
            _, count, first = labels.get(label, (label, 0, name))
            labels[label] = (label, count + 1, first)
    without = [name for place, name in zip(records.loci, records.names, strict=True) if not place.chrom]
    return Seen(
        records.path,
        kind,
        [(length, *own) for length, own in lengths.of(records).counts.items()],
        list(labels.values()),
        dict(Counter(place.chrom for place in records.loci if place.chrom)),
        (len(without), without[0] if without else ""),
        sorted({side for side in said.get("split", []) if side}),
        records.whole,
    )


def _words(seen: Seen) -> str:
    total, own = sum(number for _, number, _, _ in seen.lengths), [length for length, *_ in seen.lengths]
    spread = f"{min(own)}" + f" to {max(own)}" * (len(own) > 1)
    return f"{seen.path}: {'' if seen.whole else 'the first '}{total:,} sequences of {spread} bases ({seen.kind})"


def _of_signal(spec: dict[str, Any], signal: str | None) -> list[str]:
    """Faults of a bigWig that is none."""
    if not signal:
        return []
    with open(signal, "rb") as handle:
        start = handle.read(4)
    return [] if start in BIGWIG else [f"sequences.signal: {signal} is no bigWig; write one of a bedGraph by bedGraphToBigWig"]


def _of_contigs(table: Table, genome: Table | None, cache: Cache) -> tuple[list[str], list[str]]:
    """What keeps windows from being cut out of the genome: other contigs, other reference alleles."""
    if genome is None or table.faults:
        return [], []
    faults, notes = contigs.compare(table, genome)
    if table.kind == "VCF" and not faults:
        check = lambda: contigs.check_alleles(table, genome.path)  # noqa: E731
        faults = cache.get("alleles", [table.path, genome.path, f"{genome.path}.fai"], check)
    return faults, notes


def _length(texts: Sequence[Seen], cut: Sequence[Table], spec: dict[str, Any]) -> tuple[int | None, list[str]]:
    """Bases of an example, None where that is not known here; and faults of unequal lengths."""
    told = [Lengths(seen.path, {n: tuple(own) for n, *own in seen.lengths}) for seen in texts if seen.lengths]
    if told:
        try:
            return lengths.agreed(told, spec), []
        except InputError as error:
            return None, error.faults
    windows = spec["target"] == "splice_sites" or any(table.kind == "VCF" for table in cut)
    return spec["length"] or (USUAL if windows else None), []


def _of_classes(texts: Sequence[Seen], cut: Sequence[tuple[Table, dict[str, Any]]], spec: dict[str, Any]) -> list[str]:
    """Faults of classes, where all of them are known here: one alone, one of a single example, a positive that is none."""
    known = all(seen.whole for seen in texts) and all(entry.get("label") for _, entry in cut)
    if spec["outcome"] != "classes" or not known or not (texts or cut):
        return []
    examples: dict[str, tuple[int, str]] = {}
    own = [own for seen in texts for own in seen.labels]
    own += [(entry["label"], table.records, f"of {table.path}") for table, entry in cut]
    for label, number, name in own:
        held, first = examples.get(label, (0, name))
        examples[label] = (held + number, first)
    if not examples:
        return ["label: no sequence has a label"]
    if spec["negatives"]["method"] != "none":
        label, positives = spec["negatives"]["label"], sum(number for number, _ in examples.values())
        held, first = examples.get(label, (0, ""))
        examples[label] = (held + max(2, positives), first)
    return label_checks.of_classes(examples, spec["positive"])


def _of_places(texts: Sequence[Seen], spec: dict[str, Any]) -> list[str]:
    """Faults of sequences that do not say where they lie, and are to be divided by chromosomes."""
    if spec["by"] != "chromosome":
        return []
    total = sum(number for seen in texts for _, number, *_ in seen.lengths)
    first = next((seen.unplaced[1] for seen in texts if seen.unplaced[0]), "")
    return label_checks.of_places(sum(seen.unplaced[0] for seen in texts), total, first)


def _of_chromosomes(task: Task, texts: Sequence[Seen], cut: Sequence[Table]) -> list[str]:
    """Faults of chromosomes that are tested on, or validated on, and that no example lies on."""
    if not all(seen.whole for seen in texts) or task.split.by != "chromosome":
        return []
    there = list(dict.fromkeys([*(c for seen in texts for c in seen.chroms), *(c for table in cut for c in table.ends)]))
    faults = []
    for key in ("test_chromosomes", "validation_chromosomes"):
        for i, chrom in enumerate(getattr(task.split, key)):
            if there and chrom not in there:
                other = contigs.other_name(chrom)
                near = other if other in there else nearest(chrom, there, cutoff=0.7)
                hint = f"did you mean {near!r}? There" if near else "there"
                faults.append(
                    f"split.{key}.{i}: no example lies on {chrom!r}; {hint} are: {', '.join(sorted(there, key=_natural)[:30])}"
                )
    return faults


def _of_sides(texts: Sequence[Seen], cut: Sequence[tuple[Table, dict[str, Any]]], spec: dict[str, Any]) -> list[str]:
    """Faults of a given split without one of its sides."""
    known = all(seen.whole for seen in texts) and all(entry.get("split") for _, entry in cut)
    if spec["by"] != "given" or not known or not (texts or cut):
        return []
    sides = {side for seen in texts for side in seen.sides} | {entry["split"] for _, entry in cut}
    return [
        f"split.given: no sequence is of side {side!r}; say split: {side} beside one of sequences.files, or in its column {spec['given']!r}"
        for side in ("train", "test")
        if side not in sides
    ]


def _of_length(task: Task, length: int) -> list[str]:
    """Faults of settings that need longer sequences."""
    models, word, nets = set(task.models), task.representation, task.architectures
    needs = []
    if word in ("kmer", "word2vec", "kmer_graph"):
        needs.append(("represent.k", task.represent.k, "k-mers"))
    if models & {"kmer_linear", "kmer_boosting"}:
        needs.append(("kmers.k", task.kmers.k, "k-mers"))
    if "gapped_kmer_svm" in models:
        needs.append(("kmers.length", task.kmers.length, "gapped k-mers"))
    if "graph" in models and word != "kmer_graph":
        needs.append(("architectures.graph.k", nets.graph.k, "k-mers"))
    faults = [
        f"{key}: {what} of {value} bases do not fit into sequences of {length}; lower it"
        for key, value, what in needs
        if value > length
    ]
    bin = task.sequences.bin
    if task.sequences.target == "profile" and length % bin:
        faults.append(
            f"sequences.bin: windows of {length} bases are no whole number of bins of {bin}; set sequences.length to "
            f"{max(1, round(length / bin)) * bin}"
        )
    return faults


def _natural(chrom: str) -> tuple[int, str]:
    """A key that puts chr2 before chr10."""
    digits = chrom.removeprefix("chr")
    return (int(digits), "") if digits.isdigit() else (1000, chrom)
