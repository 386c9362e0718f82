"""Alternative alleles as edits of the reference, independent of their representation in VCF."""

from functools import lru_cache
from typing import NamedTuple

BASES = frozenset("ACGTN")
KINDS = ("snv", "insertion", "deletion")
SNV, INSERTION, DELETION = range(3)
# Maximum shift of an indel within a repeat, in bases: a limit on run time, equal for both directions.
MAX_SHIFT = 5_000


class AlleleEdit(NamedTuple):
    """Replacement of the reference's [start, end), 0-based half-open, by `alt`; trimmed, not shifted.

    key: (start, end, alt) of the same edit shifted as far left as the reference
    allows. low, high: span over which it can be shifted. kind: index in KINDS,
    by net length change for complex edits.
    """

    start: int
    end: int
    alt: str
    key: tuple[int, int, str]
    low: int
    high: int
    kind: int

    @property
    def length_change(self) -> int:
        """Net length change in bases."""
        return len(self.alt) - (self.end - self.start)


def find_edits(reference: str, position: int, ref: str, alt: str) -> list[AlleleEdit]:
    """Edits of the reference that an alternative allele consists of.

    Parameters
    ----------
    reference : sequence of the contig, upper case.
    position : of the first base of ref, 0-based.
    ref, alt : upper case.

    Returns
    -------
    One SNV per differing base of a multi-base substitution; one trimmed edit for an indel; one edit for a
    complex allele. Empty for symbolic alleles, breakends, `*`, `.` and alleles equal to ref.
    """
    if ref == alt or not (BASES.issuperset(alt) and BASES.issuperset(ref)):
        return []
    if len(ref) == len(alt):
        return [_make_snv(position + i, b) for i, (a, b) in enumerate(zip(ref, alt, strict=True)) if a != b]
    tail = 0
    while tail < min(len(ref), len(alt)) and ref[-1 - tail] == alt[-1 - tail]:
        tail += 1
    ref, alt = ref[: len(ref) - tail], alt[: len(alt) - tail]
    head = 0
    while head < min(len(ref), len(alt)) and ref[head] == alt[head]:
        head += 1
    return [_make_indel(reference, position + head, position + len(ref), alt[head:])]


def _make_snv(start: int, alt: str) -> AlleleEdit:
    return AlleleEdit(start, start + 1, alt, (start, start + 1, alt), start, start + 1, SNV)


def _make_indel(reference: str, start: int, end: int, alt: str) -> AlleleEdit:
    kind = INSERTION if len(alt) > end - start else DELETION
    if alt and end > start:
        return AlleleEdit(start, end, alt, (start, end, alt), start, end, kind)
    unit = alt or reference[start:end]
    n = len(unit)
    left, limit = 0, min(start, MAX_SHIFT)
    while left < limit and reference[start - 1 - left] == unit[(n - 1 - left) % n]:
        left += 1
    right, limit = 0, min(len(reference) - end, MAX_SHIFT)
    while right < limit and reference[end + right] == unit[right % n]:
        right += 1
    rotation = left % n
    rotated = alt[n - rotation :] + alt[: n - rotation] if alt else ""
    return AlleleEdit(start, end, alt, (start - left, end - left, rotated), start - left, end + right, kind)


class Genotype(NamedTuple):
    """Genotype of a sample. alleles: allele index of each copy, -1 if missing. phased: all separators are `|`."""

    alleles: tuple[int, ...]
    phased: bool


@lru_cache(4096)
def parse_genotype(text: str) -> Genotype:
    """Parse a GT field: `0/1`, `1|0`, `./1`, `1`, `.`."""
    copies = text.replace("|", "/").split("/")
    return Genotype(tuple(int(p) if p.isdigit() else -1 for p in copies), "|" in text and "/" not in text)
