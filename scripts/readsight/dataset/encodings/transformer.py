"""Contextual embeddings by a transformer, pre-trained here on masked k-mers or read from a Hugging Face checkpoint."""

import logging
from typing import Any

import numpy as np

from readsight.dataset.encodings import checkpoint, kmer_tokens
from readsight.dataset.encodings.windows import (
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

log = logging.getLogger("readsight")

LONGEST = 8
TOKENS_PER_EPOCH = 1_000_000  # per epoch at most; larger sets are sampled
SCALING_ROWS = 2_000  # training sequences used to fit the feature scale: more would be slow without benefit


def fit(codes: np.ndarray, sequence: SequenceLayout, spec: dict[str, Any], seed: int, threads: int) -> Encoding:
    """Pre-train an encoder, or inspect a checkpoint.

    The description has vocabulary, dimensions and special (tokens excluded from means). A pre-trained encoder adds k, layers,
    heads, sequences (used for training) and pretraining (see `masked_language_model.pretrain_encoder`); its arrays have their
    names in the module. A checkpoint adds the description of `checkpoint.describe_checkpoint`. Raises InputError for
    settings that do not fit the sequences, or an unsuitable folder.
    """
    if spec.get("checkpoint"):
        arrays: dict[str, np.ndarray] = {}
        description = describe_sequences(sequence) | checkpoint.describe_checkpoint(
            spec, draw_windows(codes, sequence, checkpoint.CHECKED_SEQUENCES, seed)
        )
    else:
        description, arrays = _pretrain(codes, sequence, spec, seed, threads)
    unscaled = Encoding("transformer", description, arrays)
    return Encoding(
        "transformer", description, arrays | fit_scale(_mean_embeddings(draw_rows(codes, SCALING_ROWS, seed), unscaled))
    )


def _pretrain(
    codes: np.ndarray, sequence: SequenceLayout, spec: dict[str, Any], seed: int, threads: int
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    from readsight.dataset.encodings.masked_language_model import pretrain_encoder

    k = spec["k"]
    _check_settings(sequence, spec)
    windows = draw_windows(codes, sequence, TOKENS_PER_EPOCH // (sequence.length - k + 1), seed)
    description = describe_sequences(sequence) | {name: spec[name] for name in ("k", "dimensions", "layers", "heads")}
    description |= {"vocabulary": 4**k + 2, "special": [0, 4**k + 1], "sequences": len(windows)}
    arrays, quality = pretrain_encoder(windows, description, spec, seed, threads)
    return description | {"pretraining": quality}, arrays


def _check_settings(sequence: SequenceLayout, spec: dict[str, Any]) -> None:
    k, shortest = spec["k"], 3 * spec["k"] - 1
    check_kmer_length(k, sequence.length)
    faults = []
    if k > LONGEST:
        faults.append(f"represent.k: a transformer uses k-mers of at most {LONGEST} bases, not of {k}")
    if sequence.length < shortest:
        faults.append(
            f"represent.k: masking k-mers of {k} bases needs sequences of {shortest} bases, but these have "
            f"{sequence.length}; use at most {(sequence.length + 1) // 3}"
        )
    if spec["dimensions"] % (2 * spec["heads"]):
        faults.append(f"represent.heads: {spec['dimensions']} dimensions cannot be divided in pairs among {spec['heads']} heads")
    if faults:
        raise InputError(faults)


def encode_tokens(codes: np.ndarray, encoding: Encoding) -> np.ndarray:
    """Token ids (n, T) int64 of windows (n, length).

    The encoder trained here uses k-mer ids, as in `kmer`. A checkpoint uses its tokens, including special tokens, with ids
    increased by one and padded with 0.
    """
    if "checkpoint" in encoding.description:
        return checkpoint.encode_tokens(codes, encoding.description)
    return kmer_tokens.encode_kmers(codes, encoding.description["k"]).astype(np.int64)


def build_encoder(encoding: Encoding, weights: bool = True) -> Any:
    """Torch module from tokens to contextual embeddings (n, T, dimensions); trainable, with no mode set."""
    import torch

    if "checkpoint" in encoding.description:
        return checkpoint.load_module(encoding.description, weights)
    from readsight.dataset.encodings.encoder import Encoder

    module = Encoder(encoding.description)
    if weights:
        module.load_state_dict({name: torch.as_tensor(np.array(encoding.arrays[name])) for name in module.state_dict()})
    return module


def compute_features(codes: np.ndarray, encoding: Encoding) -> tuple[np.ndarray, list[str]]:
    """Mean contextual embedding of a sequence's tokens, without special tokens; both strands averaged unless stranded."""
    description = encoding.description
    return apply_scale(_mean_embeddings(codes, encoding), encoding.arrays), name_features(
        [f"transformer.{i}" for i in range(description["dimensions"])], description
    )


def _mean_embeddings(codes: np.ndarray, encoding: Encoding) -> np.ndarray:
    from readsight.dataset.encodings.encoder import pool_embeddings, select_device

    module = build_encoder(encoding).to(select_device()).eval()
    return compute_raw(
        codes,
        encoding.description,
        lambda rows: pool_embeddings(module, encode_tokens(rows, encoding), encoding.description["special"]),
    )
