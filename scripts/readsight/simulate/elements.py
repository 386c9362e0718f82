"""Promoters, enhancers with a motif grammar, and inactive elements and decoy sites without it."""

from dataclasses import dataclass, field

import numpy as np

from readsight.genome.codes import reverse_complement
from readsight.simulate.genes import PROMOTER_LENGTH, PlantedGene
from readsight.simulate.genome import Chromosome, find_free_start
from readsight.simulate.motifs import Motif

ENHANCER_LENGTH = 200
GRAMMAR = ("SPI1", "RUNX1")
NEAR_GAP = (10, 30)
FAR_GAP = (60, 110)
REGULATORS = ("GATA1", "CEBPA", "AP1", "REST", "CTCF")


@dataclass(frozen=True)
class BindingSite:
    """A planted binding site. score: bits. role: `site` (functional) or `decoy`. element: id of its promoter or enhancer, or empty."""

    chromosome: str
    start: int
    end: int
    motif: str
    strand: str
    score: float
    role: str
    element: str = ""

    def to_bed(self) -> str:
        """BED6 (score in tenths of a bit), then element, role and score in bits."""
        columns = f"{self.chromosome}\t{self.start}\t{self.end}\t{self.motif}\t{min(1000, round(10 * self.score))}\t{self.strand}"
        return f"{columns}\t{self.element or '.'}\t{self.role}\t{self.score:.2f}\n"


@dataclass
class Element:
    """A regulatory element. kind: promoter, enhancer (active) or inactive. strength: effect on its gene's log expression."""

    id: str
    kind: str
    chromosome: str
    start: int
    end: int
    gene: str
    strength: float
    grammar: str = ""
    sites: list[BindingSite] = field(default_factory=list)

    def to_bed(self) -> str:
        """BED6, then target gene, kind, strength and grammar."""
        return f"{self.chromosome}\t{self.start}\t{self.end}\t{self.id}\t0\t.\t{self.gene}\t{self.kind}\t{self.strength}\t{self.grammar or '.'}\n"


def plant_site(
    chromosome: Chromosome, start: int, motif: Motif, strand: str, rng: np.random.Generator, role: str = "site", element: str = ""
) -> BindingSite:
    """Write a random instance of a motif at a position."""
    instance = motif.draw_instance(rng)
    end = start + motif.width
    chromosome.codes[start:end] = instance if strand == "+" else reverse_complement(instance)
    return BindingSite(chromosome.name, start, end, motif.name, strand, round(motif.score(instance), 3), role, element)


def _draw_strand(rng: np.random.Generator) -> str:
    return "+" if rng.random() < 0.5 else "-"


def plant_promoter(chromosome: Chromosome, gene: PlantedGene, motifs: dict[str, Motif], rng: np.random.Generator) -> Element:
    """TATA box 30 bases upstream (70 % of genes), SP1 sites within 200 bases, one or two regulator sites beyond."""
    sign = 1 if gene.strand == "+" else -1
    low, high = (gene.tss - PROMOTER_LENGTH, gene.tss) if sign == 1 else (gene.tss + 1, gene.tss + 1 + PROMOTER_LENGTH)
    element = Element(f"promoter_{gene.id}", "promoter", chromosome.name, low, high, gene.id, 0.0)

    def add_site(name: str, distance: int, strand: str) -> None:
        width = motifs[name].width
        start = gene.tss - distance if sign == 1 else gene.tss + distance - width + 1
        element.sites.append(plant_site(chromosome, start, motifs[name], strand, rng, element=element.id))

    if rng.random() < 0.7:
        add_site("TBP", 32, gene.strand)
    for distance in (90, 130, 170)[: int(rng.integers(1, 4))]:
        add_site("SP1", distance + int(rng.integers(0, 15)), _draw_strand(rng))
    for distance, name in zip((260, 340), rng.choice(REGULATORS, int(rng.integers(1, 3)), replace=False), strict=False):
        add_site(str(name), distance + int(rng.integers(0, 30)), _draw_strand(rng))
        gene.regulators[str(name)] = round(float(rng.choice([-1, 1]) * rng.uniform(0.4, 1.0)), 3)
    chromosome.fixed[low:high] = True
    return element


