"""What each base would do in the place of that which is there: every edit of one base, predicted (Zhou & Troyanskaya 2015).

A base adds its change of the output less the mean change of all four at its place: what the place does as it is, against what it
would do on average. Networks are computed anew only where an edit reaches (`readsight.models.incremental`), other models as a whole.
"""

from typing import Any

import numpy as np

from readsight.interpret.sequence_attribution.query import AttributionQuery
from readsight.models.sequence.network_model import SequenceModel

SUPPORTED_NETWORKS = None
SUPPORTS_TOKENS = True
MAX_BATCH = 4096  # edited sequences that a model without a network is asked about at once
MAX_OUTPUTS = 2**23  # outputs that are kept at once


def attribute(query: AttributionQuery, references: np.ndarray | None, spec: dict[str, Any], seed: int) -> np.ndarray:
    """Attributions (n, places, 4)."""
    changes = compute_changes(query)
    return changes - changes.mean(axis=-1, keepdims=True)


def compute_changes(query: AttributionQuery) -> np.ndarray:
    """What the explained number changes by with each base at each place, (n, places, 4); 0 for the one that is there."""
    codes = np.asarray(query.codes)
    edits = np.argwhere(codes[..., None] != np.arange(4))
    changes = np.zeros((*codes.shape, 4))
    changes[tuple(edits.T)] = (recompute_edits if isinstance(query.model, SequenceModel) else predict_edits)(query, edits)
    return changes


def recompute_edits(query: AttributionQuery, edits: np.ndarray) -> np.ndarray:
    """Changes (k,) by edits (k, 3: row, place, base) of a network, on the strand that the question gives."""
    import torch

    from readsight.models.incremental.engine import IncrementalNetwork
    from readsight.models.training.model_description import restore_encoding

    codes, is_positional = np.asarray(query.codes), query.kind == "positions"
    edited = IncrementalNetwork.from_network(query.net, query.description, restore_encoding(query.arrays, query.description))
    batch_size = MAX_OUTPUTS // (codes.shape[1] if query.kind == "profile" else 4)
    changes = []
    for i in range(0, len(edits), batch_size):
        row, position, base = edits[i : i + batch_size].T
        edit_positions = (
            query.positions[row] if is_positional else None
        )  # of outputs along the sequence one is wanted: it stands at 0 of what comes back
        outputs = edited.compute_before_and_after(codes, row, position, base[:, None].astype(np.uint8), edit_positions)
        first_position = torch.zeros(len(row), dtype=torch.int64) if is_positional else None
        before, after = (query.select_output(torch.from_numpy(output), first_position).double().numpy() for output in outputs)
        changes.append(after - before)
    return np.concatenate(changes) if changes else np.zeros(0)


def predict_edits(query: AttributionQuery, edits: np.ndarray) -> np.ndarray:
    """The same by asking any model about each edited sequence."""
    codes, score, changes = np.asarray(query.codes), query.compute_scores(), []
    for i in range(0, len(edits), MAX_BATCH):
        row, position, base = edits[i : i + MAX_BATCH].T
        edited = codes[row]
        edited[np.arange(len(row)), position] = base
        changes.append(
            query.with_codes(edited, None if query.positions is None else query.positions[row]).compute_scores() - score[row]
        )
    return np.concatenate(changes) if changes else np.zeros(0)
