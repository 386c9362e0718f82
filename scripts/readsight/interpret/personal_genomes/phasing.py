"""Which copy of a chromosome carries what: a sample's calls divided among its copies, in every way that they may be."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations, product

import numpy as np

from readsight.interpret.personal_genomes.genotypes import Call
from readsight.interpret.personal_genomes.haplotype_sequence import Change

MOST = 16  # ways to divide them that are all looked at
ARRANGED = 4  # copies that are arranged in every way; of more, ways are drawn
PHASED, ONE, AVERAGED, DRAWN = "phased", "one", "averaged", "drawn"

Alternatives = tuple[Change | None, ...]
Copies = tuple[tuple[Change, ...], ...]


@dataclass(frozen=True)
class Phasing:
    """How a sample's calls may be divided.

    word: `phased`, nothing is left open; `one`, a lone heterozygous call that is not phased, where the order of the copies does not
    matter; `averaged`, all ways to divide the calls; `drawn`, some of them. ways: of each copy its changes.
    """

    word: str
    ways: tuple[Copies, ...]


def divided(calls: Sequence[tuple[Alternatives, Call]], rng: np.random.Generator) -> Phasing:
    """The ways in which calls of one window may be divided among the copies. calls: (changes of a record, what the sample carries).

    There are as many copies as the call with most alleles has, 2 where there is none; of a call with fewer the others are reference.
    What is phased in one set keeps together; sets, and calls without one, are free against each other: one of them stays as the
    file has it, for the copies have no names of their own.
    """
    copies = max((len(call.alleles) for _, call in calls), default=2)
    shared: list[Change] = []
    blocks: dict[object, list[tuple[Change | None, ...]]] = {}
    for number, (changes, call) in enumerate(calls):
        carried = (*call.alleles, *[0] * (copies - len(call.alleles)))
        own = tuple(changes[allele - 1] if allele else None for allele in carried)
        if len(set(carried)) == 1:
            shared += [own[0]] if own[0] else []
        elif any(own):
            blocks.setdefault(number if call.phase is None else call.phase, []).append(own)
    if not blocks:
        return Phasing(PHASED, (tuple(tuple(shared) for _ in range(copies)),))
    columns = [list(zip(*rows, strict=True)) for rows in blocks.values()]
    word, ways = _ways(columns, rng)
    if len(blocks) == 1:
        word = ONE if isinstance(next(iter(blocks)), int) else PHASED
    return Phasing(word, tuple(tuple(_copy(shared, way, copy) for copy in range(copies)) for way in ways))


def _ways(columns: list[list[tuple]], rng: np.random.Generator) -> tuple[str, list[tuple]]:
    """Arrangements of the copies' columns of each block, the first block as it stands; all of them, or MOST drawn ones."""
    first, others = columns[0], columns[1:]
    if not others or len(first) <= ARRANGED:
        options = [list(dict.fromkeys(permutations(block))) for block in others]
        if np.prod([len(own) for own in options], dtype=float) <= MOST:
            return AVERAGED, list(product([tuple(first)], *options))
    return DRAWN, [(tuple(first), *(_shuffled(block, rng) for block in others)) for _ in range(MOST)]


def _shuffled(block: list[tuple], rng: np.random.Generator) -> tuple:
    return tuple(block[i] for i in rng.permutation(len(block)))


def _copy(shared: list[Change], way: tuple, copy: int) -> tuple[Change, ...]:
    """Changes of one copy."""
    return (*shared, *(change for block in way for change in block[copy] if change is not None))
