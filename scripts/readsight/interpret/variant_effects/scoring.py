"""Effects of all variants of a file, some at a time: memory is that of what is found, a few numbers a variant."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from readsight.errors import InputError
from readsight.interpret.variant_effects import position_effects, window_effects
from readsight.interpret.variant_effects.allele_windows import FORWARD, REVERSE
from readsight.interpret.variant_effects.local_inference import Local
from readsight.interpret.variant_effects.trained_models import Models, undisturbed
from readsight.interpret.variant_effects.variants import Variants, parts

BASES = 2**21  # of windows of one strand and shift, held at once
MOST = 4096  # variants at once
BOTH = "."


@dataclass
class Effects:
    """tracks: what the columns speak of. delta, ref, alt: (n, tracks) float32. score: (n,) float32, what variants are ranked by.

    strand: (n,) +, −, or `.` where both were averaged. place: (n, tracks) int64 bases, 0-based, of sites gained and lost; else None.
    Of outcomes a window, delta is the alternative allele's explained number less the reference's, and ref and alt are predictions
    (probabilities); score is the largest |delta|, and of pair models the alternative's number itself. Of sites delta is how much is
    gained or lost, score the largest.
    """

    tracks: list[str]
    delta: np.ndarray
    ref: np.ndarray
    alt: np.ndarray
    score: np.ndarray
    strand: np.ndarray
    place: np.ndarray | None = None

    @property
    def sites(self) -> bool:
        """Whether tracks are sites gained and lost."""
        return self.place is not None

    def take(self, rows: np.ndarray, found: "Effects") -> None:
        """Write what was found of some variants."""
        for name in ("delta", "ref", "alt", "score", "strand", "place"):
            if getattr(self, name) is not None:
                getattr(self, name)[rows] = getattr(found, name)


def shifted(shifts: list[int], length: int) -> list[int]:
    """Shifts without those that stand there twice. Raises InputError for those that push a variant out of its window."""
    wide = [s for s in shifts if abs(s) >= length // 2]
    if wide:
        raise InputError(
            f"interpret.variants.shifts: {', '.join(map(str, wide))} pushes variants out of windows of {length} bases; "
            f"use less than {length // 2} to either side"
        )
    return sorted(set(shifts))


def score(
    models: Models,
    variants: Variants,
    spec: dict[str, Any],
    threads: int = 1,
    needed: np.ndarray | None = None,
    said: Callable[[int], None] = lambda done: None,
) -> Effects:
    """Effects of variants, each as if it were asked of alone.

    spec: shifts, distance. needed: (n, 2) bool, whether a variant is asked of on the forward and on the reverse strand, of models
    that tell strands apart; both by default, and the one that moves the model more counts. said: told how many are done.
    """
    shifts = shifted(spec["shifts"], models.length)
    positions = models.outcome.kind == "positions"
    names = position_effects.tracks(models.outcome.classes) if positions else [head.name for head in models.heads]
    n = len(variants)
    numbers = [np.zeros((n, len(names)), np.float32) for _ in range(3)]
    place = np.zeros((n, len(names)), np.int64) if positions else None
    found = Effects(names, *numbers, np.zeros(n, np.float32), np.full(n, BOTH, "U1"), place)
    local = Local.of_models(models) if positions else None
    one = _sites if positions else _numbers
    done = 0
    with undisturbed(threads):
        for rows in parts(variants, max(1, min(MOST, BASES // models.length))):
            for own in _alike(variants, rows) if positions else [rows]:
                found.take(own, one(models, variants, own, shifts, spec, needed, names, local))
            done += len(rows)
            said(done)
    return found


def _alike(variants: Variants, rows: np.ndarray) -> list[np.ndarray]:
    """Rows by the size of their changes, 1 base, up to 2, up to 4, …: places are laid out as wide as the widest."""
    size = np.maximum(variants.sizes, variants.end - variants.start)[rows]
    power = np.ceil(np.log2(np.maximum(size, 1))).astype(int)
    return [rows[power == own] for own in np.unique(power)]


def _strands(models: Models) -> list[str]:
    return [FORWARD, REVERSE] if models.both or models.stranded else [FORWARD]


def _numbers(
    models: Models, variants: Variants, rows: np.ndarray, shifts: list[int], spec: dict[str, Any],
    needed: np.ndarray | None, names: list[str], local: Local | None,
) -> Effects:  # fmt: skip
    def ask(strand: str, own: np.ndarray) -> window_effects.Whole:
        return window_effects.of_strand(models, variants, own, strand, shifts)

    def made(held: window_effects.Whole, own: np.ndarray, strand: str) -> Effects:
        delta = held.alt - held.ref
        top = (held.alt if models.pair else np.abs(delta)).max(axis=1)
        return _effects(names, delta, held.ref_guess, held.alt_guess, top, strand)

    if models.stranded:
        return _better(ask, made, variants, rows, needed)
    held = window_effects.joined([ask(strand, rows) for strand in _strands(models)])
    return made(held, rows, BOTH if models.both else FORWARD)


def _sites(
    models: Models, variants: Variants, rows: np.ndarray, shifts: list[int], spec: dict[str, Any],
    needed: np.ndarray | None, names: list[str], local: Local | None,
) -> Effects:  # fmt: skip
    def ask(strand: str, own: np.ndarray) -> position_effects.Beside:
        return position_effects.of_strand(models, variants, own, strand, shifts, spec["distance"], local)

    def made(held: position_effects.Beside, own: np.ndarray, strand: str) -> Effects:
        found = position_effects.sites(variants, own, held, FORWARD if strand == BOTH else strand)
        top = found.delta.max(axis=1)
        return _effects(names, found.delta, found.ref, found.alt, top, strand, found.place)

    if models.stranded:
        return _better(ask, made, variants, rows, needed)
    held = position_effects.joined([ask(strand, rows) for strand in _strands(models)])
    return made(held, rows, BOTH if models.both else FORWARD)


def _effects(
    names: list[str],
    delta: np.ndarray,
    ref: np.ndarray,
    alt: np.ndarray,
    top: np.ndarray,
    strand: str,
    place: np.ndarray | None = None,
) -> Effects:
    return Effects(names, delta, ref, alt, top, np.full(len(delta), strand, "U1"), place)


def _better(ask: Any, made: Any, variants: Variants, rows: np.ndarray, needed: np.ndarray | None) -> Effects:
    """Effects on the strand that moves the model more, of those that are needed."""
    held: Effects | None = None
    for column, strand in enumerate((FORWARD, REVERSE)):
        which = np.arange(len(rows)) if needed is None else np.flatnonzero(needed[rows, column])
        if not len(which):
            continue
        found = made(ask(strand, rows[which]), rows[which], strand)
        if held is None:
            shape = (len(rows), found.delta.shape[1])
            blank = [np.zeros(shape) for _ in range(3)]
            place = None if found.place is None else np.zeros(shape, np.int64)
            held = Effects(found.tracks, *blank, np.full(len(rows), -np.inf), np.full(len(rows), FORWARD, "U1"), place)
        more = found.score > held.score[which]
        for name in ("delta", "ref", "alt", "score", "strand", "place"):
            if getattr(held, name) is not None:
                getattr(held, name)[which[more]] = getattr(found, name)[more]
    return held
