"""Effects on outcomes of the full window: explained outputs and predictions of both alleles.

A pair model reads both alleles. The alternative is scored on the pair of reference and alternative, the reference on the pair
of reference and reference, i.e. without a variant.
"""

from typing import NamedTuple

import numpy as np

from readsight.interpret.variant_effects import allele_windows
from readsight.interpret.variant_effects.trained_models import FoldModel, TrainedModels, score_outputs
from readsight.interpret.variant_effects.variants import AlleleTable


class WindowScores(NamedTuple):
    """Explained outputs and predictions of both alleles for m variants on one strand, (m, heads) float64 each."""

    ref: np.ndarray
    alt: np.ndarray
    ref_prediction: np.ndarray
    alt_prediction: np.ndarray


def score_strand(models: TrainedModels, variants: AlleleTable, rows: np.ndarray, strand: str, shifts: list[int]) -> WindowScores:
    """Means over models and shifts, in the orientation of one strand. rows: (m,)."""
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
    """Scores of one fold.

    reference: (k, length), windows. which: (m,), reference window of each variant. alternative: (m, length), differs from
    `offset` on.
    """
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
    """Mean over strands."""
    return WindowScores(*(sum(values) / len(strands) for values in zip(*strands, strict=True)))
