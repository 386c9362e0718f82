"""Effects of all variants of a file, in batches; memory grows only with the results."""

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

MAX_BASES = 2**21  # bases of windows per batch
MAX_VARIANTS = 4096  # variants per batch
BOTH = "."


@dataclass
class Effects:
    """Effects of n variants.

    Attributes
    ----------
    tracks : names of the columns.
    delta, ref, alt : (n, tracks) float32. For outcomes of the window: alternative minus reference explained output, and
        predictions (probabilities). For sites: size of gain or loss, and probabilities.
    score : (n,) float32, for ranking: the largest |delta|; for pair models the output for the alternative; for sites the
        largest delta.
    strand : (n,), +, −, or `.` if both were averaged.
    position : (n, tracks) int64, bases of gained and lost sites, 0-based; None for outcomes of the window.
    """

    tracks: list[str]
    delta: np.ndarray
    ref: np.ndarray
    alt: np.ndarray
    score: np.ndarray
    strand: np.ndarray
    position: np.ndarray | None = None

    @property
    def has_sites(self) -> bool:
        """Whether tracks are gained and lost sites."""
        return self.position is not None

    def assign_rows(self, rows: np.ndarray, effects: "Effects") -> None:
        """Assign the effects of some variants."""
        for name in ("delta", "ref", "alt", "score", "strand", "position"):
            if getattr(self, name) is not None:
                getattr(self, name)[rows] = getattr(effects, name)


def check_shifts(shifts: list[int], length: int) -> list[int]:
    """Distinct shifts. Raises InputError for shifts that move a variant out of its window."""
    too_wide = [s for s in shifts if abs(s) >= length // 2]
    if too_wide:
        raise InputError(
            f"interpret.variants.shifts: {', '.join(map(str, too_wide))} move variants out of windows of {length} bases; "
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
    """Effects of variants; each is independent of the others.

    Parameters
    ----------
    spec : shifts, distance.
    wanted_strands : (n, 2) bool, strands to score with stranded models; both by default, and the one with the larger effect
        counts.
    report_progress : called with the number of scored variants.
    """
    shifts = check_shifts(spec["shifts"], models.length)
    has_positions = models.outcome.kind == "positions"
    names = position_effects.name_tracks(models.outcome.classes) if has_positions else [head.name for head in models.heads]
    n = len(variants)
    arrays = [np.zeros((n, len(names)), np.float32) for _ in range(3)]
    position = np.zeros((n, len(names)), np.int64) if has_positions else None
    effects = Effects(names, *arrays, np.zeros(n, np.float32), np.full(n, BOTH, "U1"), position)
    local = LocalInference.from_models(models) if has_positions else None
    score_batch = _score_sites if has_positions else _score_windows
    done = 0
    with protect_torch_state(threads):
        for rows in iterate_batches(variants, max(1, min(MAX_VARIANTS, MAX_BASES // models.length))):
            for batch in _split_by_size(variants, rows) if has_positions else [rows]:
                effects.assign_rows(batch, score_batch(models, variants, batch, shifts, spec, wanted_strands, names, local))
            done += len(rows)
            report_progress(done)
    return effects


def _split_by_size(variants: AlleleTable, rows: np.ndarray) -> list[np.ndarray]:
    """Rows grouped by size of the change (1, 2, 4, … bases), because alignments are as wide as the widest change."""
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
        return _make_effects(names, site_effects.delta, site_effects.ref, site_effects.alt, score, strand, site_effects.position)

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
    position: np.ndarray | None = None,
) -> Effects:
    return Effects(names, delta, ref, alt, score, np.full(len(delta), strand, "U1"), position)


def _choose_strand(
    predict: Any, build_effects: Any, variants: AlleleTable, rows: np.ndarray, wanted_strands: np.ndarray | None
) -> Effects:
    """Effects on the strand with the larger score, among the wanted strands."""
    best: Effects | None = None
    for column, strand in enumerate((FORWARD, REVERSE)):
        which = np.arange(len(rows)) if wanted_strands is None else np.flatnonzero(wanted_strands[rows, column])
        if not len(which):
            continue
        effects = build_effects(predict(strand, rows[which]), rows[which], strand)
        if best is None:
            shape = (len(rows), effects.delta.shape[1])
            blank = [np.zeros(shape) for _ in range(3)]
            position = None if effects.position is None else np.zeros(shape, np.int64)
            best = Effects(effects.tracks, *blank, np.full(len(rows), -np.inf), np.full(len(rows), FORWARD, "U1"), position)
        is_larger = effects.score > best.score[which]
        for name in ("delta", "ref", "alt", "score", "strand", "position"):
            if getattr(best, name) is not None:
                getattr(best, name)[which[is_larger]] = getattr(effects, name)[is_larger]
    return best
