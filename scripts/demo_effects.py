"""Plant variants with known effect on regulation and splicing, each with a neutral twin; no donor carries them."""

from pathlib import Path

from readsight.genome.codes import make_generator
from readsight.simulate.effects import (
    REGULATORY_HEADER,
    SPLICE_HEADER,
    format_effects,
    plant_regulatory_effects,
    plant_splice_effects,
)
from readsight.simulate.motifs import read_meme
from readsight.simulate.planted_genome import read_fasta, read_truth
from readsight.simulate.vcf import write_vcf
from readsight.step import step


def main(fasta: Path, genome: Path, factors: Path, splice: Path, seed: int, regulatory_vcf: Path, splice_vcf: Path) -> None:
    """Write both sets of variants as bgzipped, indexed VCF."""
    codes = read_fasta(fasta)
    genes, elements, _, _ = read_truth(genome)
    contigs = {name: len(sequence) for name, sequence in codes.items()}
    effects = plant_regulatory_effects(codes, elements, read_meme(factors), make_generator(seed, "regulatory effects"))
    write_vcf(regulatory_vcf, contigs, REGULATORY_HEADER, format_effects(effects))
    effects = plant_splice_effects(codes, genes, read_meme(splice), make_generator(seed, "splice effects"))
    write_vcf(splice_vcf, contigs, SPLICE_HEADER, format_effects(effects))


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(
            job.input.fasta,
            job.input.genome,
            job.input.factors,
            job.input.splice,
            job.params.seed,
            job.output.regulatory,
            job.output.splice,
        )
