"""Calls match when they spell the same haplotypes, however they are written."""

import random
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from readsight.variants.alleles import SNV, edits
from readsight.variants.haplotype_matching import Call, match

#            0         1         2         3         4
REFERENCE = "GATTACAGGCATATATATATCCGTAGCTTAGCGGATTTACCAGGAC"


def calls(position, ref, alt, homozygous=False, phase=None):
    found = edits(REFERENCE, position, ref, alt)
    assert found and REFERENCE[position:].startswith(ref)
    linked = phase is None and len(found) > 1
    return [Call(e, homozygous, ((position, ref, alt), 0) if linked else phase, position, linked) for e in found]


def perfect(truth, query, free=False, reference=REFERENCE):
    hits = match(reference, truth, query, free)
    swapped = match(reference, query, truth, free)
    assert sum(map(sum, hits)) == sum(map(sum, swapped))
    return all(hits[0]) and all(hits[1])


def test_a_deletion_in_a_repeat_may_stand_anywhere_in_it():
    assert perfect(calls(9, "CAT", "C"), calls(17, "TAT", "T"))
    assert not perfect(calls(9, "CAT", "C"), calls(9, "CATAT", "C"))


def test_an_insertion_in_a_repeat_may_stand_anywhere_in_it():
    assert perfect(calls(9, "C", "CAT"), calls(19, "T", "TAT"))


def test_a_long_substitution_is_its_single_ones():
    assert perfect(calls(20, "CC", "TT"), calls(20, "C", "T") + calls(21, "C", "T"))


def test_copies_of_a_long_substitution_go_together():
    together = calls(20, "CCG", "TCA")
    cis = calls(20, "C", "T", phase=("s", 0)) + calls(22, "G", "A", phase=("s", 0))
    trans = calls(20, "C", "T", phase=("s", 0)) + calls(22, "G", "A", phase=("s", 1))
    unphased = calls(20, "C", "T") + calls(22, "G", "A")
    assert perfect(cis, together) and perfect(cis, unphased) and perfect(trans, unphased)
    assert not perfect(trans, together)


def test_complex_allele_is_its_parts():
    assert perfect(calls(22, "GTAG", "GCCAG"), calls(22, "G", "GC") + calls(23, "T", "C"))
    assert perfect(calls(21, "CG", "A"), calls(20, "CC", "C") + calls(22, "G", "A"))


def test_genotype_counts_unless_free():
    assert not perfect(calls(20, "C", "T", homozygous=True), calls(20, "C", "T"))
    assert perfect(calls(20, "C", "T", homozygous=True), calls(20, "C", "T"), free=True)


def test_two_alleles_of_one_place():
    truth = calls(9, "C", "CAT") + calls(9, "CAT", "C")
    assert perfect(truth, calls(19, "T", "TAT") + calls(15, "TAT", "T"))
    assert not perfect(truth, calls(9, "C", "CAT", homozygous=True))


def test_calls_that_only_cancel_each_other_match_nothing():
    truth = calls(30, "G", "C")
    insertion, deletion = calls(11, "T", "TAT"), calls(15, "TAT", "T")
    assert match(REFERENCE, truth, insertion + deletion + truth) == ([True], [False, False, True])


def test_nothing_matches_nothing():
    assert match(REFERENCE, [], calls(20, "C", "T")) == ([], [False])
    assert match(REFERENCE, calls(20, "C", "T"), []) == ([False], [])


def test_symbolic_and_spanning_alleles_are_no_edits():
    assert [edits(REFERENCE, 20, "C", alt) for alt in ("*", "<DEL>", ".", "C[CHR2:5[", "C")] == [[]] * 5


def test_indels_are_shifted_left_as_far_as_the_reference_allows():
    (edit,) = edits(REFERENCE, 17, "TAT", "T")
    assert edit.key == (10, 12, "") and (edit.low, edit.high) == (10, 20)
    assert [e.kind for e in edits(REFERENCE, 20, "CCG", "TCA")] == [SNV, SNV]


def alignment(reference: str, haplotype: str, draw: random.Random) -> list[tuple[int, str, str]]:
    """Records that turn the reference into a haplotype: one of its best alignments, drawn at random, cut or joined at random."""
    n, m = len(reference), len(haplotype)
    cost = [[i + j if not (i and j) else 0 for j in range(m + 1)] for i in range(n + 1)]
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            change = reference[i - 1] != haplotype[j - 1]
            cost[i][j] = min(cost[i - 1][j - 1] + change, cost[i - 1][j] + 1, cost[i][j - 1] + 1)
    i, j, moves = n, m, []
    while i or j:
        ways = []
        if i and j and cost[i][j] == cost[i - 1][j - 1] + (reference[i - 1] != haplotype[j - 1]):
            ways.append((1, 1))
        if i and cost[i][j] == cost[i - 1][j] + 1:
            ways.append((1, 0))
        if j and cost[i][j] == cost[i][j - 1] + 1:
            ways.append((0, 1))
        di, dj = draw.choice(ways)
        i, j = i - di, j - dj
        moves.append((i, di, haplotype[j : j + dj]))
    records: list[tuple[int, str, str]] = []
    joined = False
    for place, length, alt in reversed(moves):
        ref = reference[place : place + length]
        if ref == alt:
            joined = False
            continue
        if joined and (draw.random() < 0.5 or len(records[-1][1]) != len(records[-1][2]) or len(ref) != len(alt)):
            before = records.pop()
            records.append((before[0], before[1] + ref, before[2] + alt))
        else:
            records.append((place, ref, alt))
        joined = True
    return [r for r in records if r[1] != r[2]]


