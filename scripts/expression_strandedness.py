"""Infer the strandedness of a library from its reads and compare it with the claimed one."""

import json
from pathlib import Path

from readsight.errors import InputError
from readsight.step import step

# Libraries are stranded from this fraction on; unstranded libraries lie around one half.
MIN_STRANDED_FRACTION = 0.8
UNSTRANDED_RANGE = (0.4, 0.6)
MIN_FRAGMENTS = 100
DESCRIPTIONS = {
    "forward": "read 1 is on the strand of the RNA",
    "reverse": "read 1 is on the opposite strand (dUTP, TruSeq stranded)",
    "unstranded": "read 1 is on either strand equally often",
}


def find_opposed_genes(genes: list[list[str]]) -> set[str]:
    """Genes that overlap a gene on the opposite strand; their reads are not informative about strandedness.

    genes: rows of the gene table (gene_id, …, contig, start, end, strand, …), 0-based half-open.
    """
    opposed_genes, active, contig = set(), [], None
    for row in sorted(genes, key=lambda row: (row[3], int(row[4]))):
        start, end = int(row[4]), int(row[5])
        active = [neighbour for neighbour in active if int(neighbour[5]) > start] if row[3] == contig else []
        for neighbour in active:
            if neighbour[6] != row[6]:
                opposed_genes |= {row[0], neighbour[0]}
        active, contig = [*active, row] if end > start else active, row[3]
    return opposed_genes


def count_sides(path: Path, excluded_genes: set[str]) -> tuple[int, int]:
    """(forward, reverse): fragments by strand of read 1, from STAR's counts or Salmon's library types.

    excluded_genes: genes whose counts are not informative.
    """
    if path.suffix == ".json":
        counts = json.loads(path.read_text())
        return int(counts["forward"]), int(counts["reverse"])
    rows = [row for row in _read_rows(path) if row[0] not in excluded_genes]
    return sum(int(row[2]) for row in rows), sum(int(row[3]) for row in rows)


def _read_rows(table: Path) -> list[list[str]]:
    return [line.split("\t") for line in table.read_text().splitlines()[1:]]


def infer_strandedness(forward: int, reverse: int) -> tuple[str | None, bool]:
    """(strandedness, whether it is clear). None with too few fragments."""
    total = forward + reverse
    if total < MIN_FRAGMENTS:
        return None, False
    forward_fraction = forward / total
    if forward_fraction >= MIN_STRANDED_FRACTION:
        return "forward", True
    if forward_fraction <= 1 - MIN_STRANDED_FRACTION:
        return "reverse", True
    return "unstranded", UNSTRANDED_RANGE[0] <= forward_fraction <= UNSTRANDED_RANGE[1]


def decide_strandedness(sample: str, claim: str, forward: int, reverse: int) -> dict:
    """Decide the strandedness used for counting. claim: auto, unstranded, forward or reverse.

    A claim is kept if reads are too few or ambiguous. Raises InputError if they clearly contradict it.
    """
    measured, clear = infer_strandedness(forward, reverse)
    total = forward + reverse
    if claim != "auto" and clear and measured != claim:
        raise InputError(
            f"{sample}: the claimed strandedness is {claim!r} ({DESCRIPTIONS[claim]}), but of {total:,} fragments on genes "
            f"{forward / total:.1%} are forward and {reverse / total:.1%} reverse, which is {measured!r} ({DESCRIPTIONS[measured]}). "
            f"Set {measured} in the sheet's column strandedness (or expression.strandedness), or auto; "
            "if the kit is correct, check for swapped fastq_1 and fastq_2 or swapped samples"
        )
    return {
        "strandedness": claim if claim != "auto" and not clear else measured or "unstranded",
        "claimed": claim,
        "measured": measured,
        "clear": clear,
        "fraction_forward": round(forward / total, 4) if total else None,
        "fraction_reverse": round(reverse / total, 4) if total else None,
        "reads": total,
    }


def main(sample: str, source: Path, genes: Path, claim: str, out: Path) -> None:
    """Decide the strandedness and write it as JSON."""
    sides = count_sides(source, find_opposed_genes(_read_rows(genes)))
    out.write_text(json.dumps(decide_strandedness(sample, claim, *sides), indent=1) + "\n")


if __name__ == "__main__":
    with step(snakemake) as job:
        main(job.wildcards.sample, job.input.evidence, job.input.genes, job.params.claim, job.output.json)
