"""Simulated expression of each gene per haplotype: factors, label, regulatory variants, batch and noise.

All quantities are log2. The level of a gene on a haplotype is the sum of its basal level, the effect of each promoter
factor (effect × occupancy × activity of the factor in the donor), and the strength of each active enhancer, scaled in
the same way. The gene of a factor follows the factor's activity. The label changes the activity of a few factors, so
their genes and targets differ between cases and controls; further genes differ only through regulatory variants with
unequal frequencies in the two groups.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from readsight.genome.codes import make_generator, reverse_complement
from readsight.simulate.cohort import LABELS
from readsight.simulate.elements import GRAMMAR, BindingSite, Element
from readsight.simulate.genes import SEX_GENES, PlantedGene
from readsight.simulate.haplotype import Haplotype
from readsight.simulate.motifs import Motif

# Factors with different activity in cases: log2 fold change.
REGULATED_FACTORS = {"GATA1": 1.6, "CTCF": -1.5}
# Effect of the general promoter sites, log2.
GENERAL_EFFECTS = {"SP1": 0.4, "TBP": 0.6}
# Standard deviations, log2: factor activity between donors; gene level between donors and between samples of a donor;
# batch effect of a gene.
ACTIVITY_SD, DONOR_SD, SAMPLE_SD, BATCH_SD = 0.08, 0.18, 0.12, 0.4

Haplotypes = dict[tuple[str, int], Haplotype]


@dataclass(frozen=True)
class RnaSample:
    """An RNA sample of the sheet. label, sex: None if the sheet has none. batch: rank of its batch."""

    name: str
    donor: str
    label: str | None = None
    batch: int = 0
    sex: str | None = None


@dataclass
class Circuit:
    """Genes with the binding sites that regulate them.

    promoters: gene id → sites. enhancers: gene id → active enhancers. motifs: factor → motif. label_effects: id of each
    gene that the label changes → log2 fold change of cases over controls.
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
        changes = {g.id: self._label_response(g, REGULATED_FACTORS) for g in self.genes}
        self.label_effects = {gene: round(change, 4) for gene, change in changes.items() if abs(change) > 1e-9}

    def _label_response(self, gene: PlantedGene, activity: dict[str, float]) -> float:
        """Change of a gene's level by changed factor activity if all its sites are intact, log2."""
        target_change = sum(effect * activity.get(f, 0.0) for f, effect in gene.regulators.items() if f != gene.name)
        return activity.get(gene.name, 0.0) + target_change

    def regulons(self) -> dict[str, list[PlantedGene]]:
        """Factor → its target genes."""
        factors = sorted({f for g in self.genes for f in g.regulators})
        return {f: [g for g in self.genes if f in g.regulators and f != g.name] for f in factors}

    def haplotype_level(self, gene: PlantedGene, activity: dict[str, float], haplotypes: Haplotypes, side: int) -> float:
        """Level of a gene on one haplotype before noise, log2. activity: factor → deviation of its activity, log2."""
        haplotype = haplotypes[gene.chromosome, side]
        total = gene.basal + activity.get(gene.name, 0.0)
        for site in self.promoters.get(gene.id, []):
            bound = site_occupancy(site, self.motifs[site.motif], haplotype)
            if site.motif in GENERAL_EFFECTS:
                total += GENERAL_EFFECTS[site.motif] * (bound - 1)
            elif site.motif != gene.name:
                total += gene.regulators[site.motif] * (bound * (1 + activity.get(site.motif, 0.0)) - 1)
        for enhancer in self.enhancers[gene.id]:
            bound = np.prod([site_occupancy(s, self.motifs[s.motif], haplotype) for s in enhancer.sites])
            factor_activity = [activity.get(f, 0.0) for f in GRAMMAR if f != gene.name]
            total += enhancer.strength * float(bound) * (1 + sum(factor_activity) / len(GRAMMAR))
        return float(total)

    def mean_level(self, gene: PlantedGene, sample: "RnaSample", haplotypes: Haplotypes) -> float:
        """Mean level of a gene over both haplotypes given the label, log2, without noise and batch effect."""
        activity = REGULATED_FACTORS if LABELS.get(sample.label or "") else {}
        return float(np.log2(np.mean([2 ** self.haplotype_level(gene, activity, haplotypes, side) for side in (0, 1)])))


