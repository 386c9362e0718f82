"""Sequences of a text file before encoding, and its faults. Standard library only."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from readsight.dataset.sequences import alphabet
from readsight.dataset.sequences.loci import Locus

SHOWN = 5


@dataclass
class Records:
    """The sequences of one file, in order.

    names: as in the file, not necessarily unique. sequences: letters as in the file, lower case if masked. rows: line of each in the
    file, from 1. loci: genomic locus of each. columns: name → text, one value per sequence (in FASTA the `key=value` pairs after
    the names). is_complete: whether the file was read to its end.
    """

    path: str
    names: list[str] = field(default_factory=list)
    sequences: list[bytes] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    loci: list[Locus] = field(default_factory=list)
    columns: dict[str, list[str]] = field(default_factory=dict)
    is_complete: bool = True

    def __len__(self) -> int:
        return len(self.sequences)


class FileFaults:
    """Faults of one file: the first few of each kind are listed, further ones are counted."""

    def __init__(self, path: str):
        self.path = path
        self.messages: dict[str, list[str]] = {}
        self.omitted: dict[str, int] = {}

    def add(self, kind: str, row: int, text: str, column: str = "") -> None:
        """Add a fault of one kind. column: name of the column, or position in the line from 1."""
        if len(self.messages.setdefault(kind, [])) < SHOWN:
            where = f", column {column}" if column else ""
            self.messages[kind].append(f"{self.path}, row {row}{where}: {text}")
        else:
            self.omitted[kind] = self.omitted.get(kind, 0) + 1

    def __iter__(self) -> Iterator[str]:
        for kind, messages in self.messages.items():
            yield from messages
            if self.omitted.get(kind):
                yield f"{self.path}: … and {self.omitted[kind]:,} more rows with this fault ({kind})"

    def __bool__(self) -> bool:
        return bool(self.messages)


def is_mostly_ambiguous(sequences: list[bytes]) -> bool:
    """Whether ambiguity codes other than N outnumber bases; a protein can consist of such letters only."""
    sample = b"".join(sequences[:1000])
    codes = len(sample) - len(sample.translate(None, alphabet.AMBIGUOUS.replace(b"N", b"").replace(b"n", b"")))
    return codes > len(sample) / 2
