"""Variants in their context (VCF) as examples: the window with the reference allele, beside that with the alternative one.

Both have the allele's first base that differs at place `length // 2`, the same bases before it, and behind the allele what
follows in the genome, so that both are of the same length whatever the allele's.
"""

import gzip
import io
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from readsight.dataset.sequences import columns
from readsight.dataset.sequences.raw_examples import Found, unique
from readsight.dataset.sequences.records import SHOWN, Records
from readsight.dataset.sequences.regions import number_of
from readsight.errors import InputError
from readsight.formats.contigs import open_any
from readsight.genome import windows
from readsight.genome.codes import decode, encode
from readsight.genome.store import BASE, Genome, unknown
from readsight.text import nearest

N = 4
USUAL = 1000
BASES = frozenset("ACGTN")
MOST_FAULTS = 1000
MOST_NAMED = 20


@dataclass
class Alleles:
    """Alternative alleles of a file, one each.

    chrom, position (0-based, of REF's first base), ref, alt: as they stand, upper case. rows: of the file, from 1. said:
    INFO key → its text of each allele, empty where it is missing. keys: all INFO keys seen. flags: those without a value.
    left: reason → alleles left out.
    """

    chrom: list[str] = field(default_factory=list)
    position: list[int] = field(default_factory=list)
    ref: list[str] = field(default_factory=list)
    alt: list[str] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    said: dict[str, list[str]] = field(default_factory=dict)
    keys: dict[str, None] = field(default_factory=dict)
    flags: set[str] = field(default_factory=set)
    left: dict[str, list[str]] = field(default_factory=dict)

    def leave(self, reason: str, name: str) -> None:
        """Note that an allele is left out."""
        self.left.setdefault(reason, []).append(name)


def read(path: Path | str, genome: Genome, spec: dict[str, Any], label: str | None = None, split: str | None = None) -> Found:
    """Pairs of windows of spec["length"] (1,000 by default), one for each alternative allele, in the file's order.

    Labels, groups and sides are INFO keys; of a key with a value an allele each has its own, a flag is 1 or 0. Symbolic,
    breakend and star alleles, those that change nothing, and those longer than half of the window are left out and named.
    obs: the reference window. Raises InputError with all faults: rows that are no VCF, contigs that the genome lacks,
    keys that no record has, and every REF that is not what stands in the genome.
    """
    found = _alleles(str(path), _wanted(spec, label, split))
    names = [f"{c}:{p + 1}:{r}:{a}" for c, p, r, a in zip(found.chrom, found.position, found.ref, found.alt, strict=True)]
    strange = [name for name in dict.fromkeys(found.chrom) if name not in genome.lengths]
    faults = unknown(strange, genome.names, str(path)) if strange else []
    faults += mismatches(str(path), found, genome)
    records = Records(str(path), names, [b""] * len(names), found.rows, said=found.said)
    said: dict[str, list[str]] = {}
    try:
        said = columns.said(records, spec, label, split, number_of(str(path), spec))
    except InputError as error:
        faults += error.faults
    if faults:
        raise InputError(faults)
    return _cut(str(path), found, names, said, spec["length"] or USUAL, genome, spec)


def _wanted(spec: dict[str, Any], label: str | None, split: str | None) -> dict[str, str]:
    """INFO keys that are read, and the key of the config that names each."""
    found = {} if label is not None else dict.fromkeys(columns.labels_of(spec), "label")
    if spec["by"] == "group":
        found[spec["column"]] = "split.column"
    if spec["by"] == "given" and split is None:
        found[spec["given"]] = "split.given"
    return found


def _alleles(path: str, wanted: dict[str, str]) -> Alleles:
    """All alternative alleles of a file with the values of the INFO keys that are wanted. Raises InputError."""
    found, faults, numbers = Alleles(), [], {}
    keys = {name.lower() for name in wanted}
    for row, line in lines(path):
        if line.startswith("#"):
            if line.startswith("##INFO=<ID="):
                numbers[line[11:].split(",")[0]] = line.partition("Number=")[2].split(",")[0]
            continue
        fields = line.rstrip().split("\t")
        fault = row_fault(fields)
        if fault:
            faults.append(f"{path}, row {row}: {fault}")
            continue
        _add(found, row, fields, keys, numbers)
    if faults:
        raise InputError(faults[:SHOWN] + [f"{path}: … and {len(faults) - SHOWN:,} rows more"] * (len(faults) > SHOWN))
    if not found.rows:
        why = "; ".join(f"{len(names):,} {reason}" for reason, names in found.left.items())
        raise InputError(f"{path}: holds no allele that a window can be cut for" + (f" ({why})" if why else ""))
    _complete(path, found, wanted)
    return found


