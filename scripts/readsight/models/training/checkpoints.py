"""Checkpoints of a running training; a restarted training continues from them with identical results.

A folder has `epoch<n>.pt` of the last two epochs. Each is written to a temporary file and then renamed, so that only complete
files exist after a kill. It has tensors and plain values, no code: the state, and the identity of the training.
"""

import json
import logging
import os
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import torch

log = logging.getLogger("readsight")

MAX_CHECKPOINTS = 2
State = dict[str, Any]


class CheckpointStore:
    """Checkpoints of one network. folder: None disables them. identity: JSON-serialisable values that define the training.

    is_main: whether this process writes, if there are several.
    """

    def __init__(self, folder: Path | None, identity: dict[str, Any], is_main: bool = True):
        self.folder = folder
        self.is_main = is_main
        self.identity = json.loads(json.dumps(identity, sort_keys=True))

    @property
    def files(self) -> list[Path]:
        """Checkpoints, the latest first."""
        return sorted(self.folder.glob("epoch*.pt"), reverse=True) if self.folder else []

    def save(self, epoch: int, state: State) -> None:
        """Write the state after an epoch (from 0), and delete outdated checkpoints."""
        if self.folder is None or not self.is_main:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / f"epoch{epoch + 1:06d}.pt"
        temporary = file.with_suffix(".part")
        with open(temporary, "wb") as handle:
            torch.save(state | {"by": self.identity}, handle)
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(temporary, file)
        for old in self.files[MAX_CHECKPOINTS:]:
            old.unlink()

    def load_last(self) -> State | None:
        """The latest state of the same training, or None.

        Unreadable files, and files of a different training, are renamed and named in the log, with the differing settings.
        """
        for file in self.files:
            try:
                state = torch.load(file, map_location="cpu", weights_only=True)
                identity = state["by"]
            except Exception as error:  # torch raises various errors for damaged files
                self._set_aside(file, f"cannot be read ({type(error).__name__})")
                continue
            differing = list_differences(identity, self.identity)
            if not differing:
                return state
            self._set_aside(file, f"belongs to a different training ({', '.join(differing)})")
        return None

    def _set_aside(self, file: Path, reason: str) -> None:
        if self.is_main:
            target = file.with_suffix(".aside")
            os.replace(file, target)
            log.warning("checkpoint %s %s; it is renamed to %s", file, reason, target.name)


def list_differences(left: Any, right: Any, name: str = "") -> list[str]:
    """Keys, joined by dots, at which two plain values differ."""
    if isinstance(left, dict) and isinstance(right, dict):
        prefix = f"{name}." if name else ""
        return [
            key_path
            for key in {**left, **right}
            for key_path in list_differences(left.get(key), right.get(key), f"{prefix}{key}")
        ]
    return [] if left == right else [name]


def compute_digest(arrays: dict[str, np.ndarray]) -> int:
    """Checksum of arrays with their names, types and shapes."""
    checksum = 0
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        checksum = zlib.crc32(
            array.view(np.uint8).reshape(-1).data, zlib.crc32(f"{name}{array.dtype}{array.shape}".encode(), checksum)
        )
    return checksum
