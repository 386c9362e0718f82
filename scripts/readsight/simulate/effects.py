"""Variants with known effect on binding sites and splice sites, each paired with a neutral twin.

No donor carries them; they evaluate predicted variant effects. A twin is the same substitution near its causal
variant, in the same trinucleotide context where possible, so position and composition are uninformative.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from readsight.genome.codes import encode, reverse_complement
from readsight.simulate.elements import GRAMMAR, BindingSite, Element
from readsight.simulate.genes import PlantedGene
from readsight.simulate.motifs import Motif
from readsight.simulate.variants import Variant, find_breaking_substitution
from readsight.simulate.vcf import format_record

MIN_LOSS = 4.0  # minimum loss of log-odds by a causal variant, bits
MIN_DISTANCE = 8  # minimum distance of a neutral variant from the sites of its enhancer, bases
NEAR, FAR = 20, 100  # distance of a neutral variant from the splice site of its twin, bases
# Planted branch points lie within this many bases upstream of an exon.
BRANCH_REGION = 45

_COMMON_HEADER = (
    '##INFO=<ID=CAUSAL,Number=1,Type=Integer,Description="1: the variant breaks the site, as planted; 0: it is neutral">',
    '##INFO=<ID=KIND,Number=1,Type=String,Description="{kind}">',
    '##INFO=<ID=TWIN,Number=1,Type=String,Description="Pair of a causal variant and its neutral twin: the same substitution nearby">',
    '##INFO=<ID=DELTA,Number=1,Type=Float,Description="Change of the broken site\'s log-odds, in bits; causal variants only">',
)
REGULATORY_HEADER = (
    *(line.format(kind="Factor whose binding site the causal variant of the pair breaks") for line in _COMMON_HEADER),
    '##INFO=<ID=ELEMENT,Number=1,Type=String,Description="Enhancer that contains the variant">',
)
SPLICE_HEADER = (
    *(line.format(kind="Splice site that the causal variant of the pair breaks: donor or acceptor") for line in _COMMON_HEADER),
    '##INFO=<ID=SITE,Number=1,Type=Integer,Description="Position, from 1, of the exon\'s base at the broken splice site; causal variants only">',
    '##INFO=<ID=STRAND,Number=1,Type=String,Description="Strand of the gene, + or -">',
    '##INFO=<ID=GENE,Number=1,Type=String,Description="Gene that the splice site belongs to">',
)


@dataclass(frozen=True)
class SpliceSignal:
    """A splice site of an intron.

    kind: donor or acceptor. position: the exon base next to the intron, 0-based on the chromosome. essential: positions of
    GT or AG. start, end: the window scored by the motif, 0-based half-open on the chromosome.
    """

    gene: PlantedGene
    kind: str
    position: int
    essential: tuple[int, int]
    start: int
    end: int

    def sequence(self, codes: np.ndarray) -> np.ndarray:
        """Sequence of the window on the transcribed strand. codes: of the chromosome."""
        window = codes[self.start : self.end]
        return window if self.gene.strand == "+" else reverse_complement(window)


def splice_signals(gene: PlantedGene, splice: dict[str, Motif]) -> Iterator[SpliceSignal]:
    """Yield both splice sites of each intron. splice: motifs `donor` (includes three exon bases) and `acceptor` (one)."""
    donor, acceptor = splice["donor"].width - 3, splice["acceptor"].width - 1
    for start, end in gene.introns:
        if gene.strand == "+":
            yield SpliceSignal(gene, "donor", start - 1, (start, start + 1), start - 3, start + donor)
            yield SpliceSignal(gene, "acceptor", end, (end - 2, end - 1), end - acceptor, end + 1)
        else:
            yield SpliceSignal(gene, "donor", end, (end - 2, end - 1), end - donor, end + 3)
            yield SpliceSignal(gene, "acceptor", start - 1, (start, start + 1), start - 1, start + acceptor)


def plant_regulatory_effects(
    codes: dict[str, np.ndarray], elements: Iterable[Element], factors: dict[str, Motif], rng: np.random.Generator
) -> list[tuple[Variant, str]]:
    """Break both sites of every active enhancer; returns (variant, INFO) pairs, with twins, in genomic order.

    A site is skipped if no substitution loses MIN_LOSS bits or if the enhancer has no position for a twin.
    """
    effects = []
    grammar = [factors[name] for name in GRAMMAR]
    for element in (e for e in elements if e.kind == "enhancer"):
        sequence, used = codes[element.chromosome], set()
        for site in element.sites:
            start, alt, delta = find_breaking_substitution(sequence, site, factors[site.motif])
            twin = None if delta > -MIN_LOSS else _find_neutral_position(sequence, element, start, alt, grammar, used, rng)
            if twin is None:
                continue
            used.add(twin)
            pair = f"{element.id}.{site.motif}.{site.start - element.start}"
            for position, causal in ((start, 1), (twin, 0)):
                info = f"CAUSAL={causal};KIND={site.motif};TWIN={pair};" + f"DELTA={delta};" * causal + f"ELEMENT={element.id}"
                effects.append((Variant(element.chromosome, position, "ACGT"[sequence[position]], alt), info))
    return _sort_effects(effects, codes)


def _find_neutral_position(
    codes: np.ndarray, element: Element, position: int, alt: str, motifs: list[Motif], used: set[int], rng: np.random.Generator
) -> int | None:
    """Position in the enhancer at which the same substitution neither breaks nor creates a site; None if there is none."""
    free = [p for p in range(element.start, element.end) if p not in used and all(_is_apart(p, s) for s in element.sites)]
    return next((p for p in _rank_positions(codes, free, position, rng) if not _creates_site(codes, p, alt, motifs)), None)


def _is_apart(position: int, site: BindingSite) -> bool:
    return position < site.start - MIN_DISTANCE or position >= site.end + MIN_DISTANCE


def _rank_positions(codes: np.ndarray, positions: Iterable[int], position: int, rng: np.random.Generator) -> list[int]:
    """Positions with the same base in random order, those with the same trinucleotide first."""
    candidates = [int(p) for p in rng.permutation(np.array(list(positions), dtype=np.int64)) if codes[p] == codes[position]]
    around = codes[position - 1 : position + 2]
    return sorted(candidates, key=lambda p: not np.array_equal(codes[p - 1 : p + 2], around))


def _creates_site(codes: np.ndarray, position: int, alt: str, motifs: list[Motif]) -> bool:
    """Whether a substitution creates a new site on either strand."""
    for motif in motifs:
        low = position - motif.width + 1
        before = codes[low : position + motif.width]
        after = before.copy()
        after[position - low] = encode(alt)[0]
        if set(motif.find_hits(after)) - set(motif.find_hits(before)):
            return True
    return False


def plant_splice_effects(
    codes: dict[str, np.ndarray], genes: Iterable[PlantedGene], splice: dict[str, Motif], rng: np.random.Generator
) -> list[tuple[Variant, str]]:
    """Mutate GT or AG of both splice sites of every intron; returns (variant, INFO) pairs, with twins, in genomic order.

    A twin lies NEAR to FAR bases from the site, outside all splice signals and branch points, where no window scores as a
    splice site with either allele. A splice site without a twin is skipped.
    """
    signals = [signal for gene in genes for signal in splice_signals(gene, splice)]
    busy = {name: np.zeros(len(sequence), bool) for name, sequence in codes.items()}
    for signal in signals:
        busy[signal.gene.chromosome][slice(*_exclusion_span(signal))] = True
    effects = []
    for signal in signals:
        name, strand = signal.gene.chromosome, signal.gene.strand
        sequence = codes[name]
        start = int(rng.choice(signal.essential))
        alt = "ACGT"[int(rng.choice([b for b in range(4) if b != sequence[start]]))]
        delta = _splice_delta(sequence, signal, splice[signal.kind], start, alt)
        twin = None if delta > -MIN_LOSS else _find_neutral_splice_position(sequence, busy[name], signal, start, alt, splice, rng)
        if twin is None:
            continue
        busy[name][twin] = True
        pair = f"{signal.gene.id}.{signal.kind}.{signal.position + 1}"
        for position, causal in ((start, 1), (twin, 0)):
            info = f"CAUSAL={causal};KIND={signal.kind};TWIN={pair};"
            info += f"DELTA={delta};SITE={signal.position + 1};" * causal + f"STRAND={strand};GENE={signal.gene.id}"
            effects.append((Variant(name, position, "ACGT"[sequence[position]], alt), info))
    return _sort_effects(effects, codes)


def _exclusion_span(signal: SpliceSignal) -> tuple[int, int]:
    """Span excluded for neutral variants: the motif window, and for an acceptor also the branch point region."""
    if signal.kind == "donor":
        return signal.start, signal.end
    before = signal.position - BRANCH_REGION if signal.gene.strand == "+" else signal.position + BRANCH_REGION + 1
    return min(signal.start, before), max(signal.end, before)


def _splice_delta(codes: np.ndarray, signal: SpliceSignal, motif: Motif, position: int, alt: str) -> float:
    """Change of a splice site's log-odds by a substitution, bits."""
    changed = codes[signal.start : signal.end].copy()
    changed[position - signal.start] = encode(alt)[0]
    sequence = changed if signal.gene.strand == "+" else reverse_complement(changed)
    return round(motif.score(sequence) - motif.score(signal.sequence(codes)), 3)


