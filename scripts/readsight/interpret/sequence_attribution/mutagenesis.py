"""In-silico saturation mutagenesis: the predicted effect of each substitution (Zhou & Troyanskaya 2015).

The value of a base is its change of the output minus the mean change of all four bases at the position. Networks are only
recomputed within the reach of an edit (`readsight.models.incremental`); remaining models predict each full edited sequence.
"""

from typing import Any

import numpy as np

from readsight.interpret.sequence_attribution.query import AttributionQuery
from readsight.models.sequence.network_model import SequenceModel

SUPPORTED_NETWORKS = None
SUPPORTS_TOKENS = True
MAX_BATCH = 4096  # edited sequences per prediction, for models that are not networks
MAX_OUTPUTS = 2**23  # outputs kept in memory


def attribute(query: AttributionQuery, references: np.ndarray | None, spec: dict[str, Any], seed: int) -> np.ndarray:
    """Attributions (n, positions, 4)."""
    changes = compute_changes(query)
    return changes - changes.mean(axis=-1, keepdims=True)


def compute_changes(query: AttributionQuery) -> np.ndarray:
    """Change of the explained output by each base at each position, (n, positions, 4); 0 for the observed base."""
    codes = np.asarray(query.codes)
    edits = np.argwhere(codes[..., None] != np.arange(4))
    changes = np.zeros((*codes.shape, 4))
    changes[tuple(edits.T)] = (recompute_edits if isinstance(query.model, SequenceModel) else predict_edits)(query, edits)
    return changes


def recompute_edits(query: AttributionQuery, edits: np.ndarray) -> np.ndarray:
    """Changes (k,) by edits (k, 3: row, position, base) of a network, on the strand of the query."""
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
        )  # of outputs per position only one is requested; it is returned at index 0
        outputs = edited.compute_before_and_after(codes, row, position, base[:, None].astype(np.uint8), edit_positions)
        first_position = torch.zeros(len(row), dtype=torch.int64) if is_positional else None
        before, after = (query.select_output(torch.from_numpy(output), first_position).double().numpy() for output in outputs)
        changes.append(after - before)
    return np.concatenate(changes) if changes else np.zeros(0)


def predict_edits(query: AttributionQuery, edits: np.ndarray) -> np.ndarray:
    """Changes (k,) by edits (k, 3: row, position, base), from predictions of each edited sequence."""
    codes, score, changes = np.asarray(query.codes), query.compute_scores(), []
    for i in range(0, len(edits), MAX_BATCH):
        row, position, base = edits[i : i + MAX_BATCH].T
        edited = codes[row]
        edited[np.arange(len(row)), position] = base
        changes.append(
            query.with_codes(edited, None if query.positions is None else query.positions[row]).compute_scores() - score[row]
        )
    return np.concatenate(changes) if changes else np.zeros(0)
