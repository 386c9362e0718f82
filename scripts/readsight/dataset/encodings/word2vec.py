"""k-mer embeddings learnt from neighbouring k-mers: skip-gram (Mikolov et al. 2013; for DNA, Ng 2017)."""

import logging
from collections.abc import Iterator
from typing import Any

import numpy as np

from readsight.dataset.encodings import kmer_tokens
from readsight.dataset.encodings.windows import (
    SCALING_ROWS,
    apply_scale,
    check_kmer_length,
    compute_raw,
    describe_sequences,
    draw_rows,
    draw_windows,
    fit_scale,
    name_features,
)
from readsight.dataset.fold_file import Encoding, SequenceLayout
from readsight.errors import InputError
from readsight.genome.codes import reverse_complement

log = logging.getLogger("readsight")

LONGEST = 10  # with 11 bases an embedding of 64 dimensions takes 1 GB
SENTENCE = 10_000  # tokens; gensim drops anything beyond
KMERS_PER_EPOCH = 2_000_000  # per epoch at most; larger sets are sampled


def fit(codes: np.ndarray, sequence: SequenceLayout, spec: dict[str, Any], seed: int, threads: int) -> Encoding:
    """Train the embedding, on both strands unless stranded. spec: k, dimensions, window (k-mers on each side), epochs.

    Arrays: embedding (4^k + 1, dimensions), zero for id 0 and for k-mers absent from training. The description has k,
    dimensions, vocabulary, sequences (used for training), seen (distinct k-mers). Always one thread, since several would
    make runs irreproducible. Raises InputError if k is too long, or all k-mers contain N.
    """
    k = spec["k"]
    check_kmer_length(k, sequence.length)
    if k > LONGEST:
        raise InputError(f"represent.k: k-mer embeddings are trained up to {LONGEST} bases, not of {k}")
    strands = 1 if sequence.stranded else 2
    windows = draw_windows(codes, sequence, KMERS_PER_EPOCH // (strands * (sequence.length - k + 1)), seed)
    embedding, known_count = _train_embedding(split_sentences(windows, k, sequence.stranded), spec, seed)
    description = describe_sequences(sequence) | {
        "k": k,
        "dimensions": spec["dimensions"],
        "vocabulary": 4**k + 1,
        "sequences": len(windows),
        "seen": known_count,
    }
    log.info("word2vec: %d of %d k-mers of %d bases, from %d sequences", known_count, 4**k, k, len(windows))
    raw_features = compute_raw(
        draw_rows(codes, SCALING_ROWS, seed), description, lambda rows: _mean_embeddings(rows, k, embedding)
    )
    return Encoding("word2vec", description, {"embedding": embedding} | fit_scale(raw_features))


def split_sentences(windows: np.ndarray, k: int, stranded: bool) -> list[np.ndarray]:
    """k-mer ids of each window, on both strands unless stranded; split at N and at gensim's sentence limit."""
    strands = [windows] if stranded else [windows, reverse_complement(windows)]
    return [sentence for strand in strands for row in kmer_tokens.encode_kmers(strand, k) for sentence in _split_runs(row)]


def _split_runs(row: np.ndarray) -> Iterator[np.ndarray]:
    cuts = np.flatnonzero(row == 0)
    for run in np.split(row, cuts):
        run = run[run > 0]
        yield from (run[i : i + SENTENCE] for i in range(0, len(run), SENTENCE))


class _Corpus:
    """Sentences in the form that gensim iterates over, once per epoch."""

    def __init__(self, sentences: list[np.ndarray], k: int):
        self.sentences = sentences
        self.token_names = np.array([str(i) for i in range(4**k + 1)], object)

    def __iter__(self) -> Iterator[list[str]]:
        return (self.token_names[sentence].tolist() for sentence in self.sentences)


def _train_embedding(sentences: list[np.ndarray], spec: dict[str, Any], seed: int) -> tuple[np.ndarray, int]:
    """Embedding (4^k + 1, dimensions), and the number of k-mers it covers."""
    from gensim.models import Word2Vec

    if not sentences:
        raise InputError(f"represent.k: no training sequence has {spec['k']} consecutive bases without an N; use a smaller k")
    model = Word2Vec(
        sentences=_Corpus(sentences, spec["k"]),
        vector_size=spec["dimensions"],
        window=spec["window"],
        epochs=spec["epochs"],
        sg=1,
        min_count=1,
        workers=1,
        seed=seed % 2**32,
    )
    embedding = np.zeros((4 ** spec["k"] + 1, spec["dimensions"]), np.float32)
    embedding[[int(token) for token in model.wv.index_to_key]] = model.wv.vectors
    return embedding, len(model.wv)


def encode_tokens(codes: np.ndarray, encoding: Encoding) -> np.ndarray:
    """Ids (n, length − k + 1) int64 of the k-mers of windows (n, length), as in `kmer`: rows of the embedding."""
    return kmer_tokens.encode_kmers(codes, encoding.description["k"]).astype(np.int64)


def compute_features(codes: np.ndarray, encoding: Encoding) -> tuple[np.ndarray, list[str]]:
    """Mean embedding of a sequence's k-mers, averaged over both strands unless stranded."""
    description, embedding = encoding.description, encoding.arrays["embedding"]
    values = compute_raw(codes, description, lambda rows: _mean_embeddings(rows, description["k"], embedding))
    return apply_scale(values, encoding.arrays), name_features(
        [f"word2vec.{i}" for i in range(description["dimensions"])], description
    )


def _mean_embeddings(rows: np.ndarray, k: int, embedding: np.ndarray) -> np.ndarray:
    """Mean embedding (n, dimensions) of the k-mers without N."""
    ids = kmer_tokens.encode_kmers(rows, k)
    total = np.zeros((len(rows), embedding.shape[1]), np.float32)
    for column in ids.T:  # id 0 adds nothing; summing by position avoids storing all embeddings at once
        total += embedding[column]
    return total / np.maximum((ids > 0).sum(axis=1), 1)[:, None].astype(np.float32)
