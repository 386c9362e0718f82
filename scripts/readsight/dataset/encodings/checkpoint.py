"""A transformer of Hugging Face, read from a folder; nothing is fetched, and no code of its own is run unless that is trusted."""

import hashlib
import json
import os
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from readsight.dataset.encodings.bpe import SPARE, letters, padded
from readsight.errors import InputError

LOOKED_AT = 500  # training sequences that are turned into tokens, to see whether the folder serves
WORDS = range(3, 9)  # lengths of words that a vocabulary may be made of, as DNABERT's are
WEIGHTS = ("*.safetensors", "*.bin")
SHOWN = 3
UNKNOWN = 0.5  # a tokenizer that does not know so large a part of the tokens does not know DNA


def opened(spec: dict[str, Any], windows: np.ndarray) -> dict[str, Any]:
    """What is said of a checkpoint: checkpoint (folder), sha256 (of description and weights), trusted, dimensions, vocabulary,
    words (length of the words that its text is made of, None where it is bases as they stand), width (of `tokens`), special,
    padding (id there).

    spec: checkpoint; trust_code, whether its own code may be run. windows: codes of the training part. Raises InputError where
    the folder holds no model that transformers knows, or none of DNA, or one that cannot read sequences so long.
    """
    folder, trusted = Path(spec["checkpoint"]), bool(spec.get("trust_code", False))
    _look(folder, trusted)
    about: dict[str, Any] = {"checkpoint": str(folder.absolute()), "trusted": trusted, "sha256": digest(folder)}
    tokenizer, model = _tokenizer(about["checkpoint"], trusted), module(about, True)
    about |= {"words": _words(tokenizer, windows, folder), "padding": tokenizer.pad_token_id or 0}
    about["special"] = sorted({0, *(1 + i for i in tokenizer.all_special_ids)})
    rows = _ids(windows, about["words"], tokenizer)
    most, highest = max(map(len, rows)), max(max(row) for row in rows)
    known = model.own.get_input_embeddings().num_embeddings
    if highest >= known:
        raise InputError(
            f"{folder}: the tokenizer gives token {highest}, and the model knows {known}; they are not of one checkpoint"
        )
    longest = _longest(model.own.config, tokenizer)
    if most > longest:
        raise InputError(
            f"represent.checkpoint: {folder} reads at most {longest} tokens, and a sequence of {windows.shape[1]} bases has {most}; "
            "use shorter sequences (sequences.length), or another checkpoint"
        )
    width = int(min(longest, np.ceil(SPARE * most)))
    return about | {"vocabulary": known + 1, "dimensions": _dimensions(model, rows[0]), "width": width}


def _look(folder: Path, trusted: bool) -> None:
    """Raise InputError where a folder is none of a checkpoint, or needs code that is not trusted."""
    if not (folder / "config.json").is_file():
        raise InputError(f"represent.checkpoint: {folder} has no config.json; name the folder of a Hugging Face model")
    try:
        content = json.loads((folder / "config.json").read_text())
    except ValueError as error:
        raise InputError(f"{folder}/config.json: is no JSON: {error}") from None
    own = sorted({str(place).split(".")[0].split("--")[-1] + ".py" for place in (content.get("auto_map") or {}).values()})
    if own and not trusted:
        raise InputError(
            f"represent.checkpoint: {folder} is a model with code of its own ({', '.join(own)}), which is not run unless you trust "
            "it: read that code, and set represent.trust_code, or use a checkpoint of an architecture that transformers knows"
        )
    if content.get("is_encoder_decoder"):
        raise InputError(
            f"represent.checkpoint: {folder} is an encoder with a decoder ({content.get('model_type')}); use an encoder"
        )
    if not any(path for pattern in WEIGHTS for path in folder.glob(pattern)):
        raise InputError(f"represent.checkpoint: {folder} has no weights (model.safetensors or pytorch_model.bin)")


def digest(folder: Path) -> str:
    """Hash of a checkpoint's description and weights."""
    found = hashlib.sha256()
    for path in sorted([folder / "config.json", *(path for pattern in WEIGHTS for path in folder.glob(pattern))]):
        with open(path, "rb") as handle:
            found.update(hashlib.file_digest(handle, "sha256").digest())
    return found.hexdigest()