def plant_enhancers(
    chromosomes: list[Chromosome], genes: list[PlantedGene], motifs: dict[str, Motif], rng: np.random.Generator
) -> list[Element]:
    """Active enhancers (SPI1 and RUNX1, 10 to 30 bases apart) and as many inactive elements, 16 each per 100 kb.

    Inactive elements contain one of the two motifs, both too far apart, or neither: a single motif is hardly
    informative, the grammar fully so.
    """
    elements: list[Element] = []
    for chromosome in chromosomes:
        chromosome_genes = [g for g in genes if g.chromosome == chromosome.name]
        count = round(16 * len(chromosome) / 100_000)
        plans = ["near"] * count + [("far", "SPI1", "RUNX1", "none")[i % 4] for i in range(count)]
        for plan in plans:
            start = find_free_start(rng, chromosome.taken | chromosome.fixed, ENHANCER_LENGTH, pad=40)
            if start is None or not chromosome_genes:
                continue
            gene = min(chromosome_genes, key=lambda g: abs(g.tss - start))
            elements.append(plant_element(chromosome, start, f"enhancer{len(elements) + 1}", plan, gene.id, motifs, rng))
            for factor in GRAMMAR if plan == "near" else ():
                gene.regulators[factor] = round(gene.regulators.get(factor, 0.0) + elements[-1].strength / 2, 3)
    return elements


def plant_element(
    chromosome: Chromosome, start: int, name: str, plan: str, gene: str, motifs: dict[str, Motif], rng: np.random.Generator
) -> Element:
    """Write an element of ENHANCER_LENGTH bases. plan: near (active), far, none, or the single factor it contains. gene: id, or empty."""
    active = plan == "near"
    element = Element(
        name, "enhancer" if active else "inactive", chromosome.name, start, start + ENHANCER_LENGTH, gene, 0.0, plan
    )
    if active:
        element.strength = round(float(rng.uniform(0.5, 1.2)), 3)
    window = chromosome.codes[start : start + ENHANCER_LENGTH]
    remove_chance_sites(window, [motifs[name] for name in GRAMMAR], rng)
    factors = list(rng.permutation(GRAMMAR)) if plan in ("near", "far") else [plan] if plan in GRAMMAR else []
    gap = int(rng.integers(*NEAR_GAP)) if active else int(rng.integers(*FAR_GAP))
    span = sum(motifs[f].width for f in factors) + gap * (len(factors) - 1)
    position = start + int(rng.integers(5, ENHANCER_LENGTH - span - 5))
    for factor in factors:
        role = "site" if active else "decoy"
        element.sites.append(plant_site(chromosome, position, motifs[factor], _draw_strand(rng), rng, role, name))
        position += motifs[factor].width + gap
    chromosome.fixed[start : start + ENHANCER_LENGTH] = True
    return element


def remove_chance_sites(window: np.ndarray, motifs: list[Motif], rng: np.random.Generator) -> None:
    """Shuffle chance occurrences of motifs in a window, in place."""
    for _ in range(20):
        hits = [(start, motif.width) for motif in motifs for start, _ in motif.find_hits(window)]
        if not hits:
            return
        for start, width in hits:
            window[start : start + width] = rng.permutation(window[start : start + width])


def plant_decoys(chromosomes: list[Chromosome], motifs: dict[str, Motif], rng: np.random.Generator) -> list[BindingSite]:
    """Non-functional single sites of every factor outside elements; 20 per 100 kb."""
    decoys = []
    for chromosome in chromosomes:
        for i in range(round(20 * len(chromosome) / 100_000)):
            motif = list(motifs.values())[i % len(motifs)]
            start = find_free_start(rng, chromosome.taken | chromosome.fixed, motif.width, pad=20)
            if start is not None:
                decoys.append(plant_site(chromosome, start, motif, _draw_strand(rng), rng, role="decoy"))
                chromosome.fixed[start : start + motif.width] = True
    return decoys
