"""A transformer of Hugging Face, read from a folder; nothing is fetched, and no code of its own is run unless that is trusted."""

import hashlib
import json
import os
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from readsight.dataset.encodings.bpe import SPARE, decode_rows, pad_rows
from readsight.errors import InputError

LOOKED_AT = 500  # training sequences that are turned into tokens, to see whether the folder serves
KMER_LENGTHS = range(3, 9)  # lengths of words that a vocabulary may be made of, as DNABERT's are
WEIGHTS = ("*.safetensors", "*.bin")
SHOWN = 3
UNKNOWN = 0.5  # a tokenizer that does not know so large a part of the tokens does not know DNA


def describe_checkpoint(spec: dict[str, Any], windows: np.ndarray) -> dict[str, Any]:
    """What is said of a checkpoint: checkpoint (folder), sha256 (of description and weights), trusted, dimensions, vocabulary,
    words (length of the words that its text is made of, None where it is bases as they stand), width (of `encode_tokens`), special,
    padding (id there).

    spec: checkpoint; trust_code, whether its own code may be run. windows: codes of the training part. Raises InputError where
    the folder holds no model that transformers knows, or none of DNA, or one that cannot read sequences so long.
    """
    folder, trusted = Path(spec["checkpoint"]), bool(spec.get("trust_code", False))
    _check_folder(folder, trusted)
    description: dict[str, Any] = {"checkpoint": str(folder.absolute()), "trusted": trusted, "sha256": hash_checkpoint(folder)}
    tokenizer, model = _load_tokenizer(description["checkpoint"], trusted), load_module(description, True)
    description |= {"words": _detect_kmer_length(tokenizer, windows, folder), "padding": tokenizer.pad_token_id or 0}
    description["special"] = sorted({0, *(1 + i for i in tokenizer.all_special_ids)})
    rows = _encode_rows(windows, description["words"], tokenizer)
    longest_row, highest_id = max(map(len, rows)), max(max(row) for row in rows)
    vocabulary_size = model.own.get_input_embeddings().num_embeddings
    if highest_id >= vocabulary_size:
        raise InputError(
            f"{folder}: the tokenizer gives token {highest_id}, and the model knows {vocabulary_size}; they are not of one checkpoint"
        )
    token_limit = _token_limit(model.own.config, tokenizer)
    if longest_row > token_limit:
        raise InputError(
            f"represent.checkpoint: {folder} reads at most {token_limit} tokens, and a sequence of {windows.shape[1]} bases has {longest_row}; "
            "use shorter sequences (sequences.length), or another checkpoint"
        )
    width = int(min(token_limit, np.ceil(SPARE * longest_row)))
    return description | {"vocabulary": vocabulary_size + 1, "dimensions": _model_dimensions(model, rows[0]), "width": width}


def _check_folder(folder: Path, trusted: bool) -> None:
    """Raise InputError where a folder is none of a checkpoint, or needs code that is not trusted."""
    if not (folder / "config.json").is_file():
        raise InputError(f"represent.checkpoint: {folder} has no config.json; name the folder of a Hugging Face model")
    try:
        content = json.loads((folder / "config.json").read_text())
    except ValueError as error:
        raise InputError(f"{folder}/config.json: is no JSON: {error}") from None
    code_files = sorted(
        {str(location).split(".")[0].split("--")[-1] + ".py" for location in (content.get("auto_map") or {}).values()}
    )
    if code_files and not trusted:
        raise InputError(
            f"represent.checkpoint: {folder} is a model with code of its own ({', '.join(code_files)}), which is not run unless you trust "
            "it: read that code, and set represent.trust_code, or use a checkpoint of an architecture that transformers knows"
        )
    if content.get("is_encoder_decoder"):
        raise InputError(
            f"represent.checkpoint: {folder} is an encoder with a decoder ({content.get('model_type')}); use an encoder"
        )
    if not any(path for pattern in WEIGHTS for path in folder.glob(pattern)):
        raise InputError(f"represent.checkpoint: {folder} has no weights (model.safetensors or pytorch_model.bin)")


def hash_checkpoint(folder: Path) -> str:
    """Hash of a checkpoint's description and weights."""
    hasher = hashlib.sha256()
    for path in sorted([folder / "config.json", *(path for pattern in WEIGHTS for path in folder.glob(pattern))]):
        with open(path, "rb") as handle:
            hasher.update(hashlib.file_digest(handle, "sha256").digest())
    return hasher.hexdigest()


