"""Minimum sizes of groups and batches for cross-validation. Uses the standard library only, to run before the first job."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from readsight.text import find_closest

MAX_LISTED = 4
MIN_PER_BATCH = 2  # samples that ComBat needs to estimate the variance of a batch


def compute_min_groups(folds: int, remaining: int) -> int:
    """Minimum number of groups per class: one in each test fold, and `remaining` groups outside of the largest one."""
    return next(n for n in range(folds, folds + 2 * remaining + 1) if n - -(-n // folds) >= remaining)


def compute_min_batch_size(folds: int, remaining: int = MIN_PER_BATCH) -> int:
    """Minimum number of samples per batch so that, for any test fold, at least `remaining` stay in training."""
    return next(n for n in range(remaining, 3 * remaining + 2) if n - -(-n // folds) >= remaining)


def check_batch_sizes(harmonise: Any, split: Any, rows: Sequence[Mapping[str, str]]) -> list[str]:
    """Faults of batches that are too small for ComBat in some training fold, and of an unknown reference batch.

    Parameters
    ----------
    harmonise, split : config sections of the task.
    rows : metadata of each sample.
    """
    batch = harmonise.batch
    is_given = split.by == "given"
    training_counts = Counter(row[batch] for row in rows if not is_given or row.get(split.given, "").lower() != "test")
    inner_minimum = compute_min_batch_size(split.inner)
    minimum = inner_minimum if is_given else compute_min_batch_size(split.folds, inner_minimum)
    scheme = f"{split.inner} inner folds" if is_given else f"{split.folds} folds with {split.inner} inner folds"
    faults = []
    for name in sorted({row[batch] for row in rows}):
        if is_given and not training_counts[name]:
            faults.append(
                f"harmonise.batch: batch {name!r} occurs in the test set only, and ComBat must be fitted on training samples of each batch; "
                "drop its samples, or set harmonise.method to none"
            )
        elif training_counts[name] < minimum:
            faults.append(
                f"harmonise.batch: batch {name!r} has {training_counts[name]} sample{'s' * (training_counts[name] != 1)} for training; {scheme} need {minimum}, so that each "
                "training fold has the two samples that ComBat needs to estimate the variance of a batch; merge it with a technically "
                "similar batch, drop its samples, or set harmonise.method to none"
            )
    reference = harmonise.reference
    if reference is not None and not training_counts[reference]:
        closest = find_closest(reference, training_counts)
        hint = f"did you mean {closest!r}?" if closest else f"available: {', '.join(sorted(training_counts)[:MAX_LISTED])}"
        faults.append(f"harmonise.reference: {reference!r} is not a batch of column {batch!r}; {hint}")
    return faults
