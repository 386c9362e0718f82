"""Like sequences: found on either strand, shifted, with substitutions and small gaps; unlike ones never."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kindred
from readsight.dataset.fold_file import Sequence
from readsight.dataset.homology import across, equal, like, of_examples, overlapping
from readsight.dataset.homology.candidates import Packed, shared
from readsight.dataset.homology.similarity import Measure
from readsight.dataset.homology.single_linkage import Clusters, of_ids
from readsight.dataset.homology.spaced_kmers import words
from readsight.dataset.homology.spaced_seeds import PATTERNS, plan
from readsight.genome.codes import decode, reverse_complement

REAL = Path(os.environ.get("READSIGHT_REAL_DATA", Path(__file__).resolve().parents[4] / "shared/data"))


def recall(one, other):
    """Part of the pairs (rows of both) that are found, and how many sequences are joined that are no pair."""
    n = len(one)
    cluster = like(np.concatenate([one, other])).cluster
    paired = cluster[:n] == cluster[n:]
    return paired.mean(), int((cluster != np.arange(2 * n)).sum() - paired.sum())


@pytest.mark.parametrize(("length", "n"), [(60, 300), (100, 300), (200, 200), (1000, 60)])
@pytest.mark.parametrize(("identity", "least"), [(0.8, 0.98), (0.85, 0.99), (0.9, 1), (0.95, 1)])
def test_planted_pairs_are_found_and_no_others(length, n, identity, least):
    one = kindred.random(n, length, 1)
    other = kindred.mutated(one, identity, 2)
    other[::2] = reverse_complement(other[::2])
    found, false = recall(one, other)
    assert found >= least and false == 0


@pytest.mark.parametrize("length", [60, 100, 200])
def test_windows_of_one_place_are_found_shifted_and_on_the_other_strand(length):
    genome = kindred.random(200, 2 * length, 3)
    for shift in (1, length // 3, round(0.39 * length)):
        one, other = genome[:, :length], kindred.mutated(genome, 0.97, 4)[:, shift : shift + length]
        assert recall(one, other)[0] >= 0.99
        assert recall(one, reverse_complement(other))[0] >= 0.99
    assert recall(genome[:, :length], genome[:, length // 2 :][:, :length]) == (0, 0), "half is not 60 %"


def test_small_gaps_are_bridged():
    one = kindred.random(200, 200, 5)
    other = kindred.mutated(one, 0.92, 6)
    draw = np.random.default_rng(7)
    for row in other:
        at = draw.integers(70, 130)
        row[at + 3 :] = row[at:-3].copy()  # three bases inserted
    found, false = recall(one, other)
    assert found >= 0.99 and false == 0


@pytest.mark.parametrize("length", [20, 36, 60, 100, 400])
def test_random_sequences_are_not_alike(length):
    codes = kindred.random(3000 if length < 400 else 800, length, length)
    assert len(like(codes).pairs) == 0


def test_what_is_skewed_in_composition_is_not_alike_for_that():
    draw = np.random.default_rng(8)
    codes = draw.choice(4, (2000, 60), p=[0.4, 0.1, 0.1, 0.4]).astype(np.uint8)
    assert len(like(codes).pairs) == 0


def test_pairs_below_the_identity_sought_are_left_apart():
    one = kindred.random(200, 200, 9)
    codes = np.concatenate([one, kindred.mutated(one, 0.85, 10)])
    assert len(like(codes, identity=0.95).pairs) == 0 and len(like(codes, identity=0.8).pairs) == 200


def test_a_large_family_is_one_cluster_and_pairs_stay_few():
    """A repeat: every copy is 90 % of the others, so that each of its words stands in hundreds of sequences."""
    codes = np.concatenate(
        [kindred.mutated(kindred.random(1, 100, 11).repeat(1500, axis=0), 0.93, 12), kindred.random(500, 100, 13)]
    )
    found = like(codes)
    assert (found.cluster[:1500] == 0).all() and (found.cluster[1500:] == np.arange(1500, 2000)).all()
    assert len(found.pairs) == 1499


def test_a_pair_is_found_within_a_repeat_that_hides_it():
    """Copies of a repeat too far from each other to be alike, all with the same words; two of them are near twins."""
    far = kindred.random(1, 100, 14).repeat(600, axis=0)
    codes = kindred.mutated(far, 0.7, 15)
    codes = np.concatenate([codes, kindred.mutated(codes[:5], 0.96, 16)])
    cluster = like(codes, identity=0.9).cluster
    assert (cluster[600:] == cluster[:5]).all()


def test_tandem_repeats_are_alike_in_any_phase_and_unlike_others():
    unit = np.array([0, 1, 0, 2], np.uint8)
    tract = np.tile(unit, 30)
    codes = np.stack([tract[:100], tract[1:101], reverse_complement(tract[2:102]), *kindred.random(50, 100, 17)])
    assert like(codes).cluster.tolist() == [0, 0, 0, *range(3, 53)]


def test_n_is_no_base():
    one = kindred.random(30, 100, 18)
    padded = np.full((30, 100), 4, np.uint8)
    padded[:, 20:80] = one[:, 20:80]  # a shorter sequence, padded
    assert recall(one, padded) == (1, 0)
    empty = np.full((5, 100), 4, np.uint8)
    assert len(like(empty).pairs) == 0 and len(like(np.concatenate([empty, one])).pairs) == 0


@pytest.mark.parametrize("codes", [kindred.random(1, 50), kindred.random(0, 50), kindred.random(5, 1), kindred.random(3, 7)])
def test_little_is_searched_too(codes):
    assert len(like(codes).pairs) == 0 or codes.shape[1] < 8


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), identity=st.floats(0.86, 1), shift=st.integers(0, 25), turned=st.booleans())
def test_any_near_copy_is_found_whatever_stands_around_it(seed, identity, shift, turned):
    codes = kindred.random(60, 120, seed)
    copy = kindred.mutated(codes[7:8], identity, seed + 1)
    copy = np.concatenate([copy[:, shift:], kindred.random(1, shift, seed + 2)], axis=1)
    codes = np.concatenate([codes, reverse_complement(copy) if turned else copy])
    assert like(codes).pairs.tolist() == [[7, 60]]


def test_strands_orders_and_names_do_not_matter():
    codes = kindred.families(20, 4)
    draw = np.random.default_rng(19)
    order, turned = draw.permutation(len(codes)), draw.random(len(codes)) < 0.5
    changed = np.where(turned[:, None], reverse_complement(codes), codes)[order]
    one, other = like(codes).cluster, like(changed).cluster
    assert len(np.unique(one)) == 20
    assert len(np.unique(np.stack([one[order], other]), axis=1).T) == 20, "the same clusters"


def test_across_finds_direct_relatives_alone():
    genome = kindred.random(1, 400, 20)[0]
    codes = np.concatenate([[genome[at : at + 100] for at in (0, 35, 70, 105)], kindred.random(20, 100, 21)])
    assert len(like(codes).pairs) == 3, "a chain"
    held, sought = np.arange(24) == 0, np.arange(24) > 0
    found = across(codes, held, sought, Measure.of(codes, 0.8, 0.6))
    assert np.flatnonzero(found).tolist() == [1]
    found = across(codes, sought & (np.arange(24) != 1), held, Measure.of(codes, 0.8, 0.6))
    assert not found.any()


def test_the_word_of_a_place_is_the_same_on_both_strands():
    codes = kindred.random(4, 90, 22)
    codes[0, 30] = 4
    for pattern in (PATTERNS[8][0], PATTERNS[11][1]):
        assert pattern == pattern[::-1] and pattern.count("1") in (8, 11)
        keys, places = words(codes, pattern)
        other, mirrored = words(reverse_complement(codes), pattern)
        assert sorted(keys.tolist()) == sorted(other.tolist()) and len(places) == len(mirrored)
        of_n = places[places // 2 // 90 == 0] // 2 % 90
        assert not ((of_n > 30 - len(pattern)) & (of_n <= 30)).any(), "no word with N"


def test_parts_and_thinning_divide_the_words():
    codes = kindred.random(50, 100, 23)
    pattern = PATTERNS[11][0]
    every = sorted(words(codes, pattern)[1].tolist())
    assert sorted(np.concatenate([words(codes, pattern, 1, part, 3)[1] for part in range(3)]).tolist()) == every
    thin = words(codes, pattern, 4)[1]
    assert 0.15 < len(thin) / len(every) < 0.35 and set(thin) <= set(every)


def test_hits_lay_equal_bases_opposite_to_each_other():
    one = kindred.random(1, 100, 24)
    codes = np.concatenate([one, reverse_complement(np.roll(one, 7, axis=1)), np.roll(one, -11, axis=1)])
    pattern = PATTERNS[9][0]
    hits = next(shared(*words(codes, pattern), 100, pattern))
    assert Packed(codes).promising(hits, 0.8, 9).all()
    for i, j, turned, offset, centre in zip(hits.one, hits.other, hits.turned, hits.offset, hits.centre, strict=True):
        other = reverse_complement(codes[j]) if turned else codes[j]
        span = slice(centre - len(pattern) // 2, centre + len(pattern) // 2 + 1)
        assert decode(codes[i][span]) == decode(other[span.start - offset : span.stop - offset])


def test_longer_and_fewer_sequences_need_fewer_seeds_and_words():
    many, long = plan(300_000, 100, 0.8, 0.6), plan(300_000, 1000, 0.8, 0.6)
    assert many.weight == 12 and len(many.patterns) == 4 and many.thin == 1
    assert len(long.patterns) < 4 and plan(1000, 10_000, 0.8, 0.6).thin > 1
    assert plan(100, 20, 0.8, 0.6).weight <= 8


@settings(max_examples=40, deadline=None)
@given(pairs=st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), max_size=30))
def test_clusters_are_those_of_the_slow_way(pairs):
    made, slow = Clusters(20), list(range(20))
    for at in range(0, len(pairs), 4):
        own = np.array(pairs[at : at + 4])
        made.join(own[:, 0], own[:, 1])
    for one, other in pairs:
        low, high = sorted((slow[one], slow[other]))
        slow = [low if name == high else name for name in slow]
    assert made.first.tolist() == slow
    assert of_ids(np.array(slow), np.arange(20)).tolist() == slow


def test_equal_sequences_are_told_from_reverse_complements_pair_by_pair():
    codes = kindred.random(3, 20, 25)
    rows = np.stack([codes[0], reverse_complement(codes[0]), codes[1], codes[0], codes[2]])
    same, either = equal(rows, Sequence(20))
    assert same.tolist() == [0, 1, 2, 0, 3] and either.tolist() == [0, 0, 1, 0, 2]
    pairs = np.stack([rows[0], np.concatenate([reverse_complement(rows[0][:10]), reverse_complement(rows[0][10:])])])
    assert equal(pairs, Sequence(10, pair=True))[1].tolist() == [0, 0], "each window is turned by itself"


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(-1, 60), st.integers(1, 15)), min_size=1, max_size=25))
def test_overlaps_are_those_of_the_slow_way(data):
    obs = pd.DataFrame(data, columns=["chrom", "start", "end"])
    obs["chrom"] = obs["chrom"].map({0: "", 1: "chr1", 2: "chr2"})
    obs["end"] += obs["start"]
    slow = Clusters(len(obs))
    for i, a in obs.iterrows():
        for j, b in obs.iterrows():
            if a.chrom and a.chrom == b.chrom and min(a.start, b.start) >= 0 and a.start < b.end and b.start < a.end:
                slow.join(np.array([i]), np.array([j]))
    assert overlapping(obs).tolist() == slow.first.tolist()


def test_variants_of_one_place_are_related_by_their_reference_window():
    reference = kindred.random(6, 50, 26)
    reference[1] = reference[0]
    alternative = reference.copy()
    alternative[:, 25] = (alternative[:, 25] + 1) % 4
    alternative[1, 25] = (alternative[1, 25] + 1) % 4
    data = kindred.examples(np.concatenate([reference, alternative], axis=1), pair=True)
    kin = of_examples(data.obsm["sequence"], data.obs, Sequence(50, pair=True), 0.8, 0.6)
    assert kin.all.tolist() == [0, 0, 2, 3, 4, 5] and len(np.unique(kin.either)) == 6
    assert kin.pairs.tolist() == [[0, 1]]


@pytest.mark.skipif(not (REAL / "sequences").is_dir(), reason=f"no real data at {REAL}")
def test_splice_junctions_that_were_deposited_twice_come_out():
    from readsight.genome.codes import encode

    text = (REAL / "sequences/uci_splice/splice.data").read_text().splitlines()
    letters = [line.split(",")[2].strip() for line in text if line.strip()]
    codes = np.stack([encode(own) for own in letters])
    found = like(codes)
    assert len(set(letters)) == 3005 and len(np.unique(found.cluster)) < 2700
    assert len({(own, int(c)) for own, c in zip(letters, found.cluster, strict=True)}) == 3005, "equal ones are together"
    assert np.unique(found.cluster, return_counts=True)[1].max() < 40
