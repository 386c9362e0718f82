"""Networks of convolutions along the sequence, asked of the part of a window that counts.

An output sees so many places to each side (`compute_radius`), and no more. Where the window holds all that the outputs near a variant
see, these are the same wherever it begins, whatever its length: shifts change nothing, and the alternative allele is asked of the
part that it can change. Variants that stand together have their reference outputs in common: each base is computed once.
"""

from typing import Any

import numpy as np

from readsight.interpret.variant_effects import allele_windows
from readsight.interpret.variant_effects.allele_windows import REVERSE
from readsight.interpret.variant_effects.trained_models import FoldModel, TrainedModels
from readsight.interpret.variant_effects.variants import AlleleTable
from readsight.models.calibration import softmax

MAX_BASES = 2**15  # put through a network at once


def compute_radius(model_name: str, description: dict[str, Any]) -> int | None:
    """Places to each side that an output of a network along the sequence sees; None where that is not known, or all of them."""
    if description.get("input") != "one_hot" or description.get("kind") != "positions":
        return None
    if model_name == "dilated_resnet":
        return sum(
            2 * (-(-(width - 1) * dilation // 2))
            for width, dilation in zip(description["widths"], description["dilations"], strict=True)
        )
    if model_name == "cnn":
        dilation = np.cumprod([1, *description["pools"][:-1]])
        return int(sum(-(-(width - 1) * d // 2) for width, d in zip(description["widths"], dilation, strict=True)))
    return None


class LocalInference:
    """models: of positions. radius: places to each side that an output sees."""

    def __init__(self, models: TrainedModels, radius: int):
        self.models, self.radius = models, radius

    @classmethod
    def from_models(cls, models: TrainedModels) -> "LocalInference | None":
        """None where the models cannot be asked so."""
        radii = [compute_radius(models.model_name, fold_model.description) for fold_model in models.fold_models]
        return None if None in radii else cls(models, max(radii))

    def is_applicable(self, width: int, shifts: list[int], distance: int) -> bool:
        """Whether every window of a change of `width` bases holds what the outputs up to `distance` from it see."""
        max_shift, sides = max(map(abs, shifts)), min(distance, self.radius) + self.radius
        half = self.models.length // 2 - max_shift
        return half >= sides and self.models.length - self.models.length // 2 - max_shift >= width + sides

    def predict(self, number: int, codes: np.ndarray) -> np.ndarray:
        """Probabilities (n, places − 2 × radius, K) of a fold's model, of stretches (n, places): of places whose surroundings they hold."""
        import torch

        from readsight.models.training.inputs import to_network_input

        fold_model, chunks = self.models.fold_models[number], []
        step = max(1, MAX_BASES // codes.shape[1])
        with torch.inference_mode():
            for first in range(0, len(codes), step):
                codes_tensor = torch.from_numpy(np.ascontiguousarray(codes[first : first + step])).to(fold_model.device)
                outputs = compute_logits(fold_model, to_network_input(codes_tensor, fold_model.description)).float().cpu().numpy()
                chunks.append(softmax(outputs[:, self.radius : codes.shape[1] - self.radius]))
        return np.concatenate(chunks)

    def predict_reference(
        self, number: int, variants: AlleleTable, rows: np.ndarray, strand: str, sides: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Probabilities (places, K) of all bases up to `sides` from any of the variants, forward on the genome; and (m,) where among
        them the first of each variant's stands.
        """
        contigs, begins, step, offset = cut_pieces(variants, rows, sides)
        length = step + 2 * self.radius
        codes = allele_windows.read_reference_windows(variants, contigs, begins - self.radius, strand, length)
        probabilities = self.predict(number, codes)
        probabilities = probabilities[:, ::-1] if strand == REVERSE else probabilities
        return probabilities.reshape(-1, probabilities.shape[-1]), offset


def cut_pieces(variants: AlleleTable, rows: np.ndarray, sides: int) -> tuple[np.ndarray, np.ndarray, int, np.ndarray]:
    """The stretches up to `sides` from variants, joined where they touch, and cut into pieces of one length.

    Returns the contig and begin of each piece, their length, and (m,) where in all of them, end to end, that of each variant begins.
    """
    contig, low, high = variants.contig[rows].astype(np.int64), variants.start[rows] - sides, variants.end[rows] + sides
    order = np.lexsort((low, contig))
    c, a, b = contig[order], low[order], high[order]
    reach = np.zeros(len(order), np.int64)
    begins = np.ones(len(order), bool)
    for contig_id in np.unique(c):
        here = np.flatnonzero(c == contig_id)
        reach[here] = np.maximum.accumulate(b[here])
        begins[here[1:]] = a[here[1:]] > reach[here[:-1]]
    stretch_index = np.cumsum(begins) - 1
    stretch_heads = np.flatnonzero(begins)
    ends = reach[np.append(stretch_heads[1:], len(order)) - 1]
    step = 2 * sides + 1
    counts = -(-(ends - a[stretch_heads]) // step)
    first = np.cumsum(counts) - counts  # pieces before each stretch
    number = np.arange(counts.sum()) - np.repeat(first, counts)
    offset = np.empty(len(order), np.int64)
    offset[order] = first[stretch_index] * step + a - a[stretch_heads][stretch_index]
    return np.repeat(c[stretch_heads], counts), np.repeat(a[stretch_heads], counts) + number * step, step, offset


def compute_logits(fold_model: FoldModel, inputs: Any) -> Any:
    """Logits of a network along the sequence, of stretches of any length."""
    from readsight.models.training.ensemble import EnsembleModule, to_outputs

    if isinstance(fold_model.net, EnsembleModule):
        import torch

        probabilities = [torch.softmax(net.head(net.trunk(*net.reader(inputs))), dim=-1) for net in fold_model.net.nets]
        return to_outputs("positions", torch.stack(probabilities).mean(dim=0))
    return fold_model.net.head(fold_model.net.trunk(*fold_model.net.reader(inputs)))