def site_occupancy(site: BindingSite, motif: Motif, haplotype: Haplotype) -> float:
    """Occupancy of a site relative to the reference: loss of odds, at most 1; 0 if the site is interrupted or deleted."""
    positions = haplotype.to_haplotype(np.arange(site.start, site.end))
    steps = np.diff(positions)
    if (positions < 0).any() or not ((steps == 1).all() or (steps == -1).all()):
        return 0.0
    # an inverted site is read from the opposite end, on the opposite strand
    instance = haplotype.sequence[positions.min() : positions.max() + 1]
    forward = (site.strand == "+") == (steps[0] == 1)
    return float(2 ** min(0.0, motif.score(instance if forward else reverse_complement(instance)) - site.score))


def draw_activities(circuit: Circuit, sample: RnaSample, seed: int) -> dict[str, float]:
    """Deviation of each factor's activity in a donor, log2: label effect plus variation between donors."""
    rng = make_generator(seed, "activity", sample.donor)
    is_case = LABELS.get(sample.label or "", False)
    return {f: float(rng.normal(0, ACTIVITY_SD)) + REGULATED_FACTORS.get(f, 0.0) * is_case for f in circuit.regulons()}


def draw_batch_effects(genes: Iterable[PlantedGene], batch: int, seed: int) -> dict[str, float]:
    """Batch effect on each gene, log2; 0 in the first batch."""
    rng = make_generator(seed, "batch of RNA", str(batch))
    return {g.id: round(float(rng.normal(0, BATCH_SD)), 4) if batch else 0.0 for g in genes}


def draw_levels(circuit: Circuit, sample: RnaSample, haplotypes: Haplotypes, seed: int) -> np.ndarray:
    """Transcripts per million of each gene and haplotype: (genes, 2), sums to 1e6.

    Log-normal noise plus the sampling of reads gives counts close to a negative binomial distribution.
    """
    activity = draw_activities(circuit, sample, seed)
    batch = draw_batch_effects(circuit.genes, sample.batch, seed)
    donor_rng, sample_rng = make_generator(seed, "expression", sample.donor), make_generator(seed, "expression of", sample.name)
    levels = np.zeros((len(circuit.genes), 2))
    for i, gene in enumerate(circuit.genes):
        noise = float(donor_rng.normal(0, DONOR_SD) + sample_rng.normal(0, SAMPLE_SD)) + batch[gene.id]
        if SEX_GENES.get(gene.name, sample.sex) == sample.sex:
            levels[i] = [2 ** (circuit.haplotype_level(gene, activity, haplotypes, side) + noise) for side in (0, 1)]
    return levels / levels.sum() * 1e6


def transcript_sequences(genes: list[PlantedGene], haplotypes: Haplotypes) -> list[np.ndarray]:
    """Spliced transcripts, 5' to 3', for each gene from haplotype 0, then haplotype 1."""
    return [_splice_exons(gene, haplotypes[gene.chromosome, side]) for gene in genes for side in (0, 1)]


def _splice_exons(gene: PlantedGene, haplotype: Haplotype) -> np.ndarray:
    """Concatenate exons including insertions; an exon with a deleted end is shortened."""
    pieces = []
    for start, end in gene.exons:
        positions = haplotype.to_haplotype(np.arange(start, end))
        exon_positions = positions[positions >= 0]
        if len(exon_positions):
            exon = haplotype.sequence[exon_positions.min() : exon_positions.max() + 1]
            pieces.append(exon if gene.strand == "+" else reverse_complement(exon))
    return np.concatenate(pieces) if pieces else np.zeros(0, dtype=np.uint8)
