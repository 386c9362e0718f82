"""Byte-pair encoding: tokens of variable length that are frequent in training (Sennrich et al. 2016; DNABERT-2, Zhou et al. 2024)."""

import logging
import os
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from readsight.dataset.encodings.kmer import column_frequencies
from readsight.dataset.encodings.windows import (
    SCALING_ROWS,
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

UNKNOWN = "[N]"  # id 0: a run of N, and padding; the letter itself would give one token per N
TRAINING_BASES = 4_000_000  # used for training at most; larger sets are sampled
WIDTH_MARGIN = 1.1  # width, as a multiple of the longest training sequence in tokens


def fit(codes: np.ndarray, sequence: SequenceLayout, spec: dict[str, Any], seed: int, threads: int) -> Encoding:
    """Train the tokenizer, on both strands unless stranded. spec: vocabulary, number of tokens including the four bases.

    The description has tokenizer (JSON of Hugging Face's tokenizers), vocabulary (number of ids including 0), width (of
    `encode_tokens`), sequences (used for training), bases_per_token, dimensions (of a network's embedding). Raises
    InputError if all bases are N.
    """
    strands = 1 if sequence.stranded else 2
    windows = draw_windows(codes, sequence, TRAINING_BASES // (strands * sequence.length), seed)
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
        "width": int(min(sequence.length, np.ceil(WIDTH_MARGIN * sizes.max()))),
        "bases_per_token": float(sequence.length / sizes.mean()),
    }
    log.info("bpe: %d tokens of %.1f bases", description["vocabulary"], description["bases_per_token"])
    raw_features = compute_raw(
        draw_rows(codes, SCALING_ROWS, seed), description, lambda rows: _token_frequencies(rows, description)
    )
    return Encoding("bpe", description, fit_scale(raw_features))


def _train_tokenizer(strands: list[np.ndarray], vocabulary: int, threads: int) -> str:
    """A tokenizer as JSON. Sequences are split at N, so no token spans it."""
    os.environ["TOKENIZERS_PARALLELISM"] = "true" if threads > 1 else "false"
    from tokenizers import Tokenizer, models, trainers

    pieces = [piece for windows in strands for text in decode_rows(windows) for piece in text.split("N") if piece]
    if not pieces:
        raise InputError("representation: bpe cannot be trained: all bases of the training sequences are N")
    # No cache: it would store each full sequence, and none is repeated.
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
    """Token ids of each window (n, length); 0 for a run of N."""
    tokenizer = _load_tokenizer(description["tokenizer"])
    return [row.ids for row in tokenizer.encode_batch(list(decode_rows(codes)), add_special_tokens=False)]


def decode_tokens(ids: np.ndarray, encoding: Encoding) -> list[str]:
    """Bases of rows of ids (n, T), N for a run of N; padding (0 after the last token) is dropped."""
    tokenizer = _load_tokenizer(encoding.description["tokenizer"])
    token_texts = np.array(["N", *(tokenizer.id_to_token(i) for i in range(1, tokenizer.get_vocab_size()))], object)
    return ["".join(token_texts[row[: np.flatnonzero(row)[-1] + 1]]) if row.any() else "" for row in ids]


def encode_tokens(codes: np.ndarray, encoding: Encoding) -> np.ndarray:
    """Token ids (n, description["width"]) int64 of windows (n, length); 0 for a run of N and for padding.

    Sequences with more tokens than 1.1 times the training maximum are truncated.
    """
    return pad_rows(encode_rows(codes, encoding.description), encoding.description["width"])


def pad_rows(rows: list[list[int]], width: int) -> np.ndarray:
    """Rows of unequal length as (n, width) int64: truncated, or padded with 0."""
    sizes = np.minimum(np.array([len(row) for row in rows], int), width)
    padded = np.zeros((len(rows), width), np.int64)
    padded[np.arange(width) < sizes[:, None]] = np.concatenate([np.asarray(row[:width], np.int64) for row in rows] or [[]])
    return padded


def token_spans(codes: np.ndarray, encoding: Encoding) -> np.ndarray:
    """Start and end of the bases of each token, (n, width, 2); empty for padding."""
    width, tokenizer = encoding.description["width"], _load_tokenizer(encoding.description["tokenizer"])
    spans = np.zeros((len(codes), width, 2), np.int64)
    for row, row_tokens in zip(spans, tokenizer.encode_batch(list(decode_rows(codes)), add_special_tokens=False), strict=True):
        offsets = row_tokens.offsets[:width]
        row[: len(offsets)] = np.array(offsets).reshape(-1, 2)
    return spans


def compute_features(codes: np.ndarray, encoding: Encoding) -> tuple[np.ndarray, list[str]]:
    """Frequency of each token in a sequence, averaged over both strands unless stranded."""
    description, tokenizer = encoding.description, _load_tokenizer(encoding.description["tokenizer"])
    values = compute_raw(codes, description, lambda rows: _token_frequencies(rows, description))
    return apply_scale(values, encoding.arrays), name_features(
        [tokenizer.id_to_token(i) for i in range(1, description["vocabulary"])], description
    )


def _token_frequencies(rows: np.ndarray, description: dict[str, Any]) -> np.ndarray:
    # The width is that of the longest row, so nothing is truncated.
    token_ids = encode_rows(rows, description)
    count = _load_tokenizer(description["tokenizer"]).get_vocab_size() - 1
    return column_frequencies(pad_rows(token_ids, max(map(len, token_ids), default=1)) - 1, count)
