"""Calls match if they spell the same haplotypes, independent of their representation."""

import random
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from readsight.variants.alleles import SNV, find_edits
from readsight.variants.haplotype_matching import VariantCall, match_calls

#            0         1         2         3         4
REFERENCE = "GATTACAGGCATATATATATCCGTAGCTTAGCGGATTTACCAGGAC"


def make_calls(position, ref, alt, homozygous=False, phase=None):
    edits = find_edits(REFERENCE, position, ref, alt)
    assert edits and REFERENCE[position:].startswith(ref)
    linked = phase is None and len(edits) > 1
    return [VariantCall(e, homozygous, ((position, ref, alt), 0) if linked else phase, position, linked) for e in edits]


def is_perfect_match(truth, query, ignore_genotypes=False, reference=REFERENCE):
    hits = match_calls(reference, truth, query, ignore_genotypes)
    swapped = match_calls(reference, query, truth, ignore_genotypes)
    assert sum(map(sum, hits)) == sum(map(sum, swapped))
    return all(hits[0]) and all(hits[1])


def test_deletion_in_a_repeat_matches_at_any_position():
    assert is_perfect_match(make_calls(9, "CAT", "C"), make_calls(17, "TAT", "T"))
    assert not is_perfect_match(make_calls(9, "CAT", "C"), make_calls(9, "CATAT", "C"))


def test_insertion_in_a_repeat_matches_at_any_position():
    assert is_perfect_match(make_calls(9, "C", "CAT"), make_calls(19, "T", "TAT"))


def test_long_substitution_equals_its_single_substitutions():
    assert is_perfect_match(make_calls(20, "CC", "TT"), make_calls(20, "C", "T") + make_calls(21, "C", "T"))


def test_long_substitution_stays_on_one_haplotype():
    together = make_calls(20, "CCG", "TCA")
    cis = make_calls(20, "C", "T", phase=("s", 0)) + make_calls(22, "G", "A", phase=("s", 0))
    trans = make_calls(20, "C", "T", phase=("s", 0)) + make_calls(22, "G", "A", phase=("s", 1))
    unphased = make_calls(20, "C", "T") + make_calls(22, "G", "A")
    assert is_perfect_match(cis, together) and is_perfect_match(cis, unphased) and is_perfect_match(trans, unphased)
    assert not is_perfect_match(trans, together)


def test_complex_allele_is_its_parts():
    assert is_perfect_match(make_calls(22, "GTAG", "GCCAG"), make_calls(22, "G", "GC") + make_calls(23, "T", "C"))
    assert is_perfect_match(make_calls(21, "CG", "A"), make_calls(20, "CC", "C") + make_calls(22, "G", "A"))


def test_genotypes_matter_unless_ignored():
    assert not is_perfect_match(make_calls(20, "C", "T", homozygous=True), make_calls(20, "C", "T"))
    assert is_perfect_match(make_calls(20, "C", "T", homozygous=True), make_calls(20, "C", "T"), ignore_genotypes=True)


def test_two_alleles_of_one_site():
    truth = make_calls(9, "C", "CAT") + make_calls(9, "CAT", "C")
    assert is_perfect_match(truth, make_calls(19, "T", "TAT") + make_calls(15, "TAT", "T"))
    assert not is_perfect_match(truth, make_calls(9, "C", "CAT", homozygous=True))


def test_calls_that_cancel_out_match_nothing():
    truth = make_calls(30, "G", "C")
    insertion, deletion = make_calls(11, "T", "TAT"), make_calls(15, "TAT", "T")
    assert match_calls(REFERENCE, truth, insertion + deletion + truth) == ([True], [False, False, True])


def test_nothing_matches_nothing():
    assert match_calls(REFERENCE, [], make_calls(20, "C", "T")) == ([], [False])
    assert match_calls(REFERENCE, make_calls(20, "C", "T"), []) == ([False], [])


def test_symbolic_and_spanning_alleles_are_no_edits():
    assert [find_edits(REFERENCE, 20, "C", alt) for alt in ("*", "<DEL>", ".", "C[CHR2:5[", "C")] == [[]] * 5


def test_indels_are_shifted_left_as_far_as_the_reference_allows():
    (edit,) = find_edits(REFERENCE, 17, "TAT", "T")
    assert edit.key == (10, 12, "") and (edit.low, edit.high) == (10, 20)
    assert [e.kind for e in find_edits(REFERENCE, 20, "CCG", "TCA")] == [SNV, SNV]


def align_randomly(reference: str, haplotype: str, rng: random.Random) -> list[tuple[int, str, str]]:
    """Records that turn the reference into a haplotype: a random optimal alignment, with records split or joined at random."""
    n, m = len(reference), len(haplotype)
    cost = [[i + j if not (i and j) else 0 for j in range(m + 1)] for i in range(n + 1)]
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            change = reference[i - 1] != haplotype[j - 1]
            cost[i][j] = min(cost[i - 1][j - 1] + change, cost[i - 1][j] + 1, cost[i][j - 1] + 1)
    i, j, moves = n, m, []
    while i or j:
        moves_allowed = []
        if i and j and cost[i][j] == cost[i - 1][j - 1] + (reference[i - 1] != haplotype[j - 1]):
            moves_allowed.append((1, 1))
        if i and cost[i][j] == cost[i - 1][j] + 1:
            moves_allowed.append((1, 0))
        if j and cost[i][j] == cost[i][j - 1] + 1:
            moves_allowed.append((0, 1))
        di, dj = rng.choice(moves_allowed)
        i, j = i - di, j - dj
        moves.append((i, di, haplotype[j : j + dj]))
    records: list[tuple[int, str, str]] = []
    is_joined = False
    for position, length, alt in reversed(moves):
        ref = reference[position : position + length]
        if ref == alt:
            is_joined = False
            continue
        if is_joined and (rng.random() < 0.5 or len(records[-1][1]) != len(records[-1][2]) or len(ref) != len(alt)):
            previous = records.pop()
            records.append((previous[0], previous[1] + ref, previous[2] + alt))
        else:
            records.append((position, ref, alt))
        is_joined = True
    return [r for r in records if r[1] != r[2]]


