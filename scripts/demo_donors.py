"""Plant a cohort: small and structural variants, genotypes, and case–control status."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from readsight.errors import InputError
from readsight.genome.codes import make_generator
from readsight.simulate.cohort import (
    HERITABILITY,
    LABELS,
    PREVALENCE,
    Donor,
    add_donors,
    ascertain_genotypes,
    assign_frequencies,
    assign_structural,
    choose_causes,
)
from readsight.simulate.genome import NamedRegion
from readsight.simulate.motifs import read_meme
from readsight.simulate.planted_genome import read_fasta, read_truth
from readsight.simulate.structural import StructuralVariant, exclusion_regions, plant_structural
from readsight.simulate.variants import Annotator, Planter, Variant, plant_background, plant_functional
from readsight.simulate.vcf import (
    CLINVAR_HEADER,
    STRUCTURAL_HEADER,
    TRUTH_HEADER,
    format_record,
    structural_line,
    truth_line,
    write_vcf,
)
from readsight.step import step

CAUSAL_VARIANT_COUNT = 10
PATHOGENIC_EFFECTS = ("splice_donor", "splice_acceptor", "stop_gained", "frameshift", "start_lost")


def build_exclusion_masks(
    codes: dict[str, np.ndarray], annotator: Annotator, duplicated: list[NamedRegion]
) -> dict[str, np.ndarray]:
    """Masks of regions excluded for structural variants: exons, elements, duplicated segments, chromosome ends."""
    masks = {name: np.zeros(len(c), dtype=bool) for name, c in codes.items()}
    spans = [(g.chromosome, s - 100, e + 100) for g in annotator.genes for s, e in g.exons]
    spans += [(e.chromosome, e.start, e.end) for e in annotator.elements]
    spans += [(r.chromosome, r.start - 500, r.end + 500) for r in duplicated]
    for name, start, end in spans:
        masks[name][max(0, start) : end] = True
    for mask in masks.values():
        mask[:1500] = mask[-1500:] = True
    return masks


def read_bed(path: Path) -> list[NamedRegion]:
    rows = [line.split("\t") for line in path.read_text().splitlines()]
    return [NamedRegion(r[0], int(r[1]), int(r[2]), r[3]) for r in rows]


def draw_paralogue_copies(paralogues: list[dict], donors: int, rng: np.random.Generator) -> dict[str, list[list[int]]]:
    """Draw the copies of each missing paralogue on both haplotypes of every donor."""
    return {p["region"]["name"]: (rng.random((donors, 2)) < p["frequency"]).astype(int).tolist() for p in paralogues}


def draw_clinical_significance(variant: Variant, rng: np.random.Generator) -> str | None:
    """Draw the clinical significance of a variant; None if the database does not contain it."""
    if variant.beta > 0 or variant.effect in PATHOGENIC_EFFECTS:
        return "Pathogenic" if rng.random() < 0.7 else "Likely_pathogenic"
    if variant.effect in ("synonymous", "missense", "element"):
        benign = "Benign" if variant.effect == "synonymous" or variant.frequency > 0.05 else "Uncertain_significance"
        return benign if rng.random() < 0.6 else None
    return "Benign" if rng.random() < 0.02 else None


def make_database_records(
    variants: list[Variant], population_variants: list[Variant], rng: np.random.Generator
) -> dict[str, list[str]]:
    """VCF records of known sites, population frequencies and clinical significance; rare variants are often absent."""
    all_variants = sorted(variants + population_variants, key=lambda v: (v.chromosome, v.start))
    known = [v for v in all_variants if rng.random() < min(0.97, 0.3 + 4 * v.frequency)]
    clinical = [(v, s) for v in known if (s := draw_clinical_significance(v, rng))]
    return {
        "known": [format_record(v, f"rs{1_000_000 + 7 * i}", ".") for i, v in enumerate(known)],
        "population": [format_record(v, ".", f"AF={v.frequency:.4g}") for v in known if rng.random() < 0.95],
        "clinvar": [format_record(v, str(10_000 + i), f"CLNSIG={s}") for i, (v, s) in enumerate(clinical)],
    }


def cohort_record(
    donors: list[Donor], liabilities: list[float], variants: list[Variant], structural: list[StructuralVariant], copies: dict
) -> dict:
    """Planted truth of the donors, for JSON."""
    causes = [v for v in variants if v.beta]
    return {
        "model": {"heritability": HERITABILITY, "prevalence": PREVALENCE},
        "donors": {d.name: {"label": d.label, "liability": x} for d, x in zip(donors, liabilities, strict=True)},
        "causal": [
            {
                "chromosome": v.chromosome, "start": v.start, "ref": v.ref, "alt": v.alt, "effect": v.effect, "site": v.site,
                "delta": v.delta, "beta": v.beta, "frequency": v.frequency,
                "genotypes": {d.name: int(g.sum()) for d, g in zip(donors, v.genotypes, strict=True)},
            }
            for v in causes
        ],
        "structural": [{"kind": s.kind, "chromosome": s.chromosome, "start": s.start, "end": s.end, "effect": s.effect, "site": s.site} for s in structural],
        # sequenced donors only, which come first: copies of unsequenced donors are not counted
        "copies": {name: dict(zip([d.name for d in donors], rows, strict=False)) for name, rows in copies.items()},
    }  # fmt: skip


def plant_cohort(
    annotator: Annotator,
    duplicated: list[NamedRegion],
    donors: list[Donor],
    unsequenced_donors: list[Donor],
    snvs: int,
    indels: int,
    structural: int,
    seed: int,
) -> tuple[list[Variant], list[Variant], list[StructuralVariant], list[float]]:
    """Plant variants and genotypes of all donors.

    Parameters
    ----------
    donors : donors whose DNA is sequenced; they determine which variants exist.
    unsequenced_donors : further donors; they follow `donors` in every genotype array.

    Returns
    -------
    Variants of the cohort, variants of the population only, structural variants, and liabilities of all donors.
    """
    codes, haplotypes = annotator.codes, 2 * len(donors)
    rng = make_generator(seed, "structural")
    structural_variants = plant_structural(
        codes, build_exclusion_masks(codes, annotator, duplicated), annotator.elements, structural, rng
    )
    assign_structural(structural_variants, haplotypes, rng)
    planter = Planter(codes, exclusion_regions(structural_variants))
    rng = make_generator(seed, "variants")
    plant_functional(planter, annotator, rng)
    plant_background(planter, snvs, indels, rng)
    cohort_variants = list(planter.variants)
    plant_background(planter, snvs + snvs // 3, indels + indels // 3, rng)
    population_variants = planter.variants[len(cohort_variants) :]
    for variant in planter.variants:
        annotator.annotate_variant(variant)
    rng = make_generator(seed, "cohort")
    choose_causes(cohort_variants, CAUSAL_VARIANT_COUNT, rng)
    assign_frequencies(cohort_variants, haplotypes, rng)
    for population_variant in population_variants:
        population_variant.frequency = float(np.clip(rng.beta(0.2, 4), 5e-4, 0.9))
    liabilities = ascertain_genotypes(donors + unsequenced_donors, [v for v in cohort_variants if v.beta], rng)
    rng = make_generator(seed, "further donors")
    add_donors(cohort_variants, 2 * len(unsequenced_donors), rng)
    add_donors(structural_variants, 2 * len(unsequenced_donors), rng)
    cohort_variants.sort(key=lambda v: (v.chromosome, v.start))
    return cohort_variants, population_variants, structural_variants, liabilities


def main(
    fasta: Path, genome: Path, duplicated: Path, factors: Path, cohort: dict[str, tuple[str, str | None]],
    seed: int, snv_rate: float, indel_rate: float, structural: int, out: dict[str, Path], rna: Sequence[str] = (),
) -> None:  # fmt: skip
    """Simulate the genomes of a cohort, and write its variants and truth.

    cohort: sample → (donor, label); samples of one donor share genotypes. rna: RNA samples. out: name → file.

    Raises InputError if the cohort is empty.
    """
    if not cohort:
        raise InputError(
            "demo: no row of the sample sheet uses demo reads; fastq_1 must be ${results}/demo/reads/<sample>.<unit>_1.fastq.gz"
        )
    codes = read_fasta(fasta)
    genes, elements, decoys, genome_truth = read_truth(genome)
    annotator = Annotator(codes, genes, elements, decoys, read_meme(factors))
    labels = dict(cohort.values())
    all_donors = [Donor(name, label if label in LABELS else None) for name, label in labels.items()]
    sequenced = {donor for sample, (donor, _) in cohort.items() if sample not in rna}
    # in a cohort with RNA only, all donors count as sequenced
    donors = [d for d in all_donors if d.name in sequenced] or all_donors
    unsequenced_donors = [d for d in all_donors if d not in donors]
    size = sum(map(len, codes.values()))
    variants, population_variants, structural_variants, liabilities = plant_cohort(
        annotator,
        read_bed(duplicated),
        donors,
        unsequenced_donors,
        round(snv_rate * size),
        round(indel_rate * size),
        structural,
        seed,
    )
    ordered_donors = donors + unsequenced_donors
    rng = make_generator(seed, "databases")
    copies = draw_paralogue_copies(genome_truth["paralogues"], len(donors), rng)
    donor_truth = cohort_record(ordered_donors, liabilities, variants, structural_variants, copies)
    row_of_donor = {d.name: i for i, d in enumerate(ordered_donors)}
    rows = [row_of_donor[donor] for donor, _ in cohort.values()]
    for variant in (*variants, *structural_variants):
        variant.genotypes = variant.genotypes[rows]
    contigs = {name: len(c) for name, c in codes.items()}
    variant_lines = [truth_line(v) for v in variants if v.genotypes.any()]
    write_vcf(out["truth_vcf"], contigs, TRUTH_HEADER, variant_lines, cohort)
    structural_lines = [structural_line(s, codes, i) for i, s in enumerate(structural_variants, start=1) if s.genotypes.any()]
    write_vcf(out["structural"], contigs, STRUCTURAL_HEADER, structural_lines, cohort)
    database_lines = make_database_records(variants, population_variants, rng)
    write_vcf(out["known"], contigs, (), database_lines["known"])
    write_vcf(out["population"], contigs, TRUTH_HEADER[:1], database_lines["population"])
    write_vcf(out["clinvar"], contigs, CLINVAR_HEADER, database_lines["clinvar"])
    donor_truth["samples"] = {sample: donor for sample, (donor, _) in cohort.items()}
    out["truth"].write_text(json.dumps(genome_truth | donor_truth, indent=1) + "\n")


if __name__ == "__main__":
    with step(snakemake) as job:
        main(
            job.input.fasta,
            job.input.genome,
            job.input.duplicated,
            job.input.factors,
            job.params.cohort,
            job.params.seed,
            job.params.snv_rate,
            job.params.indel_rate,
            job.params.structural,
            {name: getattr(job.output, name) for name in ("truth_vcf", "structural", "known", "population", "clinvar", "truth")},
            job.params.rna,
        )
