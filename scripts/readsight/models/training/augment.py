"""Changes to training sequences, drawn anew in each pass: the other strand, a shift, substitutions, insertions and deletions.

A target along the sequence goes with its bases; what comes in from outside is not counted. The two windows of a pair are
changed alike, and never where they differ.
"""

from typing import Any

import numpy as np

from readsight.dataset.outcome import UNCOUNTED
from readsight.genome.codes import complement

N = 4
LONGEST = 3  # bases that an example gains or loses
OUTSIDE, INSERTED = -1, -2


def augmented(
    codes: np.ndarray, target: np.ndarray, about: dict[str, Any], spec: dict[str, Any], draw: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """A batch's codes (n, length; of pairs twice that) and target, changed as `spec` says.

    about: kind, length, pair, stranded, bin. spec: reverse_complement, shift, substitutions, indels. Of profiles only
    shifts of whole bins are made, and no insertions or deletions: a bin's signal is that of its bases together.
    """
    stack = np.array(codes).reshape(len(codes), -1, about["length"])
    kind = about["kind"]
    step = about["bin"] if kind == "profile" else 1
    indels = 0.0 if kind == "profile" else spec["indels"]
    if spec["shift"] >= step or indels:
        places = moved(len(stack), about["length"], spec["shift"] // step, step, indels, draw)
        stack = taken(stack, places, draw)
        target = _carried(target, places, about)
    if spec["substitutions"]:
        stack = substituted(stack, spec["substitutions"], draw)
    if spec["reverse_complement"] and not about["stranded"]:
        turned = draw.random(len(stack)) < 0.5
        stack[turned] = complement(stack[turned][..., ::-1])
        if kind in ("positions", "profile"):
            target = np.array(target)
            target[turned] = target[turned][:, ::-1]
    return stack.reshape(codes.shape), target


def moved(n: int, length: int, most: int, step: int, indels: float, draw: np.random.Generator) -> np.ndarray:
    """Where each base of the changed sequences comes from: (n, length), OUTSIDE or INSERTED where from nowhere.

    most: largest shift to either side, in steps. indels: the chance of an example that 1 to 3 bases are inserted or deleted.
    """
    places = np.broadcast_to(np.arange(length), (n, length)).copy()
    if indels:
        hit = draw.random(n) < indels
        at, size, gain = draw.integers(1, length, n), draw.integers(1, LONGEST + 1, n), draw.random(n) < 0.5
        behind = places >= at[:, None]
        inserted = behind & (places < (at + size)[:, None])
        longer = np.where(inserted, INSERTED, places - np.where(behind, size[:, None], 0))
        shorter = places + np.where(behind, size[:, None], 0)
        places = np.where(hit[:, None], np.where(gain[:, None], longer, shorter), places)
    if most:
        by = step * draw.integers(-most, most + 1, n)
        source = np.arange(length) + by[:, None]
        inside = (source >= 0) & (source < length)
        places = np.where(inside, np.take_along_axis(places, source.clip(0, length - 1), axis=1), OUTSIDE)
    return np.where(places >= length, OUTSIDE, places)


def taken(stack: np.ndarray, places: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Bases (n, windows, length) from their places; N from outside, any base where one is inserted."""
    found = np.take_along_axis(stack, places.clip(0)[:, None], axis=2)
    found = np.where((places == OUTSIDE)[:, None], np.uint8(N), found)
    return np.where((places == INSERTED)[:, None], draw.integers(0, 4, places.shape, np.uint8)[:, None], found)


def substituted(stack: np.ndarray, rate: float, draw: np.random.Generator) -> np.ndarray:
    """Bases (n, windows, length) of which a part is replaced by another; not N, and not where windows differ."""
    shape = stack.shape[0], stack.shape[2]
    hit = (draw.random(shape) < rate) & (stack == stack[:, :1]).all(axis=1) & (stack[:, 0] != N)
    other = (stack + draw.integers(1, 4, shape, np.uint8)[:, None]) % 4
    return np.where(hit[:, None], other, stack)


def _carried(target: np.ndarray, places: np.ndarray, about: dict[str, Any]) -> np.ndarray:
    """The target of moved bases: of positions 255 where there is none, of bins NaN; of an example as it is."""
    if about["kind"] == "positions":
        return np.where(places < 0, np.uint8(UNCOUNTED), np.take_along_axis(target, places.clip(0), axis=1))
    if about["kind"] == "profile":
        bins = places[:, :: about["bin"]][:, : target.shape[1]]
        return np.where(bins < 0, np.float32(np.nan), np.take_along_axis(target, bins.clip(0) // about["bin"], axis=1))
    return target
