"""Simulate DNA sequencing of a donor: read pairs of one unit from both haplotypes, with batch settings."""

import json
from pathlib import Path

import numpy as np

from readsight.genome.codes import make_generator
from readsight.simulate.batch_effects import batch_settings
from readsight.simulate.fragments import Templates, shear_templates
from readsight.simulate.planted_genome import read_fasta
from readsight.simulate.sequencer import write_pairs
from readsight.simulate.vcf import read_haplotypes
from readsight.step import step


def donor_templates(
    codes: dict[str, np.ndarray], missing: dict[str, np.ndarray], truth: dict, truth_vcf: Path, structural: Path, sample: str
) -> Templates:
    """Templates of both haplotypes of every chromosome and of the donor's additional paralogues."""
    haplotype_sequences = [h.sequence for h in read_haplotypes(codes, truth_vcf, structural, sample).values()]
    donor = truth["samples"][sample]
    paralogue_sequences = [missing[name] for name, donors in truth["copies"].items() for _ in range(sum(donors[donor]))]
    return Templates.from_sequences(haplotype_sequences + paralogue_sequences)


def count_pairs(templates: Templates, coverage: float, read_length: int) -> int:
    """Number of read pairs for a mean depth of `coverage` over a diploid genome."""
    return round(coverage * templates.edges[-1] / 2 / (2 * read_length))


def main(
    fasta: Path, missing: Path, truth: Path, truth_vcf: Path, structural: Path, sample: str, unit: str,
    rank: int, lane: int, coverage: float, read_length: int, seed: int, out: tuple[Path, Path],
) -> None:  # fmt: skip
    record = json.loads(truth.read_text())
    templates = donor_templates(read_fasta(fasta), read_fasta(missing), record, truth_vcf, structural, sample)
    rng = make_generator(seed, "reads", sample, unit)
    library, run = batch_settings(rank)
    fragments = shear_templates(templates, count_pairs(templates, coverage, read_length), library, read_length, rng)
    write_pairs(templates, fragments, read_length, run, lane, rng, out)


if __name__ == "__main__":
    with step(snakemake) as job:
        main(
            job.input.fasta,
            job.input.missing,
            job.input.truth,
            job.input.truth_vcf,
            job.input.structural,
            job.wildcards.sample,
            job.wildcards.unit,
            job.params.rank,
            job.params.lane,
            job.params.coverage,
            job.params.read_length,
            job.params.seed,
            (job.output.fastq_1, job.output.fastq_2),
        )
