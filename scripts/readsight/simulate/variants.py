"""Small variants: placement and annotation of their planted effects."""

from dataclasses import dataclass, field

import numpy as np

from readsight.genome.codes import decode, encode, reverse_complement
from readsight.simulate.elements import BindingSite, Element
from readsight.simulate.genes import AMINO_ACIDS, PlantedGene
from readsight.simulate.genome import NamedRegion
from readsight.simulate.motifs import Motif

MIN_SPACING = 15
TRANSITION = {0: 2, 1: 3, 2: 0, 3: 1}


@dataclass
class Variant:
    """A small variant with VCF alleles and a 0-based start.

    effect: `motif_loss`, `splice_donor`, `missense` … or `none`. site: affected site, element or gene. delta: change of
    the site's log-odds, bits. frequency: in the population. beta: effect of an alternative allele on liability, 0 if not
    causal. with_previous: on the same haplotypes as the preceding variant.
    """

    chromosome: str
    start: int
    ref: str
    alt: str
    effect: str = "none"
    site: str = ""
    delta: float | None = None
    frequency: float = 0.0
    beta: float = 0.0
    with_previous: bool = False
    genotypes: np.ndarray | None = field(default=None, repr=False)

    @property
    def end(self) -> int:
        return self.start + len(self.ref)

    @property
    def is_snv(self) -> bool:
        return len(self.ref) == len(self.alt) == 1


def draw_substitution(codes: np.ndarray, start: int, rng: np.random.Generator) -> str:
    """Draw a different base; transitions are twice as frequent as transversions."""
    old = int(codes[start])
    if rng.random() < 2 / 3:
        return "ACGT"[TRANSITION[old]]
    return "ACGT"[int(rng.choice([b for b in range(4) if b not in (old, TRANSITION[old])]))]


def left_align(codes: np.ndarray, start: int, ref: np.ndarray, alt: np.ndarray) -> tuple[int, np.ndarray, np.ndarray]:
    """Left-align an indel with its anchor base (Tan et al. 2015)."""
    while start > 0 and ref[-1] == alt[-1]:
        start -= 1
        ref, alt = np.concatenate([codes[start : start + 1], ref[:-1]]), np.concatenate([codes[start : start + 1], alt[:-1]])
    return start, ref, alt


def draw_indel(codes: np.ndarray, start: int, rng: np.random.Generator) -> tuple[int, str, str]:
    """Draw a left-aligned indel of 1 to 20 bases; half of the insertions duplicate the adjacent sequence."""
    size = int(min(20, rng.geometric(0.35)))
    anchor = codes[start : start + 1]
    if rng.random() < 0.55:
        ref, alt = codes[start : start + size + 1], anchor
    else:
        new = codes[start + 1 : start + 1 + size] if rng.random() < 0.5 else rng.integers(0, 4, size).astype(np.uint8)
        ref, alt = anchor, np.concatenate([anchor, new])
    start, ref, alt = left_align(codes, start, ref, alt)
    return start, decode(ref), decode(alt)


def site_delta(codes: np.ndarray, site: BindingSite, motif: Motif, start: int, alt: str) -> float:
    """Change of a site's log-odds by a substitution within it, bits."""
    sequence = codes[site.start : site.end].copy()
    sequence[start - site.start] = encode(alt)[0]
    score = motif.score(sequence if site.strand == "+" else reverse_complement(sequence))
    return round(score - site.score, 3)


def find_breaking_substitution(codes: np.ndarray, site: BindingSite, motif: Motif) -> tuple[int, str, float]:
    """Substitution with the largest loss of log-odds: start, alternative allele, change in bits."""
    trials = [
        (site_delta(codes, site, motif, start, alt), start, alt)
        for start in range(site.start, site.end)
        for alt in "ACGT"
        if alt != "ACGT"[codes[start]]
    ]
    delta, start, alt = min(trials)
    return start, alt, delta


