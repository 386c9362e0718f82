"""Splice sites gained and lost by a variant, for models with an outcome per base, as in SpliceAI (Jaganathan et al. 2019).

Probabilities of both alleles are aligned base by base, before and after the change and within substitutions. An insertion or
deletion is collapsed to one position: the largest probability within the reference bases against the largest within the
alternative ones, 0 for an empty allele. Gain and loss are the largest positive and negative differences, and the bases where
they occur.
"""

from dataclasses import dataclass

import numpy as np

from readsight.interpret.variant_effects import allele_windows
from readsight.interpret.variant_effects.allele_windows import FORWARD
from readsight.interpret.variant_effects.local_inference import LocalInference
from readsight.interpret.variant_effects.trained_models import TrainedModels
from readsight.interpret.variant_effects.variants import AlleleTable
from readsight.models.calibration import softmax

MIN_CHANGE = 1e-6  # smaller differences are float32 rounding
NO_POSITION = -1


@dataclass
class AlignedProbabilities:
    """Probabilities of m variants, (m, positions, K) each, in the order of the forward strand.

    Attributes
    ----------
    sides : positions on each side of the change; those between belong to the change.
    ref, alt : −1 at positions that an allele does not have.
    is_inside : (m, positions), whether both windows contain the position; changes elsewhere are ignored.
    """

    sides: int
    ref: np.ndarray
    alt: np.ndarray
    is_inside: np.ndarray


@dataclass
class SiteEffects:
    """Gained and lost sites of m variants, (m, tracks): size (≥ 0), probabilities of both alleles, and the base, 0-based.

    Without a gain (loss), probabilities are NaN and the base is NO_POSITION. Tracks are gain and loss of each site class in
    turn.
    """

    delta: np.ndarray
    ref: np.ndarray
    alt: np.ndarray
    position: np.ndarray


def name_tracks(classes: tuple[str, ...]) -> list[str]:
    """Names of the tracks. classes: of the outcome; the first is the background."""
    return [f"{name}_{change}" for name in classes[1:] for change in ("gain", "loss")]


def predict_strand(
    models: TrainedModels,
    variants: AlleleTable,
    rows: np.ndarray,
    strand: str,
    shifts: list[int],
    distance: int,
    local: LocalInference | None,
) -> AlignedProbabilities:
    """Means over models and shifts, with windows in the orientation of one strand. local: inference on parts of windows."""
    width = int(max((variants.end - variants.start)[rows].max(), variants.sizes[rows].max(), 1))
    if local is not None and local.is_applicable(width, shifts, distance):
        return _predict_strand_locally(models, variants, rows, strand, min(distance, local.radius), width, local)
    shape = (len(rows), 2 * distance + width, len(models.outcome.classes))
    totals, is_inside = [np.zeros(shape), np.zeros(shape)], np.ones(shape[:2], bool)
    for shift in shifts:
        offset = models.length // 2 - shift
        reference, which, alternative = allele_windows.cut_windows(variants, rows, strand, offset, models.length)
        positions = [align_positions(variants, rows, strand, offset, distance, width, alt) for alt in (False, True)]
        for allele_positions in positions:
            is_inside &= ~_is_flank(allele_positions, distance) | ((allele_positions >= 0) & (allele_positions < models.length))
        for fold_model in models.fold_models:
            reference_probabilities, alternative_probabilities = (
                softmax(fold_model.compute_outputs(codes)) for codes in (reference, alternative)
            )
            same = (reference[which] == alternative).all(axis=1)
            alternative_probabilities[same] = reference_probabilities[which[same]]
            totals[0] += take_outputs(reference_probabilities, which, positions[0])
            totals[1] += take_outputs(alternative_probabilities, np.arange(len(rows)), positions[1])
    count = len(shifts) * len(models.fold_models)
    return AlignedProbabilities(
        distance,
        *(mask_absent(summed / count, allele_positions) for summed, allele_positions in zip(totals, positions, strict=True)),
        is_inside,
    )


def _predict_strand_locally(
    models: TrainedModels, variants: AlleleTable, rows: np.ndarray, strand: str, sides: int, width: int, local: LocalInference
) -> AlignedProbabilities:
    """As `predict_strand`, for networks whose outputs near the change do not depend on the window borders."""
    change_start = local.radius + sides  # position of the first changed base
    positions = [
        align_positions(variants, rows, FORWARD, sides, sides, width, False),
        align_positions(variants, rows, strand, sides, sides, width, True),
    ]
    totals = [0.0, 0.0]
    alternative = allele_windows.build_alternative_windows(variants, rows, strand, change_start, 2 * change_start + width)
    for number in range(len(models.fold_models)):
        probabilities, offset = local.predict_reference(number, variants, rows, strand, sides)
        totals[0] = totals[0] + take_outputs(probabilities[None], np.zeros(len(rows), int), positions[0] + offset[:, None])
        totals[1] = totals[1] + take_outputs(local.predict(number, alternative), np.arange(len(rows)), positions[1])
    means = [
        mask_absent(summed / len(models.fold_models), allele_positions)
        for summed, allele_positions in zip(totals, positions, strict=True)
    ]
    return AlignedProbabilities(sides, *means, np.ones(positions[0].shape, bool))


