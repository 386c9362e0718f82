"""Variants of a file as arrays, one row per alternative allele; a million of them take about 200 MB."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from readsight.dataset.sequences.records import SHOWN
from readsight.dataset.sequences.variant_windows import (
    BASES,
    Alleles,
    N,
    explain_exclusion,
    find_mismatches,
    find_row_fault,
    read_lines,
    select_allele_value,
)
from readsight.errors import InputError
from readsight.formats.contigs import alternative_name
from readsight.genome.codes import encode
from readsight.genome.store import BASE, Genome, describe_missing_contigs
from readsight.interpret.variant_effects.allele_normalisation import justify_allele
from readsight.text import find_closest

LETTERS = frozenset("ACGT")
MAX_NAME_LETTERS = 20  # displayed letters of an allele
UNCHANGED = "alleles that change nothing"
FOREIGN = "alleles on contigs that the genome lacks"
PAST = "alleles whose window reaches past its contig's end (sequences.outside: pad fills it with N)"


@dataclass
class ExcludedAlleles:
    """Excluded alleles by reason: their number, and the names of the first ones."""

    counts: dict[str, int] = field(default_factory=dict)
    names: dict[str, list[str]] = field(default_factory=dict)

    def add_allele(self, reason: str, name: str) -> None:
        self.counts[reason] = self.counts.get(reason, 0) + 1
        first = self.names.setdefault(reason, [])
        if len(first) < SHOWN:
            first.append(name)

    def to_records(self) -> list[dict[str, Any]]:
        """One record per reason, for JSON."""
        return [{"reason": reason, "alleles": count, "first": self.names[reason]} for reason, count in self.counts.items()]

    def describe_reasons(self) -> str:
        """One line; empty if nothing was excluded."""
        return "; ".join(f"{count:,} {reason} ({', '.join(self.names[reason])})" for reason, count in self.counts.items())


@dataclass
class AlleleTable:
    """Scored alleles in file order, n of them.

    Attributes
    ----------
    contig : (n,), index in genome.names.
    position : (n,), 0-based, of the first base of REF.
    ref, alt, name : as in the file.
    row : (n,), of the file, from 1.
    allele : (n,), number of the alternative allele within its record, from 0.
    info : INFO key → text of each allele, empty if missing.
    start, end : (n,), changed interval, 0-based half-open, replaced by `new[new_at[i]:new_at[i + 1]]` (codes).
    excluded : alleles that are not scored.
    records : number of records in the file.
    """

    source: str
    genome: Genome
    contig: np.ndarray
    position: np.ndarray
    ref: list[str]
    alt: list[str]
    name: list[str]
    row: np.ndarray
    allele: np.ndarray
    info: dict[str, list[str]]
    start: np.ndarray
    end: np.ndarray
    new: np.ndarray
    new_at: np.ndarray
    excluded: ExcludedAlleles
    records: int

    def __len__(self) -> int:
        return len(self.row)

    @cached_property
    def sizes(self) -> np.ndarray:
        """Length of the replacement of [start, end) in the alternative allele, (n,)."""
        return np.diff(self.new_at)

    def get_new_codes(self, i: int) -> np.ndarray:
        """Replacement of [start, end) in the alternative allele."""
        return self.new[self.new_at[i] : self.new_at[i + 1]]

    def get_old_codes(self, i: int) -> np.ndarray:
        """Reference bases of [start, end)."""
        return self.genome.get_codes(self.genome.names[self.contig[i]], int(self.start[i]), int(self.end[i]))

    def format_name(self, i: int) -> str:
        """Name of an allele as the file writes it: `chr1:100:A:G`."""
        return f"{self.genome.names[self.contig[i]]}:{self.position[i] + 1}:{self.ref[i]}:{self.alt[i]}"

    def compute_spans(self, length: int, shift: int) -> tuple[np.ndarray, np.ndarray]:
        """Genomic interval covered by the windows of each variant, (n,) and (n,), on both strands with shifts up to `shift`."""
        more = np.maximum(self.end - self.start - self.sizes, 0)
        before, behind = length // 2 + shift, length - length // 2 + shift
        return (
            np.minimum(self.start - before, self.end - behind - more),
            np.maximum(self.start + behind + more, self.end + before),
        )

    def select_rows(self, rows: np.ndarray) -> "AlleleTable":
        """The given rows, (m,)."""
        pieces = [self.get_new_codes(i) for i in rows.tolist()]
        columns = {name: getattr(self, name)[rows] for name in ("contig", "position", "row", "allele", "start", "end")}
        texts = {name: [getattr(self, name)[i] for i in rows.tolist()] for name in ("ref", "alt", "name")}
        info = {key: [values[i] for i in rows.tolist()] for key, values in self.info.items()}
        new = np.concatenate(pieces) if pieces else np.zeros(0, np.uint8)
        ends = np.cumsum([0, *map(len, pieces)])
        return AlleleTable(
            self.source,
            self.genome,
            **columns,
            **texts,
            info=info,
            new=new,
            new_at=ends,
            excluded=self.excluded,
            records=self.records,
        )


def read_variants(
    path: Path | str, genome: Genome, info_keys: dict[str, str], length: int, shift: int = 0, padded: bool = True
) -> AlleleTable:
    """Alleles of a VCF or BCF that fit into windows of `length` bases, shifted by at most `shift`.

    Parameters
    ----------
    info_keys : INFO keys to read, and the configuration key of each.
    padded : whether windows may extend beyond contig ends.

    Raises
    ------
    InputError with all faults: malformed records, contigs of another naming style or genome, INFO keys without any record,
    each REF that differs from the genome, positions beyond contig ends; and if no allele remains.

    Notes
    -----
    Symbolic, breakend and star alleles, those on unknown contigs, without a change, or too large for the window are excluded
    and counted.
    """
    reader = _VariantReader(str(path), genome, info_keys)
    reader.read_records()
    alleles = _build_table(reader, length)
    capacity = length - length // 2 - shift
    is_long = np.maximum(alleles.end - alleles.start, alleles.sizes) > capacity
    low, high = alleles.compute_spans(length, shift)
    is_outside = ~is_long & ~np.full(len(alleles), padded) & ((low < 0) | (high > genome.sizes[alleles.contig]))
    reason = f"alleles of more than {capacity} bases (including their repeat), too long for the window"
    for is_excluded, message in ((is_long, reason), (is_outside, PAST)):
        for i in np.flatnonzero(is_excluded).tolist():
            alleles.excluded.add_allele(message, _shorten_name(alleles.format_name(i)))
    if is_long.any() or is_outside.any():
        alleles = alleles.select_rows(np.flatnonzero(~is_long & ~is_outside))
    if not len(alleles):
        explanation = alleles.excluded.describe_reasons()
        raise InputError(
            f"{path}: contains no allele that can be scored" + (f": {explanation}" if explanation else "; it has no records")
        )
    return alleles


def _shorten_name(name: str) -> str:
    return name if len(name) <= 3 * MAX_NAME_LETTERS else f"{name[: 3 * MAX_NAME_LETTERS]}…"


class _VariantReader:
    """Reader that collects the columns of a file, one entry per allele."""

    def __init__(self, path: str, genome: Genome, info_keys: dict[str, str]):
        self.path, self.genome, self.info_keys = path, genome, info_keys
        self.contig_index = {name: i for i, name in enumerate(genome.names)}
        self.contig: list[int] = []
        self.position: list[int] = []
        self.ref: list[str] = []
        self.alt: list[str] = []
        self.name: list[str] = []
        self.row: list[int] = []
        self.allele: list[int] = []
        self.info: dict[str, list[str]] = {key: [] for key in info_keys}
        self.keys: dict[str, None] = {}
        self.flags: set[str] = set()
        self.matched_keys: set[str] = set()
        self.unknown_contigs: dict[str, None] = {}
        self.excluded = ExcludedAlleles()
        self.records = 0

    def read_records(self) -> None:
        """Read the file. Raises InputError."""
        faults: list[str] = []
        numbers: dict[str, str] = {}
        for row, line in read_lines(self.path):
            if line[0] == "#":
                if line.startswith("##INFO=<ID="):
                    key = line[11:].split(",")[0]
                    numbers[key.lower()] = line.partition("Number=")[2].split(",")[0]
                    self.keys[key] = None
                continue
            fields = line.rstrip("\r\n").split("\t", 8)
            fault = find_row_fault(fields)
            if fault:
                faults.append(f"{self.path}, row {row}: {fault}")
                continue
            self.records += 1
            self._add_row(row, fields, numbers)
        if faults:
            raise InputError(faults[:SHOWN] + [f"{self.path}: … and {len(faults) - SHOWN:,} more rows"] * (len(faults) > SHOWN))
        faults = self._check_contigs() + (self._check_keys() if self.records else []) + self._check_references()
        if faults:
            raise InputError(faults)
        for key in self.flags:
            self.info[key] = [value or "0" for value in self.info[key]]

    def _add_row(self, row: int, fields: list[str], numbers: dict[str, str]) -> None:
        chrom, position, ref = fields[0], int(fields[1]) - 1, fields[3].upper()
        contig = self.contig_index.get(chrom)
        info = self._parse_info(fields[7]) if self.info_keys else {}
        for number, alt in enumerate(fields[4].split(",")):
            if alt not in LETTERS:
                alt = alt.upper() if BASES.issuperset(alt.upper()) else alt
            reason = FOREIGN if contig is None else None if alt in LETTERS and alt != ref else explain_exclusion(ref, alt)
            if reason:
                self.unknown_contigs |= {chrom: None} if contig is None else {}
                self.excluded.add_allele(reason, f"{chrom}:{position + 1}:{ref[:MAX_NAME_LETTERS]}:{alt[:MAX_NAME_LETTERS]}")
                continue
            self.contig.append(contig)
            self.position.append(position)
            self.ref.append(ref)
            self.alt.append(alt)
            self.name.append(fields[2])
            self.row.append(row)
            self.allele.append(number)
            for key, values in self.info.items():
                text = info.get(key)
                values.append("" if text is None else select_allele_value(text, numbers.get(key.lower(), ""), number))

    def _parse_info(self, text: str) -> dict[str, str]:
        """Values of the requested keys in a record; case-insensitive."""
        values = {}
        for item in text.split(";"):
            name, _, value = item.partition("=")
            for key in self.info_keys:
                if name.lower() == key.lower():
                    values[key] = value
                    self.matched_keys.add(key)
                    self.flags |= {key} if not value else set()
            if len(self.keys) < 1000:
                self.keys[name] = None
        return values

    def _check_contigs(self) -> list[str]:
        """Faults of contigs with another naming style, or if no contig belongs to the genome."""
        renamed = [name for name in self.unknown_contigs if alternative_name(name) in self.contig_index]
        return (
            describe_missing_contigs(renamed or list(self.unknown_contigs), self.genome.names, self.path)
            if renamed or (self.unknown_contigs and not self.row)
            else []
        )

    def _check_keys(self) -> list[str]:
        """Faults of INFO keys that no record has."""
        faults = []
        for name, key in self.info_keys.items():
            if name in self.matched_keys:
                continue
            suggestion = find_closest(name, self.keys)
            hint = f"did you mean {suggestion!r}?" if suggestion else f"there are: {', '.join(list(self.keys)[:SHOWN]) or 'none'}"
            faults.append(f"{key}: {self.path} has no INFO key {name!r}; {hint}")
        return faults

    def _check_references(self) -> list[str]:
        """Faults of REF and of positions; N in REF or genome matches any base."""
        position, contig = np.array(self.position, np.int64), np.array(self.contig, np.int64)
        size = np.fromiter(map(len, self.ref), np.int64, len(self.ref))
        is_mismatch = position + size > self.genome.sizes[contig]
        single = np.flatnonzero(~is_mismatch & (size == 1))
        stated_bases = encode("".join([self.ref[i] for i in single.tolist()]))
        genome_bases = self.genome.raw[self.genome.offsets[contig[single]] + position[single]] & BASE
        is_mismatch[single] = (stated_bases != genome_bases) & (stated_bases != N) & (genome_bases != N)
        for i in np.flatnonzero(~is_mismatch & (size > 1)).tolist():
            genome_bases = self.genome.get_codes(self.genome.names[contig[i]], position[i], position[i] + size[i])
            stated_bases = encode(self.ref[i])
            is_mismatch[i] = ((stated_bases != genome_bases) & (stated_bases != N) & (genome_bases != N)).any()
        if not is_mismatch.any():
            return []
        names = [self.genome.names[i] for i in self.contig]
        return find_mismatches(self.path, Alleles(names, self.position, self.ref, self.alt, self.row), self.genome)


def _build_table(reader: _VariantReader, length: int) -> AlleleTable:
    """Alleles in normal form, without those that change nothing."""
    genome = reader.genome
    contig, position = np.array(reader.contig, np.int32), np.array(reader.position, np.int64)
    single = np.fromiter((len(r) == len(a) == 1 for r, a in zip(reader.ref, reader.alt, strict=True)), bool, len(reader.ref))
    start, end, sizes = position.copy(), position + 1, np.ones(len(position), np.int64)
    single_codes = encode("".join([a for a, is_single in zip(reader.alt, single.tolist(), strict=True) if is_single]))
    genome_bases = genome.raw[genome.offsets[contig[single]] + position[single]] & BASE
    is_unchanged = np.zeros(len(position), bool)
    is_unchanged[single] = single_codes == genome_bases  # REF is N, and ALT is the genome's base
    long_codes: dict[int, np.ndarray] = {}
    for i in np.flatnonzero(~single).tolist():
        name, begin = genome.names[contig[i]], int(position[i])
        allele = justify_allele(
            genome, name, begin, genome.get_codes(name, begin, begin + len(reader.ref[i])), encode(reader.alt[i]), length
        )
        if allele is None:
            is_unchanged[i] = True
            continue
        start[i], end[i], long_codes[i] = allele
        sizes[i] = len(allele.new)
    ends = np.concatenate([[0], np.cumsum(sizes)])
    new = np.zeros(ends[-1], np.uint8)
    new[ends[:-1][single]] = single_codes
    for i, codes in long_codes.items():
        new[ends[i] : ends[i + 1]] = codes
    row, number = np.array(reader.row, np.int64), np.array(reader.allele, np.int32)
    table = AlleleTable(
        reader.path, genome, contig, position, reader.ref, reader.alt, reader.name, row, number, reader.info, start, end, new, ends, reader.excluded, reader.records
    )  # fmt: skip
    for i in np.flatnonzero(is_unchanged).tolist():
        table.excluded.add_allele(UNCHANGED, _shorten_name(table.format_name(i)))
    return table.select_rows(np.flatnonzero(~is_unchanged)) if is_unchanged.any() else table


def iterate_batches(alleles: AlleleTable, size: int) -> Iterator[np.ndarray]:
    """Rows of the variants in batches, sorted by position."""
    order = np.lexsort((alleles.start, alleles.contig))
    for first in range(0, len(order), size):
        yield order[first : first + size]