class Annotator:
    """Annotates variants with their effect from the planted truth.

    coding: (chromosome, position) → gene and offset in its reading frame. splice: (chromosome, position) of the two
    intron bases next to an exon → gene and name of the splice site.
    """

    def __init__(
        self,
        codes: dict[str, np.ndarray],
        genes: list[PlantedGene],
        elements: list[Element],
        decoys: list[BindingSite],
        motifs: dict[str, Motif],
    ):
        self.codes, self.motifs = codes, motifs
        self.elements = elements
        self.sites = [s for e in elements for s in e.sites] + decoys
        self.active = {e.id for e in elements if e.kind != "inactive"}
        self.genes = genes
        self.coding: dict[tuple[str, int], tuple[PlantedGene, int]] = {}
        self.splice: dict[tuple[str, int], tuple[PlantedGene, str]] = {}
        for gene in genes:
            for i, position in enumerate(gene.transcript_positions()[slice(*gene.coding)]):
                self.coding[gene.chromosome, int(position)] = (gene, i)
            for start, end in gene.introns:
                donor, acceptor = ((start, start + 1), (end - 2, end - 1))[:: 1 if gene.strand == "+" else -1]
                self.splice |= {(gene.chromosome, p): (gene, "splice_donor") for p in donor}
                self.splice |= {(gene.chromosome, p): (gene, "splice_acceptor") for p in acceptor}

    def annotate_variant(self, variant: Variant) -> None:
        """Set effect, site and delta of a variant."""
        span = [(variant.chromosome, p) for p in range(variant.start + (not variant.is_snv), variant.end)]
        splice = next((self.splice[p] for p in span if p in self.splice), None)
        coding = next((self.coding[p] for p in span or [(variant.chromosome, variant.start)] if p in self.coding), None)
        if splice:
            variant.effect, variant.site = splice[1], splice[0].id
        elif coding:
            variant.effect, variant.site = self._codon_consequence(variant, *coding), coding[0].id
        elif not self._annotate_site(variant):
            element = self._find_overlap(self.elements, variant)
            variant.effect, variant.site = ("element", element.id) if element else ("none", "")

    def _find_overlap(self, features: list, variant: Variant):
        return next(
            (f for f in features if f.chromosome == variant.chromosome and f.start < variant.end and variant.start < f.end), None
        )

    def _annotate_site(self, variant: Variant) -> bool:
        site = self._find_overlap(self.sites, variant)
        if site is None:
            return False
        role = "motif" if site.element in self.active else "decoy"
        variant.site = f"{site.element or 'decoy'}:{site.motif}:{site.chromosome}:{site.start}-{site.end}"
        if variant.is_snv:
            codes = self.codes[variant.chromosome]
            variant.delta = site_delta(codes, site, self.motifs[site.motif], variant.start, variant.alt)
            variant.effect = f"{role}_loss" if variant.delta < -2 else f"{role}_change"
        else:
            variant.effect = f"{role}_loss"
        return True

    def _codon_consequence(self, variant: Variant, gene: PlantedGene, offset: int) -> str:
        if not variant.is_snv:
            return "inframe" if (len(variant.ref) - len(variant.alt)) % 3 == 0 else "frameshift"
        cds = gene.coding_sequence(self.codes[gene.chromosome])
        alt = variant.alt if gene.strand == "+" else decode(reverse_complement(encode(variant.alt)))
        changed = cds[:offset] + alt + cds[offset + 1 :]
        codon = offset // 3 * 3
        old, new = AMINO_ACIDS[cds[codon : codon + 3]], AMINO_ACIDS[changed[codon : codon + 3]]
        if codon == 0 and new != "M":
            return "start_lost"
        if old == new:
            return "synonymous"
        return "stop_gained" if new == "*" else "stop_lost" if old == "*" else "missense"


class Planter:
    """Places variants at a minimum mutual distance."""

    def __init__(self, codes: dict[str, np.ndarray], exclusions: list[NamedRegion]):
        """exclusions: regions excluded for small variants."""
        self.codes = codes
        self.busy = {name: np.zeros(len(c), dtype=bool) for name, c in codes.items()}
        for region in exclusions:
            self.busy[region.chromosome][max(0, region.start) : region.end] = True
        for busy in self.busy.values():
            busy[:50] = busy[-50:] = True
        self.variants: list[Variant] = []

    def add_variant(self, chromosome: str, start: int, ref: str, alt: str, spacing: int = MIN_SPACING) -> Variant | None:
        """Plant a variant; None if a variant or excluded region is closer than `spacing` bases."""
        low, end = max(0, start - spacing), start + len(ref)
        if self.busy[chromosome][low : end + spacing].any():
            return None
        self.busy[chromosome][start:end] = True
        self.variants.append(Variant(chromosome, start, ref, alt))
        return self.variants[-1]

    def add_snv(self, chromosome: str, start: int, alt: str, spacing: int = MIN_SPACING) -> Variant | None:
        return self.add_variant(chromosome, start, "ACGT"[self.codes[chromosome][start]], alt, spacing)


