"""Variants of a file, one row an alternative allele, as arrays: a million of them are some 200 MB."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from readsight.dataset.sequences.records import SHOWN
from readsight.dataset.sequences.variant_windows import BASES, Alleles, N, lines, mismatches, of_allele, row_fault, unspelled
from readsight.errors import InputError
from readsight.formats.contigs import other_name
from readsight.genome.codes import encode
from readsight.genome.store import BASE, Genome, unknown
from readsight.interpret.variant_effects.allele_normalisation import justified
from readsight.text import nearest

LETTERS = frozenset("ACGT")
NAMED = 20  # letters of an allele in a name
UNCHANGED = "alleles that change nothing"
FOREIGN = "alleles on contigs that the genome lacks"
PAST = "alleles whose window reaches past its contig's end (sequences.outside: pad would fill it up with N)"


@dataclass
class Left:
    """Alleles that are left out: reason → how many, and the names of the first."""

    counts: dict[str, int] = field(default_factory=dict)
    names: dict[str, list[str]] = field(default_factory=dict)

    def note(self, reason: str, name: str) -> None:
        self.counts[reason] = self.counts.get(reason, 0) + 1
        first = self.names.setdefault(reason, [])
        if len(first) < SHOWN:
            first.append(name)

    def plain(self) -> list[dict[str, Any]]:
        """A row a reason, for JSON."""
        return [{"reason": reason, "alleles": count, "first": self.names[reason]} for reason, count in self.counts.items()]

    def words(self) -> str:
        """One line, empty where nothing was left out."""
        return "; ".join(f"{count:,} {reason} ({', '.join(self.names[reason])})" for reason, count in self.counts.items())


@dataclass
class Variants:
    """Alleles that are scored, in the file's order, n of them.

    contig: (n,) places in genome.names. position: (n,) 0-based, of REF's first base. ref, alt, name: as the file has them. row: (n,)
    of the file, from 1. allele: (n,) number of the alternative allele within its record, from 0. said: INFO key → its text of
    each allele, empty where it is missing. start, end: (n,) the stretch that is changed, 0-based half-open; what stands there
    instead is `new[new_at[i]:new_at[i + 1]]` (codes). left: those that are not scored. records: rows of the file.
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
    said: dict[str, list[str]]
    start: np.ndarray
    end: np.ndarray
    new: np.ndarray
    new_at: np.ndarray
    left: Left
    records: int

    def __len__(self) -> int:
        return len(self.row)

    @cached_property
    def sizes(self) -> np.ndarray:
        """Bases that the alternative allele has where the genome has [start, end), (n,)."""
        return np.diff(self.new_at)

    def codes(self, i: int) -> np.ndarray:
        """What stands at [start, end) in the alternative allele."""
        return self.new[self.new_at[i] : self.new_at[i + 1]]

    def old(self, i: int) -> np.ndarray:
        """What the genome has there."""
        return self.genome.stretch(self.genome.names[self.contig[i]], int(self.start[i]), int(self.end[i]))

    def spelled(self, i: int) -> str:
        """An allele's name: `chr1:100:A:G`, as the file writes it."""
        return f"{self.genome.names[self.contig[i]]}:{self.position[i] + 1}:{self.ref[i]}:{self.alt[i]}"

    def spans(self, length: int, shift: int) -> tuple[np.ndarray, np.ndarray]:
        """Of each variant the stretch of the genome that its windows are cut from, (n,) and (n,), on both strands, shifted by at most `shift`."""
        more = np.maximum(self.end - self.start - self.sizes, 0)
        before, behind = length // 2 + shift, length - length // 2 + shift
        return (
            np.minimum(self.start - before, self.end - behind - more),
            np.maximum(self.start + behind + more, self.end + before),
        )

    def kept(self, rows: np.ndarray) -> "Variants":
        """Those of the rows given, (m,)."""
        parts = [self.codes(i) for i in rows.tolist()]
        own = {name: getattr(self, name)[rows] for name in ("contig", "position", "row", "allele", "start", "end")}
        texts = {name: [getattr(self, name)[i] for i in rows.tolist()] for name in ("ref", "alt", "name")}
        said = {key: [values[i] for i in rows.tolist()] for key, values in self.said.items()}
        new = np.concatenate(parts) if parts else np.zeros(0, np.uint8)
        ends = np.cumsum([0, *map(len, parts)])
        return Variants(
            self.source, self.genome, **own, **texts, said=said, new=new, new_at=ends, left=self.left, records=self.records
        )


