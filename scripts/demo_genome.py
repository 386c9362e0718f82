"""Plant a genome: chromosomes, repeats, genes, promoters, enhancers and their binding sites, from one seed."""

import json
from pathlib import Path

from readsight.genome.codes import decode
from readsight.simulate.genes import format_gtf
from readsight.simulate.motifs import read_meme
from readsight.simulate.planted_genome import PlantedGenome, genome_record, plant_genome
from readsight.step import step


def paralogue_fasta(world: PlantedGenome) -> str:
    """FASTA of paralogues that donors carry and the reference lacks."""
    return "".join(f">{p.region.name}\n{decode(p.sequence)}\n" for p in world.paralogues)


def main(
    factors: Path, splice: Path, seed: int, chromosomes: int, length: int,
    fasta: Path, genes: Path, elements: Path, motifs: Path, duplicated: Path, missing: Path, truth: Path,
) -> None:  # fmt: skip
    world = plant_genome(seed, chromosomes, length, read_meme(factors), read_meme(splice))
    fasta.write_text("".join(c.to_fasta() for c in world.chromosomes))
    sorted_genes = sorted(world.genes, key=lambda g: (g.chromosome, g.start))
    genes.write_text("#!genome-build demo\n" + "".join(map(format_gtf, sorted_genes)))
    sorted_elements = sorted(world.elements, key=lambda e: (e.chromosome, e.start))
    elements.write_text("".join(e.to_bed() for e in sorted_elements))
    motifs.write_text("".join(s.to_bed() for s in world.sites))
    duplicated.write_text("".join(r.to_bed() for r in world.ambiguous_regions()))
    missing.write_text(paralogue_fasta(world))
    truth.write_text(json.dumps({"seed": seed} | genome_record(world), indent=1) + "\n")


if __name__ == "__main__":
    with step(snakemake) as job:
        main(
            job.input.factors,
            job.input.splice,
            job.params.seed,
            job.params.chromosomes,
            job.params.length,
            job.output.fasta,
            job.output.genes,
            job.output.elements,
            job.output.motifs,
            job.output.duplicated,
            job.output.missing,
            job.output.truth,
        )
