"""Variants whose effect is known by construction, each beside a neutral twin: of binding sites and of splice sites.

No donor carries them: they ask a model what it would say. A twin stands near the variant that it is matched to and is the same
substitution, in the same three bases where there are such, so that place and composition tell nothing.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from readsight.genome.codes import encode, reverse_complement
from readsight.simulate.elements import GRAMMAR, Element, Site
from readsight.simulate.genes import Gene
from readsight.simulate.motifs import Motif
from readsight.simulate.variants import Variant, breaking
from readsight.simulate.vcf import record

LOSS = 4.0  # bits that a causal variant costs its site, at least
APART = 8  # bases between a neutral variant and the sites of its enhancer, at least
NEAR, FAR = 20, 100  # bases between a neutral variant and the splice site of its twin
# Where a branch point lies, bases before the first of an exon; planted ones lie within.
BRANCH = 45

_BOTH = (
    '##INFO=<ID=CAUSAL,Number=1,Type=Integer,Description="1: the variant breaks the site, as planted; 0: it is neutral">',
    '##INFO=<ID=KIND,Number=1,Type=String,Description="{kind}">',
    '##INFO=<ID=TWIN,Number=1,Type=String,Description="Pair of a causal variant and its neutral twin: the same substitution nearby">',
    '##INFO=<ID=DELTA,Number=1,Type=Float,Description="Change of the broken site\'s log-odds, in bits; of causal variants alone">',
)
REGULATORY_HEADER = (
    *(line.format(kind="Factor whose binding site the causal variant of the pair breaks") for line in _BOTH),
    '##INFO=<ID=ELEMENT,Number=1,Type=String,Description="Enhancer that the variant lies in">',
)
SPLICE_HEADER = (
    *(line.format(kind="Splice site that the causal variant of the pair breaks: donor or acceptor") for line in _BOTH),
    '##INFO=<ID=SITE,Number=1,Type=Integer,Description="Position, from 1, of the exon\'s base at the broken splice site; of causal variants alone">',
    '##INFO=<ID=STRAND,Number=1,Type=String,Description="Strand of the gene, + or -">',
    '##INFO=<ID=GENE,Number=1,Type=String,Description="Gene that the splice site belongs to">',
)


@dataclass(frozen=True)
class Signal:
    """A splice site of an intron.

    kind: donor or acceptor. place: the exon's base next to the intron, on the chromosome, 0-based. essential: the two bases
    of GT or AG. start, end: the word that its matrix reads, on the chromosome, 0-based half-open.
    """

    gene: Gene
    kind: str
    place: int
    essential: tuple[int, int]
    start: int
    end: int

    def word(self, codes: np.ndarray) -> np.ndarray:
        """The matrix's word on the transcribed strand. codes: of the chromosome."""
        own = codes[self.start : self.end]
        return own if self.gene.strand == "+" else reverse_complement(own)


def signals(gene: Gene, splice: dict[str, Motif]) -> Iterator[Signal]:
    """Both sites of each intron of a gene. splice: matrices `donor` (three bases of the exon) and `acceptor` (one)."""
    donor, acceptor = splice["donor"].width - 3, splice["acceptor"].width - 1
    for start, end in gene.introns:
        if gene.strand == "+":
            yield Signal(gene, "donor", start - 1, (start, start + 1), start - 3, start + donor)
            yield Signal(gene, "acceptor", end, (end - 2, end - 1), end - acceptor, end + 1)
        else:
            yield Signal(gene, "donor", end, (end - 2, end - 1), end - donor, end + 3)
            yield Signal(gene, "acceptor", start - 1, (start, start + 1), start - 1, start + acceptor)


def regulatory(
    codes: dict[str, np.ndarray], elements: Iterable[Element], factors: dict[str, Motif], rng: np.random.Generator
) -> list[tuple[Variant, str]]:
    """Variants, by place, and what INFO says of each: both sites of every active enhancer broken, each with a twin.

    A site that no substitution costs LOSS bits is left alone, and so is one for whose variant the enhancer has no twin.
    """
    found = []
    grammar = [factors[name] for name in GRAMMAR]
    for element in (e for e in elements if e.kind == "enhancer"):
        own, used = codes[element.chromosome], set()
        for site in element.sites:
            start, alt, delta = breaking(own, site, factors[site.motif])
            twin = None if delta > -LOSS else _neutral(own, element, start, alt, grammar, used, rng)
            if twin is None:
                continue
            used.add(twin)
            pair = f"{element.id}.{site.motif}.{site.start - element.start}"
            for place, causal in ((start, 1), (twin, 0)):
                said = f"CAUSAL={causal};KIND={site.motif};TWIN={pair};" + f"DELTA={delta};" * causal + f"ELEMENT={element.id}"
                found.append((Variant(element.chromosome, place, "ACGT"[own[place]], alt), said))
    return _sorted(found, codes)


def _neutral(
    codes: np.ndarray, element: Element, like: int, alt: str, motifs: list[Motif], used: set[int], rng: np.random.Generator
) -> int | None:
    """Where in an enhancer the same substitution breaks no site and makes none of these motifs; None where nowhere."""
    free = [p for p in range(element.start, element.end) if p not in used and all(_apart(p, s) for s in element.sites)]
    return next((p for p in _alike(codes, free, like, rng) if not _made(codes, p, alt, motifs)), None)


