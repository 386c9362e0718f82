"""Whether batch and label can be told apart at all; of the standard library alone, so that it is asked before the first job."""

from collections import Counter
from collections.abc import Sequence

MAX_LISTED = 8  # batches that an error lists


def describe_confounding(batches: Sequence[str], labels: Sequence[str]) -> str | None:
    """Words of a refusal where every batch holds one class only; None where the two can be told apart.

    batches, labels: (n,) text, a sample each; a sample that lacks either is passed over. Where there is one batch
    or one class there is nothing to confound.
    """
    counts = Counter((b, c) for b, c in zip(batches, labels, strict=True) if b and c)
    sizes, classes = Counter(), {c for _, c in counts}
    for (batch, _), n in counts.items():
        sizes[batch] += n
    if len(classes) < 2 or len(sizes) < 2 or len(counts) > len(sizes):
        return None
    if max(sizes.values()) == 1:
        return (
            f"each of the {len(sizes)} samples is a batch of its own, so that nothing can be told of batches; "
            "name a column of batches that hold several samples (plate, centre, run)"
        )
    return (
        "batch and label cannot be told apart: every batch holds one class only "
        f"({format_counts(counts)}). Whatever a model learns here may be the batch, and no method can take the batch out and leave "
        "the label in. What would be right: samples of two classes or more in the same batch, or a label that varies "
        "inside batches"
    )


def connect_batches(batches: Sequence[str], labels: Sequence[str]) -> list[tuple[list[str], list[str]]]:
    """Batches and classes by what links them: two batches belong together where a class stands in both.

    Between classes of different parts the batch is all that can be seen to differ. Largest part first; one part is as it
    should be.
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
    """Samples of each batch by class, in words: `a: case 3; b: control 5`."""
    batches = sorted({batch for batch, _ in counts})
    rows = [
        f"{batch}: {', '.join(f'{c} {n}' for (b, c), n in sorted(counts.items()) if b == batch)}"
        for batch in batches[:MAX_LISTED]
    ]
    return "; ".join(rows) + (f"; and {len(batches) - MAX_LISTED} more" if len(batches) > MAX_LISTED else "")
