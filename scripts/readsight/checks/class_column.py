"""Check whether a column can hold class labels. Uses the standard library only, so that it can run before the first job."""

from collections.abc import Sequence

MAX_CLASSES = 10  # number of classes that is always allowed
MIN_PER_CLASS = 4  # samples per class, on average, if there are more classes
MAX_LISTED = 4


def check_class_count(column: str, classes: Sequence[str], sample_count: int) -> str | None:
    """Message for a label column with almost as many values as samples, like ages or names; None if it can hold classes."""
    if len(classes) <= max(MAX_CLASSES, sample_count / MIN_PER_CLASS):
        return None
    class_list = ", ".join(classes[:MAX_LISTED]) + ", …"
    return (
        f"label: column {column!r} has {len(classes)} different values ({class_list}) in {sample_count} samples, which are too many for classes; use a "
        "column with few values and several samples for each (continuous values are not supported: bin them into classes)"
    )
