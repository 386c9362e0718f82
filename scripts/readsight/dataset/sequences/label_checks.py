"""Checks of labels and loci, run before the first job and by the job itself. Standard library only."""

from collections.abc import Iterable, Mapping

from readsight.checks.class_column import MAX_CLASSES, MIN_PER_CLASS
from readsight.text import find_closest

SHOWN = 5


def check_classes(examples: Mapping[str, tuple[int, str]], positive: str | None) -> list[str]:
    """Faults of classes. examples: class → number of examples, and name of the first."""
    names, total = sorted(examples), sum(number for number, _ in examples.values())
    faults = []
    if len(names) < 2:
        faults.append(
            f"label: all {total:,} sequences are {names[0]!r}: one class, nothing to learn; add a file with a second class, or make negatives "
            "(sequences.negatives.method)"
        )
    elif len(names) > max(MAX_CLASSES, total / MIN_PER_CLASS):
        faults.append(
            f"label: there are {len(names):,} different labels ({list_few(names)}) of {total:,} sequences; these are not classes; use "
            "a different column, or set sequences.target: score if they are numbers"
        )
    else:
        faults += [
            f"label: class {name!r} has one example ({examples[name][1]}), which cannot be in both training and test; remove "
            "the class, or add examples"
            for name in names
            if examples[name][0] == 1
        ]
    if positive is not None and positive not in names:
        closest = find_closest(positive, names)
        faults.append(
            f"positive: no sequence is {positive!r}; "
            + (f"did you mean {closest!r}?" if closest else f"there are: {list_few(names)}")
        )
    elif positive is not None and len(names) > 2:
        faults.append(f"positive: requires two classes, but there are {len(names)} ({list_few(names)}); remove it")
    return faults


def check_loci(without: int, total: int, first: str) -> list[str]:
    """Faults of sequences without a locus in a split by chromosome. first: name of one of them."""
    if not without:
        return []
    return [
        f"split.by: is chromosome, but {without:,} of {total:,} sequences have no locus (first: {first}); loci are read "
        "from names such as chr1:100-200 and from columns chrom, start, end; or use split.by: homology"
    ]


def list_few(names: Iterable[str]) -> str:
    """The first names of a list, as text."""
    names = list(map(str, names))
    return ", ".join(names[:SHOWN]) + ", …" * (len(names) > SHOWN)
