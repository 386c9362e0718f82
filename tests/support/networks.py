"""Small networks of sequence for tests: settings, descriptions, batches, and training on planted sequences."""

from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch

import sequenced
from readsight.config.sequence_tasks import Architectures, Represent, TrainingConfig
from readsight.dataset.encodings import ENCODINGS
from readsight.dataset.fold_file import Encoding, Fold, SequenceLayout
from readsight.models.sequence import NETWORKS

SMALL = {
    "cnn": {"filters": [16, 16], "widths": [9, 5], "pools": [2, 2], "hidden": [16]},
    "dilated_resnet": {"filters": 12, "widths": [7, 7], "dilations": [1, 2]},
    "cnn_lstm": {"filters": 16, "width": 9, "pool": 4, "units": 12, "hidden": [16]},
    "lstm": {"units": 16},
    "transformer": {"dimensions": 16, "heads": 2, "layers": 1},
    "graph": {"dimensions": 16, "layers": 1},
}
OUTPUTS = {"binary": 1, "regression": 1, "multiclass": 3, "multilabel": 2, "positions": 3, "profile": 1}
QUICK = {"epochs": 8, "batch_size": 32, "learning_rate": 1e-2, "precision": "float32", "device": "cpu", "patience": 8}
SPEC = Represent().model_dump() | {"k": 3, "epochs": 1, "vocabulary": 32, "dimensions": 16, "layers": 1, "heads": 2}


def small_settings(architecture: str, **overrides: Any) -> dict[str, Any]:
    """Settings of an architecture: config defaults, reduced in size."""
    return getattr(Architectures(), architecture).model_dump() | SMALL[architecture] | {"dropout": 0.0} | overrides


def describe_network(architecture: str, kind: str = "binary", length: int = 48, **overrides: Any) -> dict[str, Any]:
    """Description to build a network from. overrides: its settings, and the values listed in `readsight.models.sequence`."""
    inputs = {"input": "codes" if architecture == "graph" else "one_hot", "encoding": {"name": "one_hot", "about": {}}}
    bins = 8 if kind == "profile" else 1
    outcome = {"kind": kind, "outputs": OUTPUTS[kind], "length": length, "pair": False, "stranded": False, "bin": bins}
    return outcome | inputs | small_settings(architecture) | overrides


def build_network(description: dict[str, Any], architecture: str, seed: int = 0) -> torch.nn.Module:
    """A network in evaluation mode, with batch statistics that differ from the initial ones."""
    torch.manual_seed(seed)
    net = NETWORKS[architecture].build(description)
    with torch.no_grad():
        net(make_batch(description, 16, seed=9))
    return net.eval()


def make_batch(description: dict[str, Any], n: int = 5, seed: int = 0) -> torch.Tensor:
    """Random sequences as network input."""
    codes = torch.from_numpy(sequenced.random_codes(n, description["length"] * (1 + description["pair"]), seed))
    return codes if description["input"] == "codes" else encode_one_hot(codes)


def encode_one_hot(codes: torch.Tensor) -> torch.Tensor:
    return (codes[:, None] == torch.arange(4)[:, None]).float()


def encode_fold(fold: Fold, representation: str, **overrides: Any) -> Fold:
    """The fold with a representation fitted on it. overrides: of its settings."""
    return replace(fold, encoding=ENCODINGS[representation].fit(fold.values, fold.sequence, SPEC | overrides, 1, 1))


def train_network(architecture: str, train: Fold, **overrides: Any) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Arrays and description of a small network. overrides: settings of training and architecture."""
    options = TrainingConfig().model_dump() | QUICK | small_settings(architecture) | overrides
    fitted = NETWORKS[architecture].train(train, None, options, 1, 1)
    return fitted.arrays, fitted.description


def train_and_predict(architecture: str, train: Fold, test: Fold, **overrides: Any) -> np.ndarray:
    """Predictions of test examples by a small network."""
    return NETWORKS[architecture].predict(*train_network(architecture, train, **overrides), test.values)


def encode_tokens(encoding: Encoding, codes: np.ndarray) -> np.ndarray:
    return ENCODINGS[encoding.name].encode_tokens(codes, encoding)


def make_fold(codes: np.ndarray, labels: np.ndarray, kind: str = "binary", **layout: Any) -> Fold:
    """A fold. layout: fields of its sequence layout (`readsight.dataset.fold_file`)."""
    template = sequenced.make_fold(codes, labels, kind)
    length = codes.shape[1] // 2 if layout.get("pair") else codes.shape[1]
    outcome = replace(template.outcome, classes=("neither", "site")) if kind == "positions" else template.outcome
    return replace(template, outcome=outcome, sequence=replace(SequenceLayout(length), **layout))


def save_checkpoint(folder: Path) -> Path:
    """A small BERT on 3-mers, as saved by Hugging Face."""
    from transformers import BertConfig, BertModel, BertTokenizerFast

    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *map("".join, product("ACGT", repeat=3))]
    BertTokenizerFast(vocab={token: i for i, token in enumerate(tokens)}, do_lower_case=False).save_pretrained(folder)
    torch.manual_seed(1)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    BertModel(BertConfig(vocab_size=len(tokens), max_position_embeddings=64, **sizes)).save_pretrained(folder)
    return folder
