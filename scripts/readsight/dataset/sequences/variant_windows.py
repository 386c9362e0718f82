"""Variants (VCF) as examples: a window with the reference allele, paired with a window with the alternative allele.

In both windows the first differing base is at position `length // 2`, after the same flank. The bases after the allele follow the
genome, so that both windows have the same length for any allele.
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
from readsight.dataset.sequences.raw_examples import SequenceSet, make_unique
from readsight.dataset.sequences.records import SHOWN, Records
from readsight.dataset.sequences.regions import find_file_number
from readsight.errors import InputError
from readsight.formats.contigs import open_decompressed
from readsight.genome import windows
from readsight.genome.codes import decode, encode
from readsight.genome.store import BASE, Genome, describe_missing_contigs
from readsight.text import find_closest

N = 4
DEFAULT_LENGTH = 1000
BASES = frozenset("ACGTN")
MAX_FAULTS = 1000
MAX_NAMED = 20


@dataclass
class Alleles:
    """Alternative alleles of a file.

    chrom, position (0-based, first base of REF), ref, alt: upper case, otherwise as in the file. rows: of the file, from 1. info: INFO
    key → text per allele, empty if missing. keys: all INFO keys of the file. flags: keys without a value. excluded: reason →
    excluded alleles.
    """

    chrom: list[str] = field(default_factory=list)
    position: list[int] = field(default_factory=list)
    ref: list[str] = field(default_factory=list)
    alt: list[str] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    info: dict[str, list[str]] = field(default_factory=dict)
    keys: dict[str, None] = field(default_factory=dict)
    flags: set[str] = field(default_factory=set)
    excluded: dict[str, list[str]] = field(default_factory=dict)

    def exclude(self, reason: str, name: str) -> None:
        """Record that an allele is excluded."""
        self.excluded.setdefault(reason, []).append(name)


def read_variant_windows(
    path: Path | str, genome: Genome, spec: dict[str, Any], label: str | None = None, split: str | None = None
) -> SequenceSet:
    """Pairs of windows of spec["length"] (default 1,000), one per alternative allele, in file order.

    Labels, groups and splits are INFO keys. Keys with one value per allele are split; a flag is 1 or 0. Symbolic, breakend and
    star alleles, alleles equal to REF, and alleles longer than half of the window are excluded and named. obs: the
    reference window. Raises InputError with all faults: invalid rows, contigs missing from the genome, missing keys, and every REF
    that differs from the genome.
    """
    alleles = _read_alleles(str(path), _list_info_keys(spec, label, split))
    names = [f"{c}:{p + 1}:{r}:{a}" for c, p, r, a in zip(alleles.chrom, alleles.position, alleles.ref, alleles.alt, strict=True)]
    missing = [name for name in dict.fromkeys(alleles.chrom) if name not in genome.lengths]
    faults = describe_missing_contigs(missing, genome.names, str(path)) if missing else []
    faults += find_mismatches(str(path), alleles, genome)
    records = Records(str(path), names, [b""] * len(names), alleles.rows, columns=alleles.info)
    row_columns: dict[str, list[str]] = {}
    try:
        row_columns = columns.read_row_columns(records, spec, label, split, find_file_number(str(path), spec))
    except InputError as error:
        faults += error.faults
    if faults:
        raise InputError(faults)
    return _cut_windows(str(path), alleles, names, row_columns, spec["length"] or DEFAULT_LENGTH, genome, spec)


def _list_info_keys(spec: dict[str, Any], label: str | None, split: str | None) -> dict[str, str]:
    """INFO keys to read, and the config key that names each."""
    info_keys = {} if label is not None else dict.fromkeys(columns.list_label_columns(spec), "label")
    if spec["by"] == "group":
        info_keys[spec["column"]] = "split.column"
    if spec["by"] == "given" and split is None:
        info_keys[spec["given"]] = "split.given"
    return info_keys


def _read_alleles(path: str, info_keys: dict[str, str]) -> Alleles:
    """All alternative alleles of a file with the values of the requested INFO keys. Raises InputError."""
    alleles, faults, numbers = Alleles(), [], {}
    keys = {name.lower() for name in info_keys}
    for row, line in read_lines(path):
        if line.startswith("#"):
            if line.startswith("##INFO=<ID="):
                numbers[line[11:].split(",")[0]] = line.partition("Number=")[2].split(",")[0]
            continue
        fields = line.rstrip().split("\t")
        fault = find_row_fault(fields)
        if fault:
            faults.append(f"{path}, row {row}: {fault}")
            continue
        _add_record(alleles, row, fields, keys, numbers)
    if faults:
        raise InputError(faults[:SHOWN] + [f"{path}: … and {len(faults) - SHOWN:,} rows more"] * (len(faults) > SHOWN))
    if not alleles.rows:
        reasons = "; ".join(f"{len(names):,} {reason}" for reason, names in alleles.excluded.items())
        raise InputError(f"{path}: contains no allele with a window" + (f" ({reasons})" if reasons else ""))
    _fill_flags(path, alleles, info_keys)
    return alleles


def read_lines(path: str) -> Iterator[tuple[int, str]]:
    """Non-empty lines of a VCF (plain, gzip) or BCF as text, including the header; header lines of BCF count as rows."""
    try:
        with open_decompressed(path) as handle:
            if handle.peek(3)[:3] == b"BCF":
                yield from _read_bcf_lines(path)
                return
            for row, line in enumerate(io.TextIOWrapper(handle, errors="replace"), start=1):
                if row == 1 and not line.startswith("##fileformat=VCF"):
                    raise InputError(f"{path}, row 1: is not VCF: its first line should be ##fileformat=VCFv4…")
                if line.strip():
                    yield row, line
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f"{path}: gzip is truncated or corrupt ({error}); download the file again") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None


def _read_bcf_lines(path: str) -> Iterator[tuple[int, str]]:
    import pysam

    with pysam.VariantFile(path) as handle:
        header_lines = str(handle.header).splitlines()
        yield from enumerate(header_lines, start=1)
        for row, record in enumerate(handle, start=len(header_lines) + 1):
            yield row, str(record)


def find_row_fault(fields: list[str]) -> str | None:
    """What is wrong with a VCF row; None if it is valid."""
    if len(fields) < 8:
        return f"has {len(fields)} columns; VCF has 8 or more, separated by tabs"
    if not fields[1].isdigit() or fields[1] == "0":
        return f"column POS: {fields[1]!r} is not a position; integers from 1 are required"
    if not fields[3] or not BASES.issuperset(fields[3].upper()):
        return f"column REF: {fields[3]!r} contains letters that are not bases"
    return None


def _add_record(alleles: Alleles, row: int, fields: list[str], info_keys: set[str], numbers: dict[str, str]) -> None:
    """Add the alleles of a record."""
    chrom, position, ref, alts = fields[0], int(fields[1]) - 1, fields[3].upper(), fields[4].split(",")
    info = dict(item.partition("=")[::2] for item in fields[7].split(";") if item not in ("", "."))
    alleles.keys |= dict.fromkeys(info)
    alleles.flags |= {name for name, text in info.items() if not text}
    for number, alt in enumerate(alts):
        alt = alt.upper() if BASES.issuperset(alt.upper()) else alt
        reason = explain_exclusion(ref, alt)
        if reason:
            alleles.exclude(reason, f"{chrom}:{position + 1}:{ref[:MAX_NAMED]}:{alt[:MAX_NAMED]}")
            continue
        for name in (name for name in info if name.lower() in info_keys):
            if name not in alleles.info:
                alleles.info[name] = [""] * len(alleles.rows)
            alleles.info[name].append(select_allele_value(info[name], numbers.get(name, ""), number))
        for values, value in (
            (alleles.chrom, chrom),
            (alleles.position, position),
            (alleles.ref, ref),
            (alleles.alt, alt),
            (alleles.rows, row),
        ):
            values.append(value)
        for values in alleles.info.values():
            if len(values) < len(alleles.rows):
                values.append("")


def explain_exclusion(ref: str, alt: str) -> str | None:
    """Why an allele has no window; None if it has one."""
    if alt in (".", "", ref):
        return "alleles that change nothing"
    if alt == "*":
        return "star alleles (the base is deleted by another variant)"
    if alt.startswith("<"):
        return "symbolic alleles"
    if "[" in alt or "]" in alt or alt.startswith(".") or alt.endswith("."):
        return "breakends"
    return None if BASES.issuperset(alt) else "alleles with letters that are not bases"


def select_allele_value(text: str, number: str, index: int) -> str:
    """The value of an INFO key for one allele. number: the key's Number in the header (A, R, G, 0, 1, …)."""
    if not text or number == "0":
        return "1"
    if number in ("A", "R"):
        values, position = text.split(","), index + (number == "R")
        return values[position] if position < len(values) else ""
    return text


