"""Alternative alleles as edits of the reference, whatever way a VCF record writes them."""

from functools import lru_cache
from typing import NamedTuple

BASES = frozenset("ACGTN")
KINDS = ("snv", "insertion", "deletion")
SNV, INSERTION, DELETION = range(3)
# Rolling an indel further than this along a repeat is not worth the time; both sides stop alike.
MAX_SHIFT = 5_000


class AlleleEdit(NamedTuple):
    """Replace the reference's [start, end), 0-based half-open, by `alt`; trimmed, as it was written.

    key: (start, end, alt) of the same edit shifted as far left as the reference
    allows. low, high: the span over which it can be shifted. kind: place in KINDS,
    by net length for complex edits.
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
        """Net length change, in bases."""
        return len(self.alt) - (self.end - self.start)


def find_edits(reference: str, position: int, ref: str, alt: str) -> list[AlleleEdit]:
    """The edits that an alternative allele makes.

    reference: sequence of the contig, upper case. position: 0-based, of ref's first
    base. ref, alt: upper case. A substitution of several bases gives an SNV for
    each base that differs; an indel is trimmed; a complex allele stays whole.
    Empty for symbolic alleles, breakends, `*`, `.` and alleles equal to ref.
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
    """What a sample carries. alleles: index of each copy, -1 where missing. phased: `|` between all of them."""

    alleles: tuple[int, ...]
    phased: bool


@lru_cache(4096)
def parse_genotype(text: str) -> Genotype:
    """Read a GT field: `0/1`, `1|0`, `./1`, `1`, `.`."""
    copies = text.replace("|", "/").split("/")
    return Genotype(tuple(int(p) if p.isdigit() else -1 for p in copies), "|" in text and "/" not in text)
