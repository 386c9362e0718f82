"""The complete planted genome: construction, truth record, and readers."""

import json
from dataclasses import asdict, dataclass
from itertools import cycle
from pathlib import Path

import numpy as np

from readsight.genome.codes import encode, make_generator
from readsight.simulate.elements import BindingSite, Element, plant_decoys, plant_enhancers, plant_promoter
from readsight.simulate.genes import SEX_GENES, PlantedGene, plant_gene
from readsight.simulate.genome import (
    RECENT_DIVERGENCE,
    Chromosome,
    NamedRegion,
    Segment,
    diverge_sequence,
    draw_background,
    draw_isochores,
    plan_segments,
    plant_repeats,
    plant_tandems,
    reserve_region,
    write_segments,
)
from readsight.simulate.motifs import Motif

FACTORS = ("SPI1", "RUNX1", "GATA1", "CEBPA", "AP1", "REST", "CTCF", "SP1")


@dataclass(frozen=True)
class Paralogue:
    """A diverged copy of `region` that is absent from the reference.

    frequency: fraction of haplotypes that carry it. sequence: codes.
    """

    region: NamedRegion
    divergence: float
    frequency: float
    sequence: np.ndarray


@dataclass
class PlantedGenome:
    """A genome with its planted genes, elements, sites and repeats."""

    chromosomes: list[Chromosome]
    genes: list[PlantedGene]
    elements: list[Element]
    decoys: list[BindingSite]
    segments: list[Segment]
    repeats: list[NamedRegion]
    tandems: list[NamedRegion]
    paralogues: list[Paralogue]

    @property
    def sites(self) -> list[BindingSite]:
        """All planted binding sites and decoys in genomic order."""
        element_sites = [site for element in self.elements for site in element.sites]
        return sorted(element_sites + self.decoys, key=lambda s: (s.chromosome, s.start))

    def ambiguous_regions(self) -> list[NamedRegion]:
        """Regions in which short reads do not map uniquely: duplicated segments, missing paralogues, recent repeats."""
        regions = [r for s in self.segments for r in (s.source, s.copy)] + [p.region for p in self.paralogues]
        regions += [r for r in self.repeats if int(r.name.split("_")[1]) <= 100 * RECENT_DIVERGENCE]
        return sorted(regions, key=lambda r: (r.chromosome, r.start))


def plant_genome(seed: int, count: int, length: int, factors: dict[str, Motif], splice: dict[str, Motif]) -> PlantedGenome:
    """Plant a genome of `count` chromosomes of `length` bases."""
    rng = make_generator(seed, "genome")
    chromosomes = [Chromosome(f"chr{i + 1}", draw_background(length, draw_isochores(length, rng), rng)) for i in range(count)]
    segments = plan_segments(chromosomes, rng)
    collapsed = [
        reserve_region(chromosomes, int(rng.integers(500, 1_500)), f"collapsed{i + 1}", rng)
        for i in range(count_paralogues(count * length))
    ]
    genes = _plant_genes(chromosomes, splice, make_generator(seed, "genes"))
    by_name = {c.name: c for c in chromosomes}
    rng = make_generator(seed, "elements")
    elements = [plant_promoter(by_name[gene.chromosome], gene, factors, rng) for gene in genes]
    elements += plant_enhancers(chromosomes, genes, factors, rng)
    decoys = plant_decoys(chromosomes, factors, rng)
    rng = make_generator(seed, "repeats")
    repeats, tandems = plant_repeats(chromosomes, rng), plant_tandems(chromosomes, rng)
    write_segments(chromosomes, segments, make_generator(seed, "segments"))
    missing = _make_paralogues(by_name, [c for c in collapsed if c], make_generator(seed, "paralogues"))
    return PlantedGenome(chromosomes, genes, elements, decoys, segments, repeats, tandems, missing)


def count_paralogues(size: int) -> int:
    """Number of paralogues missing from the reference of a genome of `size` bases."""
    return max(3, round(16 * size / 400_000))


def _plant_genes(chromosomes: list[Chromosome], splice: dict[str, Motif], rng: np.random.Generator) -> list[PlantedGene]:
    """Plant one gene per 10 kb; the first are named after the factors, the last after the sex-specific genes."""
    genes: list[PlantedGene] = []
    gene_count = round(sum(len(c) for c in chromosomes) / 10_000)
    for chromosome, _ in zip(cycle(chromosomes), range(gene_count), strict=False):
        number = len(genes) + 1
        name = FACTORS[number - 1] if number <= len(FACTORS) else f"DEMO{number}"
        gene = plant_gene(chromosome, number, name, splice, rng)
        genes += [gene] if gene else []
    spare = genes[len(FACTORS) :]
    for gene, name in zip(spare[len(spare) - len(SEX_GENES) :] if len(spare) >= len(SEX_GENES) else [], SEX_GENES, strict=False):
        gene.name = name
    return genes


def _make_paralogues(by_name: dict[str, Chromosome], regions: list[NamedRegion], rng: np.random.Generator) -> list[Paralogue]:
    paralogues = []
    for i, region in enumerate(regions):
        rate = float(rng.choice([0.01, 0.02, 0.03]))
        sequence = by_name[region.chromosome].codes[region.start : region.end]
        frequency = 1.0 if i % 8 == 0 else round(float(rng.uniform(0.05, 0.4)), 2)
        paralogues.append(Paralogue(region, rate, frequency, diverge_sequence(sequence, rate, rng)))
    return paralogues


def genome_record(genome: PlantedGenome) -> dict:
    """Planted truth of the genome, for JSON."""
    return {
        "chromosomes": {c.name: len(c) for c in genome.chromosomes},
        "genes": [asdict(g) for g in genome.genes],
        "elements": [{k: v for k, v in asdict(e).items()} for e in genome.elements],
        "decoys": [asdict(s) for s in genome.decoys],
        "segments": [asdict(s) for s in genome.segments],
        "tandems": [asdict(t) for t in genome.tandems],
        "repeats": [asdict(r) for r in genome.repeats],
        "paralogues": [
            {"region": asdict(p.region), "divergence": p.divergence, "frequency": p.frequency} for p in genome.paralogues
        ],
    }


def read_fasta(path: Path) -> dict[str, np.ndarray]:
    """Read a FASTA file: contig → codes."""
    contigs: dict[str, list[str]] = {}
    for line in Path(path).read_text().splitlines():
        if line.startswith(">"):
            name = line[1:].split()[0]
            contigs[name] = []
        else:
            contigs[name].append(line)
    return {name: encode("".join(lines)) for name, lines in contigs.items()}


def read_truth(path: Path) -> tuple[list[PlantedGene], list[Element], list[BindingSite], dict]:
    """Genes, elements, decoys and the full record, from the JSON of `genome_record`."""
    record = json.loads(Path(path).read_text())
    genes = [PlantedGene(**g | {"exons": [tuple(e) for e in g["exons"]], "coding": tuple(g["coding"])}) for g in record["genes"]]
    elements = [Element(**e | {"sites": [BindingSite(**s) for s in e["sites"]]}) for e in record["elements"]]
    return genes, elements, [BindingSite(**s) for s in record["decoys"]], record
