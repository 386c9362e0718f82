"""Plant the expression of the cohort's RNA samples: how many transcripts of each gene either haplotype gives."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from readsight.simulate import expression
from readsight.simulate.expression import Circuit, Haplotypes, Sample, batch_effects
from readsight.simulate.motifs import read_meme
from readsight.simulate.vcf import haplotypes
from readsight.simulate.world import read_fasta, read_truth
from readsight.step import step

# A motif is broken from this loss of its log-odds on, in bits.
BROKEN = -2.0


def table(genes: list, samples: list[Sample], values: np.ndarray) -> str:
    """Genes × samples as TSV. values: (genes, samples)."""
    rows = [[g.id, *(f"{v:.6g}" for v in row)] for g, row in zip(genes, values, strict=True)]
    return "".join("\t".join(row) + "\n" for row in [["gene_id", *(s.name for s in samples)], *rows])


def gmt(circuit: Circuit) -> str:
    """Each factor's targets as gene sets, those that it raises and those that it lowers apart; genes by name."""
    lines = []
    for factor, genes in circuit.regulons().items():
        for word, sign in (("raises", 1), ("lowers", -1)):
            names = [g.name for g in genes if g.regulators[factor] * sign > 0]
            lines += ["\t".join([f"{factor}_{word}", f"genes that {factor} {word}", *names])] if names else []
    return "".join(f"{line}\n" for line in lines)


def swayed(circuit: Circuit, causal: list[dict[str, Any]]) -> list[str]:
    """Genes at whose sites a variant stands that makes cases: they differ between the groups as well, by whom these hold."""
    element = {e.id: e.gene for e in circuit.elements if e.kind != "inactive"}
    hit = {element.get(c["site"].split(":")[0]) for c in causal if c["effect"] == "motif_loss" and c["delta"] <= BROKEN}
    return sorted(gene for gene in hit if gene and gene not in circuit.reached)


def record(circuit: Circuit, samples: list[Sample], batches: list[str], causal: list[dict[str, Any]], seed: int) -> dict:
    """What was planted, for JSON."""
    names = {g.id: g.name for g in circuit.genes}
    ranks = sorted({s.batch for s in samples})
    return {
        "unit": "log2",
        "regulated": {f: change for f, change in expression.REGULATED.items() if f in circuit.regulons()},
        "differential": {gene: {"gene_name": names[gene], "log2_fold_change": x} for gene, x in circuit.reached.items()},
        "by_causal_variant": swayed(circuit, causal),
        "regulators": {g.id: g.regulators for g in circuit.genes if g.regulators},
        "batches": {batches[rank]: batch_effects(circuit.genes, rank, seed) for rank in ranks},
        "noise": {"activity": expression.ACTIVITY, "donor": expression.DONOR, "sample": expression.SAMPLE},
        "activities": {s.name: {f: round(a, 4) for f, a in expression.activities(circuit, s, seed).items()} for s in samples},
    }


def main(
    fasta: Path, truth: Path, truth_vcf: Path, structural: Path, factors: Path, cohort: dict[str, dict[str, Any]],
    batches: list[str], seed: int, out: dict[str, Path],
) -> None:  # fmt: skip
    """cohort: RNA sample → donor, label, batch (its rank), sex. out: levels, alleles, truth, regulons → file."""
    codes = read_fasta(fasta)
    genes, elements, _, whole = read_truth(truth)
    circuit = Circuit(genes, elements, read_meme(factors))
    samples = [Sample(name, **of) for name, of in cohort.items()]
    own: list[Haplotypes] = [haplotypes(codes, truth_vcf, structural, s.name) for s in samples]
    values = np.stack([expression.levels(circuit, s, h, seed) for s, h in zip(samples, own, strict=True)], axis=1)
    out["levels"].write_text(table(genes, samples, values.sum(axis=2)))
    sides = [Sample(f"{s.name}.{side}", s.donor) for s in samples for side in (1, 2)]
    out["alleles"].write_text(table(genes, sides, values.reshape(len(genes), -1)))
    out["truth"].write_text(json.dumps(record(circuit, samples, batches, whole["causal"], seed), indent=1) + "\n")
    out["regulons"].write_text(gmt(circuit))


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
