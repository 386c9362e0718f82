"""Sites that a variant makes or breaks, by models with an outcome a base, as SpliceAI tells them (Jaganathan et al. 2019).

Both alleles' probabilities are laid side by side, base by base: before and behind the change each base beside itself;
in a substitution base beside base; of an insertion or deletion what is most likely among the bases that the reference has
there beside what is most likely among those of the alternative, 0 where one has none. Gained is what the
alternative has more of, lost what it has less of: the largest such difference, and the base where it is.
"""

from dataclasses import dataclass

import numpy as np

from readsight.interpret.variant_effects import allele_windows
from readsight.interpret.variant_effects.allele_windows import FORWARD
from readsight.interpret.variant_effects.local_inference import Local
from readsight.interpret.variant_effects.trained_models import Models
from readsight.interpret.variant_effects.variants import Variants
from readsight.models.calibration import softmax

LEAST = 1e-6  # smaller differences are what float32 rounds
NOWHERE = -1


@dataclass
class Beside:
    """Probabilities of m variants, (m, places, K) each, in the order of the genome's forward strand.

    sides: places to each side of the change, of both alleles; those between them are the change's own. ref, alt: of places that an allele
    has not, −1. known: (m, places) whether both windows hold the place; elsewhere nothing is gained or lost.
    """

    sides: int
    ref: np.ndarray
    alt: np.ndarray
    known: np.ndarray


@dataclass
class Sites:
    """Gained and lost sites of m variants, (m, tracks): how much (≥ 0), the two alleles' probabilities, and the base, 0-based.

    Where nothing is gained (lost), probabilities are NaN and the base is NOWHERE. Tracks are gain and loss of the first class that is a site, of the second, …
    """

    delta: np.ndarray
    ref: np.ndarray
    alt: np.ndarray
    place: np.ndarray


def tracks(classes: tuple[str, ...]) -> list[str]:
    """Names of the tracks. classes: of the outcome, the first of which is no site."""
    return [f"{name}_{what}" for name in classes[1:] for what in ("gain", "loss")]


def of_strand(
    models: Models, variants: Variants, rows: np.ndarray, strand: str, shifts: list[int], distance: int, local: Local | None
) -> Beside:
    """Means over models and shifts, as one strand reads the windows. local: how the network is asked of a part of a window."""
    width = int(max((variants.end - variants.start)[rows].max(), variants.sizes[rows].max(), 1))
    if local is not None and local.serves(width, shifts, distance):
        return _local(models, variants, rows, strand, min(distance, local.radius), width, local)
    shape = (len(rows), 2 * distance + width, len(models.outcome.classes))
    total, known = [np.zeros(shape), np.zeros(shape)], np.ones(shape[:2], bool)
    for shift in shifts:
        at = models.length // 2 - shift
        reference, which, alternative = allele_windows.cut(variants, rows, strand, at, models.length)
        where = [places(variants, rows, strand, at, distance, width, alt) for alt in (False, True)]
        for own in where:
            known &= ~_sided(own, distance) | ((own >= 0) & (own < models.length))
        for asked in models.asked:
            own, other = (softmax(asked.outputs(codes)) for codes in (reference, alternative))
            same = (reference[which] == alternative).all(axis=1)
            other[same] = own[which[same]]
            total[0] += taken(own, which, where[0])
            total[1] += taken(other, np.arange(len(rows)), where[1])
    count = len(shifts) * len(models.asked)
    return Beside(distance, *(absent(held / count, own) for held, own in zip(total, where, strict=True)), known)


def _local(models: Models, variants: Variants, rows: np.ndarray, strand: str, sides: int, width: int, local: Local) -> Beside:
    """The same of a network of which no place sees so far that it counts where the window begins."""
    begin = local.radius + sides  # of the part of a window: where the change's first base stands
    where = [
        places(variants, rows, FORWARD, sides, sides, width, False),
        places(variants, rows, strand, sides, sides, width, True),
    ]
    total = [0.0, 0.0]
    alternative = allele_windows.alternatives(variants, rows, strand, begin, 2 * begin + width)
    for number in range(len(models.asked)):
        own, offset = local.reference(number, variants, rows, strand, sides)
        total[0] = total[0] + taken(own[None], np.zeros(len(rows), int), where[0] + offset[:, None])
        total[1] = total[1] + taken(local.of(number, alternative), np.arange(len(rows)), where[1])
    found = [absent(held / len(models.asked), own) for held, own in zip(total, where, strict=True)]
    return Beside(sides, *found, np.ones(where[0].shape, bool))


def _sided(where: np.ndarray, sides: int) -> np.ndarray:
    """Which places stand beside the change, not in it."""
    place = np.arange(where.shape[1])
    return np.broadcast_to((place < sides) | (place >= where.shape[1] - sides), where.shape)


