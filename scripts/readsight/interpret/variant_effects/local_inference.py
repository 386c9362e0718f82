"""Networks of convolutions along the sequence, asked of the part of a window that counts.

An output sees so many places to each side (`radius`), and no more. Where the window holds all that the outputs near a variant
see, these are the same wherever it begins, whatever its length: shifts change nothing, and the alternative allele is asked of the
part that it can change. Variants that stand together have their reference outputs in common: each base is computed once.
"""

from typing import Any

import numpy as np

from readsight.interpret.variant_effects import allele_windows
from readsight.interpret.variant_effects.allele_windows import REVERSE
from readsight.interpret.variant_effects.trained_models import Asked, Models
from readsight.interpret.variant_effects.variants import Variants
from readsight.models.calibration import softmax

BASES = 2**15  # put through a network at once


def radius(word: str, about: dict[str, Any]) -> int | None:
    """Places to each side that an output of a network along the sequence sees; None where that is not known, or all of them."""
    if about.get("input") != "one_hot" or about.get("kind") != "positions":
        return None
    if word == "dilated_resnet":
        return sum(2 * (-(-(width - 1) * apart // 2)) for width, apart in zip(about["widths"], about["dilations"], strict=True))
    if word == "cnn":
        apart = np.cumprod([1, *about["pools"][:-1]])
        return int(sum(-(-(width - 1) * d // 2) for width, d in zip(about["widths"], apart, strict=True)))
    return None


class Local:
    """models: of positions. radius: places to each side that an output sees."""

    def __init__(self, models: Models, seen: int):
        self.models, self.radius = models, seen

    @classmethod
    def of_models(cls, models: Models) -> "Local | None":
        """None where the models cannot be asked so."""
        seen = [radius(models.word, asked.about) for asked in models.asked]
        return None if None in seen else cls(models, max(seen))

    def serves(self, width: int, shifts: list[int], distance: int) -> bool:
        """Whether every window of a change of `width` bases holds what the outputs up to `distance` from it see."""
        most, sides = max(map(abs, shifts)), min(distance, self.radius) + self.radius
        half = self.models.length // 2 - most
        return half >= sides and self.models.length - self.models.length // 2 - most >= width + sides

    def of(self, number: int, codes: np.ndarray) -> np.ndarray:
        """Probabilities (n, places − 2 × radius, K) of a fold's model, of stretches (n, places): of places whose surroundings they hold."""
        import torch

        from readsight.models.training.inputs import made

        asked, found = self.models.asked[number], []
        step = max(1, BASES // codes.shape[1])
        with torch.inference_mode():
            for first in range(0, len(codes), step):
                given = torch.from_numpy(np.ascontiguousarray(codes[first : first + step])).to(asked.device)
                outputs = through(asked, made(given, asked.about)).float().cpu().numpy()
                found.append(softmax(outputs[:, self.radius : codes.shape[1] - self.radius]))
        return np.concatenate(found)

    def reference(
        self, number: int, variants: Variants, rows: np.ndarray, strand: str, sides: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Probabilities (places, K) of all bases up to `sides` from any of the variants, forward on the genome; and (m,) where among
        them the first of each variant's stands.
        """
        contigs, begins, step, offset = pieces(variants, rows, sides)
        length = step + 2 * self.radius
        codes = allele_windows.references(variants, contigs, begins - self.radius, strand, length)
        found = self.of(number, codes)
        found = found[:, ::-1] if strand == REVERSE else found
        return found.reshape(-1, found.shape[-1]), offset


def pieces(variants: Variants, rows: np.ndarray, sides: int) -> tuple[np.ndarray, np.ndarray, int, np.ndarray]:
    """The stretches up to `sides` from variants, joined where they touch, and cut into pieces of one length.

    Returns the contig and begin of each piece, their length, and (m,) where in all of them, end to end, that of each variant begins.
    """
    contig, low, high = variants.contig[rows].astype(np.int64), variants.start[rows] - sides, variants.end[rows] + sides
    order = np.lexsort((low, contig))
    c, a, b = contig[order], low[order], high[order]
    reach = np.zeros(len(order), np.int64)
    begins = np.ones(len(order), bool)
    for own in np.unique(c):
        here = np.flatnonzero(c == own)
        reach[here] = np.maximum.accumulate(b[here])
        begins[here[1:]] = a[here[1:]] > reach[here[:-1]]
    joined = np.cumsum(begins) - 1
    heads = np.flatnonzero(begins)
    ends = reach[np.append(heads[1:], len(order)) - 1]
    step = 2 * sides + 1
    counts = -(-(ends - a[heads]) // step)
    first = np.cumsum(counts) - counts  # pieces before each stretch
    number = np.arange(counts.sum()) - np.repeat(first, counts)
    offset = np.empty(len(order), np.int64)
    offset[order] = first[joined] * step + a - a[heads][joined]
    return np.repeat(c[heads], counts), np.repeat(a[heads], counts) + number * step, step, offset


def through(asked: Asked, given: Any) -> Any:
    """Logits of a network along the sequence, of stretches of any length."""
    from readsight.models.training.ensemble import Together, unpredicted

    if isinstance(asked.net, Together):
        import torch

        each = [torch.softmax(net.head(net.trunk(*net.reader(given))), dim=-1) for net in asked.net.nets]
        return unpredicted("positions", torch.stack(each).mean(dim=0))
    return asked.net.head(asked.net.trunk(*asked.net.reader(given)))
