"""Audit the project: each sample × product that was asked for is there and says something, or the table says why not."""

import csv
import json
import logging
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from readsight.report import html_page
from readsight.report.file_checks import ABSENT, DAMAGED, EMPTY, THERE, look
from readsight.step import step

log = logging.getLogger("readsight")

COHORT = "cohort"
NOT_ASKED = "not asked for"
KINDS = {THERE: "good", EMPTY: "warn", DAMAGED: "bad", ABSENT: "bad", NOT_ASKED: "none"}


@dataclass(frozen=True)
class Finding:
    """One product of one sample (or of the cohort).

    state: there, empty, damaged, absent or not asked for. says: what the file
    holds. reason: why it is empty or was not asked for, where a step said so.
    """

    sample: str
    stage: str
    product: str
    state: str
    says: str
    reason: str
    file: str


def audit(expected: Iterable[tuple[str, str, str]], folder: Path) -> list[Finding]:
    """Look into every expected file.

    expected: (sample, product, path), the product empty for a file that is no product of its own. folder: the project's results; a product's
    stage is the first part of its path below it.
    """
    findings = []
    for sample, product, name in expected:
        path = Path(name)
        below = path.relative_to(folder) if path.is_relative_to(folder) else path
        content = look(path)
        stage = below.parts[0] if len(below.parts) > 1 else "dossier"
        findings.append(Finding(sample, stage, product, content.state, content.says, note(path), str(below)))
    return findings


def declined(reasons: Iterable[tuple[str, str, str]]) -> list[Finding]:
    """Findings for what the config does not ask for. reasons: (stage, product, reason)."""
    return [Finding(COHORT, stage, product, NOT_ASKED, "", reason, "") for stage, product, reason in reasons]


def note(path: Path) -> str:
    """What the step that made a file remarked on it, in `<file>.note.json` beside it; empty where it did not."""
    for beside in (Path(f"{path}.note.json"), path.with_suffix(".note.json")):
        if beside.exists():
            return _words(json.loads(beside.read_text()))
    return ""


def _words(held: object) -> str:
    """The sentences in a note: a string, a list, or a dict of them."""
    if isinstance(held, dict):
        held = list(held.values())
    if isinstance(held, list):
        return "; ".join(filter(None, map(_words, held)))
    return held if isinstance(held, str) else ""


def write_table(findings: list[Finding], path: Path) -> None:
    with open(path, "w", newline="") as handle:
        writer = csv.writer(handle, delimiter="\t", lineterminator="\n")
        writer.writerow([field.name for field in fields(Finding)])
        writer.writerows(astuple(finding) for finding in findings)


def verdict(findings: list[Finding]) -> html_page.Html:
    """The audit in a sentence, with what needs a look."""
    asked = [f for f in findings if f.state != NOT_ASKED]
    count = {state: sum(f.state == state for f in asked) for state in (THERE, EMPTY, DAMAGED, ABSENT)}
    if count[THERE] == len(asked):
        return html_page.box(
            "good", html_page.state("good", f"All {len(asked):,} products asked for are there, whole and not empty.")
        )
    said = ", ".join(f"{n:,} {state}" for state, n in count.items() if n and state != THERE)
    kind = "bad" if count[DAMAGED] + count[ABSENT] else "warn"
    unsaid = sum(f.state != THERE and not f.reason for f in asked)
    lines = [html_page.state(kind, f"{count[THERE]:,} of {len(asked):,} products are there; {said}.")]
    lines += ["Reasons, where a step gave one, stand in the tables."] * (unsaid < len(asked) - count[THERE])
    return html_page.box(kind, *lines)


def shown(finding: Finding) -> html_page.Html:
    """A finding as a cell."""
    words = html_page.state(KINDS[finding.state], finding.state)
    remarks: list = [" ", html_page.tag("span", finding.says, class_="says")] if finding.says else []
    remarks += [html_page.BREAK, html_page.tag("em", finding.reason)] if finding.reason else []
    return html_page.join([words, *remarks])


def together(findings: list[Finding]) -> html_page.Html:
    """Findings of one kind (those of a sample's units and mates) as a cell: what is there counted, the rest one by one."""
    if len(findings) == 1:
        return shown(findings[0])
    there = [f for f in findings if f.state == THERE]
    parts = [html_page.state("good", f"{len(there)} there")] if there else []
    for finding in findings:
        if finding.state != THERE:
            parts += [html_page.BREAK, f"{finding.product.partition(', ')[2]}: ", shown(finding)]
    return html_page.join(parts)


def grid(findings: list[Finding]) -> html_page.Html:
    """Samples down, kinds of products across; a product's kind is its name up to the first comma."""
    cells: dict[str, dict[str, list[Finding]]] = {}
    for finding in findings:
        cells.setdefault(finding.sample, {}).setdefault(finding.product.partition(", ")[0], []).append(finding)
    kinds = list(dict.fromkeys(kind for row in cells.values() for kind in row))
    rows = [
        [html_page.tag("strong", sample), *(together(row[kind]) if kind in row else "" for kind in kinds)]
        for sample, row in cells.items()
    ]
    return html_page.table(["sample", *kinds], rows, sort=False)


def listing(findings: list[Finding]) -> html_page.Html:
    rows = [[f.sample, f.stage, f.product, shown(f), html_page.tag("code", f.file)] for f in findings]
    return html_page.table(["sample", "stage", "product", "state", "file"], rows)


def render(findings: list[Finding], project: str) -> str:
    """The audit as a page."""
    named = [f for f in findings if f.product and f.state != NOT_ASKED]
    own = [f for f in named if f.sample != COHORT]
    shared = [f for f in named if f.sample == COHORT]
    left = [f for f in findings if f.state == NOT_ASKED]
    bad = [f for f in findings if not f.product and f.state in (DAMAGED, ABSENT)]
    parts = [verdict(findings)]
    if bad:
        parts += [html_page.tag("h2", "Files to look at"), listing(bad)]
    if own:
        parts += [html_page.tag("h2", "Each sample"), grid(own)]
    if shared:
        rows = [[f.stage, f.product, shown(f), html_page.tag("code", f.file)] for f in shared]
        parts += [html_page.tag("h2", "All samples together"), html_page.table(["stage", "product", "state", "file"], rows)]
    if left:
        rows = [[f.stage, f.product, f.reason] for f in left]
        parts += [html_page.tag("h2", "Not asked for"), html_page.table(["stage", "product", "because"], rows)]
    files = [f for f in findings if f.state != NOT_ASKED and not (f.product and f.sample == COHORT)]
    if files:
        parts.append(html_page.fold(f"Files of each sample, indexes and figures ({len(files):,})", listing(files)))
    lead = f"Project {project}: is each product that was asked for there, whole, and not empty? Files are named from the project's results folder."
    return html_page.page("Audit", lead, *parts)


def main(
    expected: list[tuple[str, str, str]], reasons: list[tuple[str, str, str]], folder: Path, project: str, table: Path, html: Path
) -> None:
    findings = audit(expected, folder) + declined(reasons)
    for finding in findings:
        if finding.state in (EMPTY, DAMAGED, ABSENT):
            log.warning("%s, %s: %s (%s)", finding.sample, finding.product, finding.state, finding.reason or finding.says)
    write_table(findings, table)
    html.write_text(render(findings, project))


if __name__ == "__main__":
    with step(snakemake) as job:
        main(
            job.params.expected,
            job.params.declined,
            job.outputs[0].parents[1],  # the project's results, in whose folder `dossier` the table stands
            job.params.project,
            job.output.table,
            job.output.html,
        )
