"""Truth labels (true or false) of candidate calls, and the VCF file that contains them."""

import re
from pathlib import Path

import numpy as np
import pysam

from readsight.variants.vcf_records import open_lines

NONE, TRUE, FALSE = range(3)
STATUS_NAMES = (".", "TP", "FP")
HEADER = (
    '##INFO=<ID=TRUTH,Number=1,Type=String,Description="TP: the allele is present in a sample that calls it; FP: it is not">\n'
    '##FORMAT=<ID=BD,Number=1,Type=String,Description="Whether the alleles that the sample calls are present (TP) or not (FP)">\n'
)
LABEL_DEFINITION = re.compile(r"##(INFO=<ID=TRUTH|FORMAT=<ID=BD),")
BINS = 40


class Labels:
    """Labels of each record and each compared sample.

    records: number of records in the file. samples: number of compared samples.
    """

    def __init__(self, records: int, samples: int):
        self.sample_labels = np.zeros((records, samples), dtype=np.int8)

    def add(self, sample: int, records: list[int], counted: np.ndarray, true: np.ndarray) -> None:
        """Label the records of a sample by their calls: TP if all calls are true; no label if any is out of scope."""
        rows = np.array(records, dtype=np.int64)
        column = self.sample_labels[:, sample]
        column[rows] = TRUE
        column[rows[~true]] = FALSE
        column[rows[~counted]] = NONE

    @property
    def record_labels(self) -> np.ndarray:
        """(records,) TP if any sample's label is TP, else FP if any is FP."""
        any_true, any_false = (self.sample_labels == TRUE).any(axis=1), (self.sample_labels == FALSE).any(axis=1)
        return np.where(any_true, TRUE, np.where(any_false, FALSE, NONE))


def write_labels(calls: Path, labels: Labels, columns: list[int], out: Path) -> dict[str, dict]:
    """Copy labelled records to a bgzipped VCF with INFO/TRUTH and FORMAT/BD, and index it (.tbi).

    Parameters
    ----------
    columns : index, among the samples of the file, of each compared sample.

    Returns
    -------
    Histograms of QUAL and INFO/DP of true and false calls.
    """
    record_labels = labels.record_labels
    values_by_field: dict[str, list[tuple[float, bool]]] = {"QUAL": [], "DP": []}
    record_number = 0
    with open_lines(calls) as text, pysam.BGZFile(str(out), "w") as handle:
        for line in text:
            if line.startswith("#"):
                if line.startswith("#CHROM"):
                    handle.write(HEADER.encode())
                if not LABEL_DEFINITION.match(line):
                    handle.write(line.encode())
                continue
            label = record_labels[record_number]
            if label != NONE:
                fields = line.rstrip("\n").split("\t")
                _collect_values(fields, label == TRUE, values_by_field)
                handle.write(_label_line(fields, label, labels.sample_labels[record_number], columns).encode())
            record_number += 1
    pysam.tabix_index(str(out), preset="vcf", force=True)
    return {name: _build_histogram(values) for name, values in values_by_field.items()}


def _label_line(fields: list[str], label: int, sample_labels: np.ndarray, columns: list[int]) -> str:
    info = [entry for entry in fields[7].split(";") if entry != "." and not entry.startswith("TRUTH=")]
    fields[7] = ";".join([*info, f"TRUTH={STATUS_NAMES[label]}"])
    names = fields[8].split(":")
    keep = [i for i, name in enumerate(names) if name != "BD"]
    fields[8] = ":".join([names[i] for i in keep] + ["BD"])
    label_by_column = dict(zip(columns, sample_labels, strict=True))
    for column in range(len(fields) - 9):
        values = fields[9 + column].split(":")
        values = [values[i] if i < len(values) else "." for i in keep]
        fields[9 + column] = ":".join([*values, STATUS_NAMES[label_by_column.get(column, NONE)]])
    return "\t".join(fields) + "\n"


def _collect_values(fields: list[str], is_true: bool, values_by_field: dict[str, list[tuple[float, bool]]]) -> None:
    if fields[5] != ".":
        values_by_field["QUAL"].append((float(fields[5]), is_true))
    depth = re.search(r"(?:^|;)DP=(\d+)", fields[7])
    if depth:
        values_by_field["DP"].append((float(depth[1]), is_true))


def _build_histogram(values: list[tuple[float, bool]]) -> dict[str, list]:
    """Edges of equal bins up to the 99th percentile (larger values count in the last bin), and counts of true and false."""
    if not values:
        return {"edges": [], "tp": [], "fp": []}
    numbers, is_true = np.array([v for v, _ in values]), np.array([t for _, t in values], dtype=bool)
    edges = np.linspace(0, max(1.0, float(np.quantile(numbers, 0.99))), BINS + 1)
    clipped = np.clip(numbers, 0, edges[-1])
    counts = {name: np.histogram(clipped[mask], edges)[0].tolist() for name, mask in (("tp", is_true), ("fp", ~is_true))}
    return {"edges": edges.tolist(), **counts}
