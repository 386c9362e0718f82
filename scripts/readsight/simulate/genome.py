"""Chromosomes: base composition, repeats, tandem repeats and segmental duplications."""

from dataclasses import dataclass, field

import numpy as np

from readsight.genome.codes import decode, reverse_complement

MARKOV_ORDER = 3
CPG_RATE = 0.22
REPEAT_FAMILIES = {"SINE": (300, 0.58, 14), "LINE": (900, 0.38, 5), "DNA": (180, 0.44, 8)}
RECENT_DIVERGENCE = 0.06


@dataclass
class Chromosome:
    """A chromosome under construction.

    codes: (length,) uint8. soft: repeat bases, written in lower case. taken: bases reserved by
    a large block. fixed: bases with planted signal, never overwritten.
    """

    name: str
    codes: np.ndarray
    soft: np.ndarray = field(init=False)
    taken: np.ndarray = field(init=False)
    fixed: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.soft, self.taken, self.fixed = (np.zeros(len(self.codes), dtype=bool) for _ in range(3))

    def __len__(self) -> int:
        return len(self.codes)

    def to_fasta(self, width: int = 60) -> str:
        """The chromosome as FASTA, repeats in lower case."""
        letters = np.frombuffer(decode(self.codes).encode(), dtype=np.uint8) + 32 * self.soft.astype(np.uint8)
        text = letters.tobytes().decode()
        return f">{self.name}\n" + "".join(f"{text[i : i + width]}\n" for i in range(0, len(text), width))


@dataclass(frozen=True)
class NamedRegion:
    """A named interval: chromosome, 0-based half-open coordinates, name and strand."""

    chromosome: str
    start: int
    end: int
    name: str
    strand: str = "."

    def to_bed(self) -> str:
        return f"{self.chromosome}\t{self.start}\t{self.end}\t{self.name}\t0\t{self.strand}\n"


def find_free_start(rng: np.random.Generator, blocked: np.ndarray, length: int, pad: int = 0) -> int | None:
    """Random start of `length` unblocked bases with `pad` unblocked bases on both sides; None if there is none."""
    span = length + 2 * pad
    before = np.concatenate([[0], blocked.cumsum()])
    starts = np.flatnonzero(before[span:] == before[:-span]) if len(blocked) >= span else []
    return int(rng.choice(starts)) + pad if len(starts) else None


def draw_background(length: int, gc: np.ndarray, rng: np.random.Generator, cpg: float = CPG_RATE) -> np.ndarray:
    """Draw sequence from a Markov chain of order 3 with local GC content and CpG depletion.

    gc: (length,) GC fraction at each base, rounded to percent. cpg: CpG frequency relative to that expected from composition.
    """
    preference = np.exp(rng.normal(0, 0.15, (4**MARKOV_ORDER, 4)))
    edges = {}
    for percent in np.unique(np.round(gc * 100).astype(int)):
        table = preference * np.array([1 - percent / 100, percent / 100, percent / 100, 1 - percent / 100])
        table[1::4, 2] *= cpg
        table[1::4, 3] *= 1 + (1 - cpg) * 0.3
        edges[int(percent)] = (table / table.sum(axis=1, keepdims=True)).cumsum(axis=1)[:, :3].tolist()
    state, bases = int(rng.integers(4**MARKOV_ORDER)), bytearray(length)
    for i, (percent, u) in enumerate(zip(np.round(gc * 100).astype(int).tolist(), rng.random(length).tolist(), strict=True)):
        a, b, c = edges[percent][state]
        base = (u > a) + (u > b) + (u > c)
        bases[i] = base
        state = (state * 4 + base) % 4**MARKOV_ORDER
    return np.frombuffer(bytes(bases), dtype=np.uint8).copy()


def draw_isochores(length: int, rng: np.random.Generator) -> np.ndarray:
    """GC fraction per base: isochores of 8 to 25 kb with different composition."""
    fractions = np.empty(length)
    start = 0
    while start < length:
        size = int(rng.integers(8_000, 25_000))
        fractions[start : start + size] = np.clip(rng.normal(0.43, 0.045), 0.35, 0.55)
        start += size
    return fractions


def diverge_sequence(sequence: np.ndarray, rate: float, rng: np.random.Generator, indels: float = 0.1) -> np.ndarray:
    """Return a mutated copy: substitutions at `rate` per base, indels of 1 to 3 bases at `indels` × that rate."""
    copy = sequence.copy()
    is_substituted = rng.random(len(copy)) < rate
    copy[is_substituted] = (copy[is_substituted] + rng.integers(1, 4, is_substituted.sum())) % 4
    sizes = np.ones(len(copy), dtype=np.int64)
    is_indel = rng.random(len(copy)) < rate * indels
    sizes[is_indel] = rng.choice([0, 2, 3], is_indel.sum())
    return np.repeat(copy, sizes)