def _apart(place: int, site: Site) -> bool:
    return place < site.start - APART or place >= site.end + APART


def _alike(codes: np.ndarray, places: Iterable[int], like: int, rng: np.random.Generator) -> list[int]:
    """Places of the same base in random order, those in the same three bases first."""
    same = [int(p) for p in rng.permutation(np.array(list(places), dtype=np.int64)) if codes[p] == codes[like]]
    around = codes[like - 1 : like + 2]
    return sorted(same, key=lambda p: not np.array_equal(codes[p - 1 : p + 2], around))


def _made(codes: np.ndarray, place: int, alt: str, motifs: list[Motif]) -> bool:
    """Whether a substitution makes a site that was not there, on either strand."""
    for motif in motifs:
        low = place - motif.width + 1
        before = codes[low : place + motif.width]
        after = before.copy()
        after[place - low] = encode(alt)[0]
        if set(motif.hits(after)) - set(motif.hits(before)):
            return True
    return False


def splicing(
    codes: dict[str, np.ndarray], genes: Iterable[Gene], splice: dict[str, Motif], rng: np.random.Generator
) -> list[tuple[Variant, str]]:
    """Variants, by place, and what INFO says of each: both sites of every intron lose a base of GT or AG, each with a twin.

    A twin lies NEAR to FAR bases from the site, outside of all splice signals and branch points, where neither before nor
    after it a word counts as a site of the matrices. A site without a twin is left alone.
    """
    known = [signal for gene in genes for signal in signals(gene, splice)]
    busy = {name: np.zeros(len(own), bool) for name, own in codes.items()}
    for signal in known:
        busy[signal.gene.chromosome][slice(*_kept_clear(signal))] = True
    found = []
    for signal in known:
        name, strand = signal.gene.chromosome, signal.gene.strand
        own = codes[name]
        start = int(rng.choice(signal.essential))
        alt = "ACGT"[int(rng.choice([b for b in range(4) if b != own[start]]))]
        delta = _cost(own, signal, splice[signal.kind], start, alt)
        twin = None if delta > -LOSS else _unspliced(own, busy[name], signal, start, alt, splice, rng)
        if twin is None:
            continue
        busy[name][twin] = True
        pair = f"{signal.gene.id}.{signal.kind}.{signal.place + 1}"
        for place, causal in ((start, 1), (twin, 0)):
            said = f"CAUSAL={causal};KIND={signal.kind};TWIN={pair};"
            said += f"DELTA={delta};SITE={signal.place + 1};" * causal + f"STRAND={strand};GENE={signal.gene.id}"
            found.append((Variant(name, place, "ACGT"[own[place]], alt), said))
    return _sorted(found, codes)


def _kept_clear(signal: Signal) -> tuple[int, int]:
    """Where no neutral variant may stand: the matrix's word, and before an acceptor the branch point."""
    if signal.kind == "donor":
        return signal.start, signal.end
    before = signal.place - BRANCH if signal.gene.strand == "+" else signal.place + BRANCH + 1
    return min(signal.start, before), max(signal.end, before)


def _cost(codes: np.ndarray, signal: Signal, motif: Motif, place: int, alt: str) -> float:
    """Change of a splice site's log-odds by a substitution in it, bits."""
    changed = codes[signal.start : signal.end].copy()
    changed[place - signal.start] = encode(alt)[0]
    word = changed if signal.gene.strand == "+" else reverse_complement(changed)
    return round(motif.score(word) - motif.score(signal.word(codes)), 3)


def _unspliced(
    codes: np.ndarray, busy: np.ndarray, signal: Signal, like: int, alt: str, splice: dict[str, Motif], rng: np.random.Generator
) -> int | None:
    """Where near a splice site the same substitution touches no splice signal and makes none; None where nowhere."""
    gene, sides = signal.gene, (*range(-FAR, -NEAR + 1), *range(NEAR, FAR + 1))
    free = [signal.place + d for d in sides if gene.start < signal.place + d < gene.end - 1 and not busy[signal.place + d]]
    return next((p for p in _alike(codes, free, like, rng) if not _spliced(codes, p, alt, gene.strand, splice)), None)


def _spliced(codes: np.ndarray, place: int, alt: str, strand: str, splice: dict[str, Motif]) -> bool:
    """Whether, with a substitution or without, a word around it counts as a splice site of the transcribed strand."""
    for motif in (splice["donor"], splice["acceptor"]):
        low = place - motif.width + 1
        before = codes[low : place + motif.width]
        after = before.copy()
        after[place - low] = encode(alt)[0]
        for own in (before, after):
            if motif.scan(own if strand == "+" else reverse_complement(own)).max() >= motif.threshold:
                return True
    return False


def _sorted(found: list[tuple[Variant, str]], codes: dict[str, np.ndarray]) -> list[tuple[Variant, str]]:
    order = {name: i for i, name in enumerate(codes)}
    return sorted(found, key=lambda row: (order[row[0].chromosome], row[0].start, row[0].alt))


def lines(found: list[tuple[Variant, str]]) -> list[str]:
    """Records of a VCF."""
    return [record(variant, ".", said) for variant, said in found]
