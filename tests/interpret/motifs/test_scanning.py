"""Hits of motifs: at the places and on the strands where words were planted, with p-values that are exact."""

import itertools

import numpy as np
import pytest

import sequenced
from readsight.genome.codes import encode, reverse_complement
from readsight.interpret.motifs import scanning
from readsight.interpret.motifs.pwm import Background, log_odds

EVEN = Background(np.full(4, 0.25))


def of(word: str, firm: float = 0.94) -> np.ndarray:
    matrix = np.full((len(word), 4), (1 - firm) / 3)
    matrix[np.arange(len(word)), encode(word)] = firm
    return matrix


def test_words_are_hit_where_they_were_planted_on_their_strand():
    codes, word = sequenced.random(200, 80, 3), encode("GATTACAGGC")
    draw = np.random.default_rng(1)
    start, strand = draw.integers(0, 71, 200), draw.choice([1, -1], 200)
    for row in range(200):
        codes[row, start[row] : start[row] + 10] = word if strand[row] > 0 else reverse_complement(word)
    found = scanning.scan(codes, of("GATTACAGGC"), 1e-5, EVEN)
    best = {(r, s): (d, p) for r, s, d, p in zip(found.row, found.start, found.strand, found.p, strict=True)}
    assert all(best[row, start[row]][0] == strand[row] for row in range(200))
    assert all(best[row, start[row]][1] == pytest.approx(4.0**-10) for row in range(200))
    assert len(found) < 210  # 1e-5 × 200 × 71 × 2 by chance
    assert (np.diff(found.row) >= 0).all() and (found.p <= 1e-5).all()


def test_p_is_the_chance_of_a_word_of_the_background_by_enumeration():
    draw = np.random.default_rng(2)
    matrix, background = draw.dirichlet(np.ones(4), 5), Background(np.array([0.3, 0.2, 0.2, 0.3]))
    words = np.array(list(itertools.product(range(4), repeat=5)))
    scores = np.rint(log_odds(matrix, background, 100) * scanning.STEP).astype(int)
    total, chance = scores[np.arange(5), words].sum(axis=1), background.parts[words].prod(axis=1)
    lowest, tail = scanning.tails(scores, background)
    for value in np.unique(total):
        assert tail[value - lowest] == pytest.approx(chance[total >= value].sum())
    assert tail[0] == pytest.approx(1)


def test_both_strands_of_everything_give_the_same_hits_turned():
    codes, matrix = sequenced.random(50, 60, 4), of("TGACTCAGC", 0.8)
    one = scanning.scan(codes, matrix, 1e-3, EVEN)
    other = scanning.scan(reverse_complement(codes), matrix, 1e-3, EVEN)
    assert {(r, s, d) for r, s, d in zip(one.row, one.start, one.strand, strict=True)} == {
        (r, 60 - 9 - s, -d) for r, s, d in zip(other.row, other.start, other.strand, strict=True)
    }


def test_a_palindrome_is_one_hit_and_no_word_holds_an_n():
    codes = np.full((2, 20), 0, np.uint8)
    codes[:, 5:13] = encode("ACGTACGT")
    codes[1, 8] = 4
    found = scanning.scan(codes, of("ACGTACGT"), 1e-4, EVEN)
    assert (found.row.tolist(), found.start.tolist(), found.strand.tolist()) == ([0], [5], [1])
    assert not len(scanning.scan(codes[:, :4], of("ACGTACGT"), 1e-4, EVEN))  # no room
    assert not len(scanning.scan(codes, of("AC"), 1e-4, EVEN))  # no word of two bases is as rare


def test_the_background_is_that_of_both_strands_and_sums_are_of_words():
    parts = Background.of(encode("AAAAAAAACCN")[None]).parts
    assert parts[0] == parts[3] > parts[1] == parts[2] and parts.sum() == pytest.approx(1)
    hits = scanning.Hits(np.array([0, 1]), np.array([1, 0]), np.ones(2), np.zeros(2), np.zeros(2))
    assert scanning.summed(np.arange(8.0).reshape(2, 4), hits, 3).tolist() == [6, 15]
