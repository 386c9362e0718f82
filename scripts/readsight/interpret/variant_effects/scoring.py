"""Effects of all variants of a file, some at a time: memory is that of what is found, a few numbers a variant."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from readsight.errors import InputError
from readsight.interpret.variant_effects import position_effects, window_effects
from readsight.interpret.variant_effects.allele_windows import FORWARD, REVERSE
from readsight.interpret.variant_effects.local_inference import LocalInference
from readsight.interpret.variant_effects.trained_models import TrainedModels, protect_torch_state
from readsight.interpret.variant_effects.variants import AlleleTable, iterate_batches

MAX_BASES = 2**21  # of windows of one strand and shift, held at once
MAX_VARIANTS = 4096  # variants at once
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
    def has_sites(self) -> bool:
        """Whether tracks are sites gained and lost."""
        return self.place is not None

    def assign_rows(self, rows: np.ndarray, effects: "Effects") -> None:
        """Write what was found of some variants."""
        for name in ("delta", "ref", "alt", "score", "strand", "place"):
            if getattr(self, name) is not None:
                getattr(self, name)[rows] = getattr(effects, name)


def check_shifts(shifts: list[int], length: int) -> list[int]:
    """Shifts without those that stand there twice. Raises InputError for those that push a variant out of its window."""
    too_wide = [s for s in shifts if abs(s) >= length // 2]
    if too_wide:
        raise InputError(
            f"interpret.variants.shifts: {', '.join(map(str, too_wide))} pushes variants out of windows of {length} bases; "
            f"use less than {length // 2} to either side"
        )
    return sorted(set(shifts))


def score_variants(
    models: TrainedModels,
    variants: AlleleTable,
    spec: dict[str, Any],
    threads: int = 1,
    wanted_strands: np.ndarray | None = None,
    report_progress: Callable[[int], None] = lambda done: None,
) -> Effects:
    """Effects of variants, each as if it were asked of alone.

    spec: shifts, distance. wanted_strands: (n, 2) bool, whether a variant is asked of on the forward and on the reverse strand, of models
    that tell strands apart; both by default, and the one that moves the model more counts. report_progress: told how many are done.
    """
    shifts = check_shifts(spec["shifts"], models.length)
    positions = models.outcome.kind == "positions"
    names = position_effects.name_tracks(models.outcome.classes) if positions else [head.name for head in models.heads]
    n = len(variants)
    arrays = [np.zeros((n, len(names)), np.float32) for _ in range(3)]
    place = np.zeros((n, len(names)), np.int64) if positions else None
    effects = Effects(names, *arrays, np.zeros(n, np.float32), np.full(n, BOTH, "U1"), place)
    local = LocalInference.from_models(models) if positions else None
    score_batch = _score_sites if positions else _score_windows
    done = 0
    with protect_torch_state(threads):
        for rows in iterate_batches(variants, max(1, min(MAX_VARIANTS, MAX_BASES // models.length))):
            for batch in _split_by_size(variants, rows) if positions else [rows]:
                effects.assign_rows(batch, score_batch(models, variants, batch, shifts, spec, wanted_strands, names, local))
            done += len(rows)
            report_progress(done)
    return effects


def _split_by_size(variants: AlleleTable, rows: np.ndarray) -> list[np.ndarray]:
    """Rows by the size of their changes, 1 base, up to 2, up to 4, …: places are laid out as wide as the widest."""
    size = np.maximum(variants.sizes, variants.end - variants.start)[rows]
    power = np.ceil(np.log2(np.maximum(size, 1))).astype(int)
    return [rows[power == value] for value in np.unique(power)]


def _list_strands(models: TrainedModels) -> list[str]:
    return [FORWARD, REVERSE] if models.average_strands or models.stranded else [FORWARD]


def _score_windows(
    models: TrainedModels, variants: AlleleTable, rows: np.ndarray, shifts: list[int], spec: dict[str, Any],
    wanted_strands: np.ndarray | None, names: list[str], local: LocalInference | None,
) -> Effects:  # fmt: skip
    def predict(strand: str, batch: np.ndarray) -> window_effects.WindowScores:
        return window_effects.score_strand(models, variants, batch, strand, shifts)

    def build_effects(scores: window_effects.WindowScores, batch: np.ndarray, strand: str) -> Effects:
        delta = scores.alt - scores.ref
        score = (scores.alt if models.pair else np.abs(delta)).max(axis=1)
        return _make_effects(names, delta, scores.ref_prediction, scores.alt_prediction, score, strand)

    if models.stranded:
        return _choose_strand(predict, build_effects, variants, rows, wanted_strands)
    scores = window_effects.average_strands([predict(strand, rows) for strand in _list_strands(models)])
    return build_effects(scores, rows, BOTH if models.average_strands else FORWARD)


def _score_sites(
    models: TrainedModels, variants: AlleleTable, rows: np.ndarray, shifts: list[int], spec: dict[str, Any],
    wanted_strands: np.ndarray | None, names: list[str], local: LocalInference | None,
) -> Effects:  # fmt: skip
    def predict(strand: str, batch: np.ndarray) -> position_effects.AlignedProbabilities:
        return position_effects.predict_strand(models, variants, batch, strand, shifts, spec["distance"], local)

    def build_effects(probabilities: position_effects.AlignedProbabilities, batch: np.ndarray, strand: str) -> Effects:
        site_effects = position_effects.find_site_effects(variants, batch, probabilities, FORWARD if strand == BOTH else strand)
        score = site_effects.delta.max(axis=1)
        return _make_effects(names, site_effects.delta, site_effects.ref, site_effects.alt, score, strand, site_effects.place)

    if models.stranded:
        return _choose_strand(predict, build_effects, variants, rows, wanted_strands)
    probabilities = position_effects.average_strands([predict(strand, rows) for strand in _list_strands(models)])
    return build_effects(probabilities, rows, BOTH if models.average_strands else FORWARD)


def _make_effects(
    names: list[str],
    delta: np.ndarray,
    ref: np.ndarray,
    alt: np.ndarray,
    score: np.ndarray,
    strand: str,
    place: np.ndarray | None = None,
) -> Effects:
    return Effects(names, delta, ref, alt, score, np.full(len(delta), strand, "U1"), place)


def _choose_strand(
    predict: Any, build_effects: Any, variants: AlleleTable, rows: np.ndarray, wanted_strands: np.ndarray | None
) -> Effects:
    """Effects on the strand that moves the model more, of those that are needed."""
    best: Effects | None = None
    for column, strand in enumerate((FORWARD, REVERSE)):
        which = np.arange(len(rows)) if wanted_strands is None else np.flatnonzero(wanted_strands[rows, column])
        if not len(which):
            continue
        effects = build_effects(predict(strand, rows[which]), rows[which], strand)
        if best is None:
            shape = (len(rows), effects.delta.shape[1])
            blank = [np.zeros(shape) for _ in range(3)]
            place = None if effects.place is None else np.zeros(shape, np.int64)
            best = Effects(effects.tracks, *blank, np.full(len(rows), -np.inf), np.full(len(rows), FORWARD, "U1"), place)
        is_larger = effects.score > best.score[which]
        for name in ("delta", "ref", "alt", "score", "strand", "place"):
            if getattr(best, name) is not None:
                getattr(best, name)[which[is_larger]] = getattr(effects, name)[is_larger]
    return best
