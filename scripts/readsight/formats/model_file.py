"""Files of the trained models of one repeat: arrays in safetensors (`fold0/weight`, …), everything else in JSON.

The JSON has for all folds: model (a name of `model_spec`), kind (name of the model in the registry), outcome (kind, classes),
settings (from the config), seed, certificate (hash). Per fold, in `folds`: settings (chosen), trials (settings,
loss in nats, note), calibration (null for the control), about (description that `predict` needs), history, features, examples.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file


def write(tensors: Path, description: Path, arrays: list[dict[str, np.ndarray]], content: dict[str, Any]) -> None:
    """Write the arrays of each fold, and the description of model and folds (content["folds"]: a list)."""
    flat = {f"fold{n}/{name}": np.ascontiguousarray(array) for n, fold in enumerate(arrays) for name, array in fold.items()}
    save_file(flat, tensors)
    description.write_text(json.dumps(content, indent=1) + "\n")


def read(tensors: Path, description: Path) -> tuple[list[dict[str, np.ndarray]], dict[str, Any]]:
    """Read the arrays of each fold, and the description of model and folds."""
    content = json.loads(description.read_text())
    arrays: list[dict[str, np.ndarray]] = [{} for _ in content["folds"]]
    for name, array in load_file(tensors).items():
        fold, _, key = name.partition("/")
        arrays[int(fold.removeprefix("fold"))][key] = array
    return arrays, content
