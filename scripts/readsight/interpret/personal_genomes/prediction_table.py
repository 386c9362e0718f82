"""Table of predictions, one row per window, sample and head."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from readsight.genome import windows
from readsight.genome.codes import make_generator
from readsight.genome.store import BASE, Genome
from readsight.interpret.personal_genomes.genotypes import GenotypeCall, GenotypeCohort, GenotypeRecord
from readsight.interpret.personal_genomes.haplotype_sequence import HaplotypeWindow, SequenceChange, spell_haplotype
from readsight.interpret.personal_genomes.phasing import enumerate_phasings
from readsight.interpret.personal_genomes.prediction import SequenceModels
from readsight.interpret.personal_genomes.windows import Regions

# Sequences per batch.
BATCH_SIZE = 4096


@dataclass(frozen=True)
class CallGroup:
    """Haplotypes of samples with equal calls in a window. ways: (phasings, copies), indices into the sequences."""

    status: str
    ways: np.ndarray
    applied: tuple[str, ...]
    excluded: tuple[str, ...]


@dataclass(frozen=True)
class WindowCalls:
    """Calls of all samples in a window.

    Attributes
    ----------
    reference : index of the reference sequence.
    sample_group : (samples,), index in `groups`.
    missing : (samples,), number of unknown calls.
    """

    row: int
    reference: int
    groups: list[CallGroup]
    sample_group: np.ndarray
    missing: np.ndarray


class UniqueSequences:
    """Distinct sequences. codes: in order of first occurrence."""

    def __init__(self) -> None:
        self.codes: list[np.ndarray] = []
        self._indices: dict[bytes, int] = {}

    def __len__(self) -> int:
        return len(self.codes)

    def add(self, codes: np.ndarray) -> int:
        """Index of a sequence."""
        index = self._indices.setdefault(codes.tobytes(), len(self.codes))
        if index == len(self.codes):
            self.codes.append(codes)
        return index


def predict_tables(
    cohort: GenotypeCohort, regions: Regions, genome: Genome, models: SequenceModels, seed: int, threads: int
) -> Iterator[pd.DataFrame]:
    """Tables of predictions, for some windows at a time, in the order of windows and samples.

    Columns: region, chrom, start, end, strand, sample, head, phase, phasings (number averaged), copies, reference,
    haplotype1, haplotype2, … (scores; NaN if a sample lacks the copy), mean (over copies), difference (from the reference),
    the same for probabilities (probability.reference, …), unit, variants, applied, left, missing, seen, models. With several
    phasings a haplotype is their mean. Predictions are means of the models that were not trained on the window (`models`); if
    all were, of all models, and the window is marked as `seen`.
    """
    sequences = UniqueSequences()
    pending: list[WindowCalls] = []
    for row in range(len(regions)):
        pending.append(collect_window(cohort, regions, row, genome, models, sequences, seed))
        if len(sequences) >= BATCH_SIZE or row == len(regions) - 1:
            predictions = models.predict(np.stack(sequences.codes), threads)
            yield pd.concat([_build_rows(cohort, regions, models, predictions, window) for window in pending], ignore_index=True)
            sequences, pending = UniqueSequences(), []


def collect_window(
    cohort: GenotypeCohort,
    regions: Regions,
    row: int,
    genome: Genome,
    models: SequenceModels,
    sequences: UniqueSequences,
    seed: int,
) -> WindowCalls:
    """Haplotypes of each sample in a window, added to `sequences`."""
    length = models.sequence.length
    contig, start, strand = int(regions.contig[row]), int(regions.start[row]), regions.strand[row : row + 1]
    window_codes = windows.cut_raw(genome, np.array([contig]), np.array([start]), length, padded=True) & BASE
    reference = windows.orient_strands(window_codes, strand)[0]
    copies: dict[tuple[SequenceChange, ...], tuple[int, HaplotypeWindow]] = {}

    def add_haplotype(changes: tuple[SequenceChange, ...]) -> int:
        if changes not in copies:
            haplotype = spell_haplotype(genome, contig, start, length, changes)
            codes = windows.orient_strands(haplotype.codes[None], strand)[0]
            copies[changes] = sequences.add(np.concatenate([reference, codes]) if models.sequence.pair else codes), haplotype
        return copies[changes][0]

    def build_group(calls: list[tuple[GenotypeRecord, GenotypeCall]]) -> CallGroup:
        rng = make_generator(seed, "phasings", regions.name[row])
        phasing = enumerate_phasings([(record.changes, call) for record, call in calls], rng)
        ways = np.array([[add_haplotype(changes) for changes in way] for way in phasing.ways])
        haplotypes = [copies[copy][1] for way in phasing.ways for copy in way]
        applied, overlapping = (
            {c for haplotype in haplotypes for c in getattr(haplotype, attribute)} for attribute in ("applied", "overlapping")
        )
        without = [r.names[a - 1] for r, call in calls for a in dict.fromkeys(call.alleles) if a and r.changes[a - 1] is None]
        return CallGroup(
            phasing.status, ways, tuple(c.name for c in sorted(applied)), (*(c.name for c in sorted(overlapping)), *without)
        )

    sample_calls: dict[int, list[tuple[GenotypeRecord, GenotypeCall]]] = {}
    missing = np.zeros(len(cohort.samples), np.int64)
    for record in cohort.find_records(regions.chrom[row], start, start + length):
        for sample, call in record.calls.items():
            sample_calls.setdefault(sample, []).append((record, call))
        if record.start < start + length and record.end > start:
            missing[list(record.missing)] += 1
    groups, group_index = [build_group([])], {(): 0}
    sample_group = np.zeros(len(cohort.samples), np.int64)
    for sample, calls in sample_calls.items():
        calls = cohort.select_visible(calls, start, start + length)
        key = tuple((id(record), call) for record, call in calls)
        sample_group[sample] = group_index.setdefault(key, len(groups))
        if sample_group[sample] == len(groups):
            groups.append(build_group(calls))
    return WindowCalls(row, add_haplotype(()), groups, sample_group, missing)


def _build_rows(
    cohort: GenotypeCohort,
    regions: Regions,
    models: SequenceModels,
    predictions: tuple[np.ndarray, np.ndarray],
    window: WindowCalls,
) -> pd.DataFrame:
    """Rows of one window, one per sample and head."""
    row, number = window.row, len(models.heads)
    covered = None if regions.covered is None else regions.covered[row]
    is_used = np.ones(len(models), bool) if covered is None or covered.all() else ~covered
    start = int(regions.start[row])

    def expand_values(values: list[Any]) -> np.ndarray:
        return np.repeat(np.array(values, dtype=object if isinstance(values[0], str) else None)[window.sample_group], number)

    columns: dict[str, Any] = {
        "region": regions.name[row],
        "chrom": regions.chrom[row],
        "start": start,
        "end": start + models.sequence.length,
        "strand": str(regions.strand[row]),
        "sample": np.repeat(np.array(cohort.samples, object), number),
        "head": models.heads * len(cohort.samples),
        "phase": expand_values([group.status for group in window.groups]),
        "phasings": expand_values([len(group.ways) for group in window.groups]),
        "copies": expand_values([group.ways.shape[1] for group in window.groups]),
    }
    for prefix, values in zip(("", "probability."), predictions, strict=True):
        statistics = _summarise_scores(values[is_used].mean(axis=0), window, cohort.copies)
        columns |= {prefix + name: group_values[window.sample_group].ravel() for name, group_values in statistics.items()}
    columns |= {
        "unit": models.unit,
        "variants": expand_values([len(group.applied) for group in window.groups]),
        "applied": expand_values([",".join(group.applied) for group in window.groups]),
        "left": expand_values([",".join(group.excluded) for group in window.groups]),
        "missing": np.repeat(window.missing, number),
        "seen": pd.array([None if covered is None else bool(covered.all())] * (len(cohort.samples) * number), dtype="boolean"),
        "models": int(is_used.sum()),
    }
    return pd.DataFrame(columns)


def _summarise_scores(values: np.ndarray, window: WindowCalls, copies: int) -> dict[str, np.ndarray]:
    """Statistics of the groups of a window, each (groups, heads). values: (sequences, heads). copies: largest ploidy."""
    haplotype_means = np.full((copies, len(window.groups), values.shape[1]), np.nan)
    mean = np.empty(haplotype_means.shape[1:])
    for number, group in enumerate(window.groups):
        for copy in range(group.ways.shape[1]):
            haplotype_means[copy, number] = _average_rows(values, group.ways[:, copy])
        mean[number] = _average_rows(values, group.ways.ravel())
    reference = np.broadcast_to(values[window.reference], mean.shape)
    statistics = {"reference": reference} | {f"haplotype{i + 1}": means for i, means in enumerate(haplotype_means)}
    return statistics | {"mean": mean, "difference": mean - reference}


def _average_rows(values: np.ndarray, indices: np.ndarray) -> np.ndarray:
    """Mean of some rows, (heads,); exact if all are the same row."""
    rows, counts = np.unique(indices, return_counts=True)
    return values[rows[0]] if len(rows) == 1 else (values[rows] * (counts / counts.sum())[:, None]).sum(axis=0)
