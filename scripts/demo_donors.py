"""Plant a cohort: small and structural variants, who carries them, and how they decide who is a case."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from readsight.errors import InputError
from readsight.genome.codes import generator
from readsight.simulate.cohort import (
    HERITABILITY,
    LABELS,
    PREVALENCE,
    Donor,
    ascertain,
    assign_frequencies,
    assign_structural,
    choose_causes,
    extend,
)
from readsight.simulate.genome import Region
from readsight.simulate.motifs import read_meme
from readsight.simulate.planted_genome import read_fasta, read_truth
from readsight.simulate.structural import Structural, closed, plant_structural
from readsight.simulate.variants import Annotator, Planter, Variant, plant_background, plant_functional
from readsight.simulate.vcf import (
    CLINVAR_HEADER,
    STRUCTURAL_HEADER,
    TRUTH_HEADER,
    record,
    structural_line,
    truth_line,
    write_vcf,
)
from readsight.step import step

CAUSES = 10
HARMFUL = ("splice_donor", "splice_acceptor", "stop_gained", "frameshift", "start_lost")


def blocked(codes: dict[str, np.ndarray], annotator: Annotator, duplicated: list[Region]) -> dict[str, np.ndarray]:
    """Where no structural variant may stand: exons, elements, duplicated segments, ends."""
    masks = {name: np.zeros(len(c), dtype=bool) for name, c in codes.items()}
    spans = [(g.chromosome, s - 100, e + 100) for g in annotator.genes for s, e in g.exons]
    spans += [(e.chromosome, e.start, e.end) for e in annotator.elements]
    spans += [(r.chromosome, r.start - 500, r.end + 500) for r in duplicated]
    for name, start, end in spans:
        masks[name][max(0, start) : end] = True
    for mask in masks.values():
        mask[:1500] = mask[-1500:] = True
    return masks


def read_bed(path: Path) -> list[Region]:
    rows = [line.split("\t") for line in path.read_text().splitlines()]
    return [Region(r[0], int(r[1]), int(r[2]), r[3]) for r in rows]


def carried(paralogues: list[dict], donors: int, rng: np.random.Generator) -> dict[str, list[list[int]]]:
    """Copies of each missing paralogue on every donor's two haplotypes."""
    return {p["region"]["name"]: (rng.random((donors, 2)) < p["frequency"]).astype(int).tolist() for p in paralogues}


def significance(variant: Variant, rng: np.random.Generator) -> str | None:
    """What a clinical database would say of a variant; None where it does not know it."""
    if variant.beta > 0 or variant.effect in HARMFUL:
        return "Pathogenic" if rng.random() < 0.7 else "Likely_pathogenic"
    if variant.effect in ("synonymous", "missense", "element"):
        benign = "Benign" if variant.effect == "synonymous" or variant.frequency > 0.05 else "Uncertain_significance"
        return benign if rng.random() < 0.6 else None
    return "Benign" if rng.random() < 0.02 else None


def databases(variants: list[Variant], strangers: list[Variant], rng: np.random.Generator) -> dict[str, list[str]]:
    """Lines of known sites, population frequencies and clinical significance; rare variants are new to them."""
    both = sorted(variants + strangers, key=lambda v: (v.chromosome, v.start))
    known = [v for v in both if rng.random() < min(0.97, 0.3 + 4 * v.frequency)]
    clinical = [(v, s) for v in known if (s := significance(v, rng))]
    return {
        "known": [record(v, f"rs{1_000_000 + 7 * i}", ".") for i, v in enumerate(known)],
        "population": [record(v, ".", f"AF={v.frequency:.4g}") for v in known if rng.random() < 0.95],
        "clinvar": [record(v, str(10_000 + i), f"CLNSIG={s}") for i, (v, s) in enumerate(clinical)],
    }


def cohort_record(
    donors: list[Donor], liabilities: list[float], variants: list[Variant], structural: list[Structural], copies: dict
) -> dict:
    """The planted truth about the donors, for JSON."""
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
        # of the sequenced donors, who come first: nobody counts the others' copies
        "copies": {name: dict(zip([d.name for d in donors], rows, strict=False)) for name, rows in copies.items()},
    }  # fmt: skip