def read(path: Path | str, genome: Genome, wanted: dict[str, str], length: int, shift: int = 0, padded: bool = True) -> Variants:
    """Alleles of a VCF or BCF that windows of `length` bases, shifted by at most `shift`, can be cut for.

    wanted: INFO keys that are read, and the key of the config that names each. padded: whether windows may reach past their
    contig. Symbolic, breakend and star alleles, those on contigs that the genome lacks, those that change nothing and those
    that the window does not hold are left out and counted. Raises InputError with all faults: rows that are no VCF, contigs
    of another naming style or none that the genome has, keys that no record has, every REF that is not what stands in the
    genome, every position off its contig; and where no allele is left.
    """
    raw = _Rows(str(path), genome, wanted)
    raw.take()
    found = _changes(raw, length)
    room = length - length // 2 - shift
    long = np.maximum(found.end - found.start, found.sizes) > room
    low, high = found.spans(length, shift)
    past = ~long & ~np.full(len(found), padded) & ((low < 0) | (high > genome.sizes[found.contig]))
    reason = f"alleles of more than {room} bases (with the repeat that they stand in), which the window does not hold"
    for which, words in ((long, reason), (past, PAST)):
        for i in np.flatnonzero(which).tolist():
            found.left.note(words, _short(found.spelled(i)))
    if long.any() or past.any():
        found = found.kept(np.flatnonzero(~long & ~past))
    if not len(found):
        why = found.left.words()
        raise InputError(f"{path}: holds no allele that can be scored" + (f": {why}" if why else "; it has no record"))
    return found


def _short(name: str) -> str:
    return name if len(name) <= 3 * NAMED else f"{name[: 3 * NAMED]}…"


class _Rows:
    """What a file says, allele by allele."""

    def __init__(self, path: str, genome: Genome, wanted: dict[str, str]):
        self.path, self.genome, self.wanted = path, genome, wanted
        self.place = {name: i for i, name in enumerate(genome.names)}
        self.contig: list[int] = []
        self.position: list[int] = []
        self.ref: list[str] = []
        self.alt: list[str] = []
        self.name: list[str] = []
        self.row: list[int] = []
        self.allele: list[int] = []
        self.said: dict[str, list[str]] = {key: [] for key in wanted}
        self.keys: dict[str, None] = {}
        self.flags: set[str] = set()
        self.met: set[str] = set()
        self.strange: dict[str, None] = {}
        self.left = Left()
        self.records = 0

    def take(self) -> None:
        """Read the file. Raises InputError."""
        faults: list[str] = []
        numbers: dict[str, str] = {}
        for row, line in lines(self.path):
            if line[0] == "#":
                if line.startswith("##INFO=<ID="):
                    key = line[11:].split(",")[0]
                    numbers[key.lower()] = line.partition("Number=")[2].split(",")[0]
                    self.keys[key] = None
                continue
            fields = line.rstrip("\r\n").split("\t", 8)
            fault = row_fault(fields)
            if fault:
                faults.append(f"{self.path}, row {row}: {fault}")
                continue
            self.records += 1
            self._add(row, fields, numbers)
        if faults:
            raise InputError(faults[:SHOWN] + [f"{self.path}: … and {len(faults) - SHOWN:,} rows more"] * (len(faults) > SHOWN))
        faults = self._contigs() + (self._lost() if self.records else []) + self._mismatches()
        if faults:
            raise InputError(faults)
        for key in self.flags:
            self.said[key] = [value or "0" for value in self.said[key]]

    def _add(self, row: int, fields: list[str], numbers: dict[str, str]) -> None:
        chrom, position, ref = fields[0], int(fields[1]) - 1, fields[3].upper()
        contig = self.place.get(chrom)
        info = self._info(fields[7]) if self.wanted else {}
        for number, alt in enumerate(fields[4].split(",")):
            if alt not in LETTERS:
                alt = alt.upper() if BASES.issuperset(alt.upper()) else alt
            reason = FOREIGN if contig is None else None if alt in LETTERS and alt != ref else unspelled(ref, alt)
            if reason:
                self.strange |= {chrom: None} if contig is None else {}
                self.left.note(reason, f"{chrom}:{position + 1}:{ref[:NAMED]}:{alt[:NAMED]}")
                continue
            self.contig.append(contig)
            self.position.append(position)
            self.ref.append(ref)
            self.alt.append(alt)
            self.name.append(fields[2])
            self.row.append(row)
            self.allele.append(number)
            for key, values in self.said.items():
                text = info.get(key)
                values.append("" if text is None else of_allele(text, numbers.get(key.lower(), ""), number))

    def _info(self, text: str) -> dict[str, str]:
        """Values of the wanted keys that a record has; case of keys does not count."""
        found = {}
        for item in text.split(";"):
            name, _, value = item.partition("=")
            for key in self.wanted:
                if name.lower() == key.lower():
                    found[key] = value
                    self.met.add(key)
                    self.flags |= {key} if not value else set()
            if len(self.keys) < 1000:
                self.keys[name] = None
        return found

    def _contigs(self) -> list[str]:
        """Faults of contigs that are named in another style, or none of which the genome has."""
        renamed = [name for name in self.strange if other_name(name) in self.place]
        return (
            unknown(renamed or list(self.strange), self.genome.names, self.path)
            if renamed or (self.strange and not self.row)
            else []
        )

    def _lost(self) -> list[str]:
        """Faults of INFO keys that no record has."""
        faults = []
        for name, key in self.wanted.items():
            if name in self.met:
                continue
            near = nearest(name, self.keys)
            hint = f"did you mean {near!r}?" if near else f"there are: {', '.join(list(self.keys)[:SHOWN]) or 'none'}"
            faults.append(f"{key}: {self.path} has no INFO key {name!r}; {hint}")
        return faults

    def _mismatches(self) -> list[str]:
        """Faults of REF and of positions; an N on either side agrees with any base."""
        position, contig = np.array(self.position, np.int64), np.array(self.contig, np.int64)
        size = np.fromiter(map(len, self.ref), np.int64, len(self.ref))
        bad = position + size > self.genome.sizes[contig]
        single = np.flatnonzero(~bad & (size == 1))
        own = encode("".join([self.ref[i] for i in single.tolist()]))
        there = self.genome.raw[self.genome.offsets[contig[single]] + position[single]] & BASE
        bad[single] = (own != there) & (own != N) & (there != N)
        for i in np.flatnonzero(~bad & (size > 1)).tolist():
            there = self.genome.stretch(self.genome.names[contig[i]], position[i], position[i] + size[i])
            own = encode(self.ref[i])
            bad[i] = ((own != there) & (own != N) & (there != N)).any()
        if not bad.any():
            return []
        names = [self.genome.names[i] for i in self.contig]
        return mismatches(self.path, Alleles(names, self.position, self.ref, self.alt, self.row), self.genome)


