"""Contextual embeddings by a transformer: one that is pre-trained here on masked words, or one of Hugging Face, from a folder."""

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
TOKENS_PER_EPOCH = 1_000_000  # of a pass, at most: sequences are drawn where there are more
SCALED_BY = 2_000  # training sequences that features are scaled by: embedding more takes longer than it is worth


def fit(codes: np.ndarray, sequence: SequenceLayout, spec: dict[str, Any], seed: int, threads: int) -> Encoding:
    """Pre-train an encoder, or look through a checkpoint.

    description: vocabulary, dimensions, special (tokens that no mean is taken of); of the own one k, layers, heads, sequences
    (learned from) and pretraining (as of `masked_language_model.pretrain_encoder`), its arrays under their names in the module; of a checkpoint what
    `checkpoint.describe_checkpoint` says. Raises InputError for settings that do not fit the sequences, or a folder that does not serve.
    """
    if spec.get("checkpoint"):
        arrays: dict[str, np.ndarray] = {}
        description = describe_sequences(sequence) | checkpoint.describe_checkpoint(
            spec, draw_windows(codes, sequence, checkpoint.LOOKED_AT, seed)
        )
    else:
        description, arrays = _pretrain(codes, sequence, spec, seed, threads)
    unscaled = Encoding("transformer", description, arrays)
    return Encoding("transformer", description, arrays | fit_scale(_mean_embeddings(draw_rows(codes, SCALED_BY, seed), unscaled)))


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
        faults.append(f"represent.k: a transformer learns words of at most {LONGEST} bases, not of {k}")
    if sequence.length < shortest:
        faults.append(
            f"represent.k: to hide words of {k} bases from their neighbours takes sequences of {shortest} bases, and these have "
            f"{sequence.length}; use at most {(sequence.length + 1) // 3}"
        )
    if spec["dimensions"] % (2 * spec["heads"]):
        faults.append(
            f"represent.heads: {spec['dimensions']} dimensions cannot be shared out in pairs among {spec['heads']} heads"
        )
    if faults:
        raise InputError(faults)


def encode_tokens(codes: np.ndarray, encoding: Encoding) -> np.ndarray:
    """Ids (n, T) int64 of the tokens of windows (n, length). The own encoder's: words, as of `kmer`. A checkpoint's: its own
    and its special ones, each id one higher than there, 0 behind the last."""
    if "checkpoint" in encoding.description:
        return checkpoint.encode_tokens(codes, encoding.description)
    return kmer_tokens.encode_kmers(codes, encoding.description["k"]).astype(np.int64)


def build_encoder(encoding: Encoding, weights: bool = True) -> Any:
    """Torch module from `encode_tokens` to contextual embeddings (n, T, dimensions), not yet in any mode; trains as any other."""
    import torch

    if "checkpoint" in encoding.description:
        return checkpoint.load_module(encoding.description, weights)
    from readsight.dataset.encodings.encoder import Encoder

    module = Encoder(encoding.description)
    if weights:
        module.load_state_dict({name: torch.as_tensor(np.array(encoding.arrays[name])) for name in module.state_dict()})
    return module


def compute_features(codes: np.ndarray, encoding: Encoding) -> tuple[np.ndarray, list[str]]:
    """Mean contextual embedding of a sequence's tokens, special ones aside, of both strands unless stranded."""
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
