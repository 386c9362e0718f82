"""Shuffles preserve every dinucleotide count, and all possible shuffles are equally likely."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from readsight.genome import shuffle
from readsight.genome.codes import decode, encode
from readsight.genome.shuffle import shuffle_dinucleotides

LETTERS = st.text("ACGTN", min_size=1, max_size=40)


def count_pairs(text: str) -> Counter:
    return Counter(zip(text, text[1:], strict=False))


def enumerate_shuffles(text: str) -> set[str]:
    """All sequences with the same dinucleotides and first base, by exhaustive search."""
    shuffles = set()

    def extend(path: str, left: Counter) -> None:
        if not left:
            shuffles.add(path)
        for edge in left:
            if edge[0] == path[-1]:
                extend(path + edge[1], left - Counter([edge]))

    extend(text[0], count_pairs(text))
    return shuffles


@given(LETTERS, st.integers(0, 2**32))
def test_dinucleotide_counts_are_preserved(text, seed):
    for row in shuffle_dinucleotides(np.stack([encode(text)] * 4), np.random.default_rng(seed)):
        shuffled = decode(row)
        assert count_pairs(shuffled) == count_pairs(text)
        assert (shuffled[0], shuffled[-1]) == (text[0], text[-1])


@pytest.mark.parametrize("text", ["ACACGTACGANA", "AACCAGGATTCA", "GATTACAGATTACA"])
def test_shuffles_are_uniform(text):
    possible = enumerate_shuffles(text)
    draws = 1500 * len(possible)
    counts = Counter(
        decode(row) for row in shuffle_dinucleotides(np.repeat(encode(text)[None], draws, 0), np.random.default_rng(1))
    )
    assert set(counts) == possible and len(possible) > 10
    expected = draws / len(possible)
    chi = sum((count - expected) ** 2 / expected for count in counts.values())
    freedom = len(possible) - 1
    assert chi < freedom + 5 * np.sqrt(2 * freedom)


def test_each_sequence_is_shuffled_independently(monkeypatch):
    codes = np.repeat(np.random.default_rng(1).integers(0, 4, (1, 200), dtype=np.uint8), 50, 0)
    monkeypatch.setattr(shuffle, "BLOCK", 1400)
    shuffled = shuffle_dinucleotides(codes, np.random.default_rng(2))
    assert len(np.unique(shuffled, axis=0)) == 50
    assert abs((shuffled == codes).mean() - 0.25) < 0.05
    assert np.array_equal(shuffled, shuffle_dinucleotides(codes, np.random.default_rng(2)))


def test_sequences_with_one_order_are_unchanged():
    for text in ("A" * 30, "ACG", "ACACACAC", "AAACCCGGGTTT"):
        assert decode(shuffle_dinucleotides(encode(text)[None], np.random.default_rng(1))[0]) == text
