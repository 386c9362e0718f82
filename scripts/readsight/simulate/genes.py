"""Genes: exons, coding sequence, introns with splice signals, and GTF output."""

from dataclasses import dataclass, field

import numpy as np

from readsight.genome.codes import decode, encode, reverse_complement
from readsight.simulate.genome import Chromosome, draw_background, find_free_start
from readsight.simulate.motifs import Motif

BASES = "TCAG"
AMINO_ACIDS = dict(
    zip(
        [a + b + c for a in BASES for b in BASES for c in BASES],
        "FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG",
        strict=True,
    )
)
# Human codon usage per thousand, in the order of AMINO_ACIDS; stop codons get none inside a reading frame.
CODON_USAGE = np.array(
    [17.6, 20.3, 7.7, 12.9, 15.2, 17.7, 12.2, 4.4, 12.2, 15.3, 0, 0, 10.6, 12.6, 0, 13.2]
    + [13.2, 19.6, 7.2, 39.6, 17.5, 19.8, 16.9, 6.9, 10.9, 15.1, 12.3, 34.2, 4.5, 10.4, 6.2, 11.4]
    + [16.0, 20.8, 7.5, 22.0, 13.1, 18.9, 15.1, 6.1, 17.0, 19.1, 24.4, 31.9, 12.1, 19.5, 12.2, 12.0]
    + [11.0, 14.5, 7.1, 28.1, 18.4, 27.7, 15.8, 7.4, 21.8, 25.1, 29.0, 39.6, 10.8, 22.2, 16.5, 16.5]
)
STOP_CODONS = ("TAA", "TAG", "TGA")
PROMOTER_LENGTH = 450
# Sex-specific genes, with the names that the sex check uses.
SEX_GENES = {"XIST": "female", "RPS4Y1": "male"}


def translate(cds: str) -> str:
    """Translate a coding sequence with the standard code; `*` for stop."""
    return "".join(AMINO_ACIDS[cds[i : i + 3]] for i in range(0, len(cds) - 2, 3))


@dataclass
class PlantedGene:
    """A gene with one transcript.

    exons: (start, end) on the chromosome, in transcript order. coding: the reading frame with
    stop codon, [start, end) on the spliced transcript. regulators: factor → effect on log expression.
    """

    id: str
    name: str
    chromosome: str
    strand: str
    exons: list[tuple[int, int]]
    coding: tuple[int, int]
    basal: float = 0.0
    regulators: dict[str, float] = field(default_factory=dict)

    @property
    def start(self) -> int:
        return min(s for s, _ in self.exons)

    @property
    def end(self) -> int:
        return max(e for _, e in self.exons)

    @property
    def tss(self) -> int:
        """Position of the first transcribed base."""
        return self.start if self.strand == "+" else self.end - 1

    @property
    def introns(self) -> list[tuple[int, int]]:
        """(start, end) on the chromosome, in transcript order."""
        pairs = zip(self.exons, self.exons[1:], strict=False)
        return [(a[1], b[0]) if self.strand == "+" else (b[1], a[0]) for a, b in pairs]

    def transcript_positions(self) -> np.ndarray:
        """Chromosome position of each base of the spliced transcript, 5' to 3'."""
        runs = [np.arange(s, e) for s, e in self.exons]
        return np.concatenate([r if self.strand == "+" else r[::-1] for r in runs])

    def transcript_sequence(self, codes: np.ndarray) -> np.ndarray:
        """Codes of the spliced transcript. codes: of the chromosome."""
        bases = codes[self.transcript_positions()]
        return bases if self.strand == "+" else 3 - bases

    def coding_sequence(self, codes: np.ndarray) -> str:
        """Coding sequence from start to stop codon. codes: of the chromosome."""
        return decode(self.transcript_sequence(codes)[slice(*self.coding)])


@dataclass(frozen=True)
class GenePlan:
    """Lengths of the parts of a gene before it is placed, in transcript order."""

    utr5: int
    cds: int
    utr3: int
    exons: list[int]
    introns: list[int]

    @property
    def length(self) -> int:
        return sum(self.exons) + sum(self.introns)


def draw_plan(rng: np.random.Generator) -> GenePlan:
    """Draw lengths: three to seven exons of at least 60 bases, introns of 150 to 900."""
    utr5, cds, utr3 = int(rng.integers(60, 180)), 3 * int(rng.integers(140, 340)), int(rng.integers(150, 350))
    count, total = int(rng.integers(3, 8)), utr5 + cds + utr3
    while True:
        cuts = np.sort(rng.integers(60, total - 60, count - 1))
        exons = np.diff([0, *cuts, total])
        # a cut near the start or stop codon would overlap both signals
        clear = all(abs(c - utr5 - 1) > 8 and abs(c - utr5 - cds + 1) > 8 for c in cuts)
        if exons.min() >= 60 and clear:
            break
    introns = np.clip(rng.lognormal(5.9, 0.45, count - 1), 150, 900).astype(int)
    return GenePlan(utr5, cds, utr3, exons.tolist(), introns.tolist())


