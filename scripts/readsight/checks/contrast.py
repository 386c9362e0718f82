"""Whether two groups of samples can be compared: the groups are there, have replicates, and blocks do not hide them."""

from collections import Counter
from collections.abc import Mapping, Sequence

from readsight.text import nearest

REPLICATES = 2


def faults(
    column: str,
    reference: str,
    tested: str,
    block: str | None,
    samples: Mapping[str, Mapping[str, str]],
    described: str = "the sample sheet has",
) -> list[str]:
    """What keeps a contrast from being tested, each with the key of `expression.contrast` that it is about.

    samples: sample → its metadata. described: what has the columns, in words. Empty where nothing is wrong.
    """
    columns = list(dict.fromkeys(name for metadata in samples.values() for name in metadata))
    found = [
        f"{key}: {described} no column {name!r}" + _near(name, columns)
        for key, name in (("column", column), ("block", block))
        if name is not None and name not in columns
    ]
    if found:
        return found
    if reference == tested:
        return [f"tested: {tested!r} is the reference as well; name two groups"]
    sizes = Counter(metadata[column] for metadata in samples.values() if column in metadata)
    for key, level in (("reference", reference), ("tested", tested)):
        if level not in sizes:
            found.append(f"{key}: no sample has {level!r} in column {column} ({_list(sizes)})" + _near(level, sizes))
        elif sizes[level] < REPLICATES:
            found.append(
                f"{key}: {level!r} has one sample; without a replicate a difference between groups cannot be told "
                "from the difference between any two samples"
            )
    return found or _block_faults(column, (reference, tested), block, samples)


def compared(table: str | None, counted: bool, tables: Sequence[str]) -> str | None:
    """The table that a contrast is of, `expression` for what reads are counted to; None where several could be meant, or none.

    table: the one that the config names. counted: whether reads are counted. tables: names of the user's own.
    """
    if table is not None:
        return table
    if counted:
        return "expression"
    return tables[0] if len(tables) == 1 else None


def members(column: str, levels: tuple[str, str], samples: Mapping[str, Mapping[str, str]]) -> list[str]:
    """The samples of two groups, in the order given."""
    return [sample for sample, metadata in samples.items() if metadata.get(column) in levels]


def _block_faults(column: str, levels: tuple[str, str], block: str | None, samples: Mapping[str, Mapping[str, str]]) -> list[str]:
    if block is None:
        return []
    chosen = members(column, levels, samples)
    absent = [sample for sample in chosen if not samples[sample].get(block)]
    if absent:
        return [f"block: sample {absent[0]} has nothing in column {block}"]
    groups = {sample: samples[sample][column] for sample in chosen}
    blocks = {sample: samples[sample][block] for sample in chosen}
    if len(set(blocks.values())) == 1:
        return [f"block: all samples of the contrast are {blocks[chosen[0]]!r} in column {block}; leave block out"]
    informative = [b for b in set(blocks.values()) if len({groups[s] for s in chosen if blocks[s] == b}) == 2]
    if not informative:
        return [
            f"block: each {block} holds samples of one group only, so that the effect of {column} cannot be told from it; "
            "leave block out, and read the result as that of both"
        ]
    if len(chosen) <= len(set(blocks.values())) + 1:
        return [f"block: {len(set(blocks.values()))} blocks leave no replicate among {len(chosen)} samples; leave block out"]
    return []


def _near(word: str, known: object) -> str:
    near = nearest(word, known)
    return f"; did you mean {near!r}?" if near else ""


def _list(sizes: Counter) -> str:
    return ", ".join(f"{level!r}: {n}" for level, n in sizes.items()) or "the column is empty"