def _fill_flags(path: str, alleles: Alleles, info_keys: dict[str, str]) -> None:
    """Set missing flags to 0. Raises InputError for keys that no record has."""
    used_keys = {name.lower() for name in alleles.info}
    faults = []
    for name, key in info_keys.items():
        if name.lower() in used_keys:
            continue
        closest = find_closest(name, alleles.keys)
        hint = f"did you mean {closest!r}?" if closest else f"there are: {', '.join(list(alleles.keys)[:MAX_NAMED]) or 'none'}"
        faults.append(f"{key}: {path} has no INFO key {name!r}; {hint}")
    if faults:
        raise InputError(faults)
    for name, values in alleles.info.items():
        if name in alleles.flags:
            alleles.info[name] = [value or "0" for value in values]


def find_mismatches(path: str, alleles: Alleles, genome: Genome) -> list[str]:
    """Faults of all reference alleles that differ from the genome; N matches any base on both sides."""
    faults, checked_rows = [], set()
    for chrom, position, ref, row in zip(alleles.chrom, alleles.position, alleles.ref, alleles.rows, strict=True):
        if row in checked_rows or chrom not in genome.lengths:
            continue
        checked_rows.add(row)
        if position + len(ref) > genome.lengths[chrom]:
            faults.append(
                f"{path}, row {row}: {chrom}:{position + 1} reaches past the end of its contig ({genome.lengths[chrom]:,} bases)"
            )
            continue
        genome_codes = genome.get_codes(chrom, position, position + len(ref))
        ref_codes = encode(ref)
        if ((genome_codes != ref_codes) & (genome_codes != N) & (ref_codes != N)).any():
            faults.append(
                f"{path}, row {row}, column REF: {ref[:MAX_NAMED]!r} at {chrom}:{position + 1}, where the genome has {decode(genome_codes)[:MAX_NAMED]!r}"
            )
    if not faults:
        return []
    omitted = [f"{path}: … and {len(faults) - MAX_FAULTS:,} more"] * (len(faults) > MAX_FAULTS)
    advice = (
        f"{path}: {len(faults):,} of {len(checked_rows):,} records do not agree with the genome; the VCF is of another genome build, lift it over "
        "or use the right one"
    )
    return [*faults[:MAX_FAULTS], *omitted, advice]


