"""Whether a column can hold classes; of the standard library alone, so that it is asked before the first job."""

from collections.abc import Sequence

MAX_CLASSES = 10  # classes that few samples may have
MIN_PER_CLASS = 4  # samples a class, at least, where there are more
MAX_LISTED = 4


def check_class_count(column: str, classes: Sequence[str], sample_count: int) -> str | None:
    """What to say of a column whose values are no classes: nearly as many as samples, as ages and names are."""
    if len(classes) <= max(MAX_CLASSES, sample_count / MIN_PER_CLASS):
        return None
    shown = ", ".join(classes[:MAX_LISTED]) + ", …"
    return (
        f"label: column {column!r} has {len(classes)} different values ({shown}) in {sample_count} samples; these are no classes; name a "
        "column of few values, each of several samples (amounts are not predicted: cut them into classes)"
    )