def plant_cohort(
    annotator: Annotator,
    duplicated: list[Region],
    donors: list[Donor],
    others: list[Donor],
    snvs: int,
    indels: int,
    structural: int,
    seed: int,
) -> tuple[list[Variant], list[Variant], list[Structural], list[float]]:
    """Variants with genotypes, variants that only strangers carry, structural variants with genotypes, liabilities.

    donors: whose DNA is sequenced; what variants there are is told from them. others: further donors, after them in every genotype.
    """
    codes, haplotypes = annotator.codes, 2 * len(donors)
    rng = generator(seed, "structural")
    large = plant_structural(codes, blocked(codes, annotator, duplicated), annotator.elements, structural, rng)
    assign_structural(large, haplotypes, rng)
    planter = Planter(codes, closed(large))
    rng = generator(seed, "variants")
    plant_functional(planter, annotator, rng)
    plant_background(planter, snvs, indels, rng)
    own = list(planter.variants)
    plant_background(planter, snvs + snvs // 3, indels + indels // 3, rng)
    strangers = planter.variants[len(own) :]
    for variant in planter.variants:
        annotator.annotate(variant)
    rng = generator(seed, "cohort")
    choose_causes(own, CAUSES, rng)
    assign_frequencies(own, haplotypes, rng)
    for stranger in strangers:
        stranger.frequency = float(np.clip(rng.beta(0.2, 4), 5e-4, 0.9))
    liabilities = ascertain(donors + others, [v for v in own if v.beta], rng)
    rng = generator(seed, "further donors")
    extend(own, 2 * len(others), rng)
    extend(large, 2 * len(others), rng)
    own.sort(key=lambda v: (v.chromosome, v.start))
    return own, strangers, large, liabilities


def main(
    fasta: Path, genome: Path, duplicated: Path, factors: Path, cohort: dict[str, tuple[str, str | None]],
    seed: int, snv_rate: float, indel_rate: float, structural: int, out: dict[str, Path], rna: Sequence[str] = (),
) -> None:  # fmt: skip
    """cohort: sample → (donor, label). Samples of one donor share everything. rna: samples of RNA. out: name → file.

    Raises InputError where the cohort is empty.
    """
    if not cohort:
        raise InputError(
            "demo: no row of the sample sheet takes its reads from the demo; "
            "fastq_1 must be ${results}/demo/reads/<sample>.<unit>_1.fastq.gz"
        )
    codes = read_fasta(fasta)
    genes, elements, decoys, record_ = read_truth(genome)
    annotator = Annotator(codes, genes, elements, decoys, read_meme(factors))
    labels = dict(cohort.values())
    every = [Donor(name, label if label in LABELS else None) for name, label in labels.items()]
    sequenced = {donor for sample, (donor, _) in cohort.items() if sample not in rna}
    # a cohort of RNA alone is one of donors whose DNA could be sequenced
    donors = [d for d in every if d.name in sequenced] or every
    others = [d for d in every if d not in donors]
    size = sum(map(len, codes.values()))
    variants, strangers, large, liabilities = plant_cohort(
        annotator, read_bed(duplicated), donors, others, round(snv_rate * size), round(indel_rate * size), structural, seed
    )
    everyone = donors + others
    rng = generator(seed, "databases")
    copies = carried(record_["paralogues"], len(donors), rng)
    found = cohort_record(everyone, liabilities, variants, large, copies)
    places = {d.name: i for i, d in enumerate(everyone)}
    rows = [places[donor] for donor, _ in cohort.values()]
    for variant in (*variants, *large):
        variant.genotypes = variant.genotypes[rows]
    contigs = {name: len(c) for name, c in codes.items()}
    seen = [truth_line(v) for v in variants if v.genotypes.any()]
    write_vcf(out["truth_vcf"], contigs, TRUTH_HEADER, seen, cohort)
    lines = [structural_line(s, codes, i) for i, s in enumerate(large, start=1) if s.genotypes.any()]
    write_vcf(out["structural"], contigs, STRUCTURAL_HEADER, lines, cohort)
    base = databases(variants, strangers, rng)
    write_vcf(out["known"], contigs, (), base["known"])
    write_vcf(out["population"], contigs, TRUTH_HEADER[:1], base["population"])
    write_vcf(out["clinvar"], contigs, CLINVAR_HEADER, base["clinvar"])
    found["samples"] = {sample: donor for sample, (donor, _) in cohort.items()}
    out["truth"].write_text(json.dumps(record_ | found, indent=1) + "\n")


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
