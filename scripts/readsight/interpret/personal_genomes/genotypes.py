"""Genotypes of samples near windows, from VCF (plain, gzip) or BCF files."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from readsight.dataset.sequences import variant_windows
from readsight.dataset.sequences.variant_windows import MAX_NAMED, Alleles
from readsight.errors import InputError
from readsight.genome.store import Genome, describe_missing_contigs
from readsight.interpret.personal_genomes.haplotype_sequence import SequenceChange
from readsight.text import find_closest
from readsight.variants.alleles import parse_genotype

# Bases around a window in which variants are read, because deletions move bases into it.
MARGIN = 1000
MAX_FAULTS = 10
FIXED_COLUMNS = 9  # columns before those of samples


class GenotypeCall(NamedTuple):
    """Alleles of a sample at a record.

    alleles: allele number of each copy, 0 is REF. phase: phase set in which the order of copies is defined; None if unphased.
    """

    alleles: tuple[int, ...]
    phase: str | None = None


@dataclass(frozen=True)
class GenotypeRecord:
    """A record near a window.

    Attributes
    ----------
    start, end : of REF, 0-based half-open.
    names, changes : of each alternative allele; a change is None if the allele has no sequence.
    calls : by sample; only those that are not diploid REF.
    missing : samples with an unknown copy.
    """

    start: int
    end: int
    names: tuple[str, ...]
    changes: tuple[SequenceChange | None, ...]
    calls: dict[int, GenotypeCall]
    missing: frozenset[int]


def list_changes(record: GenotypeRecord, call: GenotypeCall) -> list[SequenceChange]:
    """Changes of a call, each once, without alleles that have no sequence."""
    changes = (record.changes[allele - 1] for allele in dict.fromkeys(call.alleles) if allele)
    return [change for change in changes if change is not None]


@dataclass
class GenotypeCohort:
    """Genotypes of a cohort.

    Attributes
    ----------
    samples : names.
    records : by contig, sorted by position.
    copies : largest ploidy of any call, at least 2.
    excluded : reason → carried alleles without a sequence.
    """

    samples: list[str]
    records: dict[str, list[GenotypeRecord]] = field(default_factory=dict)
    copies: int = 2
    excluded: dict[str, list[str]] = field(default_factory=dict)
    _starts: dict[str, list[int]] = field(default_factory=dict, repr=False)
    _longest: int = 1

    def sort_records(self) -> None:
        """Sort records by position."""
        for name, records in self.records.items():
            records.sort(key=lambda record: record.start)
            self._starts[name] = [record.start for record in records]
            self._longest = max(self._longest, *(record.end - record.start for record in records))

    def find_records(self, chrom: str, start: int, end: int) -> list[GenotypeRecord]:
        """Records that can affect a window [start, end), including deletions of any sample that move bases into it."""
        records, starts = self.records.get(chrom, []), self._starts.get(chrom, [])
        first = bisect_left(starts, start - MARGIN - self._longest)
        return [record for record in records[first : bisect_right(starts, end + MARGIN)] if record.end >= start - MARGIN]

    @staticmethod
    def select_visible(
        calls: list[tuple[GenotypeRecord, GenotypeCall]], start: int, end: int
    ) -> list[tuple[GenotypeRecord, GenotypeCall]]:
        """Calls of a sample inside a window [start, end), extended by the bases that its deletions move into the window."""
        middle, low, high = (start + end) // 2, start, end
        while True:
            visible = [(r, c) for r, c in calls if any(x.start < high and x.end > low for x in list_changes(r, c) or [r])]
            size_changes = [(x, x.end - x.start - len(x.alt)) for r, c in visible for x in list_changes(r, c)]
            left_loss = sum(max(0, loss) for x, loss in size_changes if x.start < middle)
            right_loss = sum(max(0, loss) for x, loss in size_changes if x.end > middle)
            if (start - left_loss, end + right_loss) == (low, high):
                return visible
            low, high = start - left_loss, end + right_loss


def read_genotypes(
    path: str, wanted_samples: Sequence[str], chrom: Sequence[str], start: np.ndarray, length: int, genome: Genome
) -> GenotypeCohort:
    """Genotypes near windows of `length` bases at (chrom, start). wanted_samples: all if empty.

    Raises InputError with all faults: missing genotypes, samples or contigs, malformed records, invalid allele numbers, and
    each REF near a window that differs from the genome.
    """
    positions_by_contig = {name: [] for name in dict.fromkeys(chrom)}
    for name, position in zip(chrom, start.tolist(), strict=True):
        positions_by_contig[name].append(position)
    starts = {name: sorted(positions) for name, positions in positions_by_contig.items()}
    faults: list[str] = []
    cohort, columns, width = GenotypeCohort([]), None, 0
    alleles, unknown_contigs = Alleles(), {}
    for row, line in variant_windows.read_lines(path):
        if line.startswith("#"):
            if line.startswith("#CHROM"):
                names = line.rstrip("\r\n").rstrip().split("\t")
                width = len(names)
                cohort.samples, columns = select_samples(path, names[FIXED_COLUMNS:], wanted_samples)
            continue
        if columns is None:
            raise InputError(f"{path}, row {row}: the header line #CHROM with sample names must precede the first record")
        first_fields = line.split("\t", 4)
        if len(first_fields) == 5 and first_fields[0] not in genome.lengths:
            unknown_contigs[first_fields[0]] = None
        elif _is_near(first_fields, starts.get(first_fields[0], []), length):
            fields = line.rstrip("\r\n").split("\t")
            fault = variant_windows.find_row_fault(fields) or _check_columns(fields, width)
            fault = fault or _add_record(cohort, alleles, row, fields, columns)
            faults += [f"{path}, row {row}: {fault}"] if fault else []
    if columns is None:
        raise InputError(f"{path}: has no header line #CHROM; a VCF with genotypes is needed")
    faults += describe_missing_contigs(list(unknown_contigs), genome.names, path) if unknown_contigs else []
    faults += variant_windows.find_mismatches(path, alleles, genome)
    if faults:
        raise InputError(
            faults[:MAX_FAULTS] + [f"{path}: … and {len(faults) - MAX_FAULTS:,} more faults"] * (len(faults) > MAX_FAULTS)
        )
    cohort.sort_records()
    return cohort


def select_samples(path: str, available: list[str], wanted_samples: Sequence[str]) -> tuple[list[str], list[int]]:
    """Samples and their columns. Raises InputError if the file has no samples or lacks a requested one."""
    if not available:
        raise InputError(f"{path}: has no genotypes: no sample column follows FORMAT; personal genomes need them")
    faults = []
    for name in wanted_samples:
        if name in available:
            continue
        suggestion = find_closest(name, available)
        hint = f"did you mean {suggestion!r}? " if suggestion else ""
        listing = ", ".join(available[:MAX_NAMED]) + f" and {len(available) - MAX_NAMED:,} more" * (len(available) > MAX_NAMED)
        faults.append(f"interpret.personal.samples: {path} has no sample {name!r}; {hint}there are: {listing}")
    duplicates = sorted({name for name in available if available.count(name) > 1})
    faults += [f"{path}: sample {name!r} occurs twice; sample names must be unique" for name in duplicates]
    if faults:
        raise InputError(faults)
    names = list(dict.fromkeys(wanted_samples)) or available
    return names, [FIXED_COLUMNS + available.index(name) for name in names]


def _is_near(fields: list[str], starts: list[int], length: int) -> bool:
    """Whether a record lies near a window of its contig; malformed records count as near so that they are checked. starts:
    sorted.
    """
    if len(fields) < 5 or not fields[1].isdigit():
        return True
    position = int(fields[1]) - 1
    first = bisect_left(starts, position - length - MARGIN)
    return first < len(starts) and starts[first] <= position + len(fields[3]) + MARGIN


def _check_columns(fields: list[str], width: int) -> str | None:
    if len(fields) != width:
        return f"has {len(fields)} columns, its header {width}"
    if "GT" not in fields[8].split(":"):
        return f"column FORMAT: {fields[8]!r} has no GT; personal genomes need genotypes"
    return None


def _add_record(cohort: GenotypeCohort, checked_alleles: Alleles, row: int, fields: list[str], columns: list[int]) -> str | None:
    """Add a record; returns its fault, if any."""
    position, ref = int(fields[1]) - 1, fields[3].upper()
    alts = fields[4].split(",") if fields[4] != "." else []
    format_keys = fields[8].split(":")
    gt, ps = format_keys.index("GT"), format_keys.index("PS") if "PS" in format_keys else None
    calls, missing = {}, []
    for sample, column in enumerate(columns):
        values = fields[column].split(":")
        call = parse_genotype(values[gt] if gt < len(values) else ".")
        if max(call.alleles) > len(alts):
            return (
                f"column {cohort.samples[sample]}: allele {max(call.alleles)}, but the record has {len(alts)} alternative alleles"
            )
        if -1 in call.alleles:
            missing.append(sample)
        copy_alleles = tuple(max(allele, 0) for allele in call.alleles)
        if not any(copy_alleles) and (len(copy_alleles) == 2 or missing[-1:] == [sample]):
            continue
        phase = _get_phase_set(values, ps) if call.phased and len(set(copy_alleles)) > 1 else None
        calls[sample] = GenotypeCall(copy_alleles, phase)
        cohort.copies = max(cohort.copies, len(copy_alleles))
    checked_alleles.chrom.append(fields[0])
    checked_alleles.position.append(position)
    checked_alleles.ref.append(ref)
    checked_alleles.rows.append(row)
    names = tuple(f"{fields[0]}:{position + 1}:{ref[:MAX_NAMED]}:{alt[:MAX_NAMED]}" for alt in alts)
    changes = tuple(_build_changes(cohort, names, position, ref, alts, calls, row))
    if calls or missing:
        record = GenotypeRecord(position, position + len(ref), names, changes, calls, frozenset(missing))
        cohort.records.setdefault(fields[0], []).append(record)
    return None


def _get_phase_set(values: list[str], ps: int | None) -> str:
    """Phase set of a call; "" for calls without one."""
    phase_set = values[ps] if ps is not None and ps < len(values) else ""
    return "" if phase_set == "." else phase_set


def _build_changes(
    cohort: GenotypeCohort,
    names: tuple[str, ...],
    position: int,
    ref: str,
    alts: list[str],
    calls: dict[int, GenotypeCall],
    row: int,
) -> Iterator[SequenceChange | None]:
    """Change of each alternative allele; None for alleles without a sequence, which are noted if carried."""
    for number, (name, alt) in enumerate(zip(names, alts, strict=True), start=1):
        alt = alt.upper() if variant_windows.BASES.issuperset(alt.upper()) else alt
        reason = variant_windows.explain_exclusion(ref, alt)
        if reason is None:
            start, old, new = variant_windows.trim_alleles(position, ref, alt)
            yield SequenceChange(start, start + len(old), new, name, row)
            continue
        if any(number in call.alleles for call in calls.values()):
            cohort.excluded.setdefault(reason, []).append(name)
        yield None
