"""Inference of fully convolutional networks on the part of a window that affects the scored positions.

An output depends on `radius` positions on each side. If the window contains all of them for the outputs near a variant, these
outputs do not depend on where the window begins: shifts have no effect, and the alternative allele only needs the affected
part. Neighbouring variants share reference outputs: each base is computed once.
"""

from typing import Any

import numpy as np

from readsight.interpret.variant_effects import allele_windows
from readsight.interpret.variant_effects.allele_windows import REVERSE
from readsight.interpret.variant_effects.trained_models import FoldModel, TrainedModels
from readsight.interpret.variant_effects.variants import AlleleTable
from readsight.models.calibration import softmax

MAX_BASES = 2**15  # bases per batch


def compute_radius(model_name: str, description: dict[str, Any]) -> int | None:
    """Receptive-field radius of a network with one output per position; None if unknown or unlimited."""
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
    """models: with outcomes per position. radius: positions on each side that an output depends on."""

    def __init__(self, models: TrainedModels, radius: int):
        self.models, self.radius = models, radius

    @classmethod
    def from_models(cls, models: TrainedModels) -> "LocalInference | None":
        """None if the models do not support it."""
        radii = [compute_radius(models.model_name, fold_model.description) for fold_model in models.fold_models]
        return None if None in radii else cls(models, max(radii))

    def is_applicable(self, width: int, shifts: list[int], distance: int) -> bool:
        """Whether windows of a change of `width` bases contain the receptive field of outputs up to `distance` from it."""
        max_shift, sides = max(map(abs, shifts)), min(distance, self.radius) + self.radius
        half = self.models.length // 2 - max_shift
        return half >= sides and self.models.length - self.models.length // 2 - max_shift >= width + sides

    def predict(self, number: int, codes: np.ndarray) -> np.ndarray:
        """Probabilities (n, positions − 2 × radius, K) of one fold for sequences (n, positions), at positions with complete
        context.
        """
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
        """Probabilities of all bases up to `sides` from any variant.

        Returns
        -------
        probabilities : (positions, K), forward on the genome.
        offset : (m,), index of the first position of each variant.
        """
        contigs, begins, step, offset = cut_pieces(variants, rows, sides)
        length = step + 2 * self.radius
        codes = allele_windows.read_reference_windows(variants, contigs, begins - self.radius, strand, length)
        probabilities = self.predict(number, codes)
        probabilities = probabilities[:, ::-1] if strand == REVERSE else probabilities
        return probabilities.reshape(-1, probabilities.shape[-1]), offset


def cut_pieces(variants: AlleleTable, rows: np.ndarray, sides: int) -> tuple[np.ndarray, np.ndarray, int, np.ndarray]:
    """Intervals up to `sides` around variants, merged and cut into pieces of equal length.

    Returns
    -------
    Contig and start of each piece, their length, and (m,) the offset of each variant's interval in the concatenated pieces.
    """
    contig, low, high = variants.contig[rows].astype(np.int64), variants.start[rows] - sides, variants.end[rows] + sides
    order = np.lexsort((low, contig))
    c, a, b = contig[order], low[order], high[order]
    reach = np.zeros(len(order), np.int64)
    begins = np.ones(len(order), bool)
    for contig_id in np.unique(c):
        rows_of_contig = np.flatnonzero(c == contig_id)
        reach[rows_of_contig] = np.maximum.accumulate(b[rows_of_contig])
        begins[rows_of_contig[1:]] = a[rows_of_contig[1:]] > reach[rows_of_contig[:-1]]
    interval_index = np.cumsum(begins) - 1
    interval_heads = np.flatnonzero(begins)
    ends = reach[np.append(interval_heads[1:], len(order)) - 1]
    step = 2 * sides + 1
    counts = -(-(ends - a[interval_heads]) // step)
    first = np.cumsum(counts) - counts  # pieces before each interval
    number = np.arange(counts.sum()) - np.repeat(first, counts)
    offset = np.empty(len(order), np.int64)
    offset[order] = first[interval_index] * step + a - a[interval_heads][interval_index]
    return np.repeat(c[interval_heads], counts), np.repeat(a[interval_heads], counts) + number * step, step, offset


def compute_logits(fold_model: FoldModel, inputs: Any) -> Any:
    """Logits per position of a fully convolutional network, for sequences of any length."""
    from readsight.models.training.ensemble import EnsembleModule, to_outputs

    if isinstance(fold_model.net, EnsembleModule):
        import torch

        probabilities = [torch.softmax(net.head(net.trunk(*net.reader(inputs))), dim=-1) for net in fold_model.net.nets]
        return to_outputs("positions", torch.stack(probabilities).mean(dim=0))
    return fold_model.net.head(fold_model.net.trunk(*fold_model.net.reader(inputs)))
