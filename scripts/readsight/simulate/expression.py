"""How much of each gene a sample's haplotypes transcribe: factors, the label, variants in regulatory sites, batch, noise.

All in log2. A haplotype's level of a gene is its basal one; and for each factor at its promoter, that factor's effect
times how much it is bound there times how active it is in the donor; and for each active enhancer its strength,
bound and activated likewise. A factor's own gene shows how active it is. What the label changes is the activity of
a few factors: their genes and their targets differ between cases and controls. Apart from these only such genes
differ as have sites whose variants cases and controls do not carry alike.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from readsight.genome.codes import generator, reverse_complement
from readsight.simulate.cohort import LABELS
from readsight.simulate.elements import GRAMMAR, Element, Site
from readsight.simulate.genes import SEXED, Gene
from readsight.simulate.haplotype import Haplotype
from readsight.simulate.motifs import Motif

# Factors that are more or less active in cases: log2 fold change.
REGULATED = {"GATA1": 1.6, "CTCF": -1.5}
# What the general sites of a promoter are worth, log2.
GENERAL = {"SP1": 0.4, "TBP": 0.6}
# Standard deviations, log2: of a factor's activity between donors; of a gene between donors, and between samples of
# one; of a gene's batch effect.
ACTIVITY, DONOR, SAMPLE, BATCH = 0.08, 0.18, 0.12, 0.4

Haplotypes = dict[tuple[str, int], Haplotype]


@dataclass(frozen=True)
class Sample:
    """A sample of RNA as the sheet tells. label, sex: None where the sheet has none. batch: rank among the cohort's."""

    name: str
    donor: str
    label: str | None = None
    batch: int = 0
    sex: str | None = None


@dataclass
class Circuit:
    """Genes with the sites that act on them.

    promoters: gene id → sites. enhancers: gene id → active enhancers. motifs: factor → matrix. reached: genes that the label
    changes, id → log2 fold change of cases over controls.
    """

    genes: list[Gene]
    elements: list[Element]
    motifs: dict[str, Motif]
    promoters: dict[str, list[Site]] = field(init=False)
    enhancers: dict[str, list[Element]] = field(init=False)
    reached: dict[str, float] = field(init=False)

    def __post_init__(self) -> None:
        self.promoters = {e.gene: e.sites for e in self.elements if e.kind == "promoter"}
        self.enhancers = {g.id: [e for e in self.elements if e.kind == "enhancer" and e.gene == g.id] for g in self.genes}
        changes = {g.id: self._answer(g, REGULATED) for g in self.genes}
        self.reached = {gene: round(change, 4) for gene, change in changes.items() if abs(change) > 1e-9}

    def _answer(self, gene: Gene, activity: dict[str, float]) -> float:
        """Change of a gene's level, log2, by that of the factors' activity, where all its sites are whole."""
        followed = sum(effect * activity.get(f, 0.0) for f, effect in gene.regulators.items() if f != gene.name)
        return activity.get(gene.name, 0.0) + followed

    def regulons(self) -> dict[str, list[Gene]]:
        """Factor → the genes that follow it."""
        factors = sorted({f for g in self.genes for f in g.regulators})
        return {f: [g for g in self.genes if f in g.regulators and f != g.name] for f in factors}

    def level(self, gene: Gene, activity: dict[str, float], own: Haplotypes, side: int) -> float:
        """Level of a gene on one haplotype, log2, before noise. activity: of factors, as a difference from 0, log2."""
        haplotype = own[gene.chromosome, side]
        total = gene.basal + activity.get(gene.name, 0.0)
        for site in self.promoters.get(gene.id, []):
            bound = occupancy(site, self.motifs[site.motif], haplotype)
            if site.motif in GENERAL:
                total += GENERAL[site.motif] * (bound - 1)
            elif site.motif != gene.name:
                total += gene.regulators[site.motif] * (bound * (1 + activity.get(site.motif, 0.0)) - 1)
        for enhancer in self.enhancers[gene.id]:
            bound = np.prod([occupancy(s, self.motifs[s.motif], haplotype) for s in enhancer.sites])
            others = [activity.get(f, 0.0) for f in GRAMMAR if f != gene.name]
            total += enhancer.strength * float(bound) * (1 + sum(others) / len(GRAMMAR))
        return float(total)

    def expected(self, gene: Gene, sample: "Sample", own: Haplotypes) -> float:
        """Level of a gene by a donor's label and haplotypes alone, log2: no noise, no batch."""
        activity = REGULATED if LABELS.get(sample.label or "") else {}
        return float(np.log2(np.mean([2 ** self.level(gene, activity, own, side) for side in (0, 1)])))


