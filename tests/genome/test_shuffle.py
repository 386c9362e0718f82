"""Shuffles keep every dinucleotide, and each that does so is as likely as the others."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from readsight.genome import shuffle
from readsight.genome.codes import decode, encode
from readsight.genome.shuffle import dinucleotide

LETTERS = st.text("ACGTN", min_size=1, max_size=40)


def pairs(text: str) -> Counter:
    return Counter(zip(text, text[1:], strict=False))


def all_shuffles(text: str) -> set[str]:
    """Every sequence of the same dinucleotides and the same first base, by trying all."""
    found = set()

    def go(path: str, left: Counter) -> None:
        if not left:
            found.add(path)
        for edge in left:
            if edge[0] == path[-1]:
                go(path + edge[1], left - Counter([edge]))

    go(text[0], pairs(text))
    return found


@given(LETTERS, st.integers(0, 2**32))
def test_every_dinucleotide_is_as_frequent_as_it_was(text, seed):
    for row in dinucleotide(np.stack([encode(text)] * 4), np.random.default_rng(seed)):
        own = decode(row)
        assert pairs(own) == pairs(text)
        assert (own[0], own[-1]) == (text[0], text[-1])


@pytest.mark.parametrize("text", ["ACACGTACGANA", "AACCAGGATTCA", "GATTACAGATTACA"])
def test_all_that_are_possible_are_drawn_alike(text):
    possible = all_shuffles(text)
    draws = 1500 * len(possible)
    drawn = Counter(decode(row) for row in dinucleotide(np.repeat(encode(text)[None], draws, 0), np.random.default_rng(1)))
    assert set(drawn) == possible and len(possible) > 10
    expected = draws / len(possible)
    chi = sum((count - expected) ** 2 / expected for count in drawn.values())
    freedom = len(possible) - 1
    assert chi < freedom + 5 * np.sqrt(2 * freedom)


def test_each_sequence_has_a_permutation_of_its_own_whatever_the_block(monkeypatch):
    codes = np.repeat(np.random.default_rng(1).integers(0, 4, (1, 200), dtype=np.uint8), 50, 0)
    monkeypatch.setattr(shuffle, "BLOCK", 1400)
    found = dinucleotide(codes, np.random.default_rng(2))
    assert len(np.unique(found, axis=0)) == 50
    assert abs((found == codes).mean() - 0.25) < 0.05
    assert np.array_equal(found, dinucleotide(codes, np.random.default_rng(2)))


def test_what_has_one_order_alone_stays():
    for text in ("A" * 30, "ACG", "ACACACAC", "AAACCCGGGTTT"):
        assert decode(dinucleotide(encode(text)[None], np.random.default_rng(1))[0]) == text
