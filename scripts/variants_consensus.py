"""Keep the calls that enough callers agree on."""

import re
from collections.abc import Iterator
from pathlib import Path

from readsight.pipes import pipe, reading, run
from readsight.step import step
from readsight.variants.vcf_files import header, index

LINES = [
    '##INFO=<ID=CALLERS,Number=.,Type=String,Description="Callers that found this call and filtered it not">',
    '##INFO=<ID=NCALLERS,Number=1,Type=Integer,Description="Number of callers that found this call and filtered it not">',
]


def votes(lines: Iterator[str], callers: list[str]) -> Iterator[tuple[int, str]]:
    """For each shared site of `bcftools isec`: the place of the first caller that has it, and its annotation row.

    lines: CHROM, POS, REF, ALT and a string of 0 and 1 for the callers, joined by tabs.
    """
    for line in lines:
        *site, found = line.rstrip("\n").split("\t")
        names = [caller for caller, one in zip(callers, found, strict=True) if one == "1"]
        yield found.index("1"), "\t".join([*site, ",".join(names), str(len(names))]) + "\n"


def definitions(lines: list[str]) -> dict[str, tuple[str, str]]:
    """`INFO/X` or `FORMAT/X` → its Number and Type."""
    pattern = re.compile(r"##(INFO|FORMAT)=<ID=([^,]+),Number=([^,]+),Type=([^,>]+)")
    found = (pattern.match(line) for line in lines)
    return {f"{m[1]}/{m[2]}": (m[3], m[4]) for m in found if m}


def conflicts(first: dict[str, tuple[str, str]], other: dict[str, tuple[str, str]]) -> list[str]:
    """Tags that two callers define differently: the later one's cannot stand in one file with the first one's."""
    return sorted(tag for tag, meaning in other.items() if first.get(tag, meaning) != meaning)


def main(calls: list[Path], callers: list[str], least: int, out: Path, scratch: Path) -> None:
    """Write the calls that at least `least` callers found, as BCF with index.

    A call is its CHROM, POS, REF and ALT, after normalisation; one that a caller's filters
    marked does not count for it. Record and genotypes are those of the first caller, in the
    order of the config, that has it; tags that callers define differently are kept from the
    first alone.
    """
    tables = [scratch / f"{caller}.tsv" for caller in callers]
    handles = [open(table, "w") for table in tables]
    with reading([["bcftools", "isec", "-c", "none", "-f", "PASS", "-n", f"+{least}", *calls]]) as lines:
        for place, row in votes((line.decode() for line in lines), callers):
            handles[place].write(row)
    for handle in handles:
        handle.close()
    words = scratch / "header.txt"
    words.write_text("\n".join(LINES) + "\n")
    known: dict[str, tuple[str, str]] = {}
    parts = []
    for caller, path, table in zip(callers, calls, tables, strict=True):
        pipe([["bgzip", "-c", table]], stdout=Path(f"{table}.gz"))
        run(["tabix", "-f", "-C", "-s", 1, "-b", 2, "-e", 2, f"{table}.gz"])
        own = definitions(header(path))
        drop = conflicts(known, own)
        known = own | known
        part = scratch / f"{caller}.bcf"
        mark = ["bcftools", "annotate", "--no-version", "-a", f"{table}.gz", "-h", words]
        mark += ["-c", "CHROM,POS,REF,ALT,CALLERS,NCALLERS", "-Ou", "-"]
        strip = [["bcftools", "annotate", "--no-version", "-x", ",".join(drop), "-Ou", "-"]] if drop else []
        keep = ["bcftools", "view", "--no-version", "-i", f"INFO/NCALLERS>={least}", "-Ob", "-o", part, "-"]
        pipe([["bcftools", "view", "--no-version", "-f", "PASS", "-Ou", path], *strip, mark, keep])
        index(part)
        parts.append(part)
    run(["bcftools", "concat", "--no-version", "-a", "-Ob", "-o", out, *parts])
    index(out)


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(job.input.calls, job.params.callers, job.params.least, job.output.bcf, job.scratch)
