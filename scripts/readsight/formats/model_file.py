"""Trained models of one repeat: arrays in safetensors (`fold0/weight`, …), the rest in JSON.

The JSON says of all folds: model (a word of `model_spec`), kind (of model: a word of the registry), outcome (kind, classes),
settings (as the config gave them), seed, certificate (hash). Of each, in `folds`: settings (chosen), trials (settings,
loss in nats, note), calibration (null for the control), about (what `predict` needs), history, features, examples.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file


def write(tensors: Path, description: Path, arrays: list[dict[str, np.ndarray]], content: dict[str, Any]) -> None:
    """Write the folds' arrays, and what is said about model and folds (content["folds"]: a list)."""
    flat = {f"fold{n}/{name}": np.ascontiguousarray(array) for n, fold in enumerate(arrays) for name, array in fold.items()}
    save_file(flat, tensors)
    description.write_text(json.dumps(content, indent=1) + "\n")


def read(tensors: Path, description: Path) -> tuple[list[dict[str, np.ndarray]], dict[str, Any]]:
    """Arrays of each fold, and what is said about them."""
    content = json.loads(description.read_text())
    arrays: list[dict[str, np.ndarray]] = [{} for _ in content["folds"]]
    for name, array in load_file(tensors).items():
        fold, _, key = name.partition("/")
        arrays[int(fold.removeprefix("fold"))][key] = array
    return arrays, content
