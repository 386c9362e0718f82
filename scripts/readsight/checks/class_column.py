"""Whether a column can hold classes; of the standard library alone, so that it is asked before the first job."""

from collections.abc import Sequence

MOST = 10  # classes that few samples may have
MEMBERS = 4  # samples a class, at least, where there are more
SHOWN = 4


def too_many(column: str, kinds: Sequence[str], samples: int) -> str | None:
    """What to say of a column whose values are no classes: nearly as many as samples, as ages and names are."""
    if len(kinds) <= max(MOST, samples / MEMBERS):
        return None
    shown = ", ".join(kinds[:SHOWN]) + ", …"
    return (
        f"label: column {column!r} has {len(kinds)} different values ({shown}) in {samples} samples; these are no classes; name a "
        "column of few values, each of several samples (amounts are not predicted: cut them into classes)"
    )
