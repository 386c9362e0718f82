"""What keeps sequences from being learned, in words: asked before the first job, and by the job. With the standard library alone."""

from collections.abc import Iterable, Mapping

from readsight.checks.class_column import MEMBERS, MOST
from readsight.text import nearest

SHOWN = 5


def of_classes(examples: Mapping[str, tuple[int, str]], positive: str | None) -> list[str]:
    """Faults of classes. examples: class → number of its examples, and the name of the first."""
    names, total = sorted(examples), sum(number for number, _ in examples.values())
    faults = []
    if len(names) < 2:
        faults.append(
            f"label: all {total:,} sequences are {names[0]!r}: one class, nothing to learn; name a file of others, or make them "
            "(sequences.negatives.method)"
        )
    elif len(names) > max(MOST, total / MEMBERS):
        faults.append(
            f"label: there are {len(names):,} different labels ({few(names)}) of {total:,} sequences; these are no classes; name "
            "another column, or say sequences.target: score where they are numbers"
        )
    else:
        faults += [
            f"label: class {name!r} has one example ({examples[name][1]}), which cannot be both trained and tested on; leave the class "
            "out, or add to it"
            for name in names
            if examples[name][0] == 1
        ]
    if positive is not None and positive not in names:
        near = nearest(positive, names)
        faults.append(
            f"positive: no sequence is {positive!r}; " + (f"did you mean {near!r}?" if near else f"there are: {few(names)}")
        )
    elif positive is not None and len(names) > 2:
        faults.append(f"positive: is for two classes, and there are {len(names)} ({few(names)}); leave it out")
    return faults


def of_places(without: int, total: int, first: str) -> list[str]:
    """Faults of sequences that do not say where they lie, and are to be divided by chromosomes. first: name of one of them."""
    if not without:
        return []
    return [
        f"split.by: is chromosome, and {without:,} of {total:,} sequences do not say where they lie (the first: {first}); places are read "
        "from names such as chr1:100-200 and from columns chrom, start, end; or use split.by: homology"
    ]


def few(names: Iterable[str]) -> str:
    """The first names of a list."""
    names = list(map(str, names))
    return ", ".join(names[:SHOWN]) + ", …" * (len(names) > SHOWN)