def _is_flank(positions: np.ndarray, sides: int) -> np.ndarray:
    """Whether positions are outside the change."""
    index = np.arange(positions.shape[1])
    return np.broadcast_to((index < sides) | (index >= positions.shape[1] - sides), positions.shape)


def align_positions(
    variants: AlleleTable, rows: np.ndarray, strand: str, offset: int, sides: int, width: int, alt: bool
) -> np.ndarray:
    """Positions in an allele's window, (m, 2 × sides + width), forward on the genome; −1 where the allele has no base.

    offset: of the first changed base in the window, in the orientation of the strand.
    """
    size = variants.sizes[rows] if alt else variants.end[rows] - variants.start[rows]
    inner, count = np.arange(width), len(rows)
    inner_positions = np.broadcast_to(inner, (count, width))
    behind = size[:, None] + np.arange(sides)
    positions = np.concatenate([np.broadcast_to(np.arange(-sides, 0), (count, sides)), inner_positions, behind], axis=1)
    positions = offset + positions if strand == FORWARD else offset + size[:, None] - 1 - positions
    positions[:, sides : sides + width][inner >= size[:, None]] = -1
    return positions


def take_outputs(outputs: np.ndarray, which: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Outputs (k, positions, K) of window `which` (m,) at positions (m, p), clipped to the window: (m, p, K) float64."""
    return outputs[which[:, None], np.clip(positions, 0, outputs.shape[1] - 1)].astype(np.float64)


def mask_absent(probabilities: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Probabilities, with −1 where the allele has no base."""
    return np.where((positions == -1)[..., None], -1.0, probabilities)


def average_strands(strands: list[AlignedProbabilities]) -> AlignedProbabilities:
    """Mean over strands; both are in the order of the genome."""
    first = strands[0]
    ref, alt = (sum(getattr(strand, name) for strand in strands) / len(strands) for name in ("ref", "alt"))
    return AlignedProbabilities(first.sides, ref, alt, np.logical_and.reduce([strand.is_inside for strand in strands]))


def find_site_effects(variants: AlleleTable, rows: np.ndarray, probabilities: AlignedProbabilities, strand: str) -> SiteEffects:
    """Largest gains and losses. strand: orientation that decides which neighbour of an insertion is reported."""
    start, old, new = variants.start[rows], variants.end[rows] - variants.start[rows], variants.sizes[rows]
    ref, alt, positions = _collapse_indels(probabilities, start, old, new, strand)
    change = np.where(probabilities.is_inside[..., None], alt - ref, 0.0)
    columns = []
    for k in range(1, ref.shape[2]):
        for sign, allele in ((1, 1), (-1, 0)):
            best = np.argmax(sign * change[:, :, k], axis=1)
            pick = np.arange(len(rows)), best
            delta = sign * change[:, :, k][pick]
            is_changed = delta > MIN_CHANGE
            values = [np.where(is_changed, probability[:, :, k][pick], np.nan) for probability in (ref, alt)]
            columns.append(
                (
                    np.where(is_changed, delta, 0),
                    *values,
                    np.where(is_changed, positions[allele][pick[0], pick[1], k], NO_POSITION),
                )
            )
    return SiteEffects(*(np.stack(arrays, axis=1) for arrays in zip(*columns, strict=True)))


def _collapse_indels(
    probabilities: AlignedProbabilities, start: np.ndarray, old: np.ndarray, new: np.ndarray, strand: str
) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Probabilities of both alleles (m, positions, K) with indels as one position, and the base of each position for ref and
    alt.
    """
    sides, total, classes = probabilities.sides, *probabilities.ref.shape[1:]
    width = total - 2 * sides
    inner = np.arange(width)
    base = np.concatenate([
        start[:, None] + np.arange(-sides, 0), start[:, None] + inner, (start + old)[:, None] + np.arange(sides),
    ], axis=1)  # fmt: skip
    uneven = np.flatnonzero(old != new)
    values, positions = [], []
    for name, size in (("ref", old), ("alt", new)):
        allele_probabilities = getattr(probabilities, name).copy()
        base_positions = np.repeat(base[..., None], classes, axis=2)
        block = allele_probabilities[uneven, sides : sides + width]
        if len(uneven):
            best = block.argmax(axis=1)
            value = np.take_along_axis(block, best[:, None], axis=1)[:, 0]
            allele_probabilities[uneven, sides : sides + width] = 0
            allele_probabilities[uneven, sides] = np.where(size[uneven, None] > 0, value, 0)
            base_positions[uneven, sides] = _locate_base(best, start[uneven], old[uneven], size[uneven], strand)
        values.append(np.where(allele_probabilities < 0, 0, allele_probabilities))
        positions.append(base_positions)
    return values[0], values[1], positions


def _locate_base(best: np.ndarray, start: np.ndarray, old: np.ndarray, size: np.ndarray, strand: str) -> np.ndarray:
    """Genomic base reported for position `best` (m, K) of an allele of `size` bases (m,) that replaces `old` bases.

    Counted from the nearer end; for insertions, the base before it in the orientation of the strand.
    """
    start, old, size = start[:, None], old[:, None], size[:, None]
    from_end = size - 1 - best
    from_left = (best < from_end) | ((best == from_end) & (strand == FORWARD))
    within = np.where(from_left, start + np.minimum(best, old - 1), start + old - 1 - np.minimum(from_end, old - 1))
    return np.where(old > 0, within, start - (1 if strand == FORWARD else 0))