def _changes(raw: _Rows, length: int) -> Variants:
    """The alleles with what each changes; those that change nothing go."""
    genome = raw.genome
    contig, position = np.array(raw.contig, np.int32), np.array(raw.position, np.int64)
    single = np.fromiter((len(r) == len(a) == 1 for r, a in zip(raw.ref, raw.alt, strict=True)), bool, len(raw.ref))
    start, end, sizes = position.copy(), position + 1, np.ones(len(position), np.int64)
    alone = encode("".join([a for a, one in zip(raw.alt, single.tolist(), strict=True) if one]))
    there = genome.raw[genome.offsets[contig[single]] + position[single]] & BASE
    same = np.zeros(len(position), bool)
    same[single] = alone == there  # REF is N, and ALT what stands there
    longer: dict[int, np.ndarray] = {}
    for i in np.flatnonzero(~single).tolist():
        name, at = genome.names[contig[i]], int(position[i])
        found = justified(genome, name, at, genome.stretch(name, at, at + len(raw.ref[i])), encode(raw.alt[i]), length)
        if found is None:
            same[i] = True
            continue
        start[i], end[i], longer[i] = found
        sizes[i] = len(found.new)
    ends = np.concatenate([[0], np.cumsum(sizes)])
    new = np.zeros(ends[-1], np.uint8)
    new[ends[:-1][single]] = alone
    for i, codes in longer.items():
        new[ends[i] : ends[i + 1]] = codes
    row, allele = np.array(raw.row, np.int64), np.array(raw.allele, np.int32)
    found = Variants(
        raw.path, genome, contig, position, raw.ref, raw.alt, raw.name, row, allele, raw.said, start, end, new, ends, raw.left, raw.records
    )  # fmt: skip
    for i in np.flatnonzero(same).tolist():
        found.left.note(UNCHANGED, _short(found.spelled(i)))
    return found.kept(np.flatnonzero(~same)) if same.any() else found


def parts(found: Variants, size: int) -> Iterator[np.ndarray]:
    """Rows of the variants, some at a time; those that stand together come together."""
    order = np.lexsort((found.start, found.contig))
    for first in range(0, len(order), size):
        yield order[first : first + size]
