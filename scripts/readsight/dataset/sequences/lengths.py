"""Choice of the common sequence length, by the policy of the config. Standard library only."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from readsight.dataset.sequences.records import SHOWN, Records
from readsight.errors import InputError


class FileLengths(NamedTuple):
    """Lengths in one file. counts: bases → (number of sequences, row of the first, name of the first)."""

    path: str
    counts: dict[int, tuple[int, int, str]]


def count_lengths(records: Records) -> FileLengths:
    """Lengths of a file's sequences."""
    counts: dict[int, tuple[int, int, str]] = {}
    for sequence, row, name in zip(records.sequences, records.rows, records.names, strict=True):
        number, *first = counts.get(len(sequence), (0, row, name))
        counts[len(sequence)] = (number + 1, *first)
    return FileLengths(records.path, counts)


def choose_common_length(files: Sequence[Records], spec: dict[str, Any]) -> int:
    """As `agree_length`, from the records."""
    return agree_length([count_lengths(records) for records in files], spec)


def agree_length(files: Sequence[FileLengths], spec: dict[str, Any]) -> int:
    """Common length of all sequences, in bases.

    Parameters
    ----------
    spec : length (or None) and unequal. pad: the longest, or `length`, to which longer ones are cropped; crop: the shortest, or
        `length`; error: all must be equal.

    Raises
    ------
    InputError, with rows, for sequences that the policy does not bring to one length.
    """
    counts: Counter[int] = Counter()
    for file in files:
        counts.update({length: number for length, (number, _, _) in file.counts.items()})
    length, unequal = spec["length"], spec["unequal"]
    if unequal == "error":
        length = length or counts.most_common(1)[0][0]
        odd_lengths = [n for n in counts if n != length]
        remedy = "set sequences.unequal: pad or crop"
    elif unequal == "pad":
        return length or max(counts)
    else:
        length = length or min(counts)
        odd_lengths = [n for n in counts if n < length]
        remedy = "set sequences.length to at most the shortest length, or set sequences.unequal: pad"
    if odd_lengths:
        raise InputError(_describe_odd_lengths(files, counts, length, set(odd_lengths), bool(spec["length"]), remedy))
    return length


def _describe_odd_lengths(
    files: Sequence[FileLengths], counts: Counter[int], length: int, odd_lengths: set[int], is_configured: bool, remedy: str
) -> list[str]:
    """Message on sequences of different length: how many there are, and the first few."""
    number = sum(counts[n] for n in odd_lengths)
    why = (
        f"sequences.length is {length}"
        if is_configured
        else f"{counts[length]:,} of {sum(counts.values()):,} sequences have {length} bases"
    )
    spread = f"{min(odd_lengths)}" + f" to {max(odd_lengths)}" * (len(odd_lengths) > 1)
    first = [(file.path, row, name, n) for file in files for n, (_, row, name) in file.counts.items() if n in odd_lengths]
    return [f"sequences.unequal: {why}, but {number:,} {'has' if number == 1 else 'have'} {spread}; {remedy}"] + [
        f"{path}, row {row}: {name!r} has {n} bases" for path, row, name, n in first[:SHOWN]
    ]
