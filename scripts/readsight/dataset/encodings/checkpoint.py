"""Hugging Face transformers read from a local folder. Nothing is downloaded, and custom code runs only if it is trusted."""

import hashlib
import json
import os
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from readsight.dataset.encodings.bpe import WIDTH_MARGIN, decode_rows, pad_rows
from readsight.errors import InputError

CHECKED_SEQUENCES = 500  # training sequences tokenised to check the checkpoint
KMER_LENGTHS = range(3, 9)  # possible k of k-mer vocabularies, as in DNABERT
WEIGHTS = ("*.safetensors", "*.bin")
SHOWN = 3
MAX_UNKNOWN = 0.5  # a tokenizer with a larger fraction of unknown tokens is not one of DNA


def describe_checkpoint(spec: dict[str, Any], windows: np.ndarray) -> dict[str, Any]:
    """Description of a checkpoint: checkpoint (folder), sha256 (of config and weights), trusted, dimensions, vocabulary, words
    (k if the text consists of k-mers, None if of bases), width (of `encode_tokens`), special, padding (id in the checkpoint).

    spec: checkpoint; trust_code, whether its custom code may run. windows: codes of the training set. Raises InputError if
    the folder has no model known to transformers, no model of DNA, or one that cannot read sequences of this length.
    """
    folder, trusted = Path(spec["checkpoint"]), bool(spec.get("trust_code", False))
    _check_folder(folder, trusted)
    description: dict[str, Any] = {"checkpoint": str(folder.absolute()), "trusted": trusted, "sha256": hash_checkpoint(folder)}
    tokenizer, model = _load_tokenizer(description["checkpoint"], trusted), load_module(description, True)
    description |= {"words": _detect_kmer_length(tokenizer, windows, folder), "padding": tokenizer.pad_token_id or 0}
    description["special"] = sorted({0, *(1 + i for i in tokenizer.all_special_ids)})
    rows = _encode_rows(windows, description["words"], tokenizer)
    longest_row, highest_id = max(map(len, rows)), max(max(row) for row in rows)
    vocabulary_size = model.model.get_input_embeddings().num_embeddings
    if highest_id >= vocabulary_size:
        raise InputError(
            f"{folder}: the tokenizer returns token {highest_id}, but the model has {vocabulary_size}; they belong to different checkpoints"
        )
    token_limit = _token_limit(model.model.config, tokenizer)
    if longest_row > token_limit:
        raise InputError(
            f"represent.checkpoint: {folder} reads at most {token_limit} tokens, and a sequence of {windows.shape[1]} bases has {longest_row}; "
            "use shorter sequences (sequences.length), or another checkpoint"
        )
    width = int(min(token_limit, np.ceil(WIDTH_MARGIN * longest_row)))
    return description | {"vocabulary": vocabulary_size + 1, "dimensions": _model_dimensions(model, rows[0]), "width": width}


def _check_folder(folder: Path, trusted: bool) -> None:
    """Raise InputError if a folder is not a usable checkpoint, or needs code that is not trusted."""
    if not (folder / "config.json").is_file():
        raise InputError(f"represent.checkpoint: {folder} has no config.json; name the folder of a Hugging Face model")
    try:
        content = json.loads((folder / "config.json").read_text())
    except ValueError as error:
        raise InputError(f"{folder}/config.json: is not valid JSON: {error}") from None
    code_files = sorted(
        {str(location).split(".")[0].split("--")[-1] + ".py" for location in (content.get("auto_map") or {}).values()}
    )
    if code_files and not trusted:
        raise InputError(
            f"represent.checkpoint: {folder} is a model with custom code ({', '.join(code_files)}), which runs only if you trust "
            "it: inspect the code and set represent.trust_code, or use a checkpoint of an architecture known to transformers"
        )
    if content.get("is_encoder_decoder"):
        raise InputError(
            f"represent.checkpoint: {folder} is an encoder with a decoder ({content.get('model_type')}); use an encoder"
        )
    if not any(path for pattern in WEIGHTS for path in folder.glob(pattern)):
        raise InputError(f"represent.checkpoint: {folder} has no weights (model.safetensors or pytorch_model.bin)")


def hash_checkpoint(folder: Path) -> str:
    """SHA-256 of a checkpoint's config and weights."""
    hasher = hashlib.sha256()
    for path in sorted([folder / "config.json", *(path for pattern in WEIGHTS for path in folder.glob(pattern))]):
        with open(path, "rb") as handle:
            hasher.update(hashlib.file_digest(handle, "sha256").digest())
    return hasher.hexdigest()


