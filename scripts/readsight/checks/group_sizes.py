"""How many examples a division needs; of the standard library alone, so that it is asked before the first job."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from readsight.text import find_closest

MAX_LISTED = 4
MIN_PER_BATCH = 2  # samples that tell how much a batch varies


def compute_min_groups(folds: int, remaining: int) -> int:
    """Groups that a class needs: one for each test part, and `remaining` beside the largest of these."""
    return next(n for n in range(folds, folds + 2 * remaining + 1) if n - -(-n // folds) >= remaining)


def compute_min_batch_size(folds: int, remaining: int = MIN_PER_BATCH) -> int:
    """Samples that a batch needs, so that whatever part of several is held out, `remaining` of it stay."""
    return next(n for n in range(remaining, 3 * remaining + 2) if n - -(-n // folds) >= remaining)


def check_batch_sizes(harmonise: Any, split: Any, rows: Sequence[Mapping[str, str]]) -> list[str]:
    """Faults of batches too small for every training part to have two samples of them, and of a reference that is none.

    harmonise, split: of the config's task. rows: what is said of each sample.
    """
    batch = harmonise.batch
    is_given = split.by == "given"
    training_counts = Counter(row[batch] for row in rows if not is_given or row.get(split.given, "").lower() != "test")
    inner_minimum = compute_min_batch_size(split.inner)
    minimum = inner_minimum if is_given else compute_min_batch_size(split.folds, inner_minimum)
    scheme = f"{split.inner} inner folds" if is_given else f"{split.folds} folds with {split.inner} inner ones"
    faults = []
    for name in sorted({row[batch] for row in rows}):
        if is_given and not training_counts[name]:
            faults.append(
                f"harmonise.batch: batch {name!r} is in the test part alone, and ComBat learns of each batch in the training part; "
                "leave its samples out, or set harmonise.method to none"
            )
        elif training_counts[name] < minimum:
            faults.append(
                f"harmonise.batch: batch {name!r} has {training_counts[name]} sample{'s' * (training_counts[name] != 1)} to train on; {scheme} need {minimum} of it, so that each "
                "training part has the two that ComBat needs to tell how a batch varies; join it to the batch that was made the same "
                "way, leave its samples out, or set harmonise.method to none"
            )
    reference = harmonise.reference
    if reference is not None and not training_counts[reference]:
        closest = find_closest(reference, training_counts)
        hint = f"did you mean {closest!r}?" if closest else f"there are: {', '.join(sorted(training_counts)[:MAX_LISTED])}"
        faults.append(f"harmonise.reference: {reference!r} is no batch of column {batch!r}; {hint}")
    return faults