def occupancy(site: Site, motif: Motif, haplotype: Haplotype) -> float:
    """How much a site is bound on a haplotype, as part of the reference's: its odds' loss; 0 where it is cut or gone.

    A site that binds better than the reference's is full.
    """
    places = haplotype.to_haplotype(np.arange(site.start, site.end))
    steps = np.diff(places)
    if (places < 0).any() or not ((steps == 1).all() or (steps == -1).all()):
        return 0.0
    # an inverted site is read from its other end, on the other strand
    word = haplotype.sequence[places.min() : places.max() + 1]
    forward = (site.strand == "+") == (steps[0] == 1)
    return float(2 ** min(0.0, motif.score(word if forward else reverse_complement(word)) - site.score))


def activities(circuit: Circuit, sample: Sample, seed: int) -> dict[str, float]:
    """Each factor's activity in a donor, log2, as a difference from 0: what the label does, and what donors differ in."""
    rng = generator(seed, "activity", sample.donor)
    ill = LABELS.get(sample.label or "", False)
    return {f: float(rng.normal(0, ACTIVITY)) + REGULATED.get(f, 0.0) * ill for f in circuit.regulons()}


def batch_effects(genes: Iterable[Gene], batch: int, seed: int) -> dict[str, float]:
    """What a batch adds to each gene, log2: nothing in the first batch."""
    rng = generator(seed, "batch of RNA", str(batch))
    return {g.id: round(float(rng.normal(0, BATCH)), 4) if batch else 0.0 for g in genes}


def levels(circuit: Circuit, sample: Sample, own: Haplotypes, seed: int) -> np.ndarray:
    """Transcripts of each gene from either haplotype per million: (genes, 2), sums to 1e6.

    Noise is log-normal, so that with the draw of reads counts spread as a negative binomial's do.
    """
    activity = activities(circuit, sample, seed)
    batch = batch_effects(circuit.genes, sample.batch, seed)
    donor, tube = generator(seed, "expression", sample.donor), generator(seed, "expression of", sample.name)
    found = np.zeros((len(circuit.genes), 2))
    for i, gene in enumerate(circuit.genes):
        noise = float(donor.normal(0, DONOR) + tube.normal(0, SAMPLE)) + batch[gene.id]
        if SEXED.get(gene.name, sample.sex) == sample.sex:
            found[i] = [2 ** (circuit.level(gene, activity, own, side) + noise) for side in (0, 1)]
    return found / found.sum() * 1e6


def transcripts(genes: list[Gene], own: Haplotypes) -> list[np.ndarray]:
    """Spliced transcripts, 5' to 3': of each gene from haplotype 0, then from haplotype 1."""
    return [_spliced(gene, own[gene.chromosome, side]) for gene in genes for side in (0, 1)]


def _spliced(gene: Gene, haplotype: Haplotype) -> np.ndarray:
    """Exons end to end, each with what is inserted in it; an exon of which an end is deleted begins or ends further in."""
    parts = []
    for start, end in gene.exons:
        places = haplotype.to_haplotype(np.arange(start, end))
        kept = places[places >= 0]
        if len(kept):
            part = haplotype.sequence[kept.min() : kept.max() + 1]
            parts.append(part if gene.strand == "+" else reverse_complement(part))
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.uint8)