def _offline_options(trusted: bool) -> dict[str, Any]:
    """Options of every loader. The environment variables must be set before the first import of transformers."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    return {"local_files_only": True, "trust_remote_code": trusted}


@lru_cache(maxsize=4)
def _load_tokenizer(folder: str, trusted: bool) -> Any:
    options = _offline_options(trusted)
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(folder, **options)
    except Exception as error:  # transformers raises different exceptions depending on tokenizer and release
        raise InputError(f"represent.checkpoint: {folder} has no readable tokenizer: {_first_line(error)}") from None


def load_module(description: dict[str, Any], weights: bool = True) -> Any:
    """Torch module from tokens (n, T) to contextual embeddings (n, T, dimensions); its `model` is the transformers model.

    Raises InputError if the folder is missing or has changed, or its weights do not match the architecture in its config.
    """
    options = _offline_options(description["trusted"])
    folder = Path(description["checkpoint"])
    if not (folder / "config.json").is_file() or hash_checkpoint(folder) != description["sha256"]:
        raise InputError(
            f"represent.checkpoint: {folder} has changed since the representation was made; run the representation again"
        )
    from transformers import AutoConfig, AutoModel
    from transformers.utils import logging

    from readsight.dataset.encodings.pretrained import PretrainedEncoder

    logging.disable_progress_bar()
    logging.set_verbosity_error()  # missing weights, which it warns about, are an error here
    try:
        if not weights:
            return PretrainedEncoder(
                AutoModel.from_config(AutoConfig.from_pretrained(folder, **options), trust_remote_code=description["trusted"]),
                description,
            )
        model, loaded = AutoModel.from_pretrained(folder, output_loading_info=True, **options)
    except Exception as error:  # as above
        raise InputError(f"represent.checkpoint: {folder} cannot be read as a model: {_first_line(error)}") from None
    missing = [str(name) for name in loaded["missing_keys"] if "pooler" not in str(name)]
    mismatched = [str(name[0] if isinstance(name, tuple) else name) for name in loaded["mismatched_keys"]]
    if missing or mismatched:
        examples = ", ".join((missing + mismatched)[:SHOWN])
        raise InputError(
            f"represent.checkpoint: {folder} has weights that do not match the architecture in its config.json "
            f"({type(model).__name__}): {len(missing + mismatched)} are missing or have a different shape, including {examples}"
        )
    return PretrainedEncoder(model, description)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _token_limit(config: Any, tokenizer: Any) -> int:
    """Largest number of tokens that a model accepts."""
    limits = [
        tokenizer.model_max_length,
        *(getattr(config, name, None) or 0 for name in ("max_position_embeddings", "n_positions")),
    ]
    # RoBERTa-like models count positions from after the padding id.
    offset = (
        getattr(config, "pad_token_id", 0) or 0 if getattr(config, "model_type", "") in ("roberta", "xlm-roberta", "esm") else -1
    )
    return int(min([limits[0], *(n - offset - 1 for n in limits[1:] if n > 0)]))


def _model_dimensions(model: Any, row: list[int]) -> int:
    import torch

    with torch.inference_mode():
        return int(model.eval()(torch.tensor([row]) + 1).shape[2])


def _detect_kmer_length(tokenizer: Any, windows: np.ndarray, folder: Path) -> int | None:
    """Length of the k-mers that the text must consist of; None for single bases. Raises InputError if neither is known."""
    vocabulary = tokenizer.get_vocab()
    lengths = [
        k
        for k in KMER_LENGTHS
        if k <= windows.shape[1] and all("".join(kmer) in vocabulary for kmer in product("ACGT", repeat=k))
    ]
    for length in (None, *reversed(lengths)):
        if _unknown_fraction(tokenizer, _encode_rows(windows, length, tokenizer)) < MAX_UNKNOWN:
            return length
    raise InputError(
        f"represent.checkpoint: {folder} is not a model of DNA: its tokenizer knows neither bases nor k-mers of {KMER_LENGTHS[0]} to {KMER_LENGTHS[-1]} bases"
    )


def _unknown_fraction(tokenizer: Any, rows: list[list[int]]) -> float:
    """Fraction of unknown tokens, special tokens excluded."""
    unknown, special = tokenizer.unk_token_id, set(tokenizer.all_special_ids)
    counted = [i for row in rows for i in row if i == unknown or i not in special]
    return float(np.mean([i == unknown for i in counted])) if counted else 1.0


def _encode_rows(codes: np.ndarray, k: int | None, tokenizer: Any) -> list[list[int]]:
    """Token ids of each window (n, length), including special tokens."""
    texts = decode_rows(codes)
    if k:
        texts = (" ".join(text[i : i + k] for i in range(len(text) - k + 1)) for text in texts)
    return tokenizer(list(texts), add_special_tokens=True, truncation=False, verbose=False)["input_ids"]


def encode_tokens(codes: np.ndarray, description: dict[str, Any]) -> np.ndarray:
    """Token ids (n, width) int64 of windows (n, length), including special tokens: tokenizer ids plus one, padded with 0."""
    rows = _encode_rows(codes, description["words"], _load_tokenizer(description["checkpoint"], description["trusted"]))
    return pad_rows([[i + 1 for i in row] for row in rows], description["width"])


def token_spans(codes: np.ndarray, description: dict[str, Any]) -> np.ndarray:
    """Start and end of the bases of each token, (n, width, 2); empty for special tokens.

    k-mers overlap with a step of one base; any other token has as many bases as its name has base letters. If names do not
    add up to the sequence, tokens are taken to have equal length.
    """
    names = {i + 1: name for name, i in _load_tokenizer(description["checkpoint"], description["trusted"]).get_vocab().items()}
    spans = np.zeros((len(codes), description["width"], 2), np.int64)
    for row, ids in zip(spans, encode_tokens(codes, description), strict=True):
        positions = np.flatnonzero(~np.isin(ids, description["special"]))
        if description["words"]:
            start = np.arange(len(positions))
            row[positions] = np.stack([start, np.minimum(start + description["words"], codes.shape[1])], axis=1)
            continue
        sizes = np.array([sum(map(names[i].upper().count, "ACGTN")) for i in ids[positions].tolist()], int)
        ends = np.cumsum(sizes)
        if not len(ends) or ends[-1] != codes.shape[1]:
            ends = np.round(np.arange(1, len(positions) + 1) * codes.shape[1] / max(len(positions), 1)).astype(int)
        row[positions] = np.stack([np.concatenate([[0], ends[:-1]]), ends], axis=1) if len(positions) else 0
    return spans
