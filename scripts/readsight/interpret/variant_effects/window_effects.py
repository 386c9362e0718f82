"""Effects by models with an outcome a window: the explained numbers of both alleles, and the predictions.

Of a pair model, which sees both alleles' windows, the alternative's number is its answer to the pair, and the reference's its
answer to the reference beside itself: a variant that changes nothing.
"""

from typing import NamedTuple

import numpy as np

from readsight.interpret.variant_effects import allele_windows
from readsight.interpret.variant_effects.trained_models import FoldModel, TrainedModels, score_outputs
from readsight.interpret.variant_effects.variants import AlleleTable


class WindowScores(NamedTuple):
    """Of m variants on one strand, (m, heads) float64 each: the explained numbers of both alleles, and the predictions."""

    ref: np.ndarray
    alt: np.ndarray
    ref_prediction: np.ndarray
    alt_prediction: np.ndarray


def score_strand(models: TrainedModels, variants: AlleleTable, rows: np.ndarray, strand: str, shifts: list[int]) -> WindowScores:
    """Means over the models and the shifts of the window, as one strand reads it. rows: (m,)."""
    total = [np.zeros((len(rows), len(models.heads))) for _ in WindowScores._fields]
    for shift in shifts:
        offset = models.length // 2 - shift
        reference, which, alternative = allele_windows.cut_windows(variants, rows, strand, offset, models.length)
        for fold_model in models.fold_models:
            for sums, scores in zip(
                total, _score_fold(fold_model, reference, which, alternative, offset, models.pair), strict=True
            ):
                sums += scores
    return WindowScores(*(sums / (len(shifts) * len(models.fold_models)) for sums in total))


def _score_fold(
    fold_model: FoldModel, reference: np.ndarray, which: np.ndarray, alternative: np.ndarray, offset: int, pair: bool
) -> WindowScores:
    """reference: (k, length) windows, of which `which` (m,) says whose each is. alternative: (m, length); they differ from `offset` on."""
    if pair:
        alternative = np.concatenate([reference[which], alternative], axis=1)
        offset += reference.shape[1]
        reference = np.concatenate([reference, reference], axis=1)
    reference_outputs, alternative_outputs = fold_model.compute_allele_outputs(reference, which, alternative, offset)
    same = (reference[which] == alternative).all(axis=1)
    alternative_outputs[same] = reference_outputs[same]  # nothing changed: to the last digit
    (ref, ref_prediction), (alt, alt_prediction) = (
        score_outputs(fold_model.kind, reference_outputs),
        score_outputs(fold_model.kind, alternative_outputs),
    )
    return WindowScores(ref, alt, ref_prediction, alt_prediction)


def average_strands(strands: list[WindowScores]) -> WindowScores:
    """The mean over strands."""
    return WindowScores(*(sum(values) / len(strands) for values in zip(*strands, strict=True)))
