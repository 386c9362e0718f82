"""Compact encoding of arrays for a page: quantised per row, gzipped together, and written as base64."""

import base64
import gzip
from typing import Any

import numpy as np

TYPES = {"uint8": "<u1", "int8": "<i1", "int16": "<i2", "float32": "<f4"}
ALIGNED = 4  # alignment of arrays, bytes


def quantise(values: np.ndarray, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Rows as integers, and the step of each row.

    Parameters
    ----------
    values : (n, …) float.
    kind : `int8` or `int16`.

    Returns
    -------
    (n, …) of that kind and (n,) float32. Their product is exact to half a step, 1/254 or 1/65534 of the row's largest
    absolute value. Rows with non-finite values are 0, with step NaN.
    """
    flat = np.asarray(values, np.float64).reshape(len(values), -1)
    is_finite = np.isfinite(flat).all(axis=1)
    flat = np.where(is_finite[:, None], flat, 0)
    largest = np.iinfo(kind).max
    step = (np.abs(flat).max(axis=1, initial=0) / largest).astype(np.float32)
    rounded = np.rint(flat / np.where(step > 0, step, 1).astype(np.float64)[:, None])
    step[~is_finite] = np.nan
    return np.clip(rounded, -largest, largest).astype(kind).reshape(values.shape), step


class ArrayBlock:
    """Arrays in one block. table: name → type, shape, and byte offset."""

    def __init__(self) -> None:
        self.table: dict[str, dict[str, Any]] = {}
        self._chunks: list[bytes] = []
        self.size = 0

    def add(self, name: str, values: np.ndarray) -> None:
        """Add an array of one of TYPES."""
        kind = str(values.dtype)
        data = np.ascontiguousarray(values, TYPES[kind]).tobytes()
        self.table[name] = {"type": kind, "shape": list(values.shape), "at": self.size}
        data += b"\0" * (-len(data) % ALIGNED)
        self._chunks.append(data)
        self.size += len(data)

    def add_scaled(self, name: str, values: np.ndarray, kind: str) -> None:
        """Add rows of floats as integers, and their steps as `{name}/step`."""
        rounded, step = quantise(values, kind)
        self.add(name, rounded)
        self.add(f"{name}/step", step)

    def encode_text(self) -> str:
        """The gzipped block as base64; deterministic."""
        return base64.b64encode(gzip.compress(b"".join(self._chunks), 9, mtime=0)).decode()


def unpack_arrays(text: str, table: dict[str, dict[str, Any]]) -> dict[str, np.ndarray]:
    """Arrays of a block."""
    block = gzip.decompress(base64.b64decode(text))
    arrays = {}
    for name, row in table.items():
        count = int(np.prod(row["shape"]))
        arrays[name] = np.frombuffer(block, TYPES[row["type"]], count, row["at"]).reshape(row["shape"])
    return arrays