def donor(reference, haplotypes, draw):
    """Phased calls of two haplotypes, each written in its own way."""
    found = []
    for copy, haplotype in enumerate(haplotypes):
        for n, (position, ref, alt) in enumerate(alignment(reference, haplotype, draw)):
            found += [Call(e, False, ("p", copy), n) for e in edits(reference, position, ref, alt)]
    return found


def mutated(reference: str, draw: random.Random) -> str:
    bases = list(reference)
    for _ in range(draw.randrange(4)):
        place = draw.randrange(12, len(bases) - 12)
        kind = draw.randrange(3)
        if kind == 0:
            bases[place] = draw.choice("ACGT")
        elif kind == 1:
            bases[place] += "".join(draw.choices("AT", k=draw.randrange(1, 5)))
        else:
            bases[place : place + draw.randrange(1, 4)] = [""]
    return "".join(bases)


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 10**9), st.sampled_from(["ACGT", "AT", "AAAT"]))
def test_the_same_haplotypes_written_anew_match_whole(seed, letters):
    draw = random.Random(seed)
    reference = "".join(draw.choices(letters, k=70))
    haplotypes = [mutated(reference, draw) for _ in range(2)]
    truth, query = donor(reference, haplotypes, draw), donor(reference, haplotypes, draw)
    shuffled = [query[i] for i in draw.sample(range(len(query)), len(query))]
    unphased = [call._replace(phase=((call.phase[1], call.record), 0), linked=True) for call in shuffled]
    for written in (shuffled, unphased):
        hits = match(reference, truth, written)
        assert all(hits[0]) and all(hits[1])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9))
def test_exchanging_the_sides_exchanges_the_errors(seed):
    draw = random.Random(seed)
    reference = "".join(draw.choices("ACGT", k=90))
    places = draw.sample(range(5, 85), 5)
    both = [Call(edits(reference, p, reference[p], "ACGT"["CGTA".index(reference[p])])[0], draw.random() < 0.5) for p in places]
    truth, query = both[:4], both[1:]
    there, back = match(reference, truth, query), match(reference, query, truth)
    assert (there[1], there[0]) == back
    assert there[0] == [False, True, True, True] and there[1] == [True, True, True, False]


def spelled(reference: str, placed: list[tuple[Call, int]]) -> set[str]:
    """The pair of haplotypes that calls spell on given copies; empty if two overlap."""
    found = []
    for copy in (0, 1):
        at, parts = 0, []
        for edit in sorted((c.edit for c, on in placed if on in (copy, 2)), key=lambda e: (e.start, e.end)):
            if edit.start < at:
                return set()
            parts += [reference[at : edit.start], edit.alt]
            at = edit.end
        found.append("".join(parts) + reference[at:])
    return {"|".join(sorted(found))}


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 10**9), st.booleans())
def test_what_matches_spells_the_same_haplotypes(seed, free):
    draw = random.Random(seed)
    reference = "".join(draw.choices("AAT", k=60))
    truth, query = (donor(reference, [mutated(reference, draw) for _ in range(2)], draw)[:6] for _ in range(2))
    hits = match(reference, truth, query, free)
    ways = []
    for side, calls_of_side in enumerate((truth, query)):
        taken = [c for c, hit in zip(calls_of_side, hits[side], strict=True) if hit]
        for written in (taken, [c._replace(edit=_left(c.edit)) for c in taken]):
            options = product((0, 1, 2) if free else (0, 1), repeat=len(written))
            ways.append({w for copies in options for w in spelled(reference, list(zip(written, copies, strict=True)))})
    assert ways[0] & ways[2] or ways[1] & ways[3] or _alike(truth, query, hits)


def _left(edit):
    return edit._replace(start=edit.key[0], end=edit.key[1], alt=edit.key[2])


def _alike(truth, query, hits):
    """Whether what matched is the same normalised calls, which need not fit on two haplotypes."""
    keys = [sorted(c.edit.key for c, hit in zip(s, h, strict=True) if hit) for s, h in zip((truth, query), hits, strict=True)]
    return keys[0] == keys[1]
