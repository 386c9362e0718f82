"""Sequences as a file of text has them, before they become codes. With the standard library alone."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from readsight.dataset.sequences import alphabet
from readsight.dataset.sequences.loci import Locus

SHOWN = 5


@dataclass
class Records:
    """The sequences of one file, in its order.

    names: as the file has them, perhaps twice. sequences: letters as they stand, lower case where they are masked.
    rows: line of each in the file, from 1. loci: place of each on the genome. said: column → its text, a value a sequence
    (of FASTA the `key=value` words behind the names). whole: whether the file was read to its end.
    """

    path: str
    names: list[str] = field(default_factory=list)
    sequences: list[bytes] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    loci: list[Locus] = field(default_factory=list)
    said: dict[str, list[str]] = field(default_factory=dict)
    whole: bool = True

    def __len__(self) -> int:
        return len(self.sequences)


class Faults:
    """Faults of one file; the first few of each kind are said, the others counted."""

    def __init__(self, path: str):
        self.path = path
        self.said: dict[str, list[str]] = {}
        self.more: dict[str, int] = {}

    def note(self, kind: str, row: int, text: str, column: str = "") -> None:
        """Note a fault of one kind. column: name of the column, or place in the line from 1."""
        if len(self.said.setdefault(kind, [])) < SHOWN:
            where = f", column {column}" if column else ""
            self.said[kind].append(f"{self.path}, row {row}{where}: {text}")
        else:
            self.more[kind] = self.more.get(kind, 0) + 1

    def __iter__(self) -> Iterator[str]:
        for kind, said in self.said.items():
            yield from said
            if self.more.get(kind):
                yield f"{self.path}: … and {self.more[kind]:,} more rows of that kind ({kind})"

    def __bool__(self) -> bool:
        return bool(self.said)


def mostly_ambiguous(sequences: list[bytes]) -> bool:
    """Whether a file's letters are ambiguity codes (other than N) more often than bases: proteins may hold no other letters."""
    sample = b"".join(sequences[:1000])
    codes = len(sample) - len(sample.translate(None, alphabet.AMBIGUOUS.replace(b"N", b"").replace(b"n", b"")))
    return codes > len(sample) / 2
