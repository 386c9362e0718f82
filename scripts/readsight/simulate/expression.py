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

from readsight.genome.codes import make_generator, reverse_complement
from readsight.simulate.cohort import LABELS
from readsight.simulate.elements import GRAMMAR, BindingSite, Element
from readsight.simulate.genes import SEXED, PlantedGene
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
class RnaSample:
    """A sample of RNA as the sheet tells. label, sex: None where the sheet has none. batch: rank among the cohort's."""

    name: str
    donor: str
    label: str | None = None
    batch: int = 0
    sex: str | None = None


@dataclass
class Circuit:
    """Genes with the sites that act on them.

    promoters: gene id → sites. enhancers: gene id → active enhancers. motifs: factor → matrix. label_effects: genes that the label
    changes, id → log2 fold change of cases over controls.
    """

    genes: list[PlantedGene]
    elements: list[Element]
    motifs: dict[str, Motif]
    promoters: dict[str, list[BindingSite]] = field(init=False)
    enhancers: dict[str, list[Element]] = field(init=False)
    label_effects: dict[str, float] = field(init=False)

    def __post_init__(self) -> None:
        self.promoters = {e.gene: e.sites for e in self.elements if e.kind == "promoter"}
        self.enhancers = {g.id: [e for e in self.elements if e.kind == "enhancer" and e.gene == g.id] for g in self.genes}
        changes = {g.id: self._label_response(g, REGULATED) for g in self.genes}
        self.label_effects = {gene: round(change, 4) for gene, change in changes.items() if abs(change) > 1e-9}

    def _label_response(self, gene: PlantedGene, activity: dict[str, float]) -> float:
        """Change of a gene's level, log2, by that of the factors' activity, where all its sites are whole."""
        target_change = sum(effect * activity.get(f, 0.0) for f, effect in gene.regulators.items() if f != gene.name)
        return activity.get(gene.name, 0.0) + target_change

    def regulons(self) -> dict[str, list[PlantedGene]]:
        """Factor → the genes that follow it."""
        factors = sorted({f for g in self.genes for f in g.regulators})
        return {f: [g for g in self.genes if f in g.regulators and f != g.name] for f in factors}

    def haplotype_level(self, gene: PlantedGene, activity: dict[str, float], haplotypes: Haplotypes, side: int) -> float:
        """Level of a gene on one haplotype, log2, before noise. activity: of factors, as a difference from 0, log2."""
        haplotype = haplotypes[gene.chromosome, side]
        total = gene.basal + activity.get(gene.name, 0.0)
        for site in self.promoters.get(gene.id, []):
            bound = site_occupancy(site, self.motifs[site.motif], haplotype)
            if site.motif in GENERAL:
                total += GENERAL[site.motif] * (bound - 1)
            elif site.motif != gene.name:
                total += gene.regulators[site.motif] * (bound * (1 + activity.get(site.motif, 0.0)) - 1)
        for enhancer in self.enhancers[gene.id]:
            bound = np.prod([site_occupancy(s, self.motifs[s.motif], haplotype) for s in enhancer.sites])
            factor_activity = [activity.get(f, 0.0) for f in GRAMMAR if f != gene.name]
            total += enhancer.strength * float(bound) * (1 + sum(factor_activity) / len(GRAMMAR))
        return float(total)

    def mean_level(self, gene: PlantedGene, sample: "RnaSample", haplotypes: Haplotypes) -> float:
        """Level of a gene by a donor's label and haplotypes alone, log2: no noise, no batch."""
        activity = REGULATED if LABELS.get(sample.label or "") else {}
        return float(np.log2(np.mean([2 ** self.haplotype_level(gene, activity, haplotypes, side) for side in (0, 1)])))


def site_occupancy(site: BindingSite, motif: Motif, haplotype: Haplotype) -> float:
    """How much a site is bound on a haplotype, as part of the reference's: its odds' loss; 0 where it is cut or gone.

    A site that binds better than the reference's is full.
    """
    positions = haplotype.to_haplotype(np.arange(site.start, site.end))
    steps = np.diff(positions)
    if (positions < 0).any() or not ((steps == 1).all() or (steps == -1).all()):
        return 0.0
    # an inverted site is read from its other end, on the other strand
    instance = haplotype.sequence[positions.min() : positions.max() + 1]
    forward = (site.strand == "+") == (steps[0] == 1)
    return float(2 ** min(0.0, motif.score(instance if forward else reverse_complement(instance)) - site.score))


def draw_activities(circuit: Circuit, sample: RnaSample, seed: int) -> dict[str, float]:
    """Each factor's activity in a donor, log2, as a difference from 0: what the label does, and what donors differ in."""
    rng = make_generator(seed, "activity", sample.donor)
    is_case = LABELS.get(sample.label or "", False)
    return {f: float(rng.normal(0, ACTIVITY)) + REGULATED.get(f, 0.0) * is_case for f in circuit.regulons()}


def draw_batch_effects(genes: Iterable[PlantedGene], batch: int, seed: int) -> dict[str, float]:
    """What a batch adds to each gene, log2: nothing in the first batch."""
    rng = make_generator(seed, "batch of RNA", str(batch))
    return {g.id: round(float(rng.normal(0, BATCH)), 4) if batch else 0.0 for g in genes}


def draw_levels(circuit: Circuit, sample: RnaSample, haplotypes: Haplotypes, seed: int) -> np.ndarray:
    """Transcripts of each gene from either haplotype per million: (genes, 2), sums to 1e6.

    Noise is log-normal, so that with the draw of reads counts spread as a negative binomial's do.
    """
    activity = draw_activities(circuit, sample, seed)
    batch = draw_batch_effects(circuit.genes, sample.batch, seed)
    donor_rng, sample_rng = make_generator(seed, "expression", sample.donor), make_generator(seed, "expression of", sample.name)
    levels = np.zeros((len(circuit.genes), 2))
    for i, gene in enumerate(circuit.genes):
        noise = float(donor_rng.normal(0, DONOR) + sample_rng.normal(0, SAMPLE)) + batch[gene.id]
        if SEXED.get(gene.name, sample.sex) == sample.sex:
            levels[i] = [2 ** (circuit.haplotype_level(gene, activity, haplotypes, side) + noise) for side in (0, 1)]
    return levels / levels.sum() * 1e6


def transcript_sequences(genes: list[PlantedGene], haplotypes: Haplotypes) -> list[np.ndarray]:
    """Spliced transcripts, 5' to 3': of each gene from haplotype 0, then from haplotype 1."""
    return [_splice_exons(gene, haplotypes[gene.chromosome, side]) for gene in genes for side in (0, 1)]


def _splice_exons(gene: PlantedGene, haplotype: Haplotype) -> np.ndarray:
    """Exons end to end, each with what is inserted in it; an exon of which an end is deleted begins or ends further in."""
    pieces = []
    for start, end in gene.exons:
        positions = haplotype.to_haplotype(np.arange(start, end))
        kept = positions[positions >= 0]
        if len(kept):
            exon = haplotype.sequence[kept.min() : kept.max() + 1]
            pieces.append(exon if gene.strand == "+" else reverse_complement(exon))
    return np.concatenate(pieces) if pieces else np.zeros(0, dtype=np.uint8)
