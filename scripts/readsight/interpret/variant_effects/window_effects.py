"""Effects by models with an outcome a window: the explained numbers of both alleles, and the predictions.

Of a pair model, which sees both alleles' windows, the alternative's number is its answer to the pair, and the reference's its
answer to the reference beside itself: a variant that changes nothing.
"""

from typing import NamedTuple

import numpy as np

from readsight.interpret.variant_effects import allele_windows
from readsight.interpret.variant_effects.trained_models import Asked, Models, told
from readsight.interpret.variant_effects.variants import Variants


class Whole(NamedTuple):
    """Of m variants on one strand, (m, heads) float64 each: the explained numbers of both alleles, and the predictions."""

    ref: np.ndarray
    alt: np.ndarray
    ref_guess: np.ndarray
    alt_guess: np.ndarray


def of_strand(models: Models, variants: Variants, rows: np.ndarray, strand: str, shifts: list[int]) -> Whole:
    """Means over the models and the shifts of the window, as one strand reads it. rows: (m,)."""
    total = [np.zeros((len(rows), len(models.heads))) for _ in Whole._fields]
    for shift in shifts:
        at = models.length // 2 - shift
        reference, which, alternative = allele_windows.cut(variants, rows, strand, at, models.length)
        for asked in models.asked:
            for held, found in zip(total, _asked(asked, reference, which, alternative, at, models.pair), strict=True):
                held += found
    return Whole(*(held / (len(shifts) * len(models.asked)) for held in total))


def _asked(asked: Asked, reference: np.ndarray, which: np.ndarray, alternative: np.ndarray, at: int, pair: bool) -> Whole:
    """reference: (k, length) windows, of which `which` (m,) says whose each is. alternative: (m, length); they differ from `at` on."""
    if pair:
        alternative = np.concatenate([reference[which], alternative], axis=1)
        at += reference.shape[1]
        reference = np.concatenate([reference, reference], axis=1)
    own, other = asked.both_alleles(reference, which, alternative, at)
    same = (reference[which] == alternative).all(axis=1)
    other[same] = own[same]  # nothing changed: to the last digit
    (ref, ref_guess), (alt, alt_guess) = told(asked.kind, own), told(asked.kind, other)
    return Whole(ref, alt, ref_guess, alt_guess)


def joined(strands: list[Whole]) -> Whole:
    """The mean over strands."""
    return Whole(*(sum(parts) / len(strands) for parts in zip(*strands, strict=True)))