def plant_functional(planter: Planter, annotator: Annotator, rng: np.random.Generator) -> None:
    """Plant functional variants: broken sites with neutral twins in the same element, broken decoys, splice and coding variants."""
    active = [e for e in annotator.elements if e.kind == "enhancer"]
    for i in rng.permutation(len(active))[: max(4, len(active) * 3 // 8)]:
        element = active[i]
        _plant_site_loss(planter, annotator, element.sites[int(rng.integers(len(element.sites)))])
        _plant_neutral(planter, annotator, element, rng)
    promoters = [s for e in annotator.elements if e.kind == "promoter" for s in e.sites]
    decoys = [s for s in annotator.sites if s.role == "decoy"]
    for sites, count in ((promoters, len(promoters) // 10), (decoys, len(decoys) // 10)):
        for i in rng.permutation(len(sites))[:count]:
            _plant_site_loss(planter, annotator, sites[i])
    for kind in ("splice_donor", "splice_acceptor"):
        positions = [p for p, (_, k) in annotator.splice.items() if k == kind]
        for i in rng.permutation(len(positions))[: max(2, len(annotator.genes) // 8)]:
            planter.add_snv(*positions[i], draw_substitution(annotator.codes[positions[i][0]], positions[i][1], rng))
    for consequence in ("stop_gained", "missense"):
        _plant_coding(planter, annotator, consequence, max(2, len(annotator.genes) // 8), rng)


def _plant_site_loss(planter: Planter, annotator: Annotator, site: BindingSite) -> None:
    start, alt, _ = find_breaking_substitution(annotator.codes[site.chromosome], site, annotator.motifs[site.motif])
    planter.add_snv(site.chromosome, start, alt)


def _plant_neutral(planter: Planter, annotator: Annotator, element: Element, rng: np.random.Generator) -> None:
    """Plant a substitution in the same element, at least 8 bases from its sites."""
    free = [p for p in range(element.start, element.end) if all(p < s.start - 8 or p >= s.end + 8 for s in element.sites)]
    for start in rng.permutation(free)[:10]:
        if planter.add_snv(element.chromosome, int(start), draw_substitution(annotator.codes[element.chromosome], start, rng)):
            return


def _plant_coding(planter: Planter, annotator: Annotator, consequence: str, count: int, rng: np.random.Generator) -> None:
    """Plant `count` substitutions with the given consequence."""
    positions = list(annotator.coding)
    for i in rng.permutation(len(positions)):
        if count == 0:
            return
        chromosome, start = positions[i]
        old = "ACGT"[annotator.codes[chromosome][start]]
        for alt in "ACGT".replace(old, ""):
            trial = Variant(chromosome, start, old, alt)
            annotator.annotate_variant(trial)
            if trial.effect == consequence and planter.add_snv(chromosome, start, alt):
                count -= 1
                break


def plant_background(planter: Planter, snvs: int, indels: int, rng: np.random.Generator) -> None:
    """Plant random variants up to `snvs` and `indels` in total; one SNV in 25 has a close companion on the same haplotypes."""
    names = list(planter.codes)
    sizes = np.array([len(planter.codes[n]) for n in names])

    def draw_position() -> tuple[str, int]:
        name = names[int(rng.choice(len(names), p=sizes / sizes.sum()))]
        return name, int(rng.integers(60, len(planter.codes[name]) - 100))

    tries = 40 * (snvs + indels)
    planted_count = sum(not v.is_snv for v in planter.variants)
    while planted_count < indels and (tries := tries - 1) > 0:
        name, start = draw_position()
        planted_count += planter.add_variant(name, *draw_indel(planter.codes[name], start, rng)) is not None
    planted_count = sum(v.is_snv for v in planter.variants)
    while planted_count < snvs and (tries := tries - 1) > 0:
        name, start = draw_position()
        first = planter.add_snv(name, start, draw_substitution(planter.codes[name], start, rng))
        planted_count += first is not None
        if first and rng.random() < 0.04:
            second = start + int(rng.integers(1, 9))
            twin = planter.add_snv(name, second, draw_substitution(planter.codes[name], second, rng), spacing=0)
            if twin:
                twin.with_previous = True
                planted_count += 1
