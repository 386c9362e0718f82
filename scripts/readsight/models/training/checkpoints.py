"""Checkpoints of a training that is under way: what a later start goes on from, as if nothing had been between.

A folder holds `epoch<n>.pt`, of the last passes two. Each is written beside its place and then moved there, so that a kill
leaves whole files alone. It holds tensors and plain values, no code: what, and what it was trained by.
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
    """The checkpoints of one network. folder: None, and nothing is kept. identity: what makes the training what it is, JSON-able.

    is_main: whether this process, of several of a training, is the one that writes.
    """

    def __init__(self, folder: Path | None, identity: dict[str, Any], is_main: bool = True):
        self.folder = folder
        self.is_main = is_main
        self.identity = json.loads(json.dumps(identity, sort_keys=True))

    @property
    def files(self) -> list[Path]:
        """Checkpoints, the last first."""
        return sorted(self.folder.glob("epoch*.pt"), reverse=True) if self.folder else []

    def save(self, epoch: int, state: State) -> None:
        """Write the state after a pass (from 0), and drop those that are older than the one before it."""
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
        """The last state of the same training, None where there is none.

        A file that cannot be read is set aside and named in the log; so is the folder's whole content, where it is
        that of another training, with what is other about it.
        """
        for file in self.files:
            try:
                state = torch.load(file, map_location="cpu", weights_only=True)
                identity = state["by"]
            except Exception as error:  # whatever a broken file makes torch say
                self._set_aside(file, f"cannot be read ({type(error).__name__})")
                continue
            differing = list_differences(identity, self.identity)
            if not differing:
                return state
            self._set_aside(file, f"is of another training ({', '.join(differing)})")
        return None

    def _set_aside(self, file: Path, reason: str) -> None:
        if self.is_main:
            target = file.with_suffix(".aside")
            os.replace(file, target)
            log.warning("checkpoint %s %s; it is set aside as %s", file, reason, target.name)


def list_differences(left: Any, right: Any, name: str = "") -> list[str]:
    """Keys, joined by dots, under which two plain values differ."""
    if isinstance(left, dict) and isinstance(right, dict):
        prefix = f"{name}." if name else ""
        return [
            key_path
            for key in {**left, **right}
            for key_path in list_differences(left.get(key), right.get(key), f"{prefix}{key}")
        ]
    return [] if left == right else [name]


def compute_digest(arrays: dict[str, np.ndarray]) -> int:
    """A number that tells arrays from others."""
    checksum = 0
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        checksum = zlib.crc32(
            array.view(np.uint8).reshape(-1).data, zlib.crc32(f"{name}{array.dtype}{array.shape}".encode(), checksum)
        )
    return checksum
