"""What each base would do in the place of that which is there: every edit of one base, predicted (Zhou & Troyanskaya 2015).

A base adds its change of the output less the mean change of all four at its place: what the place does as it is, against what it
would do on average. Networks are computed anew only where an edit reaches (`readsight.models.incremental`), other models as a whole.
"""

from typing import Any

import numpy as np

from readsight.interpret.sequence_attribution.query import Question
from readsight.models.sequence.network_model import Member

ON = None
TOKENS = True
ROWS = 4096  # edited sequences that a model without a network is asked about at once
HELD = 2**23  # outputs that are kept at once


def attribute(question: Question, references: np.ndarray | None, spec: dict[str, Any], seed: int) -> np.ndarray:
    """Attributions (n, places, 4)."""
    found = changes(question)
    return found - found.mean(axis=-1, keepdims=True)


def changes(question: Question) -> np.ndarray:
    """What the explained number changes by with each base at each place, (n, places, 4); 0 for the one that is there."""
    codes = np.asarray(question.codes)
    edits = np.argwhere(codes[..., None] != np.arange(4))
    found = np.zeros((*codes.shape, 4))
    found[tuple(edits.T)] = (recomputed if isinstance(question.member, Member) else asked)(question, edits)
    return found


def recomputed(question: Question, edits: np.ndarray) -> np.ndarray:
    """Changes (k,) by edits (k, 3: row, place, base) of a network, on the strand that the question gives."""
    import torch

    from readsight.models.incremental.engine import Edited
    from readsight.models.training.model_description import encoding_of

    codes, along = np.asarray(question.codes), question.kind == "positions"
    edited = Edited.of(question.net, question.about, encoding_of(question.arrays, question.about))
    size = HELD // (codes.shape[1] if question.kind == "profile" else 4)
    found = []
    for i in range(0, len(edits), size):
        row, place, base = edits[i : i + size].T
        near = (
            question.at[row] if along else None
        )  # of outputs along the sequence one is wanted: it stands at 0 of what comes back
        outputs = edited.before_and_after(codes, row, place, base[:, None].astype(np.uint8), near)
        at = torch.zeros(len(row), dtype=torch.int64) if along else None
        before, after = (question.read(torch.from_numpy(part), at).double().numpy() for part in outputs)
        found.append(after - before)
    return np.concatenate(found) if found else np.zeros(0)


def asked(question: Question, edits: np.ndarray) -> np.ndarray:
    """The same by asking any model about each edited sequence."""
    codes, score, found = np.asarray(question.codes), question.score(), []
    for i in range(0, len(edits), ROWS):
        row, place, base = edits[i : i + ROWS].T
        edited = codes[row]
        edited[np.arange(len(row)), place] = base
        found.append(question.about_codes(edited, None if question.at is None else question.at[row]).score() - score[row])
    return np.concatenate(found) if found else np.zeros(0)