def lines(path: str) -> Iterator[tuple[int, str]]:
    """Rows of a VCF (plain, gzip) or BCF as text, header and all, without empty ones; of BCF the header counts as rows too."""
    try:
        with open_any(path) as handle:
            if handle.peek(3)[:3] == b"BCF":
                yield from _of_bcf(path)
                return
            for row, line in enumerate(io.TextIOWrapper(handle, errors="replace"), start=1):
                if row == 1 and not line.startswith("##fileformat=VCF"):
                    raise InputError(f"{path}, row 1: is no VCF: its first line should be ##fileformat=VCFv4…")
                if line.strip():
                    yield row, line
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f"{path}: gzip is truncated or corrupt ({error}); get the file again from its source") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None


def _of_bcf(path: str) -> Iterator[tuple[int, str]]:
    import pysam

    with pysam.VariantFile(path) as handle:
        head = str(handle.header).splitlines()
        yield from enumerate(head, start=1)
        for row, record in enumerate(handle, start=len(head) + 1):
            yield row, str(record)


def row_fault(fields: list[str]) -> str | None:
    if len(fields) < 8:
        return f"has {len(fields)} columns, a VCF has 8 or more, joined by tabs"
    if not fields[1].isdigit() or fields[1] == "0":
        return f"column POS: {fields[1]!r} is no position; whole numbers from 1 are needed"
    if not fields[3] or not BASES.issuperset(fields[3].upper()):
        return f"column REF: {fields[3]!r} holds letters that are no bases"
    return None


def _add(found: Alleles, row: int, fields: list[str], wanted: set[str], numbers: dict[str, str]) -> None:
    """Take the alleles of a record."""
    chrom, position, ref, alts = fields[0], int(fields[1]) - 1, fields[3].upper(), fields[4].split(",")
    info = dict(item.partition("=")[::2] for item in fields[7].split(";") if item not in ("", "."))
    found.keys |= dict.fromkeys(info)
    found.flags |= {name for name, text in info.items() if not text}
    for number, alt in enumerate(alts):
        alt = alt.upper() if BASES.issuperset(alt.upper()) else alt
        reason = unspelled(ref, alt)
        if reason:
            found.leave(reason, f"{chrom}:{position + 1}:{ref[:MOST_NAMED]}:{alt[:MOST_NAMED]}")
            continue
        for name in (name for name in info if name.lower() in wanted):
            if name not in found.said:
                found.said[name] = [""] * len(found.rows)
            found.said[name].append(of_allele(info[name], numbers.get(name, ""), number))
        for values, own in (
            (found.chrom, chrom),
            (found.position, position),
            (found.ref, ref),
            (found.alt, alt),
            (found.rows, row),
        ):
            values.append(own)
        for values in found.said.values():
            if len(values) < len(found.rows):
                values.append("")


def unspelled(ref: str, alt: str) -> str | None:
    """Why an allele has no window of its own; None where it has."""
    if alt in (".", "", ref):
        return "alleles that change nothing"
    if alt == "*":
        return "star alleles (the base is deleted by another variant)"
    if alt.startswith("<"):
        return "symbolic alleles"
    if "[" in alt or "]" in alt or alt.startswith(".") or alt.endswith("."):
        return "breakends"
    return None if BASES.issuperset(alt) else "alleles of letters that are no bases"


def of_allele(text: str, number: str, place: int) -> str:
    """The value of an INFO key for one of the alleles. number: what the header says of the key (A, R, G, 0, 1, ….)."""
    if not text or number == "0":
        return "1"
    if number in ("A", "R"):
        values, at = text.split(","), place + (number == "R")
        return values[at] if at < len(values) else ""
    return text


def _complete(path: str, found: Alleles, wanted: dict[str, str]) -> None:
    """Flags that stand on some records are 0 on the others. Raises InputError for keys that no record has."""
    seen = {name.lower() for name in found.said}
    faults = []
    for name, key in wanted.items():
        if name.lower() in seen:
            continue
        near = nearest(name, found.keys)
        hint = f"did you mean {near!r}?" if near else f"there are: {', '.join(list(found.keys)[:MOST_NAMED]) or 'none'}"
        faults.append(f"{key}: {path} has no INFO key {name!r}; {hint}")
    if faults:
        raise InputError(faults)
    for name, values in found.said.items():
        if name in found.flags:
            found.said[name] = [value or "0" for value in values]


