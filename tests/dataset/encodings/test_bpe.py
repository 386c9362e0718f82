"""Byte-pair tokens: nothing of a sequence is lost, and what stands often is one token."""

import numpy as np
import pytest

import sequenced
from readsight.dataset.encodings import bpe
from readsight.dataset.fold_file import Sequence
from readsight.errors import InputError
from readsight.genome.codes import decode

SPEC = {"vocabulary": 60, "dimensions": 16}


def test_tokens_give_back_the_sequence():
    codes = sequenced.random(100, 60)
    codes[4, 10] = 4
    found = bpe.fit(codes, Sequence(60), SPEC, 1, 1)
    assert found.about["vocabulary"] == 60 and found.about["width"] <= 60 and found.about["bases_per_token"] > 2
    assert bpe.decoded(bpe.tokens(codes, found), found) == [decode(row) for row in codes]


def test_a_run_of_n_is_one_unknown_token_that_no_word_reaches_over():
    codes = sequenced.random(50, 40)
    codes[0, 10:15] = 4
    codes[1, :3], codes[2, -3:] = 4, 4
    found = bpe.fit(codes, Sequence(40), SPEC, 1, 1)
    tokens = bpe.tokens(codes, found)
    text = bpe.decoded(tokens, found)
    assert text[0] == decode(codes[0, :10]) + "N" + decode(codes[0, 15:])
    assert text[1] == "N" + decode(codes[1, 3:]) and tokens[1, 0] == 0
    assert text[2] == decode(codes[2, :-3])
    assert "N" not in {word for word in bpe._tokenizer(found.about["tokenizer"]).get_vocab() if word != bpe.UNKNOWN}


def test_what_stands_often_is_one_token():
    codes = sequenced.planted(sequenced.random(300, 14), np.ones(300, bool), "GATTACAGAT", turned=False)
    found = bpe.fit(codes, Sequence(14, stranded=True), SPEC | {"vocabulary": 40}, 1, 1)
    words = set(bpe._tokenizer(found.about["tokenizer"]).get_vocab())
    assert "GATTACAGAT" in words and set("ACGT") <= words and len(words) == 40
    both = bpe.fit(codes, Sequence(14), SPEC | {"vocabulary": 40}, 1, 1)
    assert {"GATTACAGAT", "ATCTGTAATC"} <= set(bpe._tokenizer(both.about["tokenizer"]).get_vocab())


def test_sequences_that_need_more_tokens_than_there_are_places_are_cut():
    easy = np.tile(sequenced.random(1, 10), (50, 4))
    found = bpe.fit(easy, Sequence(40, stranded=True), SPEC, 1, 1)
    hard = sequenced.random(3, 40, 5)
    tokens = bpe.tokens(hard, found)
    assert tokens.shape == (3, found.about["width"]) and found.about["width"] < 10 and (tokens > 0).all()
    assert all(decode(row).startswith(text) for row, text in zip(hard, bpe.decoded(tokens, found), strict=True))
    values, _ = bpe.features(hard, found)
    rates = values * found.arrays["feature_deviation"] + found.arrays["feature_mean"]
    assert rates.sum(axis=1) == pytest.approx(1, abs=1e-4), "frequencies are of all tokens"


def test_a_fit_is_always_the_same():
    codes = sequenced.random(200, 50)
    assert bpe.fit(codes, Sequence(50), SPEC, 1, 1).about == bpe.fit(codes, Sequence(50), SPEC, 1, 1).about


def test_nothing_but_n_is_refused():
    with pytest.raises(InputError, match="all bases of the training sequences are N"):
        bpe.fit(np.full((5, 20), 4, np.uint8), Sequence(20), SPEC, 1, 1)
