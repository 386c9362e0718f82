"""Count the calls of a caller by type and filter, and compute ratios that indicate errors."""

import json
from pathlib import Path
from typing import Any

from readsight.pipes import run_pipe
from readsight.step import step
from readsight.variants.vcf_files import read_samples

Table = dict[str, list[list[str]]]


def parse_stats(text: str) -> Table:
    """Parse `bcftools stats`: short name of each section → rows of fields."""
    table: Table = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, *fields = line.split("\t")
            table.setdefault(name, []).append(fields)
    return table


def parse_totals(table: Table) -> dict[str, int]:
    """Summary numbers: `records`, `SNPs`, `indels`, …"""
    return {fields[1].removeprefix("number of ").rstrip(":"): int(fields[2]) for fields in table.get("SN", [])}


def compute_ratio(above: int, below: int) -> float | None:
    return above / below if below else None


def summary_records(all_calls: Table, passed: Table, caller: str) -> list[dict[str, Any]]:
    """Records of summary.json for one caller; ratios with denominator 0 are omitted.

    all_calls, passed: `bcftools stats` of all calls and of those that passed the filters.
    """
    count = parse_totals(passed)
    ts, tv = (sum(int(row[i]) for row in passed.get("TSTV", [])) for i in (1, 2))
    hom, het = (sum(int(row[i]) for row in passed.get("PSC", [])) for i in (3, 4))
    figures = [
        ("calls", parse_totals(all_calls)["records"], None, "calls", "Calls, including filtered ones"),
        ("passed", count["records"], None, "calls", "Calls that passed every filter"),
        ("snvs", count["SNPs"], None, "calls", "Single-nucleotide variants that passed"),
        ("indels", count["indels"], None, "calls", "Insertions and deletions that passed"),
        (
            "ts_tv",
            compute_ratio(ts, tv),
            ts + tv,
            "ratio",
            "Ratio of transitions to transversions among passing calls; about 2.0–2.1 in a complete human genome",
        ),
        (
            "het_hom",
            compute_ratio(het, hom),
            het + hom,
            "ratio",
            "Ratio of heterozygous to homozygous genotypes of passing SNVs, all samples together",
        ),
    ]
    return [
        {
            "key": f"variants.{caller}.{name}",
            "value": value,
            "low": None,
            "high": None,
            "n": value if n is None else n,
            "unit": unit,
            "description": description,
        }
        for name, value, n, unit, description in figures
        if value is not None
    ]


def make_audit_note(calls: int, passed: int, caller: str) -> dict[str, str]:
    """Note for the audit about a caller without calls, or without passed calls."""
    if passed:
        return {}
    if calls:
        return {"note": f"none of {calls:,} calls passed variants.filters"}
    reasons = {
        "consensus": "no call is shared by as many callers as variants.consensus requires",
        "given": "variants.vcf has no call that the samples carry on the reference's contigs",
    }
    return {"note": reasons.get(caller, f"{caller} detected no difference between the reads and the reference")}


def main(calls: Path, stats: Path, out: Path, note_path: Path, scratch: Path, caller: str) -> None:
    """Write `bcftools stats` of the passed calls (for MultiQC), the summary, and the note for the audit."""
    sample_options = ["-s", "-"] if read_samples(calls) else []
    all_stats = scratch / "every.txt"
    run_pipe([["bcftools", "stats", calls]], stdout=all_stats)
    # a fixed name, so that the text does not depend on the location of the project
    run_pipe(
        [["bcftools", "view", "--no-version", "-f", "PASS", "-Ou", calls], ["bcftools", "stats", *sample_options, "-"]],
        stdout=stats,
    )
    text = stats.read_text().replace("ID\t0\t<STDIN>", f"ID\t0\t{caller}").replace("ID\t0\t-", f"ID\t0\t{caller}")
    stats.write_text(text)
    tables = parse_stats(all_stats.read_text()), parse_stats(text)
    figures = summary_records(*tables, caller)
    out.write_text(json.dumps(figures, indent=1) + "\n")
    note_path.write_text(json.dumps(make_audit_note(*(parse_totals(table)["records"] for table in tables), caller)) + "\n")


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(job.input.calls, job.output.stats, job.output.summary, job.output.note, job.scratch, job.wildcards.caller)
