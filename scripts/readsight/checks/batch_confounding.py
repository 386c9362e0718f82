"""Check whether batch and label are confounded. Uses the standard library only, so that it can run before the first job."""

from collections import Counter
from collections.abc import Sequence

MAX_LISTED = 8  # batches that an error lists


def describe_confounding(batches: Sequence[str], labels: Sequence[str]) -> str | None:
    """Message if batch and label are perfectly confounded, that is, every batch has one class only; else None.

    Parameters
    ----------
    batches, labels : (n,) text, one per sample; samples without either value are ignored.

    Notes
    -----
    With one batch or one class there is nothing to confound, and the result is None.
    """
    counts = Counter((b, c) for b, c in zip(batches, labels, strict=True) if b and c)
    sizes, classes = Counter(), {c for _, c in counts}
    for (batch, _), n in counts.items():
        sizes[batch] += n
    if len(classes) < 2 or len(sizes) < 2 or len(counts) > len(sizes):
        return None
    if max(sizes.values()) == 1:
        return (
            f"each of the {len(sizes)} samples is a separate batch, so batch effects cannot be estimated; "
            "choose a column whose batches contain several samples (plate, centre, run)"
        )
    return (
        "batch and label are completely confounded: every batch has one class only "
        f"({format_counts(counts)}). A model may learn the batch instead of the label, and no method can remove the batch effect and keep "
        "the label. At least one batch needs samples of two or more classes"
    )


def connect_batches(batches: Sequence[str], labels: Sequence[str]) -> list[tuple[list[str], list[str]]]:
    """Connected components of the graph that links each batch to the classes of its samples, as (batches, classes).

    Classes of different components are confounded with the batch; a single component is the good case. Largest first.
    """
    components: list[tuple[set[str], set[str]]] = []
    for batch, label in sorted({(b, c) for b, c in zip(batches, labels, strict=True) if b and c}):
        overlapping = [component for component in components if batch in component[0] or label in component[1]]
        components = [component for component in components if component not in overlapping]
        components.append(({batch}.union(*(p[0] for p in overlapping)), {label}.union(*(p[1] for p in overlapping))))
    return [
        (sorted(b), sorted(c)) for b, c in sorted(components, key=lambda component: (-len(component[0]), sorted(component[0])))
    ]


def format_counts(counts: Counter) -> str:
    """Number of samples by batch and class as text: `a: case 3; b: control 5`."""
    batches = sorted({batch for batch, _ in counts})
    rows = [
        f"{batch}: {', '.join(f'{c} {n}' for (b, c), n in sorted(counts.items()) if b == batch)}"
        for batch in batches[:MAX_LISTED]
    ]
    return "; ".join(rows) + (f"; and {len(batches) - MAX_LISTED} more" if len(batches) > MAX_LISTED else "")
