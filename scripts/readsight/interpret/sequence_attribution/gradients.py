"""Gradients of an explained output with respect to the bases of a sequence; helpers shared by gradient methods."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from readsight.genome.onehot import one_hot_last
from readsight.interpret.sequence_attribution.query import AttributionQuery

if TYPE_CHECKING:
    import torch

DIFFERENTIABLE = ("cnn", "dilated_resnet", "cnn_lstm", "lstm", "transformer")  # networks with a gradient per base
MAX_BASES = 2**14  # bases per forward pass, so that activations stay in the processor's cache


@contextmanager
def freeze_network(net: Any) -> Iterator[None]:
    """Context in which a network is in evaluation mode and only its input has gradients; everything is restored afterwards."""
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
    """Number of sequences per forward pass."""
    return max(1, MAX_BASES // length)


def select_positions(query: AttributionQuery, rows: Any = slice(None)) -> "torch.Tensor | None":
    """Explained positions of selected sequences; None if the output is not per position."""
    import torch

    return None if query.positions is None else torch.from_numpy(np.ascontiguousarray(query.positions[rows], np.int64))


def compute_gradients(query: AttributionQuery, points: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Gradients (k, positions, 4) float32 at points (k, positions, 4). rows: (k,) sequence of each point."""
    return score_with_gradients(query, points, rows)[1]


def score_with_gradients(query: AttributionQuery, points: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Explained output (k,) float64 at points (k, positions, 4), and its gradients. rows: (k,) sequence of each point."""
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
    """Explained output at points (k, positions, 4), (k,) float64. rows: (k,) sequence of each point."""
    import torch

    scores, batch_size = np.empty(len(points)), max_batch_size(points.shape[1])
    with torch.inference_mode():
        for i in range(0, len(points), batch_size):
            batch = slice(i, i + batch_size)
            inputs = torch.from_numpy(np.ascontiguousarray(points[batch], np.float32)).transpose(1, 2)
            scores[batch] = query.select_output(query.net(inputs), select_positions(query, rows[batch])).double().numpy()
    return scores


def encode_bases(query: AttributionQuery) -> np.ndarray:
    """One-hot bases of the sequences, (n, positions, 4) float32, 0 at N."""
    return one_hot_last(query.codes)


def sequence_gradients(query: AttributionQuery) -> np.ndarray:
    """Gradients at the sequences, (n, positions, 4)."""
    return compute_gradients(query, encode_bases(query), np.arange(len(query)))


def integrate_paths(
    query: AttributionQuery, references: np.ndarray, pairs: np.ndarray, points: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """Weighted sums of gradients at points of the straight paths from references to sequences, (k, positions, 4).

    Parameters
    ----------
    references : (n, m, positions, 4).
    pairs : (k, 2) int, sequence and reference of each path.
    points, weights : (k, s) path fractions, 0 at the reference and 1 at the sequence, and their weights.
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
    """All pairs of a sequence and one of its references, (n × m, 2)."""
    return np.stack(np.indices(references.shape[:2]), axis=-1).reshape(-1, 2)


def hypothetical_contributions(multipliers: np.ndarray, references: np.ndarray) -> np.ndarray:
    """Contribution of each base relative to the reference, (n, positions, 4): mean over references of multipliers (n, m, positions, 4).

    A multiplier is the contribution per unit of a base; the contribution of the reference's base is subtracted.
    """
    reference_part = (multipliers * references).sum(axis=-1, keepdims=True)
    return (multipliers - reference_part).mean(axis=1)


def correct_gradient(gradient: np.ndarray, spec: dict[str, Any]) -> np.ndarray:
    """Subtract the mean over bases from gradients, i.e. the component off the simplex, if spec["correction"] is set.

    Networks are not trained on inputs off the simplex (Majdandzic et al. 2023). Differences from a reference that is a base
    or a mixture of bases have no such component.
    """
    return gradient - gradient.mean(axis=-1, keepdims=True) if spec["correction"] else gradient
