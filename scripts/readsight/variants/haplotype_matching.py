"""Match calls to a truth by the haplotypes that they spell, not by how they are written.

The same two haplotypes can be written as many different sets of VCF records. As
in vcfeval (Cleary et al. 2015, doi:10.1101/023754), two sets are matched by
looking for the largest subsets of truth and query which, applied to the
reference, give the same pair of haplotypes. Calls are first gathered in clusters
that cannot touch one another; a cluster in which both sides are equal call by
call is done; in any other, a dynamic program walks along the reference.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from readsight.variants.alleles import Edit

# Calls whose ranges of possible positions lie within this distance (bases) share a cluster.
GAP = 50
# Paths kept at each call of a cluster; with more, the worst are dropped, so that a match may be missed, never invented.
PATHS = 512
# In a cluster of more calls than this only exact matches count.
MONSTROUS = 400
TRUTH, QUERY = 0, 1
BOTH = 2


class Call(NamedTuple):
    """An edit that a sample carries.

    homozygous: on every copy. phase: (set, copy): heterozygous calls of one set
    keep to their copies, 0 or 1, against each other; None where that is not known.
    record: number of the record it comes from. linked: the set is one record, so that
    nothing but the record's own genotype says how many copies carry it.
    """

    edit: Edit
    homozygous: bool
    phase: tuple[Any, int] | None = None
    record: int = 0
    linked: bool = False


Hits = tuple[list[bool], list[bool]]


def match(reference: str, truth: Sequence[Call], query: Sequence[Call], free: bool = False) -> Hits:
    """Which calls of each side have their counterpart on the other.

    reference: sequence of the contig, upper case. truth, query: calls of one sample
    on that contig, in any order. free: match alleles, not genotypes: any call may
    stand on one copy or on both. Returns a flag for each truth and each query call;
    exchanging the two sides exchanges the flags.
    """
    hits: Hits = ([False] * len(truth), [False] * len(query))
    for members in clusters(truth, query):
        if not (members[TRUTH] and members[QUERY]):
            continue
        calls = ([truth[i] for i in members[TRUTH]], [query[i] for i in members[QUERY]])
        found = _match_cluster(reference, calls, free)
        for side in (TRUTH, QUERY):
            for i, hit in zip(members[side], found[side], strict=True):
                hits[side][i] = hit
    return hits


def clusters(truth: Sequence[Call], query: Sequence[Call]) -> Iterator[tuple[list[int], list[int]]]:
    """Places of the truth and query calls of each cluster, along the contig."""
    spans = [(c.edit.low, c.edit.high, TRUTH, i) for i, c in enumerate(truth)]
    spans += [(c.edit.low, c.edit.high, QUERY, i) for i, c in enumerate(query)]
    spans.sort()
    members: tuple[list[int], list[int]] = ([], [])
    reach = -GAP - 1
    for low, high, side, i in spans:
        if low > reach + GAP and (members[TRUTH] or members[QUERY]):
            yield members
            members = ([], [])
        members[side].append(i)
        reach = max(reach, high)
    if members[TRUTH] or members[QUERY]:
        yield members


def _match_cluster(reference: str, calls: tuple[list[Call], list[Call]], free: bool) -> Hits:
    exact = _exact(calls, free)
    size = len(calls[TRUTH]) + len(calls[QUERY])
    trusted = size > MONSTROUS or not _entangled(calls)
    if trusted and (size > MONSTROUS or _complete(exact)):
        return exact
    best = _search(reference, calls, free)
    if not _complete(best):
        # Records shifted to the left one by one, unaware of their neighbours, only agree when the other side is shifted too.
        shifted = tuple([c._replace(edit=_shifted(c.edit)) for c in side] for side in calls)
        best = max(best, _search(reference, shifted, free), key=_count)
    return max(best, exact, key=_count) if trusted else best


def _shifted(edit: Edit) -> Edit:
    start, end, alt = edit.key
    return edit._replace(start=start, end=end, alt=alt)


def _exact(calls: tuple[list[Call], list[Call]], free: bool) -> Hits:
    """Calls with the same normalised edit (and, unless free, the same zygosity) on the other side, one to one."""
    names = [[(c.edit.key, free or c.homozygous) for c in side] for side in calls]
    common = Counter(names[TRUTH]) & Counter(names[QUERY])
    flags: Hits = ([], [])
    for side in (TRUTH, QUERY):
        left = Counter(common)
        for name in names[side]:
            flags[side].append(left[name] > 0)
            left[name] -= 1
    return flags


def _entangled(calls: tuple[list[Call], list[Call]]) -> bool:
    """Whether both sides say which heterozygous calls share a copy, so that equal calls can still be other haplotypes."""
    return all(sum(c.phase is not None for c in side) > 1 for side in calls)


def _complete(hits: Hits) -> bool:
    return all(hits[TRUTH]) and all(hits[QUERY])


def _count(hits: Hits) -> int:
    return sum(hits[TRUTH]) + sum(hits[QUERY])


# One copy, on both sides: how far truth and query are spelled out (reference positions), and what one
# of them has spelled beyond the other: (truth's position, query's position, whose surplus, surplus).
Copy = tuple[int, int, int, str]


def _advance(copy: Copy, to: int, reference: str) -> Copy | None:
    """Spell the reference up to a position on both sides; None if the two differ."""
    at, by, owner, surplus = copy
    if not surplus and at == by:
        return copy if at >= to else (to, to, TRUTH, "")
    spelled = [reference[at:to], reference[by:to]]
    spelled[owner] = surplus + spelled[owner]
    return _settle(max(at, to), max(by, to), spelled[TRUTH], spelled[QUERY])


def _apply(copy: Copy, side: int, edit: Edit) -> Copy | None:
    """Spell an edit on one side; None if the two sides then differ, or if the edit overlaps one before it."""
    at, by, owner, surplus = copy
    if copy[side] > edit.start:
        return None
    spelled = ["", ""]
    spelled[owner] = surplus
    spelled[side] += edit.alt
    return _settle(edit.end if side == TRUTH else at, edit.end if side == QUERY else by, spelled[TRUTH], spelled[QUERY])


def _settle(at: int, by: int, truth: str, query: str) -> Copy | None:
    if len(truth) >= len(query):
        return (at, by, TRUTH, truth[len(query) :]) if truth.startswith(query) else None
    return (at, by, QUERY, query[len(truth) :]) if query.startswith(truth) else None


def _level(copy: Copy) -> bool:
    return copy[0] == copy[1] and not copy[3]


class _Path(NamedTuple):
    """Best way to a state. sure: calls matched up to the last place where both sides agreed; open: calls taken
    since; taken, kept: the calls as linked lists ((side, place), before), with and without the open ones."""

    sure: int
    open: int
    taken: Any
    kept: Any

    @property
    def score(self) -> int:
        return self.sure + self.open


def _search(reference: str, calls: tuple[list[Call], list[Call]], free: bool) -> Hits:
    """The largest subsets of truth and query calls that spell the same pair of haplotypes."""
    order = sorted(
        ((c.edit.start, c.edit.end, side, i, c) for side in (TRUTH, QUERY) for i, c in enumerate(calls[side])),
        key=lambda item: item[:4],
    )
    last = {(side, c.phase[0]): n for n, (_, _, side, _, c) in enumerate(order) if c.phase}
    start = (order[0][0], order[0][0], TRUTH, "")
    states: dict[tuple, _Path] = {(start, start, (), 0): _Path(0, 0, None, None)}
    for n, (position, _, side, i, call) in enumerate(order):
        reached: dict[tuple, _Path] = {}
        for key, path in _advanced(states, position, reference):
            for new, taken in _choices(key, side, call, free):
                if call.phase and last[side, call.phase[0]] == n:
                    new = (new[0], new[1], tuple(o for o in new[2] if o[0] != (side, call.phase[0])), new[3])
                _keep(reached, new, path._replace(open=path.open + 1, taken=((side, i), path.taken)) if taken else path)
        states = _best(reached)
    ended = [path for key, path in _advanced(states, max(item[1] for item in order), reference) if key[3] == 0]
    hits: Hits = ([False] * len(calls[TRUTH]), [False] * len(calls[QUERY]))
    node = max(ended, key=lambda path: path.sure).kept if ended else None
    while node:
        (side, i), node = node
        hits[side][i] = True
    return hits


def _advanced(states: dict[tuple, _Path], to: int, reference: str) -> Iterator[tuple[tuple, _Path]]:
    """States moved on to a position; where both sides agree on both copies, the calls taken so far are settled.

    Calls that only cancel each other within one side are given up there: they match nothing.
    """
    moved: dict[tuple, _Path] = {}
    for (first, second, sets, sides), path in states.items():
        one = _advance(first, to, reference)
        two = one if first == second else one and _advance(second, to, reference)
        if one is None or two is None:
            continue
        if sides and _level(one) and _level(two):
            path = _Path(path.score, 0, path.taken, path.taken) if sides == 3 else _Path(path.sure, 0, path.kept, path.kept)
            sides = 0
        if not sets and two < one:
            one, two = two, one
        _keep(moved, (one, two, sets, sides), path)
    return iter(moved.items())


def _choices(key: tuple, side: int, call: Call, free: bool) -> Iterator[tuple[tuple, bool]]:
    """States after a call is taken, on whichever copies it may stand, and after it is left."""
    first, second, sets, sides = key
    for copies, chosen in _placements(sets, side, call, free):
        one = first if copies == 1 else _apply(first, side, call.edit)
        two = second if copies == 0 else _apply(second, side, call.edit)
        if one is not None and two is not None:
            yield (one, two, chosen, sides | (side + 1)), True
    yield key, False


def _placements(sets: tuple, side: int, call: Call, free: bool) -> Iterator[tuple[int, tuple]]:
    """Copies (0, 1, BOTH) that a call may stand on, each with the orientations of phase sets that it implies.

    sets: ((side, set), orientation) of the sets met so far; orientation BOTH: every copy carries the set.
    """
    if call.homozygous or call.phase is None:
        open_to = (0, 1, BOTH) if free else (BOTH,) if call.homozygous else (0, 1)
        yield from ((copies, sets) for copies in open_to)
        return
    name, copy = (side, call.phase[0]), call.phase[1]
    known = dict(sets).get(name)
    orientations = (known,) if known is not None else (0, 1, BOTH) if free and call.linked else (0, 1)
    for orientation in orientations:
        chosen = sets if known is not None else tuple(sorted((*sets, (name, orientation)), key=repr))
        yield BOTH if orientation == BOTH else copy ^ orientation, chosen


def _keep(states: dict[tuple, _Path], key: tuple, path: _Path) -> None:
    other = states.get(key)
    if other is None or other.score < path.score:
        states[key] = path


def _best(states: dict[tuple, _Path]) -> dict[tuple, _Path]:
    if len(states) <= PATHS:
        return states
    # A state in which both sides agree can always be finished, so none of those is dropped.
    ranked = sorted(states.items(), key=lambda item: (not (_level(item[0][0]) and _level(item[0][1])), -item[1].score))
    return dict(ranked[:PATHS])
