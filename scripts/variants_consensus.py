"""Keep the calls that a minimum number of callers agree on."""

import re
from collections.abc import Iterator
from pathlib import Path

from readsight.pipes import read_pipe, run_pipe, run_tool
from readsight.step import step
from readsight.variants.vcf_files import index_bcf, load_header

LINES = [
    '##INFO=<ID=CALLERS,Number=.,Type=String,Description="Callers that made this call and did not filter it">',
    '##INFO=<ID=NCALLERS,Number=1,Type=Integer,Description="Number of callers that made this call and did not filter it">',
]


def count_votes(lines: Iterator[str], callers: list[str]) -> Iterator[tuple[int, str]]:
    """Yield the index of the first caller and the annotation row of each shared site of `bcftools isec`.

    lines: CHROM, POS, REF, ALT and a string of 0 and 1 per caller, separated by tabs.
    """
    for line in lines:
        *site, flags = line.rstrip("\n").split("\t")
        names = [caller for caller, flag in zip(callers, flags, strict=True) if flag == "1"]
        yield flags.index("1"), "\t".join([*site, ",".join(names), str(len(names))]) + "\n"


def parse_definitions(lines: list[str]) -> dict[str, tuple[str, str]]:
    """`INFO/X` or `FORMAT/X` → its Number and Type."""
    pattern = re.compile(r"##(INFO|FORMAT)=<ID=([^,]+),Number=([^,]+),Type=([^,>]+)")
    matches = (pattern.match(line) for line in lines)
    return {f"{m[1]}/{m[2]}": (m[3], m[4]) for m in matches if m}


def find_conflicts(first: dict[str, tuple[str, str]], second: dict[str, tuple[str, str]]) -> list[str]:
    """Tags that two callers define differently, so that they cannot be in one file."""
    return sorted(tag for tag, meaning in second.items() if first.get(tag, meaning) != meaning)


def main(calls: list[Path], callers: list[str], min_callers: int, out: Path, scratch: Path) -> None:
    """Write the calls that at least `min_callers` callers made, as BCF with index.

    A call is identified by CHROM, POS, REF and ALT after normalisation; filtered calls do not
    count. Record and genotypes come from the first caller, in the order of the config, that
    made the call; tags that callers define differently are kept only from the first.
    """
    tables = [scratch / f"{caller}.tsv" for caller in callers]
    handles = [open(table, "w") for table in tables]
    with read_pipe([["bcftools", "isec", "-c", "none", "-f", "PASS", "-n", f"+{min_callers}", *calls]]) as lines:
        for caller_index, row in count_votes((line.decode() for line in lines), callers):
            handles[caller_index].write(row)
    for handle in handles:
        handle.close()
    header_file = scratch / "header.txt"
    header_file.write_text("\n".join(LINES) + "\n")
    known: dict[str, tuple[str, str]] = {}
    pieces = []
    for caller, path, table in zip(callers, calls, tables, strict=True):
        run_pipe([["bgzip", "-c", table]], stdout=Path(f"{table}.gz"))
        run_tool(["tabix", "-f", "-C", "-s", 1, "-b", 2, "-e", 2, f"{table}.gz"])
        definitions = parse_definitions(load_header(path))
        drop = find_conflicts(known, definitions)
        known = definitions | known
        piece = scratch / f"{caller}.bcf"
        annotate = ["bcftools", "annotate", "--no-version", "-a", f"{table}.gz", "-h", header_file]
        annotate += ["-c", "CHROM,POS,REF,ALT,CALLERS,NCALLERS", "-Ou", "-"]
        strip = [["bcftools", "annotate", "--no-version", "-x", ",".join(drop), "-Ou", "-"]] if drop else []
        keep = ["bcftools", "view", "--no-version", "-i", f"INFO/NCALLERS>={min_callers}", "-Ob", "-o", piece, "-"]
        run_pipe([["bcftools", "view", "--no-version", "-f", "PASS", "-Ou", path], *strip, annotate, keep])
        index_bcf(piece)
        pieces.append(piece)
    run_tool(["bcftools", "concat", "--no-version", "-a", "-Ob", "-o", out, *pieces])
    index_bcf(out)


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(job.input.calls, job.params.callers, job.params.least, job.output.bcf, job.scratch)
