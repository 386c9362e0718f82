"""Labels of candidate calls, true or false, and the VCF file that bears them."""

import re
from pathlib import Path

import numpy as np
import pysam

from readsight.variants.vcf_records import lines

NONE, TRUE, FALSE = range(3)
WORDS = (".", "TP", "FP")
HEADER = (
    '##INFO=<ID=TRUTH,Number=1,Type=String,Description="TP: the allele is truly there in a sample that calls it; FP: it is not">\n'
    '##FORMAT=<ID=BD,Number=1,Type=String,Description="Whether the alleles that the sample calls are truly there (TP) or not (FP)">\n'
)
OWN = re.compile(r"##(INFO=<ID=TRUTH|FORMAT=<ID=BD),")
BINS = 40


class Labels:
    """A label of each record and each compared sample of it.

    records: number of records in the file. samples: number of compared samples.
    """

    def __init__(self, records: int, samples: int):
        self.of_samples = np.zeros((records, samples), dtype=np.int8)

    def add(self, sample: int, records: list[int], counted: np.ndarray, true: np.ndarray) -> None:
        """Label records of a sample by their calls: TP if all of them are true; none if any is out of scope."""
        place = np.array(records, dtype=np.int64)
        column = self.of_samples[:, sample]
        column[place] = TRUE
        column[place[~true]] = FALSE
        column[place[~counted]] = NONE

    @property
    def of_records(self) -> np.ndarray:
        """(records,) TP where any sample's label is TP, else FP where any is FP."""
        any_true, any_false = (self.of_samples == TRUE).any(axis=1), (self.of_samples == FALSE).any(axis=1)
        return np.where(any_true, TRUE, np.where(any_false, FALSE, NONE))


def write_labels(calls: Path, labels: Labels, columns: list[int], out: Path) -> dict[str, dict]:
    """Copy labelled records to a bgzipped VCF with INFO/TRUTH and FORMAT/BD, and index it (.tbi).

    columns: place, among the file's samples, of each compared sample. Returns
    histograms of QUAL and INFO/DP of true and of false calls.
    """
    of_records = labels.of_records
    kept: dict[str, list[tuple[float, bool]]] = {"QUAL": [], "DP": []}
    number = 0
    with lines(calls) as text, pysam.BGZFile(str(out), "w") as handle:
        for line in text:
            if line.startswith("#"):
                if line.startswith("#CHROM"):
                    handle.write(HEADER.encode())
                if not OWN.match(line):
                    handle.write(line.encode())
                continue
            label = of_records[number]
            if label != NONE:
                fields = line.rstrip("\n").split("\t")
                _note(fields, label == TRUE, kept)
                handle.write(_labelled(fields, label, labels.of_samples[number], columns).encode())
            number += 1
    pysam.tabix_index(str(out), preset="vcf", force=True)
    return {name: _histogram(values) for name, values in kept.items()}


def _labelled(fields: list[str], label: int, of_samples: np.ndarray, columns: list[int]) -> str:
    info = [entry for entry in fields[7].split(";") if entry != "." and not entry.startswith("TRUTH=")]
    fields[7] = ";".join([*info, f"TRUTH={WORDS[label]}"])
    names = fields[8].split(":")
    keep = [i for i, name in enumerate(names) if name != "BD"]
    fields[8] = ":".join([names[i] for i in keep] + ["BD"])
    own = dict(zip(columns, of_samples, strict=True))
    for column in range(len(fields) - 9):
        values = fields[9 + column].split(":")
        values = [values[i] if i < len(values) else "." for i in keep]
        fields[9 + column] = ":".join([*values, WORDS[own.get(column, NONE)]])
    return "\t".join(fields) + "\n"


def _note(fields: list[str], true: bool, kept: dict[str, list[tuple[float, bool]]]) -> None:
    if fields[5] != ".":
        kept["QUAL"].append((float(fields[5]), true))
    depth = re.search(r"(?:^|;)DP=(\d+)", fields[7])
    if depth:
        kept["DP"].append((float(depth[1]), true))


def _histogram(values: list[tuple[float, bool]]) -> dict[str, list]:
    """Edges of equal bins up to the 99th percentile (what lies above is in the last), and counts of true and false."""
    if not values:
        return {"edges": [], "tp": [], "fp": []}
    number, true = np.array([v for v, _ in values]), np.array([t for _, t in values], dtype=bool)
    edges = np.linspace(0, max(1.0, float(np.quantile(number, 0.99))), BINS + 1)
    clipped = np.clip(number, 0, edges[-1])
    counts = {name: np.histogram(clipped[which], edges)[0].tolist() for name, which in (("tp", true), ("fp", ~true))}
    return {"edges": edges.tolist(), **counts}
