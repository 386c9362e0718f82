"""What samples carry near windows: the genotypes of a VCF (plain, gzip) or BCF file."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from readsight.dataset.sequences import variant_windows
from readsight.dataset.sequences.variant_windows import MOST_NAMED, Alleles
from readsight.errors import InputError
from readsight.genome.store import Genome, unknown
from readsight.interpret.personal_genomes.haplotype_sequence import Change
from readsight.text import nearest
from readsight.variants.alleles import genotype

# Bases around a window in which variants are read: deletions in it pull in as much as they take away.
REACH = 1000
SHOWN = 10
FIXED = 9  # columns before the samples'


class Call(NamedTuple):
    """What a sample carries at a record. alleles: number of each copy's, 0 is REF. phase: set within which the order of copies means
    something; None where it does not.
    """

    alleles: tuple[int, ...]
    phase: str | None = None


@dataclass(frozen=True)
class Record:
    """A row of a file near a window.

    start, end: of REF, 0-based, half-open. names, changes: of each alternative allele; None where it has no sequence. calls: sample →
    call, where not all copies are REF, or there are not two. missing: samples of which a copy is not known.
    """

    start: int
    end: int
    names: tuple[str, ...]
    changes: tuple[Change | None, ...]
    calls: dict[int, Call]
    missing: frozenset[int]


def carried(record: Record, call: Call) -> list[Change]:
    """What a call changes, each change once; without those that have no sequence."""
    found = (record.changes[allele - 1] for allele in dict.fromkeys(call.alleles) if allele)
    return [change for change in found if change is not None]


@dataclass
class Cohort:
    """samples: names. records: contig → rows by place. copies: most copies that a sample has of anything, 2 at least.
    left: reason → alleles without a sequence that a sample carries.
    """

    samples: list[str]
    records: dict[str, list[Record]] = field(default_factory=dict)
    copies: int = 2
    left: dict[str, list[str]] = field(default_factory=dict)
    _starts: dict[str, list[int]] = field(default_factory=dict, repr=False)
    _longest: int = 1

    def settle(self) -> None:
        """Put the rows in order."""
        for name, own in self.records.items():
            own.sort(key=lambda record: record.start)
            self._starts[name] = [record.start for record in own]
            self._longest = max(self._longest, *(record.end - record.start for record in own))

    def near(self, chrom: str, start: int, end: int) -> list[Record]:
        """Rows that a window [start, end) may show, with any sample's deletions."""
        own, starts = self.records.get(chrom, []), self._starts.get(chrom, [])
        first = bisect_left(starts, start - REACH - self._longest)
        return [record for record in own[first : bisect_right(starts, end + REACH)] if record.end >= start - REACH]

    @staticmethod
    def shown(own: list[tuple[Record, Call]], start: int, end: int) -> list[tuple[Record, Call]]:
        """Of what a sample carries what lies in a window [start, end), and in as many bases beside it as its deletions pull in."""
        middle, low, high = (start + end) // 2, start, end
        while True:
            found = [(r, c) for r, c in own if any(x.start < high and x.end > low for x in carried(r, c) or [r])]
            gone = [(x, x.end - x.start - len(x.alt)) for r, c in found for x in carried(r, c)]
            left = sum(max(0, lost) for x, lost in gone if x.start < middle)
            right = sum(max(0, lost) for x, lost in gone if x.end > middle)
            if (start - left, end + right) == (low, high):
                return found
            low, high = start - left, end + right


def read(path: str, wanted: Sequence[str], chrom: Sequence[str], start: np.ndarray, length: int, genome: Genome) -> Cohort:
    """What samples carry near windows of `length` bases at (chrom, start). wanted: samples, all where there are none.

    Raises InputError with all faults: no genotypes, samples that are not there, contigs that the genome lacks, rows that are no
    VCF, alleles that a row does not have, and every REF near a window that is not what stands in the genome.
    """
    places = {name: [] for name in dict.fromkeys(chrom)}
    for name, at in zip(chrom, start.tolist(), strict=True):
        places[name].append(at)
    near = {name: sorted(own) for name, own in places.items()}
    faults: list[str] = []
    cohort, columns, width = Cohort([]), None, 0
    checked, strange = Alleles(), {}
    for row, line in variant_windows.lines(path):
        if line.startswith("#"):
            if line.startswith("#CHROM"):
                names = line.rstrip("\r\n").rstrip().split("\t")
                width = len(names)
                cohort.samples, columns = chosen(path, names[FIXED:], wanted)
            continue
        if columns is None:
            raise InputError(
                f"{path}, row {row}: a line that begins with #CHROM and names the samples must stand before the first record"
            )
        head = line.split("\t", 4)
        if len(head) == 5 and head[0] not in genome.lengths:
            strange[head[0]] = None
        elif _is_near(head, near.get(head[0], []), length):
            fields = line.rstrip("\r\n").split("\t")
            fault = variant_windows.row_fault(fields) or _unlike(fields, width)
            fault = fault or _add(cohort, checked, row, fields, columns)
            faults += [f"{path}, row {row}: {fault}"] if fault else []
    if columns is None:
        raise InputError(f"{path}: holds no line that begins with #CHROM; a VCF with genotypes is needed")
    faults += unknown(list(strange), genome.names, path) if strange else []
    faults += variant_windows.mismatches(path, checked, genome)
    if faults:
        raise InputError(faults[:SHOWN] + [f"{path}: … and {len(faults) - SHOWN:,} faults more"] * (len(faults) > SHOWN))
    cohort.settle()
    return cohort


