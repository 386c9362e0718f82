"""Random augmentation of training sequences in each epoch: reverse complement, shift, substitutions, insertions and deletions.

A per-base target moves with its bases; positions from outside the window are not counted. The two windows of a pair are
changed identically, and never at positions where they differ.
"""

from typing import Any

import numpy as np

from readsight.dataset.outcome import UNCOUNTED
from readsight.genome.codes import complement

N = 4
MAX_INDEL = 3  # maximum inserted or deleted bases
OUTSIDE, INSERTED = -1, -2


def augment_batch(
    codes: np.ndarray, target: np.ndarray, description: dict[str, Any], spec: dict[str, Any], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Augmented codes (n, length; for pairs twice that) and target of a batch.

    description: kind, length, pair, stranded, bin. spec: reverse_complement, shift, substitutions, indels. Profiles are shifted
    by full bins only, without insertions or deletions, since a bin has one signal for all of its bases.
    """
    stack = np.array(codes).reshape(len(codes), -1, description["length"])
    kind = description["kind"]
    step = description["bin"] if kind == "profile" else 1
    indels = 0.0 if kind == "profile" else spec["indels"]
    if spec["shift"] >= step or indels:
        positions = draw_source_positions(len(stack), description["length"], spec["shift"] // step, step, indels, rng)
        stack = take_bases(stack, positions, rng)
        target = _move_target(target, positions, description)
    if spec["substitutions"]:
        stack = substitute_bases(stack, spec["substitutions"], rng)
    if spec["reverse_complement"] and not description["stranded"]:
        is_reversed = rng.random(len(stack)) < 0.5
        stack[is_reversed] = complement(stack[is_reversed][..., ::-1])
        if kind in ("positions", "profile"):
            target = np.array(target)
            target[is_reversed] = target[is_reversed][:, ::-1]
    return stack.reshape(codes.shape), target


def draw_source_positions(n: int, length: int, max_shift: int, step: int, indels: float, rng: np.random.Generator) -> np.ndarray:
    """Source position of each base of the augmented sequences: (n, length), or OUTSIDE or INSERTED.

    max_shift: in steps, to either side. indels: probability that 1 to 3 bases of an example are inserted or deleted.
    """
    positions = np.broadcast_to(np.arange(length), (n, length)).copy()
    if indels:
        is_changed = rng.random(n) < indels
        start, size, is_insertion = rng.integers(1, length, n), rng.integers(1, MAX_INDEL + 1, n), rng.random(n) < 0.5
        is_after = positions >= start[:, None]
        is_inserted = is_after & (positions < (start + size)[:, None])
        longer = np.where(is_inserted, INSERTED, positions - np.where(is_after, size[:, None], 0))
        shorter = positions + np.where(is_after, size[:, None], 0)
        positions = np.where(is_changed[:, None], np.where(is_insertion[:, None], longer, shorter), positions)
    if max_shift:
        shift = step * rng.integers(-max_shift, max_shift + 1, n)
        source = np.arange(length) + shift[:, None]
        is_inside = (source >= 0) & (source < length)
        positions = np.where(is_inside, np.take_along_axis(positions, source.clip(0, length - 1), axis=1), OUTSIDE)
    return np.where(positions >= length, OUTSIDE, positions)


def take_bases(stack: np.ndarray, positions: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Bases (n, windows, length) at source positions; N from outside, random bases for insertions."""
    bases = np.take_along_axis(stack, positions.clip(0)[:, None], axis=2)
    bases = np.where((positions == OUTSIDE)[:, None], np.uint8(N), bases)
    return np.where((positions == INSERTED)[:, None], rng.integers(0, 4, positions.shape, np.uint8)[:, None], bases)


def substitute_bases(stack: np.ndarray, rate: float, rng: np.random.Generator) -> np.ndarray:
    """Bases (n, windows, length) with random substitutions at `rate`; not of N, and not where windows differ."""
    shape = stack.shape[0], stack.shape[2]
    is_changed = (rng.random(shape) < rate) & (stack == stack[:, :1]).all(axis=1) & (stack[:, 0] != N)
    replacement = (stack + rng.integers(1, 4, shape, np.uint8)[:, None]) % 4
    return np.where(is_changed[:, None], replacement, stack)


def _move_target(target: np.ndarray, positions: np.ndarray, description: dict[str, Any]) -> np.ndarray:
    """Target of moved bases: missing positions become 255, missing bins NaN; a target per example is unchanged."""
    if description["kind"] == "positions":
        return np.where(positions < 0, np.uint8(UNCOUNTED), np.take_along_axis(target, positions.clip(0), axis=1))
    if description["kind"] == "profile":
        bins = positions[:, :: description["bin"]][:, : target.shape[1]]
        return np.where(bins < 0, np.float32(np.nan), np.take_along_axis(target, bins.clip(0) // description["bin"], axis=1))
    return target
