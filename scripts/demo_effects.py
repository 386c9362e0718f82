"""Plant variants whose effect on regulation and on splicing is known, each beside a neutral twin; no donor carries them."""

from pathlib import Path

from readsight.genome.codes import generator
from readsight.simulate.effects import REGULATORY_HEADER, SPLICE_HEADER, lines, regulatory, splicing
from readsight.simulate.motifs import read_meme
from readsight.simulate.planted_genome import read_fasta, read_truth
from readsight.simulate.vcf import write_vcf
from readsight.step import step


def main(fasta: Path, genome: Path, factors: Path, splice: Path, seed: int, of_regulation: Path, of_splicing: Path) -> None:
    """Write both sets of variants as VCF, bgzip, with an index each."""
    codes = read_fasta(fasta)
    genes, elements, _, _ = read_truth(genome)
    contigs = {name: len(own) for name, own in codes.items()}
    found = regulatory(codes, elements, read_meme(factors), generator(seed, "regulatory effects"))
    write_vcf(of_regulation, contigs, REGULATORY_HEADER, lines(found))
    found = splicing(codes, genes, read_meme(splice), generator(seed, "splice effects"))
    write_vcf(of_splicing, contigs, SPLICE_HEADER, lines(found))


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