def _offline(trusted: bool) -> dict[str, Any]:
    """What every reader is told. The variables come before the first import: afterwards they are not looked at."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    return {"local_files_only": True, "trust_remote_code": trusted}


@lru_cache(maxsize=4)
def _tokenizer(folder: str, trusted: bool) -> Any:
    told = _offline(trusted)
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(folder, **told)
    except Exception as error:  # what transformers raises differs from one kind of tokenizer, and release, to the next
        raise InputError(f"represent.checkpoint: {folder} has no tokenizer that can be read: {_first_line(error)}") from None


def module(about: dict[str, Any], weights: bool = True) -> Any:
    """Torch module from `tokens` (n, T) to contextual embeddings (n, T, dimensions); its `own` is the model as transformers has it.

    Raises InputError where the folder is gone or another than was looked through, or its weights are not those of the
    architecture that it names.
    """
    told = _offline(about["trusted"])
    folder = Path(about["checkpoint"])
    if not (folder / "config.json").is_file() or digest(folder) != about["sha256"]:
        raise InputError(f"represent.checkpoint: {folder} is not what the representation was made from; make it again")
    from transformers import AutoConfig, AutoModel
    from transformers.utils import logging

    from readsight.dataset.encodings.pretrained import Pretrained

    logging.disable_progress_bar()
    logging.set_verbosity_error()  # what it warns of, weights that are not there, is an error here
    try:
        if not weights:
            return Pretrained(
                AutoModel.from_config(AutoConfig.from_pretrained(folder, **told), trust_remote_code=about["trusted"]), about
            )
        own, loaded = AutoModel.from_pretrained(folder, output_loading_info=True, **told)
    except Exception as error:  # as above
        raise InputError(f"represent.checkpoint: {folder} cannot be read as a model: {_first_line(error)}") from None
    missing = [str(name) for name in loaded["missing_keys"] if "pooler" not in str(name)]
    other = [str(name[0] if isinstance(name, tuple) else name) for name in loaded["mismatched_keys"]]
    if missing or other:
        some = ", ".join((missing + other)[:SHOWN])
        raise InputError(
            f"represent.checkpoint: {folder} holds weights of another architecture than its config.json names "
            f"({type(own).__name__}): {len(missing + other)} are missing or of another shape, among them {some}"
        )
    return Pretrained(own, about)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _longest(config: Any, tokenizer: Any) -> int:
    """Most tokens that a model reads."""
    known = [
        tokenizer.model_max_length,
        *(getattr(config, name, None) or 0 for name in ("max_position_embeddings", "n_positions")),
    ]
    # RoBERTa and its kin count places from behind the padding's.
    offset = (
        getattr(config, "pad_token_id", 0) or 0 if getattr(config, "model_type", "") in ("roberta", "xlm-roberta", "esm") else -1
    )
    return int(min([known[0], *(n - offset - 1 for n in known[1:] if n > 0)]))


def _dimensions(model: Any, row: list[int]) -> int:
    import torch

    with torch.inference_mode():
        return int(model.eval()(torch.tensor([row]) + 1).shape[2])


def _words(tokenizer: Any, windows: np.ndarray, folder: Path) -> int | None:
    """Length of the words that text is to be made of, None for bases as they stand. Raises InputError where neither is known."""
    vocabulary = tokenizer.get_vocab()
    known = [k for k in WORDS if k <= windows.shape[1] and all("".join(word) in vocabulary for word in product("ACGT", repeat=k))]
    for words in (None, *reversed(known)):
        if _unknown(tokenizer, _ids(windows, words, tokenizer)) < UNKNOWN:
            return words
    raise InputError(
        f"represent.checkpoint: {folder} is no model of DNA: its tokenizer knows neither bases nor words of {WORDS[0]} to {WORDS[-1]} bases"
    )


def _unknown(tokenizer: Any, rows: list[list[int]]) -> float:
    """Part of the tokens that are unknown, special ones aside."""
    unknown, special = tokenizer.unk_token_id, set(tokenizer.all_special_ids)
    told = [i for row in rows for i in row if i == unknown or i not in special]
    return float(np.mean([i == unknown for i in told])) if told else 1.0


def _ids(codes: np.ndarray, words: int | None, tokenizer: Any) -> list[list[int]]:
    """Ids of each window (n, length), special tokens among them."""
    texts = letters(codes)
    if words:
        texts = (" ".join(text[i : i + words] for i in range(len(text) - words + 1)) for text in texts)
    return tokenizer(list(texts), add_special_tokens=True, truncation=False, verbose=False)["input_ids"]


def tokens(codes: np.ndarray, about: dict[str, Any]) -> np.ndarray:
    """Ids (n, width) int64 of windows (n, length), special tokens among them: each one higher than the tokenizer's, 0 behind the last."""
    rows = _ids(codes, about["words"], _tokenizer(about["checkpoint"], about["trusted"]))
    return padded([[i + 1 for i in row] for row in rows], about["width"])


def spans(codes: np.ndarray, about: dict[str, Any]) -> np.ndarray:
    """Start and end of the bases of each of `tokens`, (n, width, 2); those of special tokens are empty.

    Words overlap, each a base behind the other; else a token is of as many bases as its name has letters of them. Where names do not
    tell, tokens are taken to be of equal length.
    """
    names = {i + 1: name for name, i in _tokenizer(about["checkpoint"], about["trusted"]).get_vocab().items()}
    found = np.zeros((len(codes), about["width"], 2), np.int64)
    for row, ids in zip(found, tokens(codes, about), strict=True):
        own = np.flatnonzero(~np.isin(ids, about["special"]))
        if about["words"]:
            start = np.arange(len(own))
            row[own] = np.stack([start, np.minimum(start + about["words"], codes.shape[1])], axis=1)
            continue
        sizes = np.array([sum(map(names[i].upper().count, "ACGTN")) for i in ids[own].tolist()], int)
        ends = np.cumsum(sizes)
        if not len(ends) or ends[-1] != codes.shape[1]:
            ends = np.round(np.arange(1, len(own) + 1) * codes.shape[1] / max(len(own), 1)).astype(int)
        row[own] = np.stack([np.concatenate([[0], ends[:-1]]), ends], axis=1) if len(own) else 0
    return found
