"""Check whether a contrast can be tested: both groups exist, have replicates and are not confounded with the block."""

from collections import Counter
from collections.abc import Mapping, Sequence

from readsight.text import find_closest

MIN_REPLICATES = 2


def check_contrast(
    column: str,
    reference: str,
    tested: str,
    block: str | None,
    samples: Mapping[str, Mapping[str, str]],
    source: str = "the sample sheet has",
) -> list[str]:
    """Check a contrast against the metadata of its samples.

    Parameters
    ----------
    column, reference, tested, block : as in `expression.contrast`.
    samples : sample → metadata.
    source : subject and verb of the message for an unknown column.

    Returns
    -------
    One message per fault, each beginning with its key below `expression.contrast`.
    """
    columns = list(dict.fromkeys(name for metadata in samples.values() for name in metadata))
    faults = [
        f"{key}: {source} no column {name!r}" + _suggest_name(name, columns)
        for key, name in (("column", column), ("block", block))
        if name is not None and name not in columns
    ]
    if faults:
        return faults
    if reference == tested:
        return [f"tested: {tested!r} is also the reference; choose two different groups"]
    sizes = Counter(metadata[column] for metadata in samples.values() if column in metadata)
    for key, level in (("reference", reference), ("tested", tested)):
        if level not in sizes:
            faults.append(
                f"{key}: no sample has {level!r} in column {column} ({_format_sizes(sizes)})" + _suggest_name(level, sizes)
            )
        elif sizes[level] < MIN_REPLICATES:
            faults.append(
                f"{key}: {level!r} has one sample; without replicates the difference between groups cannot be distinguished "
                "from the variability between samples"
            )
    return faults or _check_block(column, (reference, tested), block, samples)


def choose_table(table: str | None, has_counts: bool, tables: Sequence[str]) -> str | None:
    """Name of the table that a contrast applies to; None if it is ambiguous or there is none.

    Parameters
    ----------
    table : the configured one, if any.
    has_counts : whether the project counts reads; the table is then `expression`.
    tables : names of the user's tables.
    """
    if table is not None:
        return table
    if has_counts:
        return "expression"
    return tables[0] if len(tables) == 1 else None


def select_samples(column: str, levels: tuple[str, str], samples: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Samples that belong to either of two groups, in input order."""
    return [sample for sample, metadata in samples.items() if metadata.get(column) in levels]


def _check_block(column: str, levels: tuple[str, str], block: str | None, samples: Mapping[str, Mapping[str, str]]) -> list[str]:
    if block is None:
        return []
    selected = select_samples(column, levels, samples)
    without_block = [sample for sample in selected if not samples[sample].get(block)]
    if without_block:
        return [f"block: sample {without_block[0]} has no value in column {block}"]
    groups = {sample: samples[sample][column] for sample in selected}
    blocks = {sample: samples[sample][block] for sample in selected}
    if len(set(blocks.values())) == 1:
        return [f"block: all samples of the contrast have {blocks[selected[0]]!r} in column {block}; remove block"]
    informative = [b for b in set(blocks.values()) if len({groups[s] for s in selected if blocks[s] == b}) == 2]
    if not informative:
        return [
            f"block: each {block} has samples of one group only, so the effect of {column} is confounded with it; "
            "remove block, and interpret the result as the effect of both"
        ]
    if len(selected) <= len(set(blocks.values())) + 1:
        return [f"block: {len(set(blocks.values()))} blocks leave no replicate among {len(selected)} samples; remove block"]
    return []


def _suggest_name(name: str, known: object) -> str:
    closest = find_closest(name, known)
    return f"; did you mean {closest!r}?" if closest else ""


def _format_sizes(sizes: Counter) -> str:
    return ", ".join(f"{level!r}: {n}" for level, n in sizes.items()) or "the column is empty"
