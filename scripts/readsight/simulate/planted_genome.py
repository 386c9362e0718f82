"""The planted genome as a whole: made, written, read back."""

import json
from dataclasses import asdict, dataclass
from itertools import cycle
from pathlib import Path

import numpy as np

from readsight.genome.codes import encode, generator
from readsight.simulate.elements import Element, Site, plant_decoys, plant_enhancers, plant_promoter
from readsight.simulate.genes import SEXED, Gene, plant_gene
from readsight.simulate.genome import (
    RECENT,
    Chromosome,
    Region,
    Segment,
    background,
    diverge,
    isochores,
    plan_segments,
    plant_repeats,
    plant_tandems,
    reserve,
    write_segments,
)
from readsight.simulate.motifs import Motif

FACTORS = ("SPI1", "RUNX1", "GATA1", "CEBPA", "AP1", "REST", "CTCF", "SP1")


@dataclass(frozen=True)
class Paralogue:
    """A diverged copy of `region` that donors carry and the reference lacks.

    frequency: part of haplotypes that carry it. sequence: codes.
    """

    region: Region
    divergence: float
    frequency: float
    sequence: np.ndarray


@dataclass
class World:
    """Everything that was planted in the genome."""

    chromosomes: list[Chromosome]
    genes: list[Gene]
    elements: list[Element]
    decoys: list[Site]
    segments: list[Segment]
    repeats: list[Region]
    tandems: list[Region]
    paralogues: list[Paralogue]

    @property
    def sites(self) -> list[Site]:
        """Every planted binding site and decoy, by place."""
        own = [site for element in self.elements for site in element.sites]
        return sorted(own + self.decoys, key=lambda s: (s.chromosome, s.start))

    def duplicated(self) -> list[Region]:
        """Where short reads do not place uniquely: duplicated segments, missing paralogues, recent repeats."""
        out = [r for s in self.segments for r in (s.source, s.copy)] + [p.region for p in self.paralogues]
        out += [r for r in self.repeats if int(r.name.split("_")[1]) <= 100 * RECENT]
        return sorted(out, key=lambda r: (r.chromosome, r.start))


def make_world(seed: int, count: int, length: int, factors: dict[str, Motif], splice: dict[str, Motif]) -> World:
    """Plant a genome of `count` chromosomes of `length` bases."""
    rng = generator(seed, "genome")
    chromosomes = [Chromosome(f"chr{i + 1}", background(length, isochores(length, rng), rng)) for i in range(count)]
    segments = plan_segments(chromosomes, rng)
    collapsed = [
        reserve(chromosomes, int(rng.integers(500, 1_500)), f"collapsed{i + 1}", rng) for i in range(paralogues(count * length))
    ]
    genes = _plant_genes(chromosomes, splice, generator(seed, "genes"))
    by_name = {c.name: c for c in chromosomes}
    rng = generator(seed, "elements")
    elements = [plant_promoter(by_name[gene.chromosome], gene, factors, rng) for gene in genes]
    elements += plant_enhancers(chromosomes, genes, factors, rng)
    decoys = plant_decoys(chromosomes, factors, rng)
    rng = generator(seed, "repeats")
    repeats, tandems = plant_repeats(chromosomes, rng), plant_tandems(chromosomes, rng)
    write_segments(chromosomes, segments, generator(seed, "segments"))
    missing = _paralogues(by_name, [c for c in collapsed if c], generator(seed, "paralogues"))
    return World(chromosomes, genes, elements, decoys, segments, repeats, tandems, missing)


def paralogues(size: int) -> int:
    """How many paralogues the reference lacks, for a genome of `size` bases."""
    return max(3, round(16 * size / 400_000))


def _plant_genes(chromosomes: list[Chromosome], splice: dict[str, Motif], rng: np.random.Generator) -> list[Gene]:
    """One gene per 10 kb; the first bear the factors' names and code for them, the last those of genes of one sex."""
    genes: list[Gene] = []
    wanted = round(sum(len(c) for c in chromosomes) / 10_000)
    for chromosome, _ in zip(cycle(chromosomes), range(wanted), strict=False):
        number = len(genes) + 1
        name = FACTORS[number - 1] if number <= len(FACTORS) else f"DEMO{number}"
        gene = plant_gene(chromosome, number, name, splice, rng)
        genes += [gene] if gene else []
    spare = genes[len(FACTORS) :]
    for gene, name in zip(spare[len(spare) - len(SEXED) :] if len(spare) >= len(SEXED) else [], SEXED, strict=False):
        gene.name = name
    return genes


def _paralogues(by_name: dict[str, Chromosome], regions: list[Region], rng: np.random.Generator) -> list[Paralogue]:
    out = []
    for i, region in enumerate(regions):
        rate = float(rng.choice([0.01, 0.02, 0.03]))
        own = by_name[region.chromosome].codes[region.start : region.end]
        frequency = 1.0 if i % 8 == 0 else round(float(rng.uniform(0.05, 0.4)), 2)
        out.append(Paralogue(region, rate, frequency, diverge(own, rate, rng)))
    return out


def describe(world: World) -> dict:
    """The planted truth about the genome, for JSON."""
    return {
        "chromosomes": {c.name: len(c) for c in world.chromosomes},
        "genes": [asdict(g) for g in world.genes],
        "elements": [{k: v for k, v in asdict(e).items()} for e in world.elements],
        "decoys": [asdict(s) for s in world.decoys],
        "segments": [asdict(s) for s in world.segments],
        "tandems": [asdict(t) for t in world.tandems],
        "repeats": [asdict(r) for r in world.repeats],
        "paralogues": [
            {"region": asdict(p.region), "divergence": p.divergence, "frequency": p.frequency} for p in world.paralogues
        ],
    }


def read_fasta(path: Path) -> dict[str, np.ndarray]:
    """Contig → codes."""
    parts: dict[str, list[str]] = {}
    for line in Path(path).read_text().splitlines():
        if line.startswith(">"):
            name = line[1:].split()[0]
            parts[name] = []
        else:
            parts[name].append(line)
    return {name: encode("".join(lines)) for name, lines in parts.items()}


def read_truth(path: Path) -> tuple[list[Gene], list[Element], list[Site], dict]:
    """Genes, elements, decoys and the whole record from the JSON that `describe` gave."""
    record = json.loads(Path(path).read_text())
    genes = [Gene(**g | {"exons": [tuple(e) for e in g["exons"]], "coding": tuple(g["coding"])}) for g in record["genes"]]
    elements = [Element(**e | {"sites": [Site(**s) for s in e["sites"]]}) for e in record["elements"]]
    return genes, elements, [Site(**s) for s in record["decoys"]], record
