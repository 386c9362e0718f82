"""What adding a motif does: its word is put into sequences whose own order of bases is gone, and the model is asked again.

As tangermeme's and gReLU's marginalisation; the sequences are test examples with their dinucleotides shuffled, each by itself.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from readsight.genome.codes import reverse_complement
from readsight.genome.shuffle import dinucleotide
from readsight.interpret.sequence_attribution.query import ROWS, Head, Question


def shuffled(codes: np.ndarray, pair: bool, seed: int) -> np.ndarray:
    """Each sequence with its dinucleotides shuffled; of pairs both windows are the shuffled reference."""
    draw = np.random.default_rng(seed)
    if not pair:
        return dinucleotide(np.ascontiguousarray(codes), draw)
    own = dinucleotide(np.ascontiguousarray(np.split(codes, 2, axis=1)[0]), draw)
    return np.concatenate([own, own], axis=1)


def put(codes: np.ndarray, word: np.ndarray, start: int) -> np.ndarray:
    """The sequences with a word at a place; 4 in the word leaves the base as it is."""
    found = codes.copy()
    part = found[:, start : start + len(word)]
    part[:, word < 4] = word[word < 4]
    return found


def turned(word: np.ndarray, strand: str) -> np.ndarray:
    """The word as it stands on a strand."""
    return word if strand == "+" else reverse_complement(word)


class Asked:
    """A model that is asked for all its explained numbers at once.

    question: about any sequences. heads: the numbers. near: of positions, places whose numbers are asked for.
    """

    def __init__(self, question: Question, heads: Sequence[Head], near: Sequence[int] = ()):
        self.question, self.heads, self.near = question, list(heads), list(near)

    def scores(self, codes: np.ndarray) -> np.ndarray:
        """(n, heads) float64, of positions (n, heads, near); the mean of both strands where the model averages these."""
        question = self.question.about_codes(codes)
        if not question.differentiable:
            return self._predicted(question)
        found = self._strand(question, self.near)
        if not question.both:
            return found
        last = codes.shape[1] - 1
        return (found + self._strand(question.turned(), [last - place for place in self.near])) / 2

    def _strand(self, question: Question, near: Sequence[int]) -> np.ndarray:
        """Of one strand: the network is asked once for all numbers."""
        import torch

        from readsight.models.training.inputs import made

        parts = []
        with torch.inference_mode():
            for first in range(0, len(question), ROWS):
                rows = torch.from_numpy(np.ascontiguousarray(question.codes[first : first + ROWS]))
                outputs = question.net(made(rows, question.about))
                parts.append(self._read(question, outputs, near))
        return np.concatenate(parts)

    def _read(self, question: Question, outputs: Any, near: Sequence[int]) -> np.ndarray:
        import torch

        def one(head: Head, at: int | None) -> np.ndarray:
            place = None if at is None else torch.full((len(outputs),), at)
            return replace(question, head=head).read(outputs, place).double().numpy()

        if not near:
            return np.stack([one(head, None) for head in self.heads], axis=1)
        return np.stack([np.stack([one(head, at) for at in near], axis=1) for head in self.heads], axis=1)

    def _predicted(self, question: Question) -> np.ndarray:
        """Of a model without gradients, which averages strands itself."""

        def one(head: Head, at: int | None) -> np.ndarray:
            place = None if at is None else np.full(len(question), at)
            return replace(question, head=head, at=place).score()

        if not self.near:
            return np.stack([one(head, None) for head in self.heads], axis=1)
        return np.stack([np.stack([one(head, at) for at in self.near], axis=1) for head in self.heads], axis=1)
