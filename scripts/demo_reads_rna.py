"""Simulate RNA sequencing of a sample: read pairs of one unit from the transcripts of both haplotypes."""

from pathlib import Path

import numpy as np

from readsight.genome.codes import make_generator
from readsight.simulate.batch_effects import rna_batch_settings
from readsight.simulate.expression import transcript_sequences
from readsight.simulate.fragments import Templates, shear_templates
from readsight.simulate.genes import PlantedGene
from readsight.simulate.planted_genome import read_fasta, read_truth
from readsight.simulate.sequencer import write_pairs
from readsight.simulate.vcf import read_haplotypes
from readsight.step import step


def read_levels(path: Path, sample: str, genes: list[PlantedGene]) -> np.ndarray:
    """Read transcripts per million of each gene for haplotype 0, then 1: (2 × genes,), in the order of `genes`."""
    header, *rows = [line.split("\t") for line in path.read_text().splitlines()]
    columns = [header.index(f"{sample}.{side}") for side in (1, 2)]
    levels = {row[0]: [float(row[c]) for c in columns] for row in rows}
    return np.concatenate([levels[gene.id] for gene in genes])


def main(
    fasta: Path, truth: Path, truth_vcf: Path, structural: Path, alleles: Path, sample: str, unit: str,
    rank: int, lane: int, pairs: int, read_length: int, seed: int, out: tuple[Path, Path],
) -> None:  # fmt: skip
    genes, *_ = read_truth(truth)
    sample_haplotypes = read_haplotypes(read_fasta(fasta), truth_vcf, structural, sample)
    rng = make_generator(seed, "reads", sample, unit)
    library, run = rna_batch_settings(rank)
    templates, copies = (
        Templates.from_sequences(transcript_sequences(genes, sample_haplotypes)),
        read_levels(alleles, sample, genes),
    )
    fragments = shear_templates(templates, pairs, library, read_length, rng, copies)
    write_pairs(templates, fragments, read_length, run, lane, rng, out)


if __name__ == "__main__":
    with step(snakemake) as job:
        main(
            job.input.fasta,
            job.input.truth,
            job.input.truth_vcf,
            job.input.structural,
            job.input.alleles,
            job.wildcards.sample,
            job.wildcards.unit,
            job.params.rank,
            job.params.lane,
            job.params.pairs,
            job.params.read_length,
            job.params.seed,
            (job.output.fastq_1, job.output.fastq_2),
        )
