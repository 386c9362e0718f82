"""Build the STAR index of the reference, with the junctions of the annotation."""

import math
from pathlib import Path

from readsight import pipes
from readsight.genome.intervals import read_contig_lengths
from readsight.step import step

# Exon bases on either side of a junction. According to STAR's manual, 100 works as well as the read length minus one, and
# only an index that does not depend on the reads can be shared between projects.
OVERHANG = 100


def choose_suffix_length(bases: int) -> int:
    """String length of the suffix array index: min(14, log2(genome)/2 - 1), according to STAR's manual."""
    return max(2, min(14, int(math.log2(bases) / 2 - 1)))


def choose_bin_bits(bases: int, sequences: int, read_length: int) -> int:
    """Bits of a genome bin (each contig has at least one bin): min(18, log2(max(genome / contigs, read length)))."""
    return min(18, int(math.log2(max(bases / sequences, read_length))))


def main(fasta: Path, fai: Path, gtf: Path, index: list[Path], threads: int, mem_mb: int, scratch: Path):
    """Build the index in the folder of index[0]."""
    lengths = read_contig_lengths(fai)
    bases = sum(lengths.values())
    sizes = {
        "--genomeSAindexNbases": choose_suffix_length(bases),
        "--genomeChrBinNbits": choose_bin_bits(bases, len(lengths), OVERHANG + 1),
        "--sjdbOverhang": OVERHANG,
        "--runThreadN": threads,
        "--limitGenomeGenerateRAM": mem_mb * 1_000_000,
    }
    command = ["STAR", "--runMode", "genomeGenerate", "--genomeDir", index[0].parent, "--genomeFastaFiles", fasta]
    command += ["--sjdbGTFfile", gtf, "--outFileNamePrefix", f"{scratch}/", "--outTmpDir", scratch / "star"]
    pipes.run_tool([*command, *(str(option) for pair in sizes.items() for option in pair)])


if __name__ == "__main__":
    with step(snakemake) as job:
        main(
            job.input.fasta,
            job.input.fai,
            job.input.gtf,
            job.output.index,
            job.threads,
            job.mem_mb,
            job.scratch,
        )
