"""Audit the project: every requested sample × product exists and has content, or the table gives the reason."""

import csv
import json
import logging
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from pathlib import Path

from readsight.report import html_page
from readsight.report.file_checks import ABSENT, DAMAGED, EMPTY, PRESENT, check_file
from readsight.step import step

log = logging.getLogger("readsight")

COHORT = "cohort"
NOT_REQUESTED = "not asked for"
KINDS = {PRESENT: "good", EMPTY: "warn", DAMAGED: "bad", ABSENT: "bad", NOT_REQUESTED: "none"}

COLUMNS = ("sample", "stage", "product", "state", "says", "reason", "file")  # of the table, in the order of Finding's fields


@dataclass(frozen=True)
class Finding:
    """One product of one sample or of the cohort.

    state: there, empty, damaged, absent or not asked for. message: content of the file. reason: why it is empty or
    not requested, if a step reported it.
    """

    sample: str
    stage: str
    product: str
    state: str
    message: str
    reason: str
    file: str


def audit_files(expected: Iterable[tuple[str, str, str]], folder: Path) -> list[Finding]:
    """Check every expected file.

    Parameters
    ----------
    expected : (sample, product, path); the product is empty for auxiliary files.
    folder : the project's results; a product's stage is the first part of its path below this folder.
    """
    findings = []
    for sample, product, name in expected:
        path = Path(name)
        below = path.relative_to(folder) if path.is_relative_to(folder) else path
        content = check_file(path)
        stage = below.parts[0] if len(below.parts) > 1 else "dossier"
        findings.append(Finding(sample, stage, product, content.state, content.message, read_note(path), str(below)))
    return findings


def list_declined(reasons: Iterable[tuple[str, str, str]]) -> list[Finding]:
    """Findings for products that the config does not request. reasons: (stage, product, reason)."""
    return [Finding(COHORT, stage, product, NOT_REQUESTED, "", reason, "") for stage, product, reason in reasons]


def read_note(path: Path) -> str:
    """Note of the step that made a file, from `<file>.note.json`; empty if there is none."""
    for note_path in (Path(f"{path}.note.json"), path.with_suffix(".note.json")):
        if note_path.exists():
            return _join_sentences(json.loads(note_path.read_text()))
    return ""


def _join_sentences(content: object) -> str:
    """The sentences of a note: a string, a list, or a dict of them."""
    if isinstance(content, dict):
        content = list(content.values())
    if isinstance(content, list):
        return "; ".join(filter(None, map(_join_sentences, content)))
    return content if isinstance(content, str) else ""


