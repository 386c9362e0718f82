"""How many examples a division needs; of the standard library alone, so that it is asked before the first job."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from readsight.text import nearest

SHOWN = 4
OF_A_BATCH = 2  # samples that tell how much a batch varies


def fewest(folds: int, left: int) -> int:
    """Groups that a class needs: one for each test part, and `left` beside the largest of these."""
    return next(n for n in range(folds, folds + 2 * left + 1) if n - -(-n // folds) >= left)


def of_batch(parts: int, left: int = OF_A_BATCH) -> int:
    """Samples that a batch needs, so that whatever part of several is held out, `left` of it stay."""
    return next(n for n in range(left, 3 * left + 2) if n - -(-n // parts) >= left)


def batches(harmonise: Any, split: Any, rows: Sequence[Mapping[str, str]]) -> list[str]:
    """Faults of batches too small for every training part to have two samples of them, and of a reference that is none.

    harmonise, split: of the config's task. rows: what is said of each sample.
    """
    batch = harmonise.batch
    given = split.by == "given"
    trained = Counter(own[batch] for own in rows if not given or own.get(split.given, "").lower() != "test")
    inner = of_batch(split.inner)
    need = inner if given else of_batch(split.folds, inner)
    why = f"{split.inner} inner folds" if given else f"{split.folds} folds with {split.inner} inner ones"
    faults = []
    for name in sorted({own[batch] for own in rows}):
        if given and not trained[name]:
            faults.append(
                f"harmonise.batch: batch {name!r} is in the test part alone, and ComBat learns of each batch in the training part; "
                "leave its samples out, or set harmonise.method to none"
            )
        elif trained[name] < need:
            faults.append(
                f"harmonise.batch: batch {name!r} has {trained[name]} sample{'s' * (trained[name] != 1)} to train on; {why} need {need} of it, so that each "
                "training part has the two that ComBat needs to tell how a batch varies; join it to the batch that was made the same "
                "way, leave its samples out, or set harmonise.method to none"
            )
    reference = harmonise.reference
    if reference is not None and not trained[reference]:
        near = nearest(reference, trained)
        hint = f"did you mean {near!r}?" if near else f"there are: {', '.join(sorted(trained)[:SHOWN])}"
        faults.append(f"harmonise.reference: {reference!r} is no batch of column {batch!r}; {hint}")
    return faults
