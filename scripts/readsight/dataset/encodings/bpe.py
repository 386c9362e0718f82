"""Byte-pair encoding: words of unequal length that stand often in the training part (Sennrich et al. 2016; DNABERT-2, Zhou et al. 2024)."""

import logging
import os
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from readsight.dataset.encodings.kmer import column_frequencies
from readsight.dataset.encodings.windows import (
    SCALED_BY,
    apply_scale,
    compute_raw,
    describe_sequences,
    draw_rows,
    draw_windows,
    fit_scale,
    name_features,
)
from readsight.dataset.fold_file import Encoding, SequenceLayout
from readsight.errors import InputError
from readsight.genome.codes import LETTERS, reverse_complement

log = logging.getLogger("readsight")

UNKNOWN = "[N]"  # id 0: a run of N, and padding; not the letter itself, which would be a token for each
BASES = 4_000_000  # that words are learned from, at most: sequences are drawn where there are more
SPARE = 1.1  # places for tokens, as a multiple of what a training sequence needs at most


def fit(codes: np.ndarray, sequence: SequenceLayout, spec: dict[str, Any], seed: int, threads: int) -> Encoding:
    """Learn the words, of both strands unless stranded. spec: vocabulary, tokens to make, the four bases among them.

    description: tokenizer (JSON as of Hugging Face's tokenizers), vocabulary (number of ids, 0 among them), width (of `encode_tokens`),
    sequences (learned from), bases_per_token, dimensions (of the embedding that a network makes). Raises InputError where all bases are N.
    """
    strands = 1 if sequence.stranded else 2
    windows = draw_windows(codes, sequence, BASES // (strands * sequence.length), seed)
    tokenizer_json = _train_tokenizer(
        [windows] if sequence.stranded else [windows, reverse_complement(windows)], spec["vocabulary"], threads
    )
    description = describe_sequences(sequence) | {
        "tokenizer": tokenizer_json,
        "sequences": len(windows),
        "dimensions": spec["dimensions"],
    }
    sizes = np.array([len(row) for row in encode_rows(windows, description)])
    description |= {
        "vocabulary": _load_tokenizer(tokenizer_json).get_vocab_size(),
        "width": int(min(sequence.length, np.ceil(SPARE * sizes.max()))),
        "bases_per_token": float(sequence.length / sizes.mean()),
    }
    log.info("bpe: %d tokens of %.1f bases", description["vocabulary"], description["bases_per_token"])
    raw_features = compute_raw(draw_rows(codes, SCALED_BY, seed), description, lambda rows: _token_frequencies(rows, description))
    return Encoding("bpe", description, fit_scale(raw_features))


def _train_tokenizer(strands: list[np.ndarray], vocabulary: int, threads: int) -> str:
    """A tokenizer as JSON. N is no letter: words do not reach over it."""
    os.environ["TOKENIZERS_PARALLELISM"] = "true" if threads > 1 else "false"
    from tokenizers import Tokenizer, models, trainers

    pieces = [piece for windows in strands for text in decode_rows(windows) for piece in text.split("N") if piece]
    if not pieces:
        raise InputError("representation: bpe has nothing to learn words from: all bases of the training sequences are N")
    # Without a cache: it would hold each sequence as a whole, and none comes twice.
    tokenizer = Tokenizer(models.BPE(unk_token=UNKNOWN, fuse_unk=True, cache_capacity=0))
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary, special_tokens=[UNKNOWN], initial_alphabet=list("ACGT"), show_progress=False
    )
    tokenizer.train_from_iterator(pieces, trainer)
    return tokenizer.to_str()


@lru_cache(maxsize=8)
def _load_tokenizer(content: str) -> Any:
    from tokenizers import Tokenizer

    return Tokenizer.from_str(content)


def decode_rows(codes: np.ndarray) -> Iterator[str]:
    """Each row of codes as text."""
    width = codes.shape[1]
    text = LETTERS[codes].tobytes().decode()
    return (text[i : i + width] for i in range(0, len(text), width))


def encode_rows(codes: np.ndarray, description: dict[str, Any]) -> list[list[int]]:
    """Ids of the tokens of each window (n, length); 0 for a run of N."""
    tokenizer = _load_tokenizer(description["tokenizer"])
    return [row.ids for row in tokenizer.encode_batch(list(decode_rows(codes)), add_special_tokens=False)]


def decode_tokens(ids: np.ndarray, encoding: Encoding) -> list[str]:
    """Bases of rows of ids (n, T), N for a run of N; padding (0 behind the last token) aside."""
    tokenizer = _load_tokenizer(encoding.description["tokenizer"])
    token_texts = np.array(["N", *(tokenizer.id_to_token(i) for i in range(1, tokenizer.get_vocab_size()))], object)
    return ["".join(token_texts[row[: np.flatnonzero(row)[-1] + 1]]) if row.any() else "" for row in ids]


def encode_tokens(codes: np.ndarray, encoding: Encoding) -> np.ndarray:
    """Ids (n, about["width"]) int64 of the tokens of windows (n, length), 0 for a run of N, and behind the last one.

    A sequence that is made of more tokens than any of the training part, and a tenth, is cut behind them.
    """
    return pad_rows(encode_rows(codes, encoding.description), encoding.description["width"])


def pad_rows(rows: list[list[int]], width: int) -> np.ndarray:
    """Rows of unequal length as (n, width) int64: cut, or filled with 0."""
    sizes = np.minimum(np.array([len(row) for row in rows], int), width)
    padded = np.zeros((len(rows), width), np.int64)
    padded[np.arange(width) < sizes[:, None]] = np.concatenate([np.asarray(row[:width], np.int64) for row in rows] or [[]])
    return padded


def token_spans(codes: np.ndarray, encoding: Encoding) -> np.ndarray:
    """Start and end of the bases of each of `encode_tokens`, (n, width, 2); those of padding are empty."""
    width, tokenizer = encoding.description["width"], _load_tokenizer(encoding.description["tokenizer"])
    spans = np.zeros((len(codes), width, 2), np.int64)
    for row, row_tokens in zip(spans, tokenizer.encode_batch(list(decode_rows(codes)), add_special_tokens=False), strict=True):
        offsets = row_tokens.offsets[:width]
        row[: len(offsets)] = np.array(offsets).reshape(-1, 2)
    return spans


def compute_features(codes: np.ndarray, encoding: Encoding) -> tuple[np.ndarray, list[str]]:
    """Frequency of each token among those of a sequence, the mean of both strands unless stranded."""
    description, tokenizer = encoding.description, _load_tokenizer(encoding.description["tokenizer"])
    values = compute_raw(codes, description, lambda rows: _token_frequencies(rows, description))
    return apply_scale(values, encoding.arrays), name_features(
        [tokenizer.id_to_token(i) for i in range(1, description["vocabulary"])], description
    )


def _token_frequencies(rows: np.ndarray, description: dict[str, Any]) -> np.ndarray:
    # The places are those of this batch's longest row: nothing is cut.
    token_ids = encode_rows(rows, description)
    count = _load_tokenizer(description["tokenizer"]).get_vocab_size() - 1
    return column_frequencies(pad_rows(token_ids, max(map(len, token_ids), default=1)) - 1, count)
