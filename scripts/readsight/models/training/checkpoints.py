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

KEPT = 2
State = dict[str, Any]


class Keep:
    """The checkpoints of one network. folder: None, and nothing is kept. by: what makes the training what it is, JSON-able.

    first: whether this process, of several of a training, is the one that writes.
    """

    def __init__(self, folder: Path | None, by: dict[str, Any], first: bool = True):
        self.folder = folder
        self.first = first
        self.by = json.loads(json.dumps(by, sort_keys=True))

    @property
    def files(self) -> list[Path]:
        """Checkpoints, the last first."""
        return sorted(self.folder.glob("epoch*.pt"), reverse=True) if self.folder else []

    def save(self, epoch: int, state: State) -> None:
        """Write the state after a pass (from 0), and drop those that are older than the one before it."""
        if self.folder is None or not self.first:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / f"epoch{epoch + 1:06d}.pt"
        beside = file.with_suffix(".part")
        with open(beside, "wb") as handle:
            torch.save(state | {"by": self.by}, handle)
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(beside, file)
        for old in self.files[KEPT:]:
            old.unlink()

    def last(self) -> State | None:
        """The last state of the same training, None where there is none.

        A file that cannot be read is set aside and named in the log; so is the folder's whole content, where it is
        that of another training, with what is other about it.
        """
        for file in self.files:
            try:
                state = torch.load(file, map_location="cpu", weights_only=True)
                by = state["by"]
            except Exception as error:  # whatever a broken file makes torch say
                self._aside(file, f"cannot be read ({type(error).__name__})")
                continue
            other = differences(by, self.by)
            if not other:
                return state
            self._aside(file, f"is of another training ({', '.join(other)})")
        return None

    def _aside(self, file: Path, words: str) -> None:
        if self.first:
            place = file.with_suffix(".aside")
            os.replace(file, place)
            log.warning("checkpoint %s %s; it is set aside as %s", file, words, place.name)


def differences(one: Any, other: Any, name: str = "") -> list[str]:
    """Keys, joined by dots, under which two plain values differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        prefix = f"{name}." if name else ""
        return [d for key in {**one, **other} for d in differences(one.get(key), other.get(key), f"{prefix}{key}")]
    return [] if one == other else [name]


def digest(arrays: dict[str, np.ndarray]) -> int:
    """A number that tells arrays from others."""
    found = 0
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        found = zlib.crc32(array.view(np.uint8).reshape(-1).data, zlib.crc32(f"{name}{array.dtype}{array.shape}".encode(), found))
    return found
