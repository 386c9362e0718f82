"""Plant the expression of the cohort's RNA samples: transcripts per million of each gene and haplotype."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from readsight.simulate import expression
from readsight.simulate.cohort import LABELS
from readsight.simulate.expression import Circuit, Haplotypes, RnaSample, draw_batch_effects
from readsight.simulate.motifs import read_meme
from readsight.simulate.planted_genome import read_fasta, read_truth
from readsight.simulate.vcf import read_haplotypes
from readsight.step import step

# Minimum log2 fold change of a gene without label effect to count as different by the donors' variants.
MIN_VARIANT_EFFECT = 0.2


def format_table(genes: list, samples: list[RnaSample], values: np.ndarray) -> str:
    """Genes × samples as TSV. values: (genes, samples)."""
    rows = [[g.id, *(f"{v:.6g}" for v in row)] for g, row in zip(genes, values, strict=True)]
    return "".join("\t".join(row) + "\n" for row in [["gene_id", *(s.name for s in samples)], *rows])


def format_gmt(circuit: Circuit) -> str:
    """GMT gene sets of each factor: activated targets and repressed targets, by gene name."""
    lines = []
    for factor, genes in circuit.regulons().items():
        for direction, sign in (("raises", 1), ("lowers", -1)):
            names = [g.name for g in genes if g.regulators[factor] * sign > 0]
            lines += ["\t".join([f"{factor}_{direction}", f"genes that {factor} {direction}", *names])] if names else []
    return "".join(f"{line}\n" for line in lines)


def compute_differences(circuit: Circuit, samples: list[RnaSample], sample_haplotypes: list[Haplotypes]) -> dict[str, float]:
    """Gene → log2 fold change of the cases over the controls among `samples`.

    It follows from label and variants, without noise and batch effect. Empty if there are no cases or no controls.
    """
    case = np.array([LABELS.get(s.label or "") is True for s in samples])
    control = np.array([LABELS.get(s.label or "") is False for s in samples])
    if not case.any() or not control.any():
        return {}
    differences = {}
    for gene in circuit.genes:
        level = np.array(
            [circuit.mean_level(gene, s, haplotype) for s, haplotype in zip(samples, sample_haplotypes, strict=True)]
        )
        differences[gene.id] = round(float(level[case].mean() - level[control].mean()), 4)
    return differences


def truth_record(
    circuit: Circuit, samples: list[RnaSample], sample_haplotypes: list[Haplotypes], batches: list[str], seed: int
) -> dict:
    """Planted truth of expression, for JSON."""
    names = {g.id: g.name for g in circuit.genes}
    change = compute_differences(circuit, samples, sample_haplotypes)
    ranks = sorted({s.batch for s in samples})
    return {
        "unit": "log2",
        "regulated": {f: change for f, change in expression.REGULATED_FACTORS.items() if f in circuit.regulons()},
        "differential": {
            gene: {"gene_name": names[gene], "log2_fold_change": change.get(gene, x), "where_sites_are_whole": x}
            for gene, x in circuit.label_effects.items()
        },
        "by_variants": {g: x for g, x in change.items() if abs(x) >= MIN_VARIANT_EFFECT and g not in circuit.label_effects},
        "regulators": {g.id: g.regulators for g in circuit.genes if g.regulators},
        "batches": {batches[rank]: draw_batch_effects(circuit.genes, rank, seed) for rank in ranks},
        "noise": {"activity": expression.ACTIVITY_SD, "donor": expression.DONOR_SD, "sample": expression.SAMPLE_SD},
        "activities": {
            s.name: {f: round(a, 4) for f, a in expression.draw_activities(circuit, s, seed).items()} for s in samples
        },
    }


def main(
    fasta: Path, truth: Path, truth_vcf: Path, structural: Path, factors: Path, cohort: dict[str, dict[str, Any]],
    batches: list[str], seed: int, out: dict[str, Path],
) -> None:  # fmt: skip
    """Simulate the expression of a cohort from its genomes, and write levels and truth.

    cohort: RNA sample → donor, label, batch (its rank), sex. out: levels, alleles, truth, regulons → file.
    """
    codes = read_fasta(fasta)
    genes, elements, *_ = read_truth(truth)
    circuit = Circuit(genes, elements, read_meme(factors))
    samples = [RnaSample(name, **attributes) for name, attributes in cohort.items()]
    sample_haplotypes: list[Haplotypes] = [read_haplotypes(codes, truth_vcf, structural, s.name) for s in samples]
    values = np.stack(
        [expression.draw_levels(circuit, s, h, seed) for s, h in zip(samples, sample_haplotypes, strict=True)], axis=1
    )
    out["levels"].write_text(format_table(genes, samples, values.sum(axis=2)))
    allele_columns = [RnaSample(f"{s.name}.{side}", s.donor) for s in samples for side in (1, 2)]
    out["alleles"].write_text(format_table(genes, allele_columns, values.reshape(len(genes), -1)))
    out["truth"].write_text(json.dumps(truth_record(circuit, samples, sample_haplotypes, batches, seed), indent=1) + "\n")
    out["regulons"].write_text(format_gmt(circuit))


if __name__ == "__main__":
    with step(snakemake) as job:
        main(
            job.input.fasta,
            job.input.truth,
            job.input.truth_vcf,
            job.input.structural,
            job.input.factors,
            job.params.cohort,
            job.params.batches,
            job.params.seed,
            {name: getattr(job.output, name) for name in ("levels", "alleles", "truth", "regulons")},
        )
