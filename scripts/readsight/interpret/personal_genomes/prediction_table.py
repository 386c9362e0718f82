"""A table of what is predicted of each sample in each window: a row a window, a sample and a head."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from readsight.genome import windows
from readsight.genome.codes import generator
from readsight.genome.store import BASE, Genome
from readsight.interpret.personal_genomes.genotypes import Call, Cohort, Record
from readsight.interpret.personal_genomes.haplotype_sequence import Change, Spelled, spell
from readsight.interpret.personal_genomes.phasing import divided
from readsight.interpret.personal_genomes.prediction import Models
from readsight.interpret.personal_genomes.windows import Regions

# Sequences that are put to the models at once.
AT_ONCE = 4096


@dataclass(frozen=True)
class Kind:
    """What samples with the same calls have in a window. ways: (ways to divide the calls, copies) places in the list of sequences."""

    word: str
    ways: np.ndarray
    applied: tuple[str, ...]
    left: tuple[str, ...]


@dataclass(frozen=True)
class Window:
    """A window of all samples. reference: place of its sequence. kind: (samples,) place in `kinds`. missing: (samples,) calls not known."""

    row: int
    reference: int
    kinds: list[Kind]
    kind: np.ndarray
    missing: np.ndarray


class Sequences:
    """Different sequences, each once. codes: in the order in which they came."""

    def __init__(self) -> None:
        self.codes: list[np.ndarray] = []
        self._places: dict[bytes, int] = {}

    def __len__(self) -> int:
        return len(self.codes)

    def add(self, codes: np.ndarray) -> int:
        """The place of a sequence."""
        place = self._places.setdefault(codes.tobytes(), len(self.codes))
        if place == len(self.codes):
            self.codes.append(codes)
        return place


def tables(cohort: Cohort, regions: Regions, genome: Genome, models: Models, seed: int, threads: int) -> Iterator[pd.DataFrame]:
    """The rows, windows in their order and in each the samples in theirs; a table for some windows at a time.

    Columns: region, chrom, start, end, strand, sample, head, phase, phasings (ways that were averaged), copies, reference, haplotype1,
    haplotype2, … (scores; NaN where a sample has no such copy), mean (of the copies: the person's), difference (from the
    reference), the same of probabilities (probability.reference, …), unit, variants, applied, left, missing, seen, models. Of
    several phasings a haplotype is their mean. An answer is the mean of the models that did not learn from the window
    (`models`); where all did, of all, and the window is `seen`.
    """
    held = Sequences()
    waiting: list[Window] = []
    for row in range(len(regions)):
        waiting.append(gathered(cohort, regions, row, genome, models, held, seed))
        if len(held) >= AT_ONCE or row == len(regions) - 1:
            answers = models.ask(np.stack(held.codes), threads)
            yield pd.concat([_rows(cohort, regions, models, answers, one) for one in waiting], ignore_index=True)
            held, waiting = Sequences(), []


def gathered(cohort: Cohort, regions: Regions, row: int, genome: Genome, models: Models, held: Sequences, seed: int) -> Window:
    """What each sample has in a window. held: takes the sequences."""
    length = models.sequence.length
    contig, start, strand = int(regions.contig[row]), int(regions.start[row]), regions.strand[row : row + 1]
    own = windows.raw(genome, np.array([contig]), np.array([start]), length, padded=True) & BASE
    plain = windows.turned(own, strand)[0]
    copies: dict[tuple[Change, ...], tuple[int, Spelled]] = {}

    def place(changes: tuple[Change, ...]) -> int:
        if changes not in copies:
            found = spell(genome, contig, start, length, changes)
            codes = windows.turned(found.codes[None], strand)[0]
            copies[changes] = held.add(np.concatenate([plain, codes]) if models.sequence.pair else codes), found
        return copies[changes][0]

    def kind_of(calls: list[tuple[Record, Call]]) -> Kind:
        rng = generator(seed, "phasings", regions.name[row])
        phasing = divided([(record.changes, call) for record, call in calls], rng)
        ways = np.array([[place(changes) for changes in way] for way in phasing.ways])
        spelled = [copies[copy][1] for way in phasing.ways for copy in way]
        applied, left = ({c for one in spelled for c in getattr(one, part)} for part in ("applied", "left"))
        without = [r.names[a - 1] for r, call in calls for a in dict.fromkeys(call.alleles) if a and r.changes[a - 1] is None]
        return Kind(phasing.word, ways, tuple(c.name for c in sorted(applied)), (*(c.name for c in sorted(left)), *without))

    carried: dict[int, list[tuple[Record, Call]]] = {}
    missing = np.zeros(len(cohort.samples), np.int64)
    for record in cohort.near(regions.chrom[row], start, start + length):
        for sample, call in record.calls.items():
            carried.setdefault(sample, []).append((record, call))
        if record.start < start + length and record.end > start:
            missing[list(record.missing)] += 1
    kinds, places = [kind_of([])], {(): 0}
    kind = np.zeros(len(cohort.samples), np.int64)
    for sample, calls in carried.items():
        calls = cohort.shown(calls, start, start + length)
        key = tuple((id(record), call) for record, call in calls)
        kind[sample] = places.setdefault(key, len(kinds))
        if kind[sample] == len(kinds):
            kinds.append(kind_of(calls))
    return Window(row, place(()), kinds, kind, missing)


def _rows(
    cohort: Cohort, regions: Regions, models: Models, answers: tuple[np.ndarray, np.ndarray], window: Window
) -> pd.DataFrame:
    """Rows of one window, a row a sample and head."""
    row, number = window.row, len(models.heads)
    seen = None if regions.seen is None else regions.seen[row]
    asked = np.ones(len(models), bool) if seen is None or seen.all() else ~seen
    start = int(regions.start[row])

    def each(values: list[Any]) -> np.ndarray:
        return np.repeat(np.array(values, dtype=object if isinstance(values[0], str) else None)[window.kind], number)

    columns: dict[str, Any] = {
        "region": regions.name[row],
        "chrom": regions.chrom[row],
        "start": start,
        "end": start + models.sequence.length,
        "strand": str(regions.strand[row]),
        "sample": np.repeat(np.array(cohort.samples, object), number),
        "head": models.heads * len(cohort.samples),
        "phase": each([own.word for own in window.kinds]),
        "phasings": each([len(own.ways) for own in window.kinds]),
        "copies": each([own.ways.shape[1] for own in window.kinds]),
    }
    for prefix, values in zip(("", "probability."), answers, strict=True):
        found = _numbers(values[asked].mean(axis=0), window, cohort.copies)
        columns |= {prefix + name: own[window.kind].ravel() for name, own in found.items()}
    columns |= {
        "unit": models.unit,
        "variants": each([len(own.applied) for own in window.kinds]),
        "applied": each([",".join(own.applied) for own in window.kinds]),
        "left": each([",".join(own.left) for own in window.kinds]),
        "missing": np.repeat(window.missing, number),
        "seen": pd.array([None if seen is None else bool(seen.all())] * (len(cohort.samples) * number), dtype="boolean"),
        "models": int(asked.sum()),
    }
    return pd.DataFrame(columns)


def _numbers(values: np.ndarray, window: Window, copies: int) -> dict[str, np.ndarray]:
    """Numbers of a window's kinds, each (kinds, heads). values: (sequences, heads). copies: most that a sample has."""
    found = np.full((copies, len(window.kinds), values.shape[1]), np.nan)
    mean = np.empty(found.shape[1:])
    for number, own in enumerate(window.kinds):
        for copy in range(own.ways.shape[1]):
            found[copy, number] = _mean(values, own.ways[:, copy])
        mean[number] = _mean(values, own.ways.ravel())
    reference = np.broadcast_to(values[window.reference], mean.shape)
    named = {"reference": reference} | {f"haplotype{i + 1}": own for i, own in enumerate(found)}
    return named | {"mean": mean, "difference": mean - reference}


def _mean(values: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Mean of some rows (heads,); of one and the same row that row to the last digit."""
    rows, counts = np.unique(places, return_counts=True)
    return values[rows[0]] if len(rows) == 1 else (values[rows] * (counts / counts.sum())[:, None]).sum(axis=0)
