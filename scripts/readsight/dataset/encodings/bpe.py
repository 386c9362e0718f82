"""Byte-pair encoding: words of unequal length that stand often in the training part (Sennrich et al. 2016; DNABERT-2, Zhou et al. 2024)."""

import logging
import os
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from readsight.dataset.encodings.kmer import frequencies
from readsight.dataset.encodings.windows import SCALED_BY, drawn, named, raw, scale, scaled, told, windows_of
from readsight.dataset.fold_file import Encoding, Sequence
from readsight.errors import InputError
from readsight.genome.codes import LETTERS, reverse_complement

log = logging.getLogger("readsight")

UNKNOWN = "[N]"  # id 0: a run of N, and padding; not the letter itself, which would be a token for each
BASES = 4_000_000  # that words are learned from, at most: sequences are drawn where there are more
SPARE = 1.1  # places for tokens, as a multiple of what a training sequence needs at most


def fit(codes: np.ndarray, sequence: Sequence, spec: dict[str, Any], seed: int, threads: int) -> Encoding:
    """Learn the words, of both strands unless stranded. spec: vocabulary, tokens to make, the four bases among them.

    about: tokenizer (JSON as of Hugging Face's tokenizers), vocabulary (number of ids, 0 among them), width (of `tokens`),
    sequences (learned from), bases_per_token, dimensions (of the embedding that a network makes). Raises InputError where all bases are N.
    """
    strands = 1 if sequence.stranded else 2
    windows = windows_of(codes, sequence, BASES // (strands * sequence.length), seed)
    learned = _learned([windows] if sequence.stranded else [windows, reverse_complement(windows)], spec["vocabulary"], threads)
    about = told(sequence) | {"tokenizer": learned, "sequences": len(windows), "dimensions": spec["dimensions"]}
    sizes = np.array([len(row) for row in encoded(windows, about)])
    about |= {
        "vocabulary": _tokenizer(learned).get_vocab_size(),
        "width": int(min(sequence.length, np.ceil(SPARE * sizes.max()))),
        "bases_per_token": float(sequence.length / sizes.mean()),
    }
    log.info("bpe: %d tokens of %.1f bases", about["vocabulary"], about["bases_per_token"])
    own = raw(drawn(codes, SCALED_BY, seed), about, lambda rows: _frequencies(rows, about))
    return Encoding("bpe", about, scale(own))


def _learned(strands: list[np.ndarray], vocabulary: int, threads: int) -> str:
    """A tokenizer as JSON. N is no letter: words do not reach over it."""
    os.environ["TOKENIZERS_PARALLELISM"] = "true" if threads > 1 else "false"
    from tokenizers import Tokenizer, models, trainers

    pieces = [piece for windows in strands for text in letters(windows) for piece in text.split("N") if piece]
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
def _tokenizer(content: str) -> Any:
    from tokenizers import Tokenizer

    return Tokenizer.from_str(content)


def letters(codes: np.ndarray) -> Iterator[str]:
    """Each row of codes as text."""
    width = codes.shape[1]
    text = LETTERS[codes].tobytes().decode()
    return (text[i : i + width] for i in range(0, len(text), width))


def encoded(codes: np.ndarray, about: dict[str, Any]) -> list[list[int]]:
    """Ids of the tokens of each window (n, length); 0 for a run of N."""
    own = _tokenizer(about["tokenizer"])
    return [row.ids for row in own.encode_batch(list(letters(codes)), add_special_tokens=False)]


def decoded(ids: np.ndarray, encoding: Encoding) -> list[str]:
    """Bases of rows of ids (n, T), N for a run of N; padding (0 behind the last token) aside."""
    own = _tokenizer(encoding.about["tokenizer"])
    words = np.array(["N", *(own.id_to_token(i) for i in range(1, own.get_vocab_size()))], object)
    return ["".join(words[row[: np.flatnonzero(row)[-1] + 1]]) if row.any() else "" for row in ids]


def tokens(codes: np.ndarray, encoding: Encoding) -> np.ndarray:
    """Ids (n, about["width"]) int64 of the tokens of windows (n, length), 0 for a run of N, and behind the last one.

    A sequence that is made of more tokens than any of the training part, and a tenth, is cut behind them.
    """
    return padded(encoded(codes, encoding.about), encoding.about["width"])


def padded(rows: list[list[int]], width: int) -> np.ndarray:
    """Rows of unequal length as (n, width) int64: cut, or filled with 0."""
    sizes = np.minimum(np.array([len(row) for row in rows], int), width)
    found = np.zeros((len(rows), width), np.int64)
    found[np.arange(width) < sizes[:, None]] = np.concatenate([np.asarray(row[:width], np.int64) for row in rows] or [[]])
    return found


def spans(codes: np.ndarray, encoding: Encoding) -> np.ndarray:
    """Start and end of the bases of each of `tokens`, (n, width, 2); those of padding are empty."""
    width, own = encoding.about["width"], _tokenizer(encoding.about["tokenizer"])
    found = np.zeros((len(codes), width, 2), np.int64)
    for row, words in zip(found, own.encode_batch(list(letters(codes)), add_special_tokens=False), strict=True):
        offsets = words.offsets[:width]
        row[: len(offsets)] = np.array(offsets).reshape(-1, 2)
    return found


def features(codes: np.ndarray, encoding: Encoding) -> tuple[np.ndarray, list[str]]:
    """Frequency of each token among those of a sequence, the mean of both strands unless stranded."""
    about, own = encoding.about, _tokenizer(encoding.about["tokenizer"])
    found = raw(codes, about, lambda rows: _frequencies(rows, about))
    return scaled(found, encoding.arrays), named([own.id_to_token(i) for i in range(1, about["vocabulary"])], about)


def _frequencies(rows: np.ndarray, about: dict[str, Any]) -> np.ndarray:
    # The places are those of this batch's longest row: nothing is cut.
    held = encoded(rows, about)
    count = _tokenizer(about["tokenizer"]).get_vocab_size() - 1
    return frequencies(padded(held, max(map(len, held), default=1)) - 1, count)
