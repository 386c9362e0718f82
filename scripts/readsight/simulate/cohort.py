"""Donors: allele frequencies, genotypes, and case–control status by a liability-threshold model."""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from readsight.simulate.structural import StructuralVariant
from readsight.simulate.variants import Variant

HERITABILITY = 0.8
PREVALENCE = 0.3
CAUSAL_EFFECTS = ("motif_loss", "splice_donor", "splice_acceptor", "stop_gained")
LABELS = {"case": True, "control": False}


@dataclass(frozen=True)
class Donor:
    """A donor of the sample sheet. label: `case`, `control`, or None if the sheet has none."""

    name: str
    label: str | None = None


def assign_frequencies(variants: list[Variant], haplotypes: int, rng: np.random.Generator) -> None:
    """Set genotypes and frequencies of neutral variants from the neutral site-frequency spectrum (1/i).

    The population frequency is drawn around the cohort frequency (Beta). Causal variants are set by
    `ascertain_genotypes`.
    """
    counts = np.arange(1, haplotypes)
    chances = 1 / counts / (1 / counts).sum()
    for i, variant in enumerate(variants):
        if variant.with_previous:
            variant.genotypes, variant.frequency = variants[i - 1].genotypes.copy(), variants[i - 1].frequency
            continue
        if variant.beta:
            continue
        carriers = int(rng.choice(counts, p=chances))
        variant.genotypes = _distribute_carriers(carriers, haplotypes, rng)
        variant.frequency = float(np.clip(rng.beta(carriers + 0.2, haplotypes - carriers + 0.2), 5e-4, 0.9995))


def add_donors(variants: list[Variant | StructuralVariant], haplotypes: int, rng: np.random.Generator) -> None:
    """Add genotypes of further donors whose DNA is not sequenced, drawn by population frequency.

    Causal variants are unchanged; `ascertain_genotypes` sets them for all donors.
    """
    for i, variant in enumerate(variants):
        if not getattr(variant, "beta", 0):
            genotypes = (rng.random((haplotypes // 2, 2)) < variant.frequency).astype(np.uint8)
            if getattr(variant, "with_previous", False):
                genotypes = variants[i - 1].genotypes[-len(genotypes) :]
            variant.genotypes = np.concatenate([variant.genotypes, genotypes])


def _distribute_carriers(carriers: int, haplotypes: int, rng: np.random.Generator) -> np.ndarray:
    flat = np.zeros(haplotypes, dtype=np.uint8)
    flat[rng.permutation(haplotypes)[:carriers]] = 1
    return flat.reshape(-1, 2)


def assign_structural(structural: list[StructuralVariant], haplotypes: int, rng: np.random.Generator) -> None:
    """Set genotypes: two haplotypes up to two thirds carry each variant; every third has a homozygous donor."""
    for i, variant in enumerate(structural):
        carriers = int(rng.integers(2, max(3, haplotypes * 2 // 3))) if haplotypes > 2 else 1
        variant.genotypes = _distribute_carriers(carriers, haplotypes, rng)
        if i % 3 == 0 and haplotypes > 2:
            variant.genotypes[int(rng.integers(len(variant.genotypes)))] = 1
        variant.frequency = round(float(variant.genotypes.mean()), 4)


def choose_causes(variants: list[Variant], count: int, rng: np.random.Generator) -> None:
    """Give `count` common functional variants an effect on liability; four in five increase it."""
    by_effect = {e: [v for v in variants if v.effect == e and v.is_snv and not v.with_previous] for e in CAUSAL_EFFECTS}
    pairs = {id(a) for a, b in zip(variants, variants[1:], strict=False) if b.with_previous}
    plan = (CAUSAL_EFFECTS[0], CAUSAL_EFFECTS[0], CAUSAL_EFFECTS[0], *CAUSAL_EFFECTS[1:]) * count
    chosen = 0
    for effect in plan:
        free = [v for v in by_effect[effect] if not v.beta and id(v) not in pairs]
        if free and chosen < count:
            variant = free[int(rng.integers(len(free)))]
            variant.beta = round(float((1 if chosen % 5 != 4 else -1) * rng.uniform(0.7, 1.3)), 3)
            variant.frequency = round(float(rng.uniform(0.2, 0.5)), 3)
            chosen += 1


def ascertain_genotypes(donors: list[Donor], causes: list[Variant], rng: np.random.Generator) -> list[float]:
    """Draw each donor's genotypes at the causal sites given the label, by the liability-threshold model (Falconer 1965).

    Genotypes follow population frequencies. Liability is their standardised sum with a variance of HERITABILITY, plus
    normal noise. Draws that contradict the label (cases lie above the threshold set by PREVALENCE) are rejected.
    Sets the genotypes of `causes` and returns the liabilities.
    """
    threshold = NormalDist().inv_cdf(1 - PREVALENCE)
    frequencies = np.array([v.frequency for v in causes])
    betas = np.array([v.beta for v in causes])
    spread = np.sqrt((2 * frequencies * (1 - frequencies) * betas**2).sum()) if len(causes) else 1.0
    genotypes, liabilities = [], []
    for donor in donors:
        while True:
            donor_genotypes = (rng.random((len(causes), 2)) < frequencies[:, None]).astype(np.uint8)
            genetic = float(((donor_genotypes.sum(axis=1) - 2 * frequencies) * betas).sum() / spread)
            liability = np.sqrt(HERITABILITY) * genetic + np.sqrt(1 - HERITABILITY) * float(rng.normal())
            if donor.label not in LABELS or (liability > threshold) == LABELS[donor.label]:
                break
        genotypes.append(donor_genotypes)
        liabilities.append(round(float(liability), 4))
    for i, variant in enumerate(causes):
        variant.genotypes = np.array([donor_genotypes[i] for donor_genotypes in genotypes])
    return liabilities