def write_frame(plan: GenePlan, rng: np.random.Generator) -> np.ndarray:
    """Draw a spliced transcript: Kozak sequence, codons by human usage, stop codon, polyadenylation signal."""
    letters = list(AMINO_ACIDS)
    inner = rng.choice(len(letters), plan.cds // 3 - 2, p=CODON_USAGE / CODON_USAGE.sum())
    cds = "ATG" + "".join(letters[i] for i in inner) + str(rng.choice(STOP_CODONS))
    utr5 = draw_background(plan.utr5, np.full(plan.utr5, 0.58), rng, cpg=0.8)
    utr5[-6:] = encode("GCCACC")
    utr3 = draw_background(plan.utr3, np.full(plan.utr3, 0.40), rng)
    utr3[-26:-20] = encode("AATAAA")
    return np.concatenate([utr5, encode(cds), utr3])


def write_gene(local: np.ndarray, plan: GenePlan, splice: dict[str, Motif], rng: np.random.Generator) -> None:
    """Write a gene 5' to 3' into `local` (plan.length codes); intron bases between the signals are unchanged."""
    donor, acceptor, branch = splice["donor"], splice["acceptor"], splice["branch"]
    transcript = write_frame(plan, rng)
    edges = np.cumsum(plan.exons)[:-1]
    donors, acceptors = [], []
    for edge in edges:
        while True:
            left, right = donor.draw_instance(rng), acceptor.draw_instance(rng)
            trial = transcript.copy()
            trial[edge - 3 : edge], trial[edge] = left[:3], right[-1]
            if "*" not in translate(decode(trial[plan.utr5 : plan.utr5 + plan.cds - 3])):
                break
        transcript = trial
        donors.append(left[3:])
        acceptors.append(right[:-1])
    position = transcript_position = 0
    for i, size in enumerate(plan.exons):
        local[position : position + size] = transcript[transcript_position : transcript_position + size]
        position, transcript_position = position + size, transcript_position + size
        if i < len(plan.introns):
            end = position + plan.introns[i]
            local[position : position + len(donors[i])] = donors[i]
            local[end - len(acceptors[i]) : end] = acceptors[i]
            branch_start = end - len(acceptors[i]) - int(rng.integers(1, 12)) - branch.width
            local[branch_start : branch_start + branch.width] = branch.draw_instance(rng)
            position = end


def plant_gene(
    chromosome: Chromosome, number: int, name: str, splice: dict[str, Motif], rng: np.random.Generator
) -> PlantedGene | None:
    """Place a gene with its promoter at a free position and write it; None if the chromosome is full."""
    plan, strand = draw_plan(rng), str(rng.choice(["+", "-"]))
    span = PROMOTER_LENGTH + plan.length
    start = find_free_start(rng, chromosome.taken, span, pad=400)
    if start is None:
        return None
    chromosome.taken[start : start + span] = True
    local = chromosome.codes[start : start + span].copy()
    local = local if strand == "+" else reverse_complement(local)
    if rng.random() < 0.7:
        local[:PROMOTER_LENGTH] = draw_background(PROMOTER_LENGTH, np.full(PROMOTER_LENGTH, 0.63), rng, cpg=0.9)
    write_gene(local[PROMOTER_LENGTH:], plan, splice, rng)
    chromosome.codes[start : start + span] = local if strand == "+" else reverse_complement(local)
    exons, offset = [], PROMOTER_LENGTH
    for size, gap in zip(plan.exons, [*plan.introns, 0], strict=True):
        exon = (start + offset, start + offset + size) if strand == "+" else (start + span - offset - size, start + span - offset)
        exons.append(exon)
        offset += size + gap
    gene = PlantedGene(f"DEMOG{number:05d}", name, chromosome.name, strand, exons, (plan.utr5, plan.utr5 + plan.cds))
    gene.basal = round(float(rng.normal(4.0, 1.2)), 3)
    _protect_exons(chromosome, gene)
    return gene


def _protect_exons(chromosome: Chromosome, gene: PlantedGene) -> None:
    """Protect exons and splice signals against overwriting."""
    for start, end in gene.exons:
        chromosome.fixed[max(0, start - 60) : end + 60] = True


def format_gtf(gene: PlantedGene) -> str:
    """GTF lines of a gene in Ensembl style (1-based, closed intervals)."""
    shared = f'gene_id "{gene.id}"; gene_version "1"; '
    transcript = shared + f'transcript_id "{gene.id.replace("DEMOG", "DEMOT")}"; transcript_version "1"; '
    gene_tail = f'gene_name "{gene.name}"; gene_source "demo"; gene_biotype "protein_coding"; '
    transcript_tail = (
        gene_tail
        + f'transcript_name "{gene.name}-201"; transcript_source "demo"; transcript_biotype "protein_coding"; tag "basic";'
    )

    def format_line(kind: str, start: int, end: int, text: str, frame: object = ".") -> str:
        return f"{gene.chromosome}\tdemo\t{kind}\t{start + 1}\t{end}\t.\t{gene.strand}\t{frame}\t{text}\n"

    lines = [
        format_line("gene", gene.start, gene.end, shared + gene_tail.strip()),
        format_line("transcript", gene.start, gene.end, transcript + transcript_tail),
    ]
    positions, offset = gene.transcript_positions(), 0
    first, last = gene.coding
    for number, (start, end) in enumerate(gene.exons, start=1):
        text = transcript + f'exon_number "{number}"; ' + transcript_tail
        lines.append(format_line("exon", start, end, text))
        kinds = [("CDS", first, last - 3), ("start_codon", first, first + 3), ("stop_codon", last - 3, last)]
        for kind, a, b in kinds:
            low, high = max(a, offset), min(b, offset + end - start)
            if low < high:
                ends = sorted((int(positions[low]), int(positions[high - 1])))
                lines.append(format_line(kind, ends[0], ends[1] + 1, text, (3 - (low - a) % 3) % 3))
        offset += end - start
    return "".join(lines)