def places(variants: Variants, rows: np.ndarray, strand: str, at: int, sides: int, width: int, alt: bool) -> np.ndarray:
    """Where in an allele's window each place stands, (m, 2 × sides + width), forward on the genome; −1 within the change where it has none.

    at: where in the window the change's first base stands, as the strand reads it.
    """
    size = variants.sizes[rows] if alt else variants.end[rows] - variants.start[rows]
    inner, many = np.arange(width), len(rows)
    own = np.broadcast_to(inner, (many, width))
    behind = size[:, None] + np.arange(sides)
    found = np.concatenate([np.broadcast_to(np.arange(-sides, 0), (many, sides)), own, behind], axis=1)
    found = at + found if strand == FORWARD else at + size[:, None] - 1 - found
    found[:, sides : sides + width][inner >= size[:, None]] = -1
    return found


def taken(outputs: np.ndarray, which: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Of outputs (k, places, K) those of window `which` (m,) at `where` (m, p): (m, p, K) float64; beyond the ends the nearest."""
    return outputs[which[:, None], np.clip(where, 0, outputs.shape[1] - 1)].astype(np.float64)


def absent(found: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Probabilities with −1 where the allele has no such place within the change."""
    return np.where((where == -1)[..., None], -1.0, found)


def joined(strands: list[Beside]) -> Beside:
    """The mean over strands: of one place each, for both are in the genome's order."""
    first = strands[0]
    ref, alt = (sum(getattr(one, name) for one in strands) / len(strands) for name in ("ref", "alt"))
    return Beside(first.sides, ref, alt, np.logical_and.reduce([one.known for one in strands]))


def sites(variants: Variants, rows: np.ndarray, held: Beside, strand: str) -> Sites:
    """What is gained and lost. strand: that the change is read on, which tells at which neighbour an insertion is named."""
    start, old, new = variants.start[rows], variants.end[rows] - variants.start[rows], variants.sizes[rows]
    ref, alt, where = _collapsed(held, start, old, new, strand)
    change = np.where(held.known[..., None], alt - ref, 0.0)
    found = []
    for k in range(1, ref.shape[2]):
        for sign, of in ((1, 1), (-1, 0)):
            best = np.argmax(sign * change[:, :, k], axis=1)
            pick = np.arange(len(rows)), best
            delta = sign * change[:, :, k][pick]
            told = delta > LEAST
            values = [np.where(told, own[:, :, k][pick], np.nan) for own in (ref, alt)]
            found.append((np.where(told, delta, 0), *values, np.where(told, where[of][pick[0], pick[1], k], NOWHERE)))
    return Sites(*(np.stack(parts, axis=1) for parts in zip(*found, strict=True)))


def _collapsed(
    held: Beside, start: np.ndarray, old: np.ndarray, new: np.ndarray, strand: str
) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Both alleles' probabilities (m, places, K) with insertions and deletions as one place, and the base of each, of ref and alt."""
    sides, total, classes = held.sides, *held.ref.shape[1:]
    width = total - 2 * sides
    inner = np.arange(width)
    base = np.concatenate([
        start[:, None] + np.arange(-sides, 0), start[:, None] + inner, (start + old)[:, None] + np.arange(sides),
    ], axis=1)  # fmt: skip
    uneven = np.flatnonzero(old != new)
    values, where = [], []
    for name, size in (("ref", old), ("alt", new)):
        own = getattr(held, name).copy()
        place = np.repeat(base[..., None], classes, axis=2)
        block = own[uneven, sides : sides + width]
        if len(uneven):
            top = block.argmax(axis=1)
            value = np.take_along_axis(block, top[:, None], axis=1)[:, 0]
            own[uneven, sides : sides + width] = 0
            own[uneven, sides] = np.where(size[uneven, None] > 0, value, 0)
            place[uneven, sides] = _nearest(top, start[uneven], old[uneven], size[uneven], strand)
        values.append(np.where(own < 0, 0, own))
        where.append(place)
    return values[0], values[1], where


def _nearest(top: np.ndarray, start: np.ndarray, old: np.ndarray, size: np.ndarray, strand: str) -> np.ndarray:
    """The base of the genome that is named for places `top` (m, K) of an allele of `size` bases (m,) in the place of `old` ones.

    As many bases from the nearer end; of an allele that stands between two bases, that before it as the strand reads.
    """
    start, old, size = start[:, None], old[:, None], size[:, None]
    behind = size - 1 - top
    from_left = (top < behind) | ((top == behind) & (strand == FORWARD))
    within = np.where(from_left, start + np.minimum(top, old - 1), start + old - 1 - np.minimum(behind, old - 1))
    return np.where(old > 0, within, start - (1 if strand == FORWARD else 0))
