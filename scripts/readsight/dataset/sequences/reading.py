"""Reading of a task's example files, each by its format, to examples of one length."""

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
from readsight.dataset.sequences.raw_examples import SequenceSet, make_unplaced_obs
from readsight.dataset.sequences.records import Records
from readsight.errors import InputError

NO_GENOME = "are cut from a genome: set sequences.genome or reference.fasta"


def read_files(paths: Sequence[str], spec: dict[str, Any], genome: Any = None) -> list[SequenceSet]:
    """Examples of each file, in the order of the config.

    spec: from `wiring.dataset.sequences`; its files have label and split. genome: `genome.store.Genome`, if there is one. Raises
    InputError with the faults of all files.
    """
    faults: list[str] = []
    texts: dict[int, Records] = {}
    sets: dict[int, SequenceSet] = {}
    for number, (path, entry) in enumerate(zip(paths, spec["files"], strict=True)):
        try:
            kind = format_detection.detect_format(path, spec["columns"])
            if kind in (format_detection.BED, format_detection.VCF):
                sets[number] = _cut_from_genome(path, kind, genome, spec, entry)
            else:
                texts[number] = read_text(path, kind, spec["columns"])
        except InputError as error:
            faults += error.faults
    row_columns: dict[int, dict[str, list[str]]] = {}
    for number, records in texts.items():
        try:
            entry = spec["files"][number]
            row_columns[number] = columns.read_row_columns(records, spec, entry["label"], entry["split"], number)
        except InputError as error:
            faults += error.faults
    try:
        length = lengths.choose_common_length(list(texts.values()), spec) if texts else 0
    except InputError as error:
        faults += error.faults
    if faults:
        raise InputError(faults)
    sets |= {number: convert_records(records, row_columns[number], length) for number, records in texts.items()}
    return [sets[number] for number in sorted(sets)]


def read_text(path: str, kind: str, names: Sequence[str], limit: int | None = None) -> Records:
    """Sequences of a text file: FASTA or a table. names: columns of tables without a header."""
    return fasta_reader.read_fasta(path, limit) if kind == format_detection.FASTA else tables.read_table(path, kind, names, limit)


def convert_records(records: Records, row_columns: dict[str, list[str]], length: int) -> SequenceSet:
    """Records as examples of that length; unlabelled records are excluded and named."""
    is_valid = np.ones(len(records), bool)
    for name, values in row_columns.items():
        if name.startswith("label"):
            is_valid &= np.array([bool(value) for value in values], bool)
    windows = padding.fit_length(records.sequences, length)
    moved_loci = padding.move_loci(records.loci, [len(sequence) for sequence in records.sequences], length)
    obs = make_unplaced_obs(records.names)
    for column, values in zip(("chrom", "start", "end", "strand"), zip(*moved_loci, strict=True), strict=True):
        obs[column] = list(values)
    obs["repeat"] = padding.compute_masked_fraction(windows)
    for name, values in row_columns.items():
        obs[name] = values
    unlabelled = int((~is_valid).sum())
    names = ", ".join(np.array(records.names, object)[~is_valid][:5])
    excluded = (
        [f"{records.path}: {unlabelled:,} sequences without a label ({names}{', …' if unlabelled > 5 else ''})"]
        if unlabelled
        else []
    )
    return SequenceSet(padding.encode_sequences(windows)[is_valid], obs[is_valid], left_out=excluded)


def _cut_from_genome(path: str, kind: str, genome: Any, spec: dict[str, Any], entry: dict[str, Any]) -> SequenceSet:
    if genome is None:
        raise InputError(
            f"sequences.genome: {path} is {kind}: its {'regions' if kind == format_detection.BED else 'variants'} {NO_GENOME}"
        )
    read = regions.read_regions if kind == format_detection.BED else variant_windows.read_variant_windows
    return read(path, genome, spec, entry["label"], entry["split"])