def _find_neutral_splice_position(
    codes: np.ndarray,
    busy: np.ndarray,
    signal: SpliceSignal,
    position: int,
    alt: str,
    splice: dict[str, Motif],
    rng: np.random.Generator,
) -> int | None:
    """Position near a splice site at which the same substitution affects no splice signal; None if there is none."""
    gene, sides = signal.gene, (*range(-FAR, -NEAR + 1), *range(NEAR, FAR + 1))
    free = [
        signal.position + d for d in sides if gene.start < signal.position + d < gene.end - 1 and not busy[signal.position + d]
    ]
    return next(
        (p for p in _rank_positions(codes, free, position, rng) if not _is_splice_like(codes, p, alt, gene.strand, splice)), None
    )


def _is_splice_like(codes: np.ndarray, position: int, alt: str, strand: str, splice: dict[str, Motif]) -> bool:
    """Whether any window around the position scores as a splice site of the transcribed strand, with either allele."""
    for motif in (splice["donor"], splice["acceptor"]):
        low = position - motif.width + 1
        before = codes[low : position + motif.width]
        after = before.copy()
        after[position - low] = encode(alt)[0]
        for window in (before, after):
            if motif.scan(window if strand == "+" else reverse_complement(window)).max() >= motif.threshold:
                return True
    return False


def _sort_effects(effects: list[tuple[Variant, str]], codes: dict[str, np.ndarray]) -> list[tuple[Variant, str]]:
    order = {name: i for i, name in enumerate(codes)}
    return sorted(effects, key=lambda row: (order[row[0].chromosome], row[0].start, row[0].alt))


def format_effects(effects: list[tuple[Variant, str]]) -> list[str]:
    """Format as VCF records."""
    return [format_record(variant, ".", info) for variant, info in effects]
