"""Read the files of a task, each by what it holds, to examples of one length."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from readsight.dataset.sequences import (
    columns,
    fasta_reader,
    format_detection,
    lengths,
    padding,
    regions,
    tables,
    variant_windows,
)
from readsight.dataset.sequences.raw_examples import Found, unplaced
from readsight.dataset.sequences.records import Records
from readsight.errors import InputError

NO_GENOME = "are cut out of a genome: name it in sequences.genome or reference.fasta"


def read(paths: Sequence[str], spec: dict[str, Any], genome: Any = None) -> list[Found]:
    """Examples of each file, in the order of the config.

    spec: what `wiring.dataset.sequences` gives; its files say label and split. genome: `genome.store.Genome`, where there
    is one. Raises InputError with the faults of all files.
    """
    faults: list[str] = []
    texts: dict[int, Records] = {}
    found: dict[int, Found] = {}
    for number, (path, entry) in enumerate(zip(paths, spec["files"], strict=True)):
        try:
            kind = format_detection.kind(path, spec["columns"])
            if kind in (format_detection.BED, format_detection.VCF):
                found[number] = _cut(path, kind, genome, spec, entry)
            else:
                texts[number] = text(path, kind, spec["columns"])
        except InputError as error:
            faults += error.faults
    said: dict[int, dict[str, list[str]]] = {}
    for number, records in texts.items():
        try:
            entry = spec["files"][number]
            said[number] = columns.said(records, spec, entry["label"], entry["split"], number)
        except InputError as error:
            faults += error.faults
    try:
        length = lengths.common(list(texts.values()), spec) if texts else 0
    except InputError as error:
        faults += error.faults
    if faults:
        raise InputError(faults)
    found |= {number: of_text(records, said[number], length) for number, records in texts.items()}
    return [found[number] for number in sorted(found)]


def text(path: str, kind: str, names: Sequence[str], limit: int | None = None) -> Records:
    """Sequences that a file of text holds itself: FASTA or a table. names: columns of tables without a header."""
    return fasta_reader.read(path, limit) if kind == format_detection.FASTA else tables.read(path, kind, names, limit)


def of_text(records: Records, said: dict[str, list[str]], length: int) -> Found:
    """Records as examples of that length; those without a label are left out, and named."""
    kept = np.ones(len(records), bool)
    for name, values in said.items():
        if name.startswith("label"):
            kept &= np.array([bool(value) for value in values], bool)
    windows = padding.windows(records.sequences, length)
    places = padding.moved(records.loci, [len(sequence) for sequence in records.sequences], length)
    obs = unplaced(records.names)
    for column, values in zip(("chrom", "start", "end", "strand"), zip(*places, strict=True), strict=True):
        obs[column] = list(values)
    obs["repeat"] = padding.masked(windows)
    for name, values in said.items():
        obs[name] = values
    without = int((~kept).sum())
    names = ", ".join(np.array(records.names, object)[~kept][:5])
    left = [f"{records.path}: {without:,} sequences without a label ({names}{', …' if without > 5 else ''})"] if without else []
    return Found(padding.matrix(windows)[kept], obs[kept], left_out=left)


def _cut(path: str, kind: str, genome: Any, spec: dict[str, Any], entry: dict[str, Any]) -> Found:
    if genome is None:
        raise InputError(
            f"sequences.genome: {path} is {kind}: its {'regions' if kind == format_detection.BED else 'variants'} {NO_GENOME}"
        )
    return (regions if kind == format_detection.BED else variant_windows).read(path, genome, spec, entry["label"], entry["split"])
