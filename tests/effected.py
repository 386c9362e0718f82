"""Small models and small genomes that effects of variants are tried on: models of every kind, variants of every shape."""

from pathlib import Path
from typing import Any

import numpy as np

import networks
import sequenced
from readsight.effects import scoring, variants
from readsight.effects.models import Asked, Models
from readsight.genome.codes import decode, encode, reverse_complement
from readsight.genome.store import Genome
from readsight.nets import NETS
from readsight.outcome import Outcome

CLASSES = {
    "binary": ("no", "yes"),
    "multiclass": ("a", "b", "c"),
    "multilabel": ("x", "y"),
    "regression": ("value",),
    "positions": ("neither", "acceptor", "donor"),
    "profile": ("signal",),
}
HEAD = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
SPEC = {"shifts": [-3, 0, 3], "distance": 12}


def models(word: str, kind: str = "binary", length: int = 48, folds: int = 1, seed: int = 0, **own: Any) -> Models:
    """Models with weights that were drawn. own: of their about."""
    about = networks.about(word, kind, length, **({"average_strands": True, "ensemble": 1, "device": "cpu"} | own))
    asked = []
    for number in range(folds * about["ensemble"]):
        net = networks.built(about, word, seed + number)
        for tensor in net.parameters():
            tensor.data *= 1.5
        arrays = {f"{number % about['ensemble']}.{name}": t.numpy() for name, t in net.state_dict().items()}
        if number % about["ensemble"]:
            asked[-1].arrays |= arrays
        else:
            asked.append(Asked(NETS[word], arrays, about, kind))
    return Models(
        word, Outcome(kind, CLASSES[kind]), asked, length, about["pair"],
        about["average_strands"] and not about["stranded"], about["stranded"], "hash",
    )  # fmt: skip


def genome(size: int = 700, seed: int = 1, repeats: bool = True) -> Genome:
    """Two contigs, in which single bases and words of two and three are repeated here and there."""
    codes = sequenced.random(2, size, seed)
    if repeats:
        for start, word in ((200, "A"), (300, "CA"), (420, "TTG"), (520, "G")):
            codes[0, start : start + 15] = encode((word * 15)[:15])
    return Genome.of({"chr1": decode(codes[0]), "chr2": decode(codes[1])})


def text(held: Genome, name: str = "chr1") -> str:
    return decode(held.contig(name))


def write(path: Path, rows: list[tuple[str, int, str, str]], head: str = HEAD) -> Path:
    """A VCF. rows: contig, position (0-based), REF, ALT, and what follows behind FILTER."""
    lines = ["\t".join([c, str(p + 1), ".", r, a, ".", "PASS", *(more or ["."])]) for c, p, r, a, *more in rows]
    path.write_text(head + "".join(line + "\n" for line in lines))
    return path


def read(path: Path, held: Genome, length: int = 48, shift: int = 3, **own: Any) -> variants.Variants:
    return variants.read(path, held, own.pop("wanted", {}), length, shift, **own)


def shapes(held: Genome, seed: int = 3, count: int = 24) -> list[tuple[str, int, str, str]]:
    """Substitutions of one base and of several, insertions, deletions, and both at once, in repeats and outside."""
    draw, whole = np.random.default_rng(seed), text(held)
    found = []
    places = [*draw.integers(100, len(whole) - 100, count).tolist(), 203, 304, 424, 523, 210, 310]
    for i, at in enumerate(places):
        old, new = [(1, 1), (3, 3), (1, 4), (4, 1), (3, 5), (1, 2), (2, 1), (5, 2)][i % 8]
        ref = whole[at : at + old]
        drawn = "".join(draw.choice(list("ACGT"), new))
        alt = ref[0] + whole[at + 1 : at + 1 + new - 1] if old == 1 and new > 1 and i % 2 else drawn
        if alt != ref:
            found.append(("chr1", at, ref, alt))
    return found


def effects(held: Models, found: variants.Variants, **own: Any) -> scoring.Effects:
    return scoring.score(held, found, SPEC | own)


def turned(held: Genome) -> Genome:
    """The other strand of every contig."""
    return Genome.of({name: decode(reverse_complement(held.contig(name))) for name in held.names})


def turned_rows(held: Genome, rows: list[tuple[str, int, str, str]]) -> list[tuple[str, int, str, str]]:
    """The variants on the other strand's genome."""

    def other(word: str) -> str:
        return decode(reverse_complement(encode(word)))

    return [(c, held.lengths[c] - p - len(r), other(r), other(a)) for c, p, r, a in rows]