def plant_repeats(chromosomes: list[Chromosome], rng: np.random.Generator) -> list[NamedRegion]:
    """Place copies of repeat families, 2 to 20 % diverged, outside `fixed` bases; returns all copies.

    Names are family and divergence in percent. LINE copies are truncated at the 5' end.
    """
    consensus = {name: draw_background(size, np.full(size, gc), rng, cpg=1.0) for name, (size, gc, _) in REPEAT_FAMILIES.items()}
    consensus["SINE"][-22:] = 0
    regions = []
    for chromosome in chromosomes:
        for name, (_, _, density) in REPEAT_FAMILIES.items():
            for _ in range(round(density * len(chromosome) / 100_000)):
                rate = float(rng.choice([0.02, 0.05, 0.1, 0.15, 0.2], p=[0.08, 0.12, 0.3, 0.3, 0.2]))
                copy = diverge_sequence(consensus[name], rate, rng)
                copy = copy[int(rng.integers(0, len(copy) // 2)) :] if name == "LINE" else copy
                regions += _place_copy(chromosome, copy, f"{name}_{100 * rate:.0f}", rng)
    return regions


def plant_tandems(chromosomes: list[Chromosome], rng: np.random.Generator) -> list[NamedRegion]:
    """Place microsatellites: units of 1 to 5 bases, 10 to 50 bases in total, about 15 per 100 kb."""
    regions = []
    for chromosome in chromosomes:
        for _ in range(round(15 * len(chromosome) / 100_000)):
            unit = rng.integers(0, 4, int(rng.choice([1, 2, 3, 4, 5], p=[0.25, 0.35, 0.1, 0.2, 0.1]))).astype(np.uint8)
            size = int(rng.integers(10, 18)) if len(unit) == 1 else int(rng.integers(16, 50))
            regions += _place_copy(chromosome, np.resize(unit, size), f"({decode(unit)})n", rng)
    return regions


def _place_copy(chromosome: Chromosome, copy: np.ndarray, name: str, rng: np.random.Generator) -> list[NamedRegion]:
    """Write a copy on a random strand at a free position."""
    start = find_free_start(rng, chromosome.fixed | chromosome.soft, len(copy), pad=5)
    if start is None:
        return []
    strand = str(rng.choice(["+", "-"]))
    end = start + len(copy)
    chromosome.codes[start:end] = copy if strand == "+" else reverse_complement(copy)
    chromosome.soft[start:end] = True
    return [NamedRegion(chromosome.name, start, end, name, strand)]


@dataclass(frozen=True)
class Segment:
    """A segmental duplication: `copy` of `source` with `divergence` substitutions per base."""

    source: NamedRegion
    copy: NamedRegion
    divergence: float


def plan_segments(chromosomes: list[Chromosome], rng: np.random.Generator) -> list[Segment]:
    """Reserve regions for duplicated segments of 2 to 8 kb within and between chromosomes, about 10 % of the genome."""
    total = sum(len(c) for c in chromosomes)
    segments: list[Segment] = []
    for number in range(max(2, round(total / 80_000))):
        size = int(np.clip(rng.lognormal(8.15, 0.4), 2_000, min(8_000, len(chromosomes[0]) // 12)))
        first = chromosomes[number % len(chromosomes)]
        second = first if number % 2 else chromosomes[int(rng.integers(len(chromosomes)))]
        source = _reserve_on_chromosome(first, size, f"segment{number + 1}_source", "+", rng)
        copy = _reserve_on_chromosome(second, size, f"segment{number + 1}_copy", str(rng.choice(["+", "-"])), rng)
        if source and copy:
            segments.append(Segment(source, copy, float(rng.choice([0.01, 0.015, 0.02, 0.03]))))
    return segments


def reserve_region(chromosomes: list[Chromosome], size: int, name: str, rng: np.random.Generator) -> NamedRegion | None:
    """Reserve a region on a random chromosome."""
    return _reserve_on_chromosome(chromosomes[int(rng.integers(len(chromosomes)))], size, name, "+", rng)


def _reserve_on_chromosome(
    chromosome: Chromosome, size: int, name: str, strand: str, rng: np.random.Generator
) -> NamedRegion | None:
    start = find_free_start(rng, chromosome.taken, size, pad=300)
    if start is None:
        return None
    chromosome.taken[start : start + size] = True
    return NamedRegion(chromosome.name, start, start + size, name, strand)


def write_segments(chromosomes: list[Chromosome], segments: list[Segment], rng: np.random.Generator) -> None:
    """Overwrite each copy with its mutated source, after everything else is planted."""
    by_name = {c.name: c for c in chromosomes}
    for segment in segments:
        source, copy = segment.source, segment.copy
        old = by_name[source.chromosome].codes[source.start : source.end]
        soft = by_name[source.chromosome].soft[source.start : source.end]
        new = diverge_sequence(old, segment.divergence, rng, indels=0)
        target = by_name[copy.chromosome]
        target.codes[copy.start : copy.end] = new if copy.strand == "+" else reverse_complement(new)
        target.soft[copy.start : copy.end] = soft if copy.strand == "+" else soft[::-1]
