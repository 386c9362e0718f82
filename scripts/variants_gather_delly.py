"""Join the structural variant genotypes of all samples in one file, with the soft filters of Delly."""

import json
import logging
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from readsight.genome.intervals import read_contig_lengths
from readsight.pipes import Command, capture_output, read_pipe, run_pipe, write_list
from readsight.step import step
from readsight.variants.vcf_files import index_bcf, make_clean_feed, merge_samples

log = logging.getLogger("readsight")

KINDS = {"DEL": "deletions", "DUP": "duplications", "INV": "inversions", "INS": "insertions", "BND": "translocation breakends"}


def build_tidy_commands(out: Path, scratch: Path, order: Path) -> list[Command]:
    """Pipe that keeps sites carried by any sample, sorted, with samples in order.

    A site that no sample carries after genotyping is not a call.
    """
    return [
        ["bcftools", "view", "--no-version", "-S", order, "-Ou", "-"],
        ["bcftools", "view", "--no-version", "-c", "1", "-Ou", "-"],
        ["bcftools", "sort", "-T", scratch / "sort", "-Ob", "-o", out, "-"],
    ]


def find_unjudged_samples(notes: list[dict[str, Any]]) -> dict[str, str]:
    """Samples that Delly could not process, each with its first reason. notes: of each sample and step."""
    return {note["sample"]: note["reason"] for note in reversed(notes) if note["reason"]}


def make_audit_note(unjudged: dict[str, str], calls: int) -> dict[str, str]:
    """Note for the audit: samples that Delly could not process and why, or that no variant was called."""
    if unjudged:
        return {"note": "not processed: " + "; ".join(f"{sample} ({unjudged[sample]})" for sample in sorted(unjudged))}
    return {} if calls else {"note": "Delly detected no structural variant in any sample"}


def summary_records(rows: list[tuple[str, str]], unjudged: Iterable[str]) -> list[dict[str, Any]]:
    """Records of summary.json. rows: type and FILTER of each call. unjudged: samples that Delly could not process."""
    passed = Counter(kind for kind, verdict in rows if verdict in ("PASS", "."))
    unjudged = sorted(unjudged)
    figures = [("calls", len(rows), "calls", "Structural variants, including those that Delly filtered out")]
    figures.append(("passed", sum(passed.values()), "calls", "Structural variants that passed Delly's filters"))
    figures += [
        (kind.lower(), passed[kind], "calls", f"Structural variants that passed: {label}") for kind, label in KINDS.items()
    ]
    label = f": {', '.join(unjudged)}" if unjudged else ""
    figures.append(("not_judged", len(unjudged), "samples", f"Samples with too few reads for Delly{label}"))
    return [
        {
            "key": f"variants.delly.{name}",
            "value": value,
            "low": None,
            "high": None,
            "n": value,
            "unit": unit,
            "description": text,
        }
        for name, value, unit, text in figures
    ]


def main(
    calls: list[Path],
    notes: list[Path],
    reference: Path,
    samples: list[str],
    out: Path,
    summary_path: Path,
    note_path: Path,
    scratch: Path,
) -> None:
    """Write the structural variants of all samples as BCF with index, the summary, and the note for the audit."""
    lengths = read_contig_lengths(Path(f"{reference}.fai"))
    files = []
    for number, path in enumerate(calls):
        sample_bcf = scratch / f"sample{number}.bcf"
        sort = ["bcftools", "sort", "-T", scratch / f"sort{number}", "-Ob", "-o", sample_bcf, "-"]
        with read_pipe([["bcftools", "view", "--no-version", "-Ov", path]]) as records:
            run_pipe([sort], feed=make_clean_feed(records, lengths))
        index_bcf(sample_bcf)
        files.append(sample_bcf)
    order = write_list(samples, scratch / "samples.txt")
    with read_pipe([["bcftools", "view", "--no-version", "-Ov", merge_samples(files, "id", scratch)]]) as records:
        run_pipe(build_tidy_commands(out, scratch, order), feed=make_clean_feed(records, lengths))
    index_bcf(out)
    lines = (
        capture_output(["bcftools", "query", "-f", "%INFO/SVTYPE\t%FILTER\n", out]).splitlines()
        if _has_variant_types(out)
        else []
    )
    unjudged = find_unjudged_samples([json.loads(path.read_text()) for path in notes])
    for sample, reason in unjudged.items():
        log.warning("%s has no structural variants: %s", sample, reason)
    figures = summary_records([(kind, verdict) for kind, verdict in (line.split("\t") for line in lines)], unjudged)
    summary_path.write_text(json.dumps(figures, indent=1) + "\n")
    note_path.write_text(json.dumps(make_audit_note(unjudged, len(lines))) + "\n")


def _has_variant_types(path: Path) -> bool:
    return "##INFO=<ID=SVTYPE," in capture_output(["bcftools", "view", "-h", path])


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(
            job.input.calls,
            job.input.notes,
            job.input.reference,
            job.params.samples,
            job.output.bcf,
            job.output.summary,
            job.output.note,
            job.scratch,
        )