def make_donor_calls(reference, haplotypes, rng):
    """Phased calls of two haplotypes, each in a random representation."""
    calls = []
    for copy, haplotype in enumerate(haplotypes):
        for n, (position, ref, alt) in enumerate(align_randomly(reference, haplotype, rng)):
            calls += [VariantCall(e, False, ("p", copy), n) for e in find_edits(reference, position, ref, alt)]
    return calls


def mutate_sequence(reference: str, rng: random.Random) -> str:
    bases = list(reference)
    for _ in range(rng.randrange(4)):
        position = rng.randrange(12, len(bases) - 12)
        kind = rng.randrange(3)
        if kind == 0:
            bases[position] = rng.choice("ACGT")
        elif kind == 1:
            bases[position] += "".join(rng.choices("AT", k=rng.randrange(1, 5)))
        else:
            bases[position : position + rng.randrange(1, 4)] = [""]
    return "".join(bases)


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 10**9), st.sampled_from(["ACGT", "AT", "AAAT"]))
def test_equal_haplotypes_match_completely(seed, letters):
    rng = random.Random(seed)
    reference = "".join(rng.choices(letters, k=70))
    haplotypes = [mutate_sequence(reference, rng) for _ in range(2)]
    truth, query = make_donor_calls(reference, haplotypes, rng), make_donor_calls(reference, haplotypes, rng)
    shuffled = [query[i] for i in rng.sample(range(len(query)), len(query))]
    unphased = [call._replace(phase=((call.phase[1], call.record), 0), linked=True) for call in shuffled]
    for rewritten in (shuffled, unphased):
        hits = match_calls(reference, truth, rewritten)
        assert all(hits[0]) and all(hits[1])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9))
def test_exchanging_the_sides_exchanges_the_errors(seed):
    rng = random.Random(seed)
    reference = "".join(rng.choices("ACGT", k=90))
    positions = rng.sample(range(5, 85), 5)
    both = [
        VariantCall(find_edits(reference, p, reference[p], "ACGT"["CGTA".index(reference[p])])[0], rng.random() < 0.5)
        for p in positions
    ]
    truth, query = both[:4], both[1:]
    forward, backward = match_calls(reference, truth, query), match_calls(reference, query, truth)
    assert (forward[1], forward[0]) == backward
    assert forward[0] == [False, True, True, True] and forward[1] == [True, True, True, False]


def spell_haplotypes(reference: str, placed: list[tuple[VariantCall, int]]) -> set[str]:
    """The pair of haplotypes that calls spell on given copies; empty if calls overlap."""
    haplotypes = []
    for copy in (0, 1):
        position, pieces = 0, []
        for edit in sorted((c.edit for c, on in placed if on in (copy, 2)), key=lambda e: (e.start, e.end)):
            if edit.start < position:
                return set()
            pieces += [reference[position : edit.start], edit.alt]
            position = edit.end
        haplotypes.append("".join(pieces) + reference[position:])
    return {"|".join(sorted(haplotypes))}


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 10**9), st.booleans())
def test_matched_calls_spell_the_same_haplotypes(seed, ignore_genotypes):
    rng = random.Random(seed)
    reference = "".join(rng.choices("AAT", k=60))
    truth, query = (make_donor_calls(reference, [mutate_sequence(reference, rng) for _ in range(2)], rng)[:6] for _ in range(2))
    hits = match_calls(reference, truth, query, ignore_genotypes)
    haplotype_sets = []
    for side, calls_of_side in enumerate((truth, query)):
        taken = [c for c, hit in zip(calls_of_side, hits[side], strict=True) if hit]
        for written in (taken, [c._replace(edit=_shift_left(c.edit)) for c in taken]):
            options = product((0, 1, 2) if ignore_genotypes else (0, 1), repeat=len(written))
            haplotype_sets.append(
                {w for copies in options for w in spell_haplotypes(reference, list(zip(written, copies, strict=True)))}
            )
    assert haplotype_sets[0] & haplotype_sets[2] or haplotype_sets[1] & haplotype_sets[3] or _have_equal_calls(truth, query, hits)


def _shift_left(edit):
    return edit._replace(start=edit.key[0], end=edit.key[1], alt=edit.key[2])


def _have_equal_calls(truth, query, hits):
    """Whether the matched calls are equal after normalisation; these need not fit on two haplotypes."""
    keys = [sorted(c.edit.key for c, hit in zip(s, h, strict=True) if hit) for s, h in zip((truth, query), hits, strict=True)]
    return keys[0] == keys[1]
