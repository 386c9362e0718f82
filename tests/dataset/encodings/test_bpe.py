"""Byte-pair tokens: encoding is lossless, and frequent motifs become single tokens."""

import numpy as np
import pytest

import sequenced
from readsight.dataset.encodings import bpe
from readsight.dataset.fold_file import SequenceLayout
from readsight.errors import InputError
from readsight.genome.codes import decode

SPEC = {"vocabulary": 60, "dimensions": 16}


def test_tokens_decode_to_the_sequence():
    codes = sequenced.random_codes(100, 60)
    codes[4, 10] = 4
    encoding = bpe.fit(codes, SequenceLayout(60), SPEC, 1, 1)
    assert (
        encoding.description["vocabulary"] == 60
        and encoding.description["width"] <= 60
        and encoding.description["bases_per_token"] > 2
    )
    assert bpe.decode_tokens(bpe.encode_tokens(codes, encoding), encoding) == [decode(row) for row in codes]


def test_run_of_n_is_one_token_and_no_token_spans_it():
    codes = sequenced.random_codes(50, 40)
    codes[0, 10:15] = 4
    codes[1, :3], codes[2, -3:] = 4, 4
    encoding = bpe.fit(codes, SequenceLayout(40), SPEC, 1, 1)
    tokens = bpe.encode_tokens(codes, encoding)
    text = bpe.decode_tokens(tokens, encoding)
    assert text[0] == decode(codes[0, :10]) + "N" + decode(codes[0, 15:])
    assert text[1] == "N" + decode(codes[1, 3:]) and tokens[1, 0] == 0
    assert text[2] == decode(codes[2, :-3])
    assert "N" not in {
        token for token in bpe._load_tokenizer(encoding.description["tokenizer"]).get_vocab() if token != bpe.UNKNOWN
    }


def test_frequent_motif_becomes_one_token():
    codes = sequenced.plant_motif(sequenced.random_codes(300, 14), np.ones(300, bool), "GATTACAGAT", on_both_strands=False)
    encoding = bpe.fit(codes, SequenceLayout(14, stranded=True), SPEC | {"vocabulary": 40}, 1, 1)
    tokens = set(bpe._load_tokenizer(encoding.description["tokenizer"]).get_vocab())
    assert "GATTACAGAT" in tokens and set("ACGT") <= tokens and len(tokens) == 40
    both = bpe.fit(codes, SequenceLayout(14), SPEC | {"vocabulary": 40}, 1, 1)
    assert {"GATTACAGAT", "ATCTGTAATC"} <= set(bpe._load_tokenizer(both.description["tokenizer"]).get_vocab())


def test_token_rows_are_truncated_at_the_width():
    easy = np.tile(sequenced.random_codes(1, 10), (50, 4))
    encoding = bpe.fit(easy, SequenceLayout(40, stranded=True), SPEC, 1, 1)
    hard = sequenced.random_codes(3, 40, 5)
    tokens = bpe.encode_tokens(hard, encoding)
    assert tokens.shape == (3, encoding.description["width"]) and encoding.description["width"] < 10 and (tokens > 0).all()
    assert all(decode(row).startswith(text) for row, text in zip(hard, bpe.decode_tokens(tokens, encoding), strict=True))
    values, _ = bpe.compute_features(hard, encoding)
    rates = values * encoding.arrays["feature_deviation"] + encoding.arrays["feature_mean"]
    assert rates.sum(axis=1) == pytest.approx(1, abs=1e-4), "frequencies include all tokens"


def test_fit_is_deterministic():
    codes = sequenced.random_codes(200, 50)
    assert (
        bpe.fit(codes, SequenceLayout(50), SPEC, 1, 1).description == bpe.fit(codes, SequenceLayout(50), SPEC, 1, 1).description
    )


def test_sequences_of_only_n_are_refused():
    with pytest.raises(InputError, match="all bases of the training sequences are N"):
        bpe.fit(np.full((5, 20), 4, np.uint8), SequenceLayout(20), SPEC, 1, 1)