def write_table(findings: list[Finding], path: Path) -> None:
    with open(path, "w", newline="") as handle:
        writer = csv.writer(handle, delimiter="\t", lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(astuple(finding) for finding in findings)


def render_verdict(findings: list[Finding]) -> html_page.Html:
    """Summary sentence of the audit, with the numbers of problems."""
    requested = [f for f in findings if f.state != NOT_REQUESTED]
    count = {state: sum(f.state == state for f in requested) for state in (PRESENT, EMPTY, DAMAGED, ABSENT)}
    if count[PRESENT] == len(requested):
        return html_page.render_box(
            "good", html_page.render_state("good", f"All {len(requested):,} requested products exist, complete and not empty.")
        )
    summary = ", ".join(f"{n:,} {state}" for state, n in count.items() if n and state != PRESENT)
    kind = "bad" if count[DAMAGED] + count[ABSENT] else "warn"
    unexplained = sum(f.state != PRESENT and not f.reason for f in requested)
    lines = [html_page.render_state(kind, f"{count[PRESENT]:,} of {len(requested):,} products exist; {summary}.")]
    lines += ["Reasons reported by a step are in the tables."] * (unexplained < len(requested) - count[PRESENT])
    return html_page.render_box(kind, *lines)


def render_finding(finding: Finding) -> html_page.Html:
    """A finding as a table cell."""
    state = html_page.render_state(KINDS[finding.state], finding.state)
    remarks: list = [" ", html_page.tag("span", finding.message, class_="says")] if finding.message else []
    remarks += [html_page.BREAK, html_page.tag("em", finding.reason)] if finding.reason else []
    return html_page.join_html([state, *remarks])


def render_findings(findings: list[Finding]) -> html_page.Html:
    """Findings of one kind (units and mates of a sample) as one cell: existing files are counted, problems are listed."""
    if len(findings) == 1:
        return render_finding(findings[0])
    present = [f for f in findings if f.state == PRESENT]
    pieces = [html_page.render_state("good", f"{len(present)} there")] if present else []
    for finding in findings:
        if finding.state != PRESENT:
            pieces += [html_page.BREAK, f"{finding.product.partition(', ')[2]}: ", render_finding(finding)]
    return html_page.join_html(pieces)


def render_grid(findings: list[Finding]) -> html_page.Html:
    """Table of samples × kinds of products; a product's kind is its name up to the first comma."""
    cells: dict[str, dict[str, list[Finding]]] = {}
    for finding in findings:
        cells.setdefault(finding.sample, {}).setdefault(finding.product.partition(", ")[0], []).append(finding)
    kinds = list(dict.fromkeys(kind for row in cells.values() for kind in row))
    rows = [
        [html_page.tag("strong", sample), *(render_findings(row[kind]) if kind in row else "" for kind in kinds)]
        for sample, row in cells.items()
    ]
    return html_page.render_table(["sample", *kinds], rows, sort=False)


def render_list(findings: list[Finding]) -> html_page.Html:
    rows = [[f.sample, f.stage, f.product, render_finding(f), html_page.tag("code", f.file)] for f in findings]
    return html_page.render_table(["sample", "stage", "product", "state", "file"], rows)


def render_page(findings: list[Finding], project: str) -> str:
    """The audit as an HTML page."""
    products = [f for f in findings if f.product and f.state != NOT_REQUESTED]
    sample_findings = [f for f in products if f.sample != COHORT]
    cohort_findings = [f for f in products if f.sample == COHORT]
    declined_findings = [f for f in findings if f.state == NOT_REQUESTED]
    damaged = [f for f in findings if not f.product and f.state in (DAMAGED, ABSENT)]
    sections = [render_verdict(findings)]
    if damaged:
        sections += [html_page.tag("h2", "Files with problems"), render_list(damaged)]
    if sample_findings:
        sections += [html_page.tag("h2", "By sample"), render_grid(sample_findings)]
    if cohort_findings:
        rows = [[f.stage, f.product, render_finding(f), html_page.tag("code", f.file)] for f in cohort_findings]
        sections += [
            html_page.tag("h2", "Cohort"),
            html_page.render_table(["stage", "product", "state", "file"], rows),
        ]
    if declined_findings:
        rows = [[f.stage, f.product, f.reason] for f in declined_findings]
        sections += [html_page.tag("h2", "Not requested"), html_page.render_table(["stage", "product", "reason"], rows)]
    files = [f for f in findings if f.state != NOT_REQUESTED and not (f.product and f.sample == COHORT)]
    if files:
        sections.append(
            html_page.render_details(f"Files of each sample, indexes and figures ({len(files):,})", render_list(files))
        )
    lead = f"Project {project}: does each requested product exist, complete and not empty? File names are relative to the project's results folder."
    return html_page.render_page("Audit", lead, *sections)


def main(
    expected: list[tuple[str, str, str]], reasons: list[tuple[str, str, str]], folder: Path, project: str, table: Path, html: Path
) -> None:
    findings = audit_files(expected, folder) + list_declined(reasons)
    for finding in findings:
        if finding.state in (EMPTY, DAMAGED, ABSENT):
            log.warning("%s, %s: %s (%s)", finding.sample, finding.product, finding.state, finding.reason or finding.message)
    write_table(findings, table)
    html.write_text(render_page(findings, project))


if __name__ == "__main__":
    with step(snakemake) as job:
        main(
            job.params.expected,
            job.params.declined,
            job.outputs[0].parents[1],  # the project's results folder; the table is in its subfolder `dossier`
            job.params.project,
            job.output.table,
            job.output.html,
        )
