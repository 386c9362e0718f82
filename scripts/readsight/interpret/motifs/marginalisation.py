"""Marginalisation: effect of inserting a motif into dinucleotide-shuffled test sequences.

The same procedure as in tangermeme and gReLU.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from readsight.genome.codes import reverse_complement
from readsight.genome.shuffle import shuffle_dinucleotides
from readsight.interpret.sequence_attribution.query import MAX_BATCH, AttributionQuery, OutputHead


def shuffle_codes(codes: np.ndarray, pair: bool, seed: int) -> np.ndarray:
    """Dinucleotide shuffle of each sequence; for pairs both windows are the shuffled reference."""
    rng = np.random.default_rng(seed)
    if not pair:
        return shuffle_dinucleotides(np.ascontiguousarray(codes), rng)
    shuffled_reference = shuffle_dinucleotides(np.ascontiguousarray(np.split(codes, 2, axis=1)[0]), rng)
    return np.concatenate([shuffled_reference, shuffled_reference], axis=1)


def insert_consensus(codes: np.ndarray, consensus: np.ndarray, start: int) -> np.ndarray:
    """Copies of the sequences with the consensus inserted at `start`; code 4 leaves a base unchanged."""
    inserted = codes.copy()
    target = inserted[:, start : start + len(consensus)]
    target[:, consensus < 4] = consensus[consensus < 4]
    return inserted


def orient_consensus(consensus: np.ndarray, strand: str) -> np.ndarray:
    """The consensus in the orientation of a strand."""
    return consensus if strand == "+" else reverse_complement(consensus)


class MultiHeadScorer:
    """Scores all heads of a model in one pass.

    Parameters
    ----------
    query : of any sequences.
    heads : outputs to score.
    positions : scored positions, for outcomes per position.
    """

    def __init__(self, query: AttributionQuery, heads: Sequence[OutputHead], positions: Sequence[int] = ()):
        self.query, self.heads, self.positions = query, list(heads), list(positions)

    def score_heads(self, codes: np.ndarray) -> np.ndarray:
        """Scores (n, heads) float64, or (n, heads, positions) for outcomes per position; mean of both strands if the model
        averages them.
        """
        query = self.query.with_codes(codes)
        if not query.is_differentiable:
            return self._score_predictions(query)
        scores = self._score_strand(query, self.positions)
        if not query.averages_strands:
            return scores
        last = codes.shape[1] - 1
        return (scores + self._score_strand(query.reverse_strand(), [last - position for position in self.positions])) / 2

    def _score_strand(self, query: AttributionQuery, positions: Sequence[int]) -> np.ndarray:
        """Scores of one strand, from a single forward pass."""
        import torch

        from readsight.models.training.inputs import to_network_input

        chunks = []
        with torch.inference_mode():
            for first in range(0, len(query), MAX_BATCH):
                rows = torch.from_numpy(np.ascontiguousarray(query.codes[first : first + MAX_BATCH]))
                outputs = query.net(to_network_input(rows, query.description))
                chunks.append(self._read_outputs(query, outputs, positions))
        return np.concatenate(chunks)

    def _read_outputs(self, query: AttributionQuery, outputs: Any, positions: Sequence[int]) -> np.ndarray:
        import torch

        def read_head(head: OutputHead, position: int | None) -> np.ndarray:
            position_tensor = None if position is None else torch.full((len(outputs),), position)
            return replace(query, head=head).select_output(outputs, position_tensor).double().numpy()

        if not positions:
            return np.stack([read_head(head, None) for head in self.heads], axis=1)
        return np.stack([np.stack([read_head(head, position) for position in positions], axis=1) for head in self.heads], axis=1)

    def _score_predictions(self, query: AttributionQuery) -> np.ndarray:
        """Scores of a model without gradients, which averages strands itself."""

        def score_head(head: OutputHead, position: int | None) -> np.ndarray:
            position_array = None if position is None else np.full(len(query), position)
            return replace(query, head=head, positions=position_array).compute_scores()

        if not self.positions:
            return np.stack([score_head(head, None) for head in self.heads], axis=1)
        return np.stack(
            [np.stack([score_head(head, position) for position in self.positions], axis=1) for head in self.heads], axis=1
        )