def mismatches(path: str, found: Alleles, genome: Genome) -> list[str]:
    """Faults of all reference alleles that are not what stands in the genome; an N on either side agrees with any base."""
    faults, seen = [], set()
    for chrom, position, ref, row in zip(found.chrom, found.position, found.ref, found.rows, strict=True):
        if row in seen or chrom not in genome.lengths:
            continue
        seen.add(row)
        if position + len(ref) > genome.lengths[chrom]:
            faults.append(
                f"{path}, row {row}: {chrom}:{position + 1} reaches past the end of its contig ({genome.lengths[chrom]:,} bases)"
            )
            continue
        there = genome.stretch(chrom, position, position + len(ref))
        own = encode(ref)
        if ((there != own) & (there != N) & (own != N)).any():
            faults.append(
                f"{path}, row {row}, column REF: {ref[:MOST_NAMED]!r} at {chrom}:{position + 1}, where the genome has {decode(there)[:MOST_NAMED]!r}"
            )
    if not faults:
        return []
    more = [f"{path}: … and {len(faults) - MOST_FAULTS:,} more"] * (len(faults) > MOST_FAULTS)
    advice = (
        f"{path}: {len(faults):,} of {len(seen):,} records do not agree with the genome; the VCF is of another genome build, lift it over "
        "or use the right one"
    )
    return [*faults[:MOST_FAULTS], *more, advice]


def trimmed(position: int, ref: str, alt: str) -> tuple[int, str, str]:
    """The change alone: bases that both alleles share go, at their end first, so that one change has one place."""
    tail = 0
    while tail < min(len(ref), len(alt)) and ref[-1 - tail] == alt[-1 - tail]:
        tail += 1
    ref, alt = ref[: len(ref) - tail], alt[: len(alt) - tail]
    head = 0
    while head < min(len(ref), len(alt)) and ref[head] == alt[head]:
        head += 1
    return position + head, ref[head:], alt[head:]


def _cut(
    path: str, found: Alleles, names: list[str], said: dict[str, list[str]], length: int, genome: Genome, spec: dict[str, Any]
) -> Found:
    """Pairs of windows of the alleles that have a label, by the policy on contigs' ends."""
    changes = [trimmed(*change) for change in zip(found.position, found.ref, found.alt, strict=True)]
    contigs = genome.index(found.chrom, path)
    kept = np.ones(len(names), bool)
    for i, (_, ref, alt) in enumerate(changes):
        if max(len(ref), len(alt)) > length - length // 2:
            kept[i] = False
            found.leave(f"alleles of more than {length - length // 2} bases, which the window does not hold", names[i])
        elif not all(values[i] for name, values in said.items() if name.startswith("label")):
            kept[i] = False
            found.leave("alleles without a label", names[i])
    starts = np.array([position for position, _, _ in changes]) - length // 2
    spans = length + np.array([max(0, len(ref) - len(alt)) for _, ref, alt in changes])
    if spec["outside"] == "drop":
        for i in np.flatnonzero(kept & ~windows.inside(genome, contigs, starts, spans)):
            kept[i] = False
            found.leave("alleles whose window reaches past its contig's end", names[i])
    at = np.flatnonzero(kept)
    past = at[~windows.inside(genome, contigs[at], starts[at], spans[at])]
    if len(past) and spec["outside"] == "error":
        raise InputError(windows.past(genome, contigs[past], starts[past], spans[past]))
    stored = windows.raw(genome, contigs[at], starts[at], length, padded=True)
    codes = np.concatenate([stored & BASE] * 2, axis=1)
    middle = length + length // 2
    for row, i in enumerate(at.tolist()):
        _, ref, alt = changes[i]
        if len(ref) == len(alt):
            codes[row, middle : middle + len(alt)] = encode(alt)
        else:
            codes[row, length:] = _alternative(genome, contigs[i : i + 1], int(starts[i]), ref, alt, length)
    obs = pd.DataFrame(
        {
            "chrom": np.array(found.chrom, object)[at],
            "start": starts[at],
            "end": starts[at] + length,
            "strand": "+",
            "repeat": windows.repeats(genome, stored),
        }
        | {name: np.array(values, object)[at] for name, values in said.items()},
        index=pd.Index(unique([names[i] for i in at]), dtype=object),
    )
    taken = pd.DataFrame({"chrom": obs["chrom"].to_numpy(), "start": obs["start"].to_numpy(), "end": obs["end"].to_numpy()})
    return Found(codes, obs, pair=True, left_out=_said_of(path, found.left), taken=taken)


def _alternative(genome: Genome, contig: np.ndarray, start: int, ref: str, alt: str, length: int) -> np.ndarray:
    """Codes (length,) of the window with the alternative allele: what a deletion leaves room for comes from behind it."""
    more = max(0, len(ref) - len(alt))
    own = windows.raw(genome, contig, np.array([start]), length + more, padded=True)[0] & BASE
    middle = length // 2
    return np.concatenate([own[:middle], encode(alt), own[middle + len(ref) :]])[:length]


def _said_of(path: str, left: dict[str, list[str]]) -> list[str]:
    """A line a reason, with the names of the first alleles."""
    counts = Counter({reason: len(names) for reason, names in left.items()})
    return [
        f"{path}: {count:,} {reason} ({', '.join(left[reason][:SHOWN])}{', …' if count > SHOWN else ''})"
        for reason, count in counts.most_common()
    ]