def _offline_options(trusted: bool) -> dict[str, Any]:
    """What every reader is told. The variables come before the first import: afterwards they are not looked at."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    return {"local_files_only": True, "trust_remote_code": trusted}


@lru_cache(maxsize=4)
def _load_tokenizer(folder: str, trusted: bool) -> Any:
    options = _offline_options(trusted)
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(folder, **options)
    except Exception as error:  # what transformers raises differs from one kind of tokenizer, and release, to the next
        raise InputError(f"represent.checkpoint: {folder} has no tokenizer that can be read: {_first_line(error)}") from None


def load_module(description: dict[str, Any], weights: bool = True) -> Any:
    """Torch module from `encode_tokens` (n, T) to contextual embeddings (n, T, dimensions); its `model` is the model as transformers has it.

    Raises InputError where the folder is gone or another than was looked through, or its weights are not those of the
    architecture that it names.
    """
    options = _offline_options(description["trusted"])
    folder = Path(description["checkpoint"])
    if not (folder / "config.json").is_file() or hash_checkpoint(folder) != description["sha256"]:
        raise InputError(f"represent.checkpoint: {folder} is not what the representation was made from; make it again")
    from transformers import AutoConfig, AutoModel
    from transformers.utils import logging

    from readsight.dataset.encodings.pretrained import PretrainedEncoder

    logging.disable_progress_bar()
    logging.set_verbosity_error()  # what it warns of, weights that are not there, is an error here
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
            f"represent.checkpoint: {folder} holds weights of another architecture than its config.json names "
            f"({type(model).__name__}): {len(missing + mismatched)} are missing or of another shape, among them {examples}"
        )
    return PretrainedEncoder(model, description)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _token_limit(config: Any, tokenizer: Any) -> int:
    """Most tokens that a model reads."""
    limits = [
        tokenizer.model_max_length,
        *(getattr(config, name, None) or 0 for name in ("max_position_embeddings", "n_positions")),
    ]
    # RoBERTa and its kin count places from behind the padding's.
    offset = (
        getattr(config, "pad_token_id", 0) or 0 if getattr(config, "model_type", "") in ("roberta", "xlm-roberta", "esm") else -1
    )
    return int(min([limits[0], *(n - offset - 1 for n in limits[1:] if n > 0)]))


def _model_dimensions(model: Any, row: list[int]) -> int:
    import torch

    with torch.inference_mode():
        return int(model.eval()(torch.tensor([row]) + 1).shape[2])


def _detect_kmer_length(tokenizer: Any, windows: np.ndarray, folder: Path) -> int | None:
    """Length of the words that text is to be made of, None for bases as they stand. Raises InputError where neither is known."""
    vocabulary = tokenizer.get_vocab()
    lengths = [
        k
        for k in KMER_LENGTHS
        if k <= windows.shape[1] and all("".join(kmer) in vocabulary for kmer in product("ACGT", repeat=k))
    ]
    for length in (None, *reversed(lengths)):
        if _unknown_fraction(tokenizer, _encode_rows(windows, length, tokenizer)) < UNKNOWN:
            return length
    raise InputError(
        f"represent.checkpoint: {folder} is no model of DNA: its tokenizer knows neither bases nor words of {KMER_LENGTHS[0]} to {KMER_LENGTHS[-1]} bases"
    )


def _unknown_fraction(tokenizer: Any, rows: list[list[int]]) -> float:
    """Part of the tokens that are unknown, special ones aside."""
    unknown, special = tokenizer.unk_token_id, set(tokenizer.all_special_ids)
    counted = [i for row in rows for i in row if i == unknown or i not in special]
    return float(np.mean([i == unknown for i in counted])) if counted else 1.0


def _encode_rows(codes: np.ndarray, k: int | None, tokenizer: Any) -> list[list[int]]:
    """Ids of each window (n, length), special tokens among them."""
    texts = decode_rows(codes)
    if k:
        texts = (" ".join(text[i : i + k] for i in range(len(text) - k + 1)) for text in texts)
    return tokenizer(list(texts), add_special_tokens=True, truncation=False, verbose=False)["input_ids"]


def encode_tokens(codes: np.ndarray, description: dict[str, Any]) -> np.ndarray:
    """Ids (n, width) int64 of windows (n, length), special tokens among them: each one higher than the tokenizer's, 0 behind the last."""
    rows = _encode_rows(codes, description["words"], _load_tokenizer(description["checkpoint"], description["trusted"]))
    return pad_rows([[i + 1 for i in row] for row in rows], description["width"])


def token_spans(codes: np.ndarray, description: dict[str, Any]) -> np.ndarray:
    """Start and end of the bases of each of `encode_tokens`, (n, width, 2); those of special tokens are empty.

    Words overlap, each a base behind the other; else a token is of as many bases as its name has letters of them. Where names do not
    tell, tokens are taken to be of equal length.
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
