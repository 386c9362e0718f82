"""Gradients of an explained number by the bases of a sequence, at points and along paths; what the methods that use them share."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from readsight.genome.onehot import one_hot_last
from readsight.interpret.sequence_attribution.query import Question

if TYPE_CHECKING:
    import torch

DIFFERENTIABLE = ("cnn", "dilated_resnet", "cnn_lstm", "lstm", "transformer")  # networks that have a gradient by base
BASES = 2**14  # bases that are put through a network at once: what layers give is to stay in the processor's cache


@contextmanager
def still(net: Any) -> Iterator[None]:
    """A network that neither learns nor draws, and gradients by what it is given alone; all is as before afterwards."""
    import torch

    asked = {part: part.requires_grad for part in net.parameters()}
    mode = {part: part.training for part in net.modules()}
    try:
        net.eval()
        for part in asked:
            part.requires_grad_(False)
        with torch.enable_grad(), torch.inference_mode(False):
            yield
    finally:
        for part, value in asked.items():
            part.requires_grad_(value)
        for part, value in mode.items():
            part.training = value


def at_once(places: int) -> int:
    """Sequences that are put through a network at once."""
    return max(1, BASES // places)


def located(question: Question, rows: Any = slice(None)) -> "torch.Tensor | None":
    """Places that are explained of some of the sequences; None where it is not one of them."""
    import torch

    return None if question.at is None else torch.from_numpy(np.ascontiguousarray(question.at[rows], np.int64))


def gradients(question: Question, points: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Gradients (k, places, 4) float32 at points (k, places, 4). rows: (k,) which of the sequences each point belongs to."""
    return sloped(question, points, rows)[1]


def sloped(question: Question, points: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The explained number (k,) float64 at points (k, places, 4), and its gradients. rows: as of `gradients`."""
    import torch

    outputs, found, size = np.empty(len(points)), np.empty_like(points, np.float32), at_once(points.shape[1])
    with still(question.net):
        for i in range(0, len(points), size):
            part = slice(i, i + size)
            given = torch.from_numpy(np.ascontiguousarray(points[part], np.float32)).requires_grad_()
            output = question.read(question.net(given.transpose(1, 2)), located(question, rows[part]))
            found[part] = torch.autograd.grad(output.sum(), given)[0].numpy()
            outputs[part] = output.detach().double().numpy()
    return outputs, found


def scores(question: Question, points: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The explained number at points (k, places, 4), (k,) float64. rows: as of `gradients`."""
    import torch

    found, size = np.empty(len(points)), at_once(points.shape[1])
    with torch.inference_mode():
        for i in range(0, len(points), size):
            part = slice(i, i + size)
            given = torch.from_numpy(np.ascontiguousarray(points[part], np.float32)).transpose(1, 2)
            found[part] = question.read(question.net(given), located(question, rows[part])).double().numpy()
    return found


def bases(question: Question) -> np.ndarray:
    """The sequences' own bases, (n, places, 4) float32, N 0 throughout."""
    return one_hot_last(question.codes)


def own_gradients(question: Question) -> np.ndarray:
    """Gradients at the sequences themselves, (n, places, 4)."""
    return gradients(question, bases(question), np.arange(len(question)))


def between(question: Question, references: np.ndarray, pairs: np.ndarray, points: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted sums of gradients at points of the straight paths from references to sequences, (k, places, 4).

    references: (n, m, places, 4). pairs: (k, 2) int, sequence and reference of each path. points, weights: (k, s), 0 the
    reference and 1 the sequence.
    """
    whole, size = bases(question), max(1, at_once(references.shape[2]) // points.shape[1])
    found = np.empty((len(pairs), *whole.shape[1:]), np.float32)
    for i in range(0, len(pairs), size):
        part = slice(i, i + size)
        row, number = pairs[part].T
        start = references[row, number][:, None]
        way = points[part].astype(np.float32)[..., None, None]
        along = start + way * (whole[row][:, None] - start)
        own = gradients(question, along.reshape(-1, *whole.shape[1:]), np.repeat(row, points.shape[1]))
        found[part] = np.einsum("ks,kspb->kpb", weights[part].astype(np.float32), own.reshape(along.shape))
    return found


def every_pair(references: np.ndarray) -> np.ndarray:
    """Each sequence with each of its references, (n × m, 2)."""
    return np.stack(np.indices(references.shape[:2]), axis=-1).reshape(-1, 2)


def added(multipliers: np.ndarray, references: np.ndarray) -> np.ndarray:
    """What each base would add instead of the reference's, (n, places, 4): means over references of multipliers (n, m, places, 4).

    A multiplier tells what a unit of a base adds: a base adds its own, and takes away what the reference's added.
    """
    taken = (multipliers * references).sum(axis=-1, keepdims=True)
    return (multipliers - taken).mean(axis=1)


def corrected(gradient: np.ndarray, spec: dict[str, Any]) -> np.ndarray:
    """Gradients less their mean over the bases, which points off the simplex of bases, where spec["correction"] says so.

    A network was never shown what lies there (Majdandzic et al. 2023). What is told as a difference from a reference that is a
    base, or a mixture of bases, has no such part.
    """
    return gradient - gradient.mean(axis=-1, keepdims=True) if spec["correction"] else gradient