def trim_alleles(position: int, ref: str, alt: str) -> tuple[int, str, str]:
    """The minimal change: shared bases are removed, at the end first, so that equal changes get equal positions."""
    tail = 0
    while tail < min(len(ref), len(alt)) and ref[-1 - tail] == alt[-1 - tail]:
        tail += 1
    ref, alt = ref[: len(ref) - tail], alt[: len(alt) - tail]
    head = 0
    while head < min(len(ref), len(alt)) and ref[head] == alt[head]:
        head += 1
    return position + head, ref[head:], alt[head:]


def _cut_windows(
    path: str,
    alleles: Alleles,
    names: list[str],
    row_columns: dict[str, list[str]],
    length: int,
    genome: Genome,
    spec: dict[str, Any],
) -> SequenceSet:
    """Pairs of windows of the labelled alleles, by the policy on contigs' ends."""
    changes = [trim_alleles(*change) for change in zip(alleles.position, alleles.ref, alleles.alt, strict=True)]
    contigs = genome.index_contigs(alleles.chrom, path)
    is_included = np.ones(len(names), bool)
    for i, (_, ref, alt) in enumerate(changes):
        if max(len(ref), len(alt)) > length - length // 2:
            is_included[i] = False
            alleles.exclude(f"alleles longer than {length - length // 2} bases, which do not fit into the window", names[i])
        elif not all(values[i] for name, values in row_columns.items() if name.startswith("label")):
            is_included[i] = False
            alleles.exclude("alleles without a label", names[i])
    starts = np.array([position for position, _, _ in changes]) - length // 2
    spans = length + np.array([max(0, len(ref) - len(alt)) for _, ref, alt in changes])
    if spec["outside"] == "drop":
        for i in np.flatnonzero(is_included & ~windows.is_inside(genome, contigs, starts, spans)):
            is_included[i] = False
            alleles.exclude("alleles whose window reaches past its contig's end", names[i])
    rows = np.flatnonzero(is_included)
    outside = rows[~windows.is_inside(genome, contigs[rows], starts[rows], spans[rows])]
    if len(outside) and spec["outside"] == "error":
        raise InputError(windows.describe_outside(genome, contigs[outside], starts[outside], spans[outside]))
    stored = windows.cut_raw(genome, contigs[rows], starts[rows], length, padded=True)
    codes = np.concatenate([stored & BASE] * 2, axis=1)
    middle = length + length // 2
    for row, i in enumerate(rows.tolist()):
        _, ref, alt = changes[i]
        if len(ref) == len(alt):
            codes[row, middle : middle + len(alt)] = encode(alt)
        else:
            codes[row, length:] = _cut_alternative(genome, contigs[i : i + 1], int(starts[i]), ref, alt, length)
    obs = pd.DataFrame(
        {
            "chrom": np.array(alleles.chrom, object)[rows],
            "start": starts[rows],
            "end": starts[rows] + length,
            "strand": "+",
            "repeat": windows.compute_repeat_fraction(genome, stored),
        }
        | {name: np.array(values, object)[rows] for name, values in row_columns.items()},
        index=pd.Index(make_unique([names[i] for i in rows]), dtype=object),
    )
    taken = pd.DataFrame({"chrom": obs["chrom"].to_numpy(), "start": obs["start"].to_numpy(), "end": obs["end"].to_numpy()})
    return SequenceSet(codes, obs, is_paired=True, left_out=_describe_excluded(path, alleles.excluded), taken=taken)


def _cut_alternative(genome: Genome, contig: np.ndarray, start: int, ref: str, alt: str, length: int) -> np.ndarray:
    """Codes (length,) of the window with the alternative allele; a deletion is filled up with the bases after the window."""
    deleted = max(0, len(ref) - len(alt))
    window = windows.cut_raw(genome, contig, np.array([start]), length + deleted, padded=True)[0] & BASE
    middle = length // 2
    return np.concatenate([window[:middle], encode(alt), window[middle + len(ref) :]])[:length]


def _describe_excluded(path: str, excluded: dict[str, list[str]]) -> list[str]:
    """One line per reason, with the names of the first alleles."""
    counts = Counter({reason: len(names) for reason, names in excluded.items()})
    return [
        f"{path}: {count:,} {reason} ({', '.join(excluded[reason][:SHOWN])}{', …' if count > SHOWN else ''})"
        for reason, count in counts.most_common()
    ]
