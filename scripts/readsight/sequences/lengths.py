"""Which length the sequences of a task are given, by the policy of the config. With the standard library alone."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from readsight.errors import InputError
from readsight.sequences.records import SHOWN, Records


def common(files: Sequence[Records], spec: dict[str, Any]) -> int:
    """Bases that every sequence is brought to.

    spec: length (None: not said), unequal. pad: to the longest, or to `length`, longer ones cropped to it; crop: to the
    shortest, or to `length`. Raises InputError, with rows, for sequences that the policy does not bring to one length.
    """
    counts = Counter(len(sequence) for records in files for sequence in records.sequences)
    length, unequal = spec["length"], spec["unequal"]
    if unequal == "error":
        length = length or counts.most_common(1)[0][0]
        odd = [n for n in counts if n != length]
        remedy = "say sequences.unequal: pad or crop"
    elif unequal == "pad":
        return length or max(counts)
    else:
        length = length or min(counts)
        odd = [n for n in counts if n < length]
        remedy = "set sequences.length to no more than the shortest has, or say sequences.unequal: pad"
    if odd:
        raise InputError(_odd(files, counts, length, set(odd), bool(spec["length"]), remedy))
    return length


def _odd(files: Sequence[Records], counts: Counter[int], length: int, odd: set[int], said: bool, remedy: str) -> list[str]:
    """What to say of sequences of other lengths: how many there are, and the rows of the first."""
    number = sum(counts[n] for n in odd)
    why = f"sequences.length is {length}" if said else f"{counts[length]:,} of {sum(counts.values()):,} sequences have {length} bases"
    places = [
        f"{records.path}, row {records.rows[i]}: {records.names[i]!r} has {len(records.sequences[i])} bases"
        for records in files
        for i, sequence in enumerate(records.sequences)
        if len(sequence) in odd
    ][:SHOWN]
    spread = f"{min(odd)}" + f" to {max(odd)}" * (len(odd) > 1)
    return [f"sequences.unequal: {why}, and {number:,} {'has' if number == 1 else 'have'} {spread}; {remedy}", *places]
