"""Similar sequences: detected on either strand, shifted, with substitutions and small gaps; unrelated ones never."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kindred
from readsight.dataset.fold_file import SequenceLayout
from readsight.dataset.homology import cluster_overlapping, cluster_similar, find_relatives, find_similar, number_duplicates
from readsight.dataset.homology.candidates import PackedSequences, find_shared
from readsight.dataset.homology.similarity import SimilarityMeasure
from readsight.dataset.homology.single_linkage import Clusters, cluster_by_ids
from readsight.dataset.homology.spaced_kmers import list_kmers
from readsight.dataset.homology.spaced_seeds import PATTERNS, plan_seeds
from readsight.genome.codes import decode, reverse_complement

REAL = Path(os.environ.get("READSIGHT_REAL_DATA", Path(__file__).resolve().parents[4] / "shared/data"))


def score_clusters(first, second):
    """Fraction of the pairs (rows of both) that are clustered, and number of sequences joined wrongly."""
    n = len(first)
    cluster = cluster_similar(np.concatenate([first, second])).cluster
    paired = cluster[:n] == cluster[n:]
    return paired.mean(), int((cluster != np.arange(2 * n)).sum() - paired.sum())


@pytest.mark.parametrize(("length", "n"), [(60, 300), (100, 300), (200, 200), (1000, 60)])
@pytest.mark.parametrize(("identity", "least"), [(0.8, 0.98), (0.85, 0.99), (0.9, 1), (0.95, 1)])
def test_exactly_the_planted_pairs_are_clustered(length, n, identity, least):
    first = kindred.random_codes(n, length, 1)
    second = kindred.mutate_codes(first, identity, 2)
    second[::2] = reverse_complement(second[::2])
    recall, false_pairs = score_clusters(first, second)
    assert recall >= least and false_pairs == 0


@pytest.mark.parametrize("length", [60, 100, 200])
def test_shifted_and_reversed_windows_of_a_locus_cluster(length):
    genome = kindred.random_codes(200, 2 * length, 3)
    for shift in (1, length // 3, round(0.39 * length)):
        first, second = genome[:, :length], kindred.mutate_codes(genome, 0.97, 4)[:, shift : shift + length]
        assert score_clusters(first, second)[0] >= 0.99
        assert score_clusters(first, reverse_complement(second))[0] >= 0.99
    assert score_clusters(genome[:, :length], genome[:, length // 2 :][:, :length]) == (0, 0), "half is not 60 %"


def test_small_gaps_are_aligned():
    first = kindred.random_codes(200, 200, 5)
    second = kindred.mutate_codes(first, 0.92, 6)
    rng = np.random.default_rng(7)
    for row in second:
        position = rng.integers(70, 130)
        row[position + 3 :] = row[position:-3].copy()  # three bases inserted
    recall, false_pairs = score_clusters(first, second)
    assert recall >= 0.99 and false_pairs == 0


@pytest.mark.parametrize("length", [20, 36, 60, 100, 400])
def test_random_sequences_are_not_similar(length):
    codes = kindred.random_codes(3000 if length < 400 else 800, length, length)
    assert len(cluster_similar(codes).pairs) == 0


def test_skewed_composition_alone_is_not_similarity():
    rng = np.random.default_rng(8)
    codes = rng.choice(4, (2000, 60), p=[0.4, 0.1, 0.1, 0.4]).astype(np.uint8)
    assert len(cluster_similar(codes).pairs) == 0


def test_pairs_below_the_identity_threshold_stay_separate():
    parents = kindred.random_codes(200, 200, 9)
    codes = np.concatenate([parents, kindred.mutate_codes(parents, 0.85, 10)])
    assert len(cluster_similar(codes, identity=0.95).pairs) == 0 and len(cluster_similar(codes, identity=0.8).pairs) == 200


def test_large_family_is_one_cluster_with_few_pairs():
    """A repeat: copies are 90 % identical, so each k-mer occurs in hundreds of sequences."""
    codes = np.concatenate(
        [
            kindred.mutate_codes(kindred.random_codes(1, 100, 11).repeat(1500, axis=0), 0.93, 12),
            kindred.random_codes(500, 100, 13),
        ]
    )
    clusters = cluster_similar(codes)
    assert (clusters.cluster[:1500] == 0).all() and (clusters.cluster[1500:] == np.arange(1500, 2000)).all()
    assert len(clusters.pairs) == 1499


def test_pair_sharing_a_common_repeat_is_clustered():
    """Copies of a repeat too diverged to be similar, all with the same k-mers; two of them are near-duplicates."""
    far = kindred.random_codes(1, 100, 14).repeat(600, axis=0)
    codes = kindred.mutate_codes(far, 0.7, 15)
    codes = np.concatenate([codes, kindred.mutate_codes(codes[:5], 0.96, 16)])
    cluster = cluster_similar(codes, identity=0.9).cluster
    assert (cluster[600:] == cluster[:5]).all()


def test_tandem_repeats_match_in_any_phase():
    unit = np.array([0, 1, 0, 2], np.uint8)
    tract = np.tile(unit, 30)
    codes = np.stack([tract[:100], tract[1:101], reverse_complement(tract[2:102]), *kindred.random_codes(50, 100, 17)])
    assert cluster_similar(codes).cluster.tolist() == [0, 0, 0, *range(3, 53)]


def test_n_matches_no_base():
    sequence = kindred.random_codes(30, 100, 18)
    padded = np.full((30, 100), 4, np.uint8)
    padded[:, 20:80] = sequence[:, 20:80]  # a shorter sequence, padded
    assert score_clusters(sequence, padded) == (1, 0)
    empty = np.full((5, 100), 4, np.uint8)
    assert len(cluster_similar(empty).pairs) == 0 and len(cluster_similar(np.concatenate([empty, sequence])).pairs) == 0


@pytest.mark.parametrize(
    "codes", [kindred.random_codes(1, 50), kindred.random_codes(0, 50), kindred.random_codes(5, 1), kindred.random_codes(3, 7)]
)
def test_very_small_inputs_are_searched(codes):
    assert len(cluster_similar(codes).pairs) == 0 or codes.shape[1] < 8


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), identity=st.floats(0.86, 1), shift=st.integers(0, 25), is_reversed=st.booleans())
def test_near_copy_is_clustered_whatever_its_context(seed, identity, shift, is_reversed):
    codes = kindred.random_codes(60, 120, seed)
    copy = kindred.mutate_codes(codes[7:8], identity, seed + 1)
    copy = np.concatenate([copy[:, shift:], kindred.random_codes(1, shift, seed + 2)], axis=1)
    codes = np.concatenate([codes, reverse_complement(copy) if is_reversed else copy])
    assert cluster_similar(codes).pairs.tolist() == [[7, 60]]


def test_strand_order_and_names_do_not_matter():
    codes = kindred.make_families(20, 4)
    rng = np.random.default_rng(19)
    order, is_reversed = rng.permutation(len(codes)), rng.random(len(codes)) < 0.5
    changed = np.where(is_reversed[:, None], reverse_complement(codes), codes)[order]
    first, second = cluster_similar(codes).cluster, cluster_similar(changed).cluster
    assert len(np.unique(first)) == 20
    assert len(np.unique(np.stack([first[order], second]), axis=1).T) == 20, "the same clusters"


def test_search_across_sides_returns_direct_relatives_only():
    genome = kindred.random_codes(1, 400, 20)[0]
    codes = np.concatenate([[genome[start : start + 100] for start in (0, 35, 70, 105)], kindred.random_codes(20, 100, 21)])
    assert len(cluster_similar(codes).pairs) == 3, "a chain"
    reference, query = np.arange(24) == 0, np.arange(24) > 0
    is_similar = find_similar(codes, reference, query, SimilarityMeasure.from_sequences(codes, 0.8, 0.6))
    assert np.flatnonzero(is_similar).tolist() == [1]
    is_similar = find_similar(codes, query & (np.arange(24) != 1), reference, SimilarityMeasure.from_sequences(codes, 0.8, 0.6))
    assert not is_similar.any()


def test_kmer_at_a_position_is_equal_on_both_strands():
    codes = kindred.random_codes(4, 90, 22)
    codes[0, 30] = 4
    for pattern in (PATTERNS[8][0], PATTERNS[11][1]):
        assert pattern == pattern[::-1] and pattern.count("1") in (8, 11)
        keys, positions = list_kmers(codes, pattern)
        mirrored_keys, mirrored = list_kmers(reverse_complement(codes), pattern)
        assert sorted(keys.tolist()) == sorted(mirrored_keys.tolist()) and len(positions) == len(mirrored)
        of_n = positions[positions // 2 // 90 == 0] // 2 % 90
        assert not ((of_n > 30 - len(pattern)) & (of_n <= 30)).any(), "no k-mer with N"


def test_partitioning_and_thinning_divide_the_kmers():
    codes = kindred.random_codes(50, 100, 23)
    pattern = PATTERNS[11][0]
    every = sorted(list_kmers(codes, pattern)[1].tolist())
    assert sorted(np.concatenate([list_kmers(codes, pattern, 1, part, 3)[1] for part in range(3)]).tolist()) == every
    thin = list_kmers(codes, pattern, 4)[1]
    assert 0.15 < len(thin) / len(every) < 0.35 and set(thin) <= set(every)


def test_candidate_pairs_align_equal_bases():
    sequence = kindred.random_codes(1, 100, 24)
    codes = np.concatenate([sequence, reverse_complement(np.roll(sequence, 7, axis=1)), np.roll(sequence, -11, axis=1)])
    pattern = PATTERNS[9][0]
    hits = next(find_shared(*list_kmers(codes, pattern), 100, pattern))
    assert PackedSequences(codes).is_promising(hits, 0.8, 9).all()
    for i, j, is_reverse, offset, centre in zip(hits.first, hits.second, hits.is_reverse, hits.offset, hits.centre, strict=True):
        partner = reverse_complement(codes[j]) if is_reverse else codes[j]
        span = slice(centre - len(pattern) // 2, centre + len(pattern) // 2 + 1)
        assert decode(codes[i][span]) == decode(partner[span.start - offset : span.stop - offset])


def test_longer_and_fewer_sequences_need_fewer_seeds():
    many, long = plan_seeds(300_000, 100, 0.8, 0.6), plan_seeds(300_000, 1000, 0.8, 0.6)
    assert many.weight == 12 and len(many.patterns) == 4 and many.thin == 1
    assert len(long.patterns) < 4 and plan_seeds(1000, 10_000, 0.8, 0.6).thin > 1
    assert plan_seeds(100, 20, 0.8, 0.6).weight <= 8


@settings(max_examples=40, deadline=None)
@given(pairs=st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), max_size=30))
def test_clusters_match_a_slow_implementation(pairs):
    clusters, slow = Clusters(20), list(range(20))
    for index in range(0, len(pairs), 4):
        chunk = np.array(pairs[index : index + 4])
        clusters.join_pairs(chunk[:, 0], chunk[:, 1])
    for first, second in pairs:
        low, high = sorted((slow[first], slow[second]))
        slow = [low if name == high else name for name in slow]
    assert clusters.representative.tolist() == slow
    assert cluster_by_ids(np.array(slow), np.arange(20)).tolist() == slow


def test_equal_sequences_are_distinguished_from_reverse_complements():
    codes = kindred.random_codes(3, 20, 25)
    rows = np.stack([codes[0], reverse_complement(codes[0]), codes[1], codes[0], codes[2]])
    identical, either = number_duplicates(rows, SequenceLayout(20))
    assert identical.tolist() == [0, 1, 2, 0, 3] and either.tolist() == [0, 0, 1, 0, 2]
    pairs = np.stack([rows[0], np.concatenate([reverse_complement(rows[0][:10]), reverse_complement(rows[0][10:])])])
    assert number_duplicates(pairs, SequenceLayout(10, pair=True))[1].tolist() == [0, 0], (
        "each window is reverse-complemented separately"
    )


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(-1, 60), st.integers(1, 15)), min_size=1, max_size=25))
def test_overlaps_match_a_slow_implementation(data):
    obs = pd.DataFrame(data, columns=["chrom", "start", "end"])
    obs["chrom"] = obs["chrom"].map({0: "", 1: "chr1", 2: "chr2"})
    obs["end"] += obs["start"]
    slow = Clusters(len(obs))
    for i, a in obs.iterrows():
        for j, b in obs.iterrows():
            if a.chrom and a.chrom == b.chrom and min(a.start, b.start) >= 0 and a.start < b.end and b.start < a.end:
                slow.join_pairs(np.array([i]), np.array([j]))
    assert cluster_overlapping(obs).tolist() == slow.representative.tolist()


def test_variants_of_one_locus_are_related_by_reference_window():
    reference = kindred.random_codes(6, 50, 26)
    reference[1] = reference[0]
    alternative = reference.copy()
    alternative[:, 25] = (alternative[:, 25] + 1) % 4
    alternative[1, 25] = (alternative[1, 25] + 1) % 4
    data = kindred.make_examples(np.concatenate([reference, alternative], axis=1), pair=True)
    relatives = find_relatives(data.obsm["sequence"], data.obs, SequenceLayout(50, pair=True), 0.8, 0.6)
    assert relatives.all.tolist() == [0, 0, 2, 3, 4, 5] and len(np.unique(relatives.identical_either_strand)) == 6
    assert relatives.pairs.tolist() == [[0, 1]]


@pytest.mark.skipif(not (REAL / "sequences").is_dir(), reason=f"no real data at {REAL}")
def test_duplicate_splice_junctions_are_detected():
    from readsight.genome.codes import encode

    text = (REAL / "sequences/uci_splice/splice.data").read_text().splitlines()
    letters = [line.split(",")[2].strip() for line in text if line.strip()]
    codes = np.stack([encode(record_codes) for record_codes in letters])
    clusters = cluster_similar(codes)
    assert len(set(letters)) == 3005 and len(np.unique(clusters.cluster)) < 2700
    assert len({(record_codes, int(c)) for record_codes, c in zip(letters, clusters.cluster, strict=True)}) == 3005, (
        "equal sequences are together"
    )
    assert np.unique(clusters.cluster, return_counts=True)[1].max() < 40
