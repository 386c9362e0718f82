"""Join the samples' genotypes of structural variants into one table, with Delly's own soft filters."""

import json
import logging
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from readsight.genome.intervals import contigs
from readsight.pipes import Command, capture, listed, pipe, reading
from readsight.step import step
from readsight.variants.vcf_files import cleaned, index, join

log = logging.getLogger("readsight")

KINDS = {"DEL": "deletions", "DUP": "duplications", "INV": "inversions", "INS": "insertions", "BND": "joins of two chromosomes"}


def tidy(out: Path, scratch: Path, order: Path) -> list[Command]:
    """Sites that some sample carries, sorted, samples in order.

    A site that no sample carries once all were genotyped is no call.
    """
    return [
        ["bcftools", "view", "--no-version", "-S", order, "-Ou", "-"],
        ["bcftools", "view", "--no-version", "-c", "1", "-Ou", "-"],
        ["bcftools", "sort", "-T", scratch / "sort", "-Ob", "-o", out, "-"],
    ]


def unjudged(notes: list[dict[str, Any]]) -> dict[str, str]:
    """Samples that Delly could not judge, each with its first reason. notes: of each sample and step."""
    return {note["sample"]: note["reason"] for note in reversed(notes) if note["reason"]}


def remark(silent: dict[str, str], calls: int) -> dict[str, str]:
    """What the audit is told: who was not judged and why; that nothing was found, where all were."""
    if silent:
        return {"note": "not judged: " + "; ".join(f"{sample} ({silent[sample]})" for sample in sorted(silent))}
    return {} if calls else {"note": "Delly found no structural variant in any sample"}


def summary(rows: list[tuple[str, str]], silent: Iterable[str]) -> list[dict[str, Any]]:
    """Figures. rows: type and FILTER of each call. silent: samples that were not judged."""
    passed = Counter(kind for kind, verdict in rows if verdict in ("PASS", "."))
    silent = sorted(silent)
    figures = [("calls", len(rows), "calls", "Structural variants, those that Delly's filters marked among them")]
    figures.append(("passed", sum(passed.values()), "calls", "Structural variants that passed Delly's filters"))
    figures += [
        (kind.lower(), passed[kind], "calls", f"Structural variants that passed: {words}") for kind, words in KINDS.items()
    ]
    words = f": {', '.join(silent)}" if silent else ""
    figures.append(("not_judged", len(silent), "samples", f"Samples whose reads do not suffice for Delly{words}"))
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
    calls: list[Path], notes: list[Path], reference: Path, samples: list[str], out: Path, words: Path, note: Path, scratch: Path
) -> None:
    """Write all samples' structural variants as BCF with index, the figures, and what the audit is told."""
    lengths = contigs(Path(f"{reference}.fai"))
    files = []
    for number, path in enumerate(calls):
        single = scratch / f"sample{number}.bcf"
        sort = ["bcftools", "sort", "-T", scratch / f"sort{number}", "-Ob", "-o", single, "-"]
        with reading([["bcftools", "view", "--no-version", "-Ov", path]]) as records:
            pipe([sort], feed=cleaned(records, lengths))
        index(single)
        files.append(single)
    order = listed(samples, scratch / "samples.txt")
    with reading([["bcftools", "view", "--no-version", "-Ov", join(files, "id", scratch)]]) as records:
        pipe(tidy(out, scratch, order), feed=cleaned(records, lengths))
    index(out)
    lines = capture(["bcftools", "query", "-f", "%INFO/SVTYPE\t%FILTER\n", out]).splitlines() if _typed(out) else []
    silent = unjudged([json.loads(path.read_text()) for path in notes])
    for sample, reason in silent.items():
        log.warning("%s has no structural variants: %s", sample, reason)
    figures = summary([(kind, verdict) for kind, verdict in (line.split("\t") for line in lines)], silent)
    words.write_text(json.dumps(figures, indent=1) + "\n")
    note.write_text(json.dumps(remark(silent, len(lines))) + "\n")


def _typed(path: Path) -> bool:
    return "##INFO=<ID=SVTYPE," in capture(["bcftools", "view", "-h", path])


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
