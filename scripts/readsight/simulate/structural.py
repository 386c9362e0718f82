"""Structural variants: deletions, tandem duplications, inversions, insertions."""

from dataclasses import dataclass, field

import numpy as np

from readsight.genome.codes import decode
from readsight.simulate.elements import Element
from readsight.simulate.genome import NamedRegion, find_free_start
from readsight.simulate.haplotype import HaplotypeEdit

KINDS = ("DEL", "DUP", "DEL", "INV", "DEL", "DUP", "DEL", "INV", "DEL", "DUP", "INV", "INS")
MARGIN = 150


@dataclass
class StructuralVariant:
    """A structural variant over [start, end); an insertion has start == end and a sequence. genotypes: (donors, 2)."""

    kind: str
    chromosome: str
    start: int
    end: int
    sequence: str = ""
    effect: str = "none"
    site: str = ""
    frequency: float = 0.0
    genotypes: np.ndarray | None = field(default=None, repr=False)

    @property
    def length(self) -> int:
        """SVLEN: bases gained (negative: lost); of an inversion, its size."""
        if self.kind == "INS":
            return len(self.sequence)
        return (self.start - self.end) if self.kind == "DEL" else (self.end - self.start)

    def to_edit(self, code) -> HaplotypeEdit:
        """The haplotype edit. code: function from letters to codes."""
        if self.kind == "DUP":
            return HaplotypeEdit(self.start, self.end, "duplicate")
        if self.kind == "INV":
            return HaplotypeEdit(self.start, self.end, "invert")
        return HaplotypeEdit(self.start, self.end, "replace", code(self.sequence))


def plant_structural(
    codes: dict[str, np.ndarray], blocked: dict[str, np.ndarray], elements: list[Element], count: int, rng: np.random.Generator
) -> list[StructuralVariant]:
    """Plant structural variants of 300 to 3,000 bases (insertions: 60 to 200) in unblocked regions.

    The first deletion removes an active enhancer if one has unblocked surroundings.
    """
    blocked = {name: mask.copy() for name, mask in blocked.items()}
    variants: list[StructuralVariant] = []
    for i in range(count):
        kind = KINDS[i % len(KINDS)]
        if i == 0 and (deletion := _delete_enhancer(codes, blocked, elements, rng)):
            variants.append(deletion)
        else:
            for name in rng.permutation(list(codes)):
                size = 0 if kind == "INS" else int(np.clip(rng.lognormal(6.7, 0.6), 300, min(3000, len(codes[name]) // 30)))
                start = find_free_start(rng, blocked[name], size, pad=MARGIN)
                if start is not None:
                    inserted = decode(rng.integers(0, 4, int(rng.integers(60, 200))).astype(np.uint8)) if kind == "INS" else ""
                    variants.append(StructuralVariant(kind, str(name), start, start + size, inserted))
                    break
        if variants:
            last = variants[-1]
            blocked[last.chromosome][max(0, last.start - 1000) : last.end + 1000] = True
    return sorted(variants, key=lambda s: (s.chromosome, s.start))


def _delete_enhancer(codes, blocked, elements, rng) -> StructuralVariant | None:
    active = [e for e in elements if e.kind == "enhancer"]
    for i in rng.permutation(len(active)):
        element = active[i]
        low, high = element.start - int(rng.integers(80, 200)), element.end + int(rng.integers(80, 200))
        around = blocked[element.chromosome][low - MARGIN : high + MARGIN].copy()
        around[MARGIN + element.start - low : MARGIN + element.end - low] = False
        if low > 1000 and not around.any() and high < len(codes[element.chromosome]) - 1000:
            return StructuralVariant("DEL", element.chromosome, low, high, "", "enhancer_loss", element.id)
    return None


def exclusion_regions(structural: list[StructuralVariant]) -> list[NamedRegion]:
    """Regions excluded for small variants."""
    return [NamedRegion(s.chromosome, s.start - MARGIN, s.end + MARGIN, s.kind) for s in structural]
