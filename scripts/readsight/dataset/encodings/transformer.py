"""Contextual embeddings by a transformer: one that is pre-trained here on masked words, or one of Hugging Face, from a folder."""

import logging
from typing import Any

import numpy as np

from readsight.dataset.encodings import checkpoint, kmer_tokens
from readsight.dataset.encodings.windows import drawn, fits, named, raw, scale, scaled, told, windows_of
from readsight.dataset.fold_file import Encoding, Sequence
from readsight.errors import InputError

log = logging.getLogger("readsight")

LONGEST = 8
WORDS = 1_000_000  # of a pass, at most: sequences are drawn where there are more
SCALED_BY = 2_000  # training sequences that features are scaled by: embedding more takes longer than it is worth


def fit(codes: np.ndarray, sequence: Sequence, spec: dict[str, Any], seed: int, threads: int) -> Encoding:
    """Pre-train an encoder, or look through a checkpoint.

    about: vocabulary, dimensions, special (tokens that no mean is taken of); of the own one k, layers, heads, sequences
    (learned from) and pretraining (as of `masked_language_model.trained`), its arrays under their names in the module; of a checkpoint what
    `checkpoint.opened` says. Raises InputError for settings that do not fit the sequences, or a folder that does not serve.
    """
    if spec.get("checkpoint"):
        arrays: dict[str, np.ndarray] = {}
        about = told(sequence) | checkpoint.opened(spec, windows_of(codes, sequence, checkpoint.LOOKED_AT, seed))
    else:
        about, arrays = _pretrained(codes, sequence, spec, seed, threads)
    plain = Encoding("transformer", about, arrays)
    return Encoding("transformer", about, arrays | scale(_means(drawn(codes, SCALED_BY, seed), plain)))


def _pretrained(
    codes: np.ndarray, sequence: Sequence, spec: dict[str, Any], seed: int, threads: int
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    from readsight.dataset.encodings.masked_language_model import trained

    k = spec["k"]
    _check(sequence, spec)
    windows = windows_of(codes, sequence, WORDS // (sequence.length - k + 1), seed)
    about = told(sequence) | {name: spec[name] for name in ("k", "dimensions", "layers", "heads")}
    about |= {"vocabulary": 4**k + 2, "special": [0, 4**k + 1], "sequences": len(windows)}
    arrays, said = trained(windows, about, spec, seed, threads)
    return about | {"pretraining": said}, arrays


def _check(sequence: Sequence, spec: dict[str, Any]) -> None:
    k, need = spec["k"], 3 * spec["k"] - 1
    fits(k, sequence.length)
    faults = []
    if k > LONGEST:
        faults.append(f"represent.k: a transformer learns words of at most {LONGEST} bases, not of {k}")
    if sequence.length < need:
        faults.append(
            f"represent.k: to hide words of {k} bases from their neighbours takes sequences of {need} bases, and these have "
            f"{sequence.length}; use at most {(sequence.length + 1) // 3}"
        )
    if spec["dimensions"] % (2 * spec["heads"]):
        faults.append(
            f"represent.heads: {spec['dimensions']} dimensions cannot be shared out in pairs among {spec['heads']} heads"
        )
    if faults:
        raise InputError(faults)


def tokens(codes: np.ndarray, encoding: Encoding) -> np.ndarray:
    """Ids (n, T) int64 of the tokens of windows (n, length). The own encoder's: words, as of `kmer`. A checkpoint's: its own
    and its special ones, each id one higher than there, 0 behind the last."""
    if "checkpoint" in encoding.about:
        return checkpoint.tokens(codes, encoding.about)
    return kmer_tokens.ids(codes, encoding.about["k"]).astype(np.int64)


def encoder(encoding: Encoding, weights: bool = True) -> Any:
    """Torch module from `tokens` to contextual embeddings (n, T, dimensions), not yet in any mode; trains as any other."""
    import torch

    if "checkpoint" in encoding.about:
        return checkpoint.module(encoding.about, weights)
    from readsight.dataset.encodings.encoder import Encoder

    found = Encoder(encoding.about)
    if weights:
        found.load_state_dict({name: torch.as_tensor(np.array(encoding.arrays[name])) for name in found.state_dict()})
    return found


def features(codes: np.ndarray, encoding: Encoding) -> tuple[np.ndarray, list[str]]:
    """Mean contextual embedding of a sequence's tokens, special ones aside, of both strands unless stranded."""
    about = encoding.about
    return scaled(_means(codes, encoding), encoding.arrays), named(
        [f"transformer.{i}" for i in range(about["dimensions"])], about
    )


def _means(codes: np.ndarray, encoding: Encoding) -> np.ndarray:
    from readsight.dataset.encodings.encoder import device, pooled

    module = encoder(encoding).to(device()).eval()
    return raw(codes, encoding.about, lambda rows: pooled(module, tokens(rows, encoding), encoding.about["special"]))
