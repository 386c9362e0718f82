"""Gradients of an explained number by the bases of a sequence, at points and along paths; what the methods that use them share."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from readsight.genome.onehot import one_hot_last
from readsight.interpret.sequence_attribution.query import AttributionQuery

if TYPE_CHECKING:
    import torch

DIFFERENTIABLE = ("cnn", "dilated_resnet", "cnn_lstm", "lstm", "transformer")  # networks that have a gradient by base
MAX_BASES = 2**14  # bases that are put through a network at once: what layers give is to stay in the processor's cache


@contextmanager
def freeze_network(net: Any) -> Iterator[None]:
    """A network that neither learns nor draws, and gradients by what it is given alone; all is as before afterwards."""
    import torch

    requires_grad = {item: item.requires_grad for item in net.parameters()}
    mode = {item: item.training for item in net.modules()}
    try:
        net.eval()
        for item in requires_grad:
            item.requires_grad_(False)
        with torch.enable_grad(), torch.inference_mode(False):
            yield
    finally:
        for item, value in requires_grad.items():
            item.requires_grad_(value)
        for item, value in mode.items():
            item.training = value


def max_batch_size(length: int) -> int:
    """Sequences that are put through a network at once."""
    return max(1, MAX_BASES // length)


def select_positions(query: AttributionQuery, rows: Any = slice(None)) -> "torch.Tensor | None":
    """Places that are explained of some of the sequences; None where it is not one of them."""
    import torch

    return None if query.positions is None else torch.from_numpy(np.ascontiguousarray(query.positions[rows], np.int64))


def compute_gradients(query: AttributionQuery, points: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Gradients (k, places, 4) float32 at points (k, places, 4). rows: (k,) which of the sequences each point belongs to."""
    return score_with_gradients(query, points, rows)[1]


def score_with_gradients(query: AttributionQuery, points: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The explained number (k,) float64 at points (k, places, 4), and its gradients. rows: as of `compute_gradients`."""
    import torch

    outputs, gradients, batch_size = np.empty(len(points)), np.empty_like(points, np.float32), max_batch_size(points.shape[1])
    with freeze_network(query.net):
        for i in range(0, len(points), batch_size):
            batch = slice(i, i + batch_size)
            inputs = torch.from_numpy(np.ascontiguousarray(points[batch], np.float32)).requires_grad_()
            output = query.select_output(query.net(inputs.transpose(1, 2)), select_positions(query, rows[batch]))
            gradients[batch] = torch.autograd.grad(output.sum(), inputs)[0].numpy()
            outputs[batch] = output.detach().double().numpy()
    return outputs, gradients


def score_points(query: AttributionQuery, points: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The explained number at points (k, places, 4), (k,) float64. rows: as of `compute_gradients`."""
    import torch

    scores, batch_size = np.empty(len(points)), max_batch_size(points.shape[1])
    with torch.inference_mode():
        for i in range(0, len(points), batch_size):
            batch = slice(i, i + batch_size)
            inputs = torch.from_numpy(np.ascontiguousarray(points[batch], np.float32)).transpose(1, 2)
            scores[batch] = query.select_output(query.net(inputs), select_positions(query, rows[batch])).double().numpy()
    return scores


def encode_bases(query: AttributionQuery) -> np.ndarray:
    """The sequences' own bases, (n, places, 4) float32, N 0 throughout."""
    return one_hot_last(query.codes)


def sequence_gradients(query: AttributionQuery) -> np.ndarray:
    """Gradients at the sequences themselves, (n, places, 4)."""
    return compute_gradients(query, encode_bases(query), np.arange(len(query)))


def integrate_paths(
    query: AttributionQuery, references: np.ndarray, pairs: np.ndarray, points: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """Weighted sums of gradients at points of the straight paths from references to sequences, (k, places, 4).

    references: (n, m, places, 4). pairs: (k, 2) int, sequence and reference of each path. points, weights: (k, s), 0 the
    reference and 1 the sequence.
    """
    one_hot, batch_size = encode_bases(query), max(1, max_batch_size(references.shape[2]) // points.shape[1])
    sums = np.empty((len(pairs), *one_hot.shape[1:]), np.float32)
    for i in range(0, len(pairs), batch_size):
        batch = slice(i, i + batch_size)
        sequence, reference = pairs[batch].T
        start = references[sequence, reference][:, None]
        fraction = points[batch].astype(np.float32)[..., None, None]
        path_points = start + fraction * (one_hot[sequence][:, None] - start)
        gradients = compute_gradients(query, path_points.reshape(-1, *one_hot.shape[1:]), np.repeat(sequence, points.shape[1]))
        sums[batch] = np.einsum("ks,kspb->kpb", weights[batch].astype(np.float32), gradients.reshape(path_points.shape))
    return sums


def list_pairs(references: np.ndarray) -> np.ndarray:
    """Each sequence with each of its references, (n × m, 2)."""
    return np.stack(np.indices(references.shape[:2]), axis=-1).reshape(-1, 2)


def hypothetical_contributions(multipliers: np.ndarray, references: np.ndarray) -> np.ndarray:
    """What each base would add instead of the reference's, (n, places, 4): means over references of multipliers (n, m, places, 4).

    A multiplier tells what a unit of a base adds: a base adds its own, and takes away what the reference's added.
    """
    reference_part = (multipliers * references).sum(axis=-1, keepdims=True)
    return (multipliers - reference_part).mean(axis=1)


def correct_gradient(gradient: np.ndarray, spec: dict[str, Any]) -> np.ndarray:
    """Gradients less their mean over the bases, which points off the simplex of bases, where spec["correction"] says so.

    A network was never shown what lies there (Majdandzic et al. 2023). What is told as a difference from a reference that is a
    base, or a mixture of bases, has no such part.
    """
    return gradient - gradient.mean(axis=-1, keepdims=True) if spec["correction"] else gradient
