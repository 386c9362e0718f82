"""Motif hits: at planted positions and strands, with exact p-values."""

import itertools

import numpy as np
import pytest

import sequenced
from readsight.genome.codes import encode, reverse_complement
from readsight.interpret.motifs import scanning
from readsight.interpret.motifs.pwm import Background, compute_log_odds

EVEN = Background(np.full(4, 0.25))


def build_matrix(consensus: str, frequency: float = 0.94) -> np.ndarray:
    matrix = np.full((len(consensus), 4), (1 - frequency) / 3)
    matrix[np.arange(len(consensus)), encode(consensus)] = frequency
    return matrix


def test_planted_motifs_are_hit_on_their_strand():
    codes, motif = sequenced.random_codes(200, 80, 3), encode("GATTACAGGC")
    rng = np.random.default_rng(1)
    start, strand = rng.integers(0, 71, 200), rng.choice([1, -1], 200)
    for row in range(200):
        codes[row, start[row] : start[row] + 10] = motif if strand[row] > 0 else reverse_complement(motif)
    hits = scanning.scan_sequences(codes, build_matrix("GATTACAGGC"), 1e-5, EVEN)
    best = {(r, s): (d, p) for r, s, d, p in zip(hits.row, hits.start, hits.strand, hits.p, strict=True)}
    assert all(best[row, start[row]][0] == strand[row] for row in range(200))
    assert all(best[row, start[row]][1] == pytest.approx(4.0**-10) for row in range(200))
    assert len(hits) < 210  # expected by chance: 1e-5 × 200 × 71 × 2
    assert (np.diff(hits.row) >= 0).all() and (hits.p <= 1e-5).all()


def test_p_values_equal_enumerated_background_probabilities():
    rng = np.random.default_rng(2)
    matrix, background = rng.dirichlet(np.ones(4), 5), Background(np.array([0.3, 0.2, 0.2, 0.3]))
    kmers = np.array(list(itertools.product(range(4), repeat=5)))
    scores = np.rint(compute_log_odds(matrix, background, 100) * scanning.STEPS_PER_BIT).astype(int)
    total, probability = scores[np.arange(5), kmers].sum(axis=1), background.frequencies[kmers].prod(axis=1)
    lowest, tail = scanning.compute_tails(scores, background)
    for value in np.unique(total):
        assert tail[value - lowest] == pytest.approx(probability[total >= value].sum())
    assert tail[0] == pytest.approx(1)


def test_reverse_complement_gives_mirrored_hits():
    codes, matrix = sequenced.random_codes(50, 60, 4), build_matrix("TGACTCAGC", 0.8)
    forward = scanning.scan_sequences(codes, matrix, 1e-3, EVEN)
    reverse = scanning.scan_sequences(reverse_complement(codes), matrix, 1e-3, EVEN)
    assert {(r, s, d) for r, s, d in zip(forward.row, forward.start, forward.strand, strict=True)} == {
        (r, 60 - 9 - s, -d) for r, s, d in zip(reverse.row, reverse.start, reverse.strand, strict=True)
    }


def test_palindrome_is_one_hit_and_n_is_never_hit():
    codes = np.full((2, 20), 0, np.uint8)
    codes[:, 5:13] = encode("ACGTACGT")
    codes[1, 8] = 4
    hits = scanning.scan_sequences(codes, build_matrix("ACGTACGT"), 1e-4, EVEN)
    assert (hits.row.tolist(), hits.start.tolist(), hits.strand.tolist()) == ([0], [5], [1])
    assert not len(scanning.scan_sequences(codes[:, :4], build_matrix("ACGTACGT"), 1e-4, EVEN))  # too short
    assert not len(scanning.scan_sequences(codes, build_matrix("AC"), 1e-4, EVEN))  # no motif of two bases is this rare


def test_background_covers_both_strands_and_sums_cover_hits():
    frequencies = Background.from_codes(encode("AAAAAAAACCN")[None]).frequencies
    assert frequencies[0] == frequencies[3] > frequencies[1] == frequencies[2] and frequencies.sum() == pytest.approx(1)
    hits = scanning.MotifHits(np.array([0, 1]), np.array([1, 0]), np.ones(2), np.zeros(2), np.zeros(2))
    assert scanning.sum_over_hits(np.arange(8.0).reshape(2, 4), hits, 3).tolist() == [6, 15]
