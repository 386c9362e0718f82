"""Assignment of a sample's calls to the copies of a chromosome, in all possible ways."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations, product

import numpy as np

from readsight.interpret.personal_genomes.genotypes import GenotypeCall
from readsight.interpret.personal_genomes.haplotype_sequence import SequenceChange

MAX_WAYS = 16  # largest number of assignments that are enumerated
MAX_PERMUTED_COPIES = 4  # largest ploidy with enumerated assignments; beyond it they are sampled
PHASED, ONE, AVERAGED, DRAWN = "phased", "one", "averaged", "drawn"

Alternatives = tuple[SequenceChange | None, ...]
Copies = tuple[tuple[SequenceChange, ...], ...]


@dataclass(frozen=True)
class Phasing:
    """Possible assignments of a sample's calls.

    Attributes
    ----------
    status : `phased`, unambiguous; `one`, a single unphased heterozygous call, for which the order of copies is irrelevant;
        `averaged`, all assignments; `drawn`, a sample of them.
    ways : changes of each copy, for each assignment.
    """

    status: str
    ways: tuple[Copies, ...]


def enumerate_phasings(calls: Sequence[tuple[Alternatives, GenotypeCall]], rng: np.random.Generator) -> Phasing:
    """Assignments of the calls of one window to copies. calls: (changes of a record, call).

    The number of copies is the largest ploidy of the calls, 2 without calls; missing copies are reference. Calls of one phase
    set stay together. Sets, and calls without one, are combined freely; the first keeps its order because copies have no
    identity.
    """
    copies = max((len(call.alleles) for _, call in calls), default=2)
    shared: list[SequenceChange] = []
    blocks: dict[object, list[tuple[SequenceChange | None, ...]]] = {}
    for number, (changes, call) in enumerate(calls):
        copy_alleles = (*call.alleles, *[0] * (copies - len(call.alleles)))
        copy_changes = tuple(changes[allele - 1] if allele else None for allele in copy_alleles)
        if len(set(copy_alleles)) == 1:
            shared += [copy_changes[0]] if copy_changes[0] else []
        elif any(copy_changes):
            blocks.setdefault(number if call.phase is None else call.phase, []).append(copy_changes)
    if not blocks:
        return Phasing(PHASED, (tuple(tuple(shared) for _ in range(copies)),))
    columns = [list(zip(*rows, strict=True)) for rows in blocks.values()]
    status, ways = _arrange_blocks(columns, rng)
    if len(blocks) == 1:
        status = ONE if isinstance(next(iter(blocks)), int) else PHASED
    return Phasing(status, tuple(tuple(_collect_changes(shared, way, copy) for copy in range(copies)) for way in ways))


def _arrange_blocks(columns: list[list[tuple]], rng: np.random.Generator) -> tuple[str, list[tuple]]:
    """Arrangements of the copies of each block, the first block fixed: all of them, or MAX_WAYS random ones."""
    first, remaining = columns[0], columns[1:]
    if not remaining or len(first) <= MAX_PERMUTED_COPIES:
        options = [list(dict.fromkeys(permutations(block))) for block in remaining]
        if np.prod([len(arrangements) for arrangements in options], dtype=float) <= MAX_WAYS:
            return AVERAGED, list(product([tuple(first)], *options))
    return DRAWN, [(tuple(first), *(_shuffle_block(block, rng) for block in remaining)) for _ in range(MAX_WAYS)]


def _shuffle_block(block: list[tuple], rng: np.random.Generator) -> tuple:
    return tuple(block[i] for i in rng.permutation(len(block)))


def _collect_changes(shared: list[SequenceChange], way: tuple, copy: int) -> tuple[SequenceChange, ...]:
    """Changes of one copy."""
    return (*shared, *(change for block in way for change in block[copy] if change is not None))