def chosen(path: str, there: list[str], wanted: Sequence[str]) -> tuple[list[str], list[int]]:
    """Samples, and their columns. Raises InputError where a file has none, or lacks one that is wanted."""
    if not there:
        raise InputError(f"{path}: has no genotypes: no column of a sample stands behind FORMAT; personal sequences need them")
    faults = []
    for name in wanted:
        if name in there:
            continue
        close = nearest(name, there)
        hint = f"did you mean {close!r}? " if close else ""
        shown = ", ".join(there[:MOST_NAMED]) + f" and {len(there) - MOST_NAMED:,} more" * (len(there) > MOST_NAMED)
        faults.append(f"interpret.personal.samples: {path} has no sample {name!r}; {hint}there are: {shown}")
    twice = sorted({name for name in there if there.count(name) > 1})
    faults += [f"{path}: sample {name!r} stands there twice; names of samples must differ" for name in twice]
    if faults:
        raise InputError(faults)
    names = list(dict.fromkeys(wanted)) or there
    return names, [FIXED + there.index(name) for name in names]


def _is_near(head: list[str], starts: list[int], length: int) -> bool:
    """Whether a record lies near one of the windows of its contig; one that is broken counts as near, to be looked at. starts: sorted."""
    if len(head) < 5 or not head[1].isdigit():
        return True
    position = int(head[1]) - 1
    first = bisect_left(starts, position - length - REACH)
    return first < len(starts) and starts[first] <= position + len(head[3]) + REACH


def _unlike(fields: list[str], width: int) -> str | None:
    if len(fields) != width:
        return f"has {len(fields)} columns, its header {width}"
    if "GT" not in fields[8].split(":"):
        return f"column FORMAT: {fields[8]!r} has no GT; personal sequences need genotypes"
    return None


def _add(cohort: Cohort, checked: Alleles, row: int, fields: list[str], columns: list[int]) -> str | None:
    """Take a record; what is wrong with it."""
    position, ref = int(fields[1]) - 1, fields[3].upper()
    alts = fields[4].split(",") if fields[4] != "." else []
    kinds = fields[8].split(":")
    gt, ps = kinds.index("GT"), kinds.index("PS") if "PS" in kinds else None
    calls, missing = {}, []
    for sample, column in enumerate(columns):
        values = fields[column].split(":")
        found = genotype(values[gt] if gt < len(values) else ".")
        if max(found.alleles) > len(alts):
            return (
                f"column {cohort.samples[sample]}: allele {max(found.alleles)}, and the record has {len(alts)} alternative ones"
            )
        if -1 in found.alleles:
            missing.append(sample)
        carried = tuple(max(allele, 0) for allele in found.alleles)
        if not any(carried) and (len(carried) == 2 or missing[-1:] == [sample]):
            continue
        phase = _phase(values, ps) if found.phased and len(set(carried)) > 1 else None
        calls[sample] = Call(carried, phase)
        cohort.copies = max(cohort.copies, len(carried))
    checked.chrom.append(fields[0])
    checked.position.append(position)
    checked.ref.append(ref)
    checked.rows.append(row)
    names = tuple(f"{fields[0]}:{position + 1}:{ref[:MOST_NAMED]}:{alt[:MOST_NAMED]}" for alt in alts)
    changes = tuple(_changes(cohort, names, position, ref, alts, calls, row))
    if calls or missing:
        record = Record(position, position + len(ref), names, changes, calls, frozenset(missing))
        cohort.records.setdefault(fields[0], []).append(record)
    return None


def _phase(values: list[str], ps: int | None) -> str:
    """The phase set of a call; one for all calls that name none."""
    said = values[ps] if ps is not None and ps < len(values) else ""
    return "" if said == "." else said


def _changes(
    cohort: Cohort, names: tuple[str, ...], position: int, ref: str, alts: list[str], calls: dict[int, Call], row: int
) -> Iterator[Change | None]:
    """What each alternative allele changes; None, and noted, where it has no sequence and a sample carries it."""
    for number, (name, alt) in enumerate(zip(names, alts, strict=True), start=1):
        alt = alt.upper() if variant_windows.BASES.issuperset(alt.upper()) else alt
        reason = variant_windows.unspelled(ref, alt)
        if reason is None:
            start, own, new = variant_windows.trimmed(position, ref, alt)
            yield Change(start, start + len(own), new, name, row)
            continue
        if any(number in call.alleles for call in calls.values()):
            cohort.left.setdefault(reason, []).append(name)
        yield None
