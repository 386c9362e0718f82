"""Matching of calls with a truth set by haplotypes, independent of variant representation.

The same pair of haplotypes can be written as many different sets of VCF records. As
in vcfeval (Cleary et al. 2015, doi:10.1101/023754), two sets are matched by
searching the largest subsets of truth and query which, applied to the
reference, give the same pair of haplotypes. Calls are first grouped into clusters
that cannot interact. Clusters in which both sides are equal call by call need no
search; the remaining ones are solved by dynamic programming over the reference.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from readsight.variants.alleles import AlleleEdit

# Calls whose ranges of possible positions are within this distance (bases) belong to one cluster.
GAP = 50
# Paths kept at each call of a cluster. Beyond it the worst are dropped: a match may be missed, but is never invented.
MAX_PATHS = 512
# In a cluster with more calls, only exact matches count.
MAX_SEARCH_CALLS = 400
TRUTH, QUERY = 0, 1
BOTH = 2


class VariantCall(NamedTuple):
    """An edit that a sample carries.

    homozygous: on every copy. phase: (set, copy); the copies, 0 or 1, of heterozygous calls of
    one phase set are relative to each other; None if unphased.
    record: number of the source record. linked: the phase set is a single record, so
    only the genotype of that record defines how many copies carry the edit.
    """

    edit: AlleleEdit
    homozygous: bool
    phase: tuple[Any, int] | None = None
    record: int = 0
    linked: bool = False


Hits = tuple[list[bool], list[bool]]


def match_calls(
    reference: str, truth: Sequence[VariantCall], query: Sequence[VariantCall], ignore_genotypes: bool = False
) -> Hits:
    """Find the truth and query calls that have a counterpart in the opposite set.

    Parameters
    ----------
    reference : sequence of the contig, upper case.
    truth, query : calls of one sample on that contig, in any order.
    ignore_genotypes : match alleles, not genotypes: any call may be on one copy or on both.

    Returns
    -------
    One flag per truth call, and one per query call; exchanging truth and query exchanges the flags.
    """
    hits: Hits = ([False] * len(truth), [False] * len(query))
    for members in find_clusters(truth, query):
        if not (members[TRUTH] and members[QUERY]):
            continue
        calls = ([truth[i] for i in members[TRUTH]], [query[i] for i in members[QUERY]])
        cluster_hits = _match_cluster(reference, calls, ignore_genotypes)
        for side in (TRUTH, QUERY):
            for i, hit in zip(members[side], cluster_hits[side], strict=True):
                hits[side][i] = hit
    return hits


def find_clusters(truth: Sequence[VariantCall], query: Sequence[VariantCall]) -> Iterator[tuple[list[int], list[int]]]:
    """Indices of the truth and query calls of each cluster, in order of position."""
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


def _match_cluster(reference: str, calls: tuple[list[VariantCall], list[VariantCall]], ignore_genotypes: bool) -> Hits:
    exact = _match_exactly(calls, ignore_genotypes)
    size = len(calls[TRUTH]) + len(calls[QUERY])
    trusted = size > MAX_SEARCH_CALLS or not _are_both_phased(calls)
    if trusted and (size > MAX_SEARCH_CALLS or _is_complete(exact)):
        return exact
    best = _search_subsets(reference, calls, ignore_genotypes)
    if not _is_complete(best):
        # Records that were left-shifted one by one, ignoring neighbours, only agree if the opposite side is shifted, too.
        shifted = tuple([c._replace(edit=_shift_left(c.edit)) for c in side] for side in calls)
        best = max(best, _search_subsets(reference, shifted, ignore_genotypes), key=_count_hits)
    return max(best, exact, key=_count_hits) if trusted else best


def _shift_left(edit: AlleleEdit) -> AlleleEdit:
    start, end, alt = edit.key
    return edit._replace(start=start, end=end, alt=alt)


def _match_exactly(calls: tuple[list[VariantCall], list[VariantCall]], ignore_genotypes: bool) -> Hits:
    """Match calls one to one by normalised edit and, unless `ignore_genotypes`, by zygosity."""
    keys = [[(c.edit.key, ignore_genotypes or c.homozygous) for c in side] for side in calls]
    common = Counter(keys[TRUTH]) & Counter(keys[QUERY])
    flags: Hits = ([], [])
    for side in (TRUTH, QUERY):
        remaining = Counter(common)
        for key in keys[side]:
            flags[side].append(remaining[key] > 0)
            remaining[key] -= 1
    return flags


def _are_both_phased(calls: tuple[list[VariantCall], list[VariantCall]]) -> bool:
    """Whether both sides phase heterozygous calls, so that equal calls can still be different haplotypes."""
    return all(sum(c.phase is not None for c in side) > 1 for side in calls)


def _is_complete(hits: Hits) -> bool:
    return all(hits[TRUTH]) and all(hits[QUERY])


def _count_hits(hits: Hits) -> int:
    return sum(hits[TRUTH]) + sum(hits[QUERY])


# State of one copy: how far truth and query are spelled (reference positions), and the sequence by which one
# side is ahead: (position of truth, position of query, side with the surplus, surplus).
Copy = tuple[int, int, int, str]


def _advance_copy(copy: Copy, to: int, reference: str) -> Copy | None:
    """Spell the reference up to a position on both sides; None if the sides differ."""
    truth_position, query_position, owner, surplus = copy
    if not surplus and truth_position == query_position:
        return copy if truth_position >= to else (to, to, TRUTH, "")
    spelled = [reference[truth_position:to], reference[query_position:to]]
    spelled[owner] = surplus + spelled[owner]
    return _settle_copy(max(truth_position, to), max(query_position, to), spelled[TRUTH], spelled[QUERY])


def _apply_edit(copy: Copy, side: int, edit: AlleleEdit) -> Copy | None:
    """Spell an edit on one side; None if the sides then differ, or if the edit overlaps a previous one."""
    truth_position, query_position, owner, surplus = copy
    if copy[side] > edit.start:
        return None
    spelled = ["", ""]
    spelled[owner] = surplus
    spelled[side] += edit.alt
    return _settle_copy(
        edit.end if side == TRUTH else truth_position,
        edit.end if side == QUERY else query_position,
        spelled[TRUTH],
        spelled[QUERY],
    )


def _settle_copy(truth_position: int, query_position: int, truth: str, query: str) -> Copy | None:
    if len(truth) >= len(query):
        return (truth_position, query_position, TRUTH, truth[len(query) :]) if truth.startswith(query) else None
    return (truth_position, query_position, QUERY, query[len(truth) :]) if query.startswith(truth) else None


def _is_level(copy: Copy) -> bool:
    return copy[0] == copy[1] and not copy[3]


class _Path(NamedTuple):
    """Best path to a state. settled: calls matched up to the last position where both sides agreed; open: calls taken
    since; taken, settled_calls: calls as linked lists ((side, index), previous), with and without the open ones."""

    settled: int
    open: int
    taken: Any
    settled_calls: Any

    @property
    def score(self) -> int:
        return self.settled + self.open


def _search_subsets(reference: str, calls: tuple[list[VariantCall], list[VariantCall]], ignore_genotypes: bool) -> Hits:
    """Find the largest subsets of truth and query calls that spell the same pair of haplotypes."""
    order = sorted(
        ((c.edit.start, c.edit.end, side, i, c) for side in (TRUTH, QUERY) for i, c in enumerate(calls[side])),
        key=lambda item: item[:4],
    )
    last = {(side, c.phase[0]): n for n, (_, _, side, _, c) in enumerate(order) if c.phase}
    start = (order[0][0], order[0][0], TRUTH, "")
    states: dict[tuple, _Path] = {(start, start, (), 0): _Path(0, 0, None, None)}
    for n, (position, _, side, i, call) in enumerate(order):
        reached: dict[tuple, _Path] = {}
        for key, path in _advance_states(states, position, reference):
            for new_key, taken in _branch_states(key, side, call, ignore_genotypes):
                if call.phase and last[side, call.phase[0]] == n:
                    new_key = (new_key[0], new_key[1], tuple(o for o in new_key[2] if o[0] != (side, call.phase[0])), new_key[3])
                _keep_best(reached, new_key, path._replace(open=path.open + 1, taken=((side, i), path.taken)) if taken else path)
        states = _prune_states(reached)
    finished = [path for key, path in _advance_states(states, max(item[1] for item in order), reference) if key[3] == 0]
    hits: Hits = ([False] * len(calls[TRUTH]), [False] * len(calls[QUERY]))
    node = max(finished, key=lambda path: path.settled).settled_calls if finished else None
    while node:
        (side, i), node = node
        hits[side][i] = True
    return hits


def _advance_states(states: dict[tuple, _Path], to: int, reference: str) -> Iterator[tuple[tuple, _Path]]:
    """Advance states to a position; if both sides agree on both copies, the calls taken so far are settled.

    Calls that only cancel each other within one side are dropped: they match nothing.
    """
    moved: dict[tuple, _Path] = {}
    for (first, second, sets, sides), path in states.items():
        new_first = _advance_copy(first, to, reference)
        new_second = new_first if first == second else new_first and _advance_copy(second, to, reference)
        if new_first is None or new_second is None:
            continue
        if sides and _is_level(new_first) and _is_level(new_second):
            path = (
                _Path(path.score, 0, path.taken, path.taken)
                if sides == 3
                else _Path(path.settled, 0, path.settled_calls, path.settled_calls)
            )
            sides = 0
        if not sets and new_second < new_first:
            new_first, new_second = new_second, new_first
        _keep_best(moved, (new_first, new_second, sets, sides), path)
    return iter(moved.items())


def _branch_states(key: tuple, side: int, call: VariantCall, ignore_genotypes: bool) -> Iterator[tuple[tuple, bool]]:
    """States after a call is taken on each of its possible copies, and after it is skipped."""
    first, second, sets, sides = key
    for copies, new_sets in _place_call(sets, side, call, ignore_genotypes):
        new_first = first if copies == 1 else _apply_edit(first, side, call.edit)
        new_second = second if copies == 0 else _apply_edit(second, side, call.edit)
        if new_first is not None and new_second is not None:
            yield (new_first, new_second, new_sets, sides | (side + 1)), True
    yield key, False


def _place_call(sets: tuple, side: int, call: VariantCall, ignore_genotypes: bool) -> Iterator[tuple[int, tuple]]:
    """Copies (0, 1, BOTH) that a call may be on, each with the implied orientations of phase sets.

    sets: ((side, set), orientation) of the phase sets so far; orientation BOTH: every copy carries the set.
    """
    if call.homozygous or call.phase is None:
        allowed_copies = (0, 1, BOTH) if ignore_genotypes else (BOTH,) if call.homozygous else (0, 1)
        yield from ((copies, sets) for copies in allowed_copies)
        return
    name, copy = (side, call.phase[0]), call.phase[1]
    known = dict(sets).get(name)
    orientations = (known,) if known is not None else (0, 1, BOTH) if ignore_genotypes and call.linked else (0, 1)
    for orientation in orientations:
        new_sets = sets if known is not None else tuple(sorted((*sets, (name, orientation)), key=repr))
        yield BOTH if orientation == BOTH else copy ^ orientation, new_sets


def _keep_best(states: dict[tuple, _Path], key: tuple, path: _Path) -> None:
    existing = states.get(key)
    if existing is None or existing.score < path.score:
        states[key] = path


def _prune_states(states: dict[tuple, _Path]) -> dict[tuple, _Path]:
    if len(states) <= MAX_PATHS:
        return states
    # A state in which both sides agree can always be completed, so these rank first.
    ranked = sorted(states.items(), key=lambda item: (not (_is_level(item[0][0]) and _is_level(item[0][1])), -item[1].score))
    return dict(ranked[:MAX_PATHS])
