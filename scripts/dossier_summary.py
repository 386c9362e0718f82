"""Merge the figures of all steps into summary.json, and show them as tables."""

import json
import math
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

from readsight.errors import ToolError
from readsight.report import html_page
from readsight.report.html_page import Html
from readsight.step import step

FIELDS = ("value", "low", "high", "n", "unit", "description")

# Titles of the groups by a key's first word, in display order; any further first word is a task, shown before interpretation.
TITLES = {
    "demo": "Planted truth",
    "reads": "Reads",
    "align": "Alignment",
    "variants": "Variants",
    "structural": "Structural variants",
    "expression": "Expression",
    "dataset": "Examples and splits",
    "interpret": "Interpretation",
}
MATRIX_FILLED = 0.6


def merge_fragments(fragments: list[Path]) -> dict[str, dict[str, Any]]:
    """Figures of all fragments by key, keys sorted.

    A fragment is a JSON list of records with `key` and any of value, low, high, n, unit, description. Non-finite
    numbers become null. Raises ToolError for a duplicate key, or one that is not words joined by dots.
    """
    figures: dict[str, dict[str, Any]] = {}
    sources: dict[str, Path] = {}
    for path in fragments:
        for record in json.loads(path.read_text()):
            key = record.get("key", "")
            if not re.fullmatch(r"[\w-]+(\.[\w-]+)+", key):
                raise ToolError(f"{path}: {key!r} is not a key (words joined by dots)")
            if unknown := set(record) - {"key", *FIELDS}:
                raise ToolError(f"{path}: {key} has unknown fields: {', '.join(sorted(unknown))}")
            if key in figures:
                raise ToolError(f"{key} is in both {sources[key]} and {path}")
            figures[key] = {field: _finite_or_none(record.get(field)) for field in FIELDS}
            sources[key] = path
    return dict(sorted(figures.items()))


def _finite_or_none(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def format_number(value: Any, unit: str | None) -> str:
    """A figure for display: counts as integers, fractions with three decimals, all else with four digits."""
    if value is None:
        return "not defined"
    if isinstance(value, bool | str):
        return {True: "yes", False: "no"}.get(value, str(value))
    if isinstance(value, int) or (float(value).is_integer() and abs(value) >= 10):
        return f"{int(value):,}"
    if unit == "fraction":
        return f"{value:.3f}"
    return f"{value:,.1f}" if abs(value) >= 1000 else f"{value:.4g}"


def draw_interval(figure: dict[str, Any]) -> Html | None:
    """A fraction and its interval on a line from 0 to 1."""
    value, low, high = figure["value"], figure["low"], figure["high"]
    if figure["unit"] != "fraction" or not isinstance(value, int | float) or not 0 <= value <= 1:
        return None
    x = [4 + 112 * v for v in (value, value if low is None else max(0, low), value if high is None else min(1, high))]
    return Html(
        f'<svg class="interval" width="120" height="12" role="img" aria-label="{value:.3f} between 0 and 1">'
        '<line x1="4" x2="116" y1="6" y2="6" stroke="#d9e0e6" stroke-width="2"/>'
        f'<line x1="{x[1]:.1f}" x2="{x[2]:.1f}" y1="6" y2="6" stroke="#0072b2" stroke-width="3"/>'
        f'<circle cx="{x[0]:.1f}" cy="6" r="4" fill="#0072b2"/></svg>'
    )


def figure_row(key: str, figure: dict[str, Any]) -> list[Any]:
    value, unit = figure["value"], figure["unit"]
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    limits = [format_number(figure[side], unit) for side in ("low", "high") if figure[side] is not None]
    label = [figure["description"] or key, html_page.BREAK, html_page.tag("code", key)]
    return [
        html_page.join_html(label),
        (format_number(value, unit), value) if numeric else format_number(value, unit),
        " – ".join(limits),
        draw_interval(figure) or "",
        figure["n"] if figure["n"] is not None else "",
        "" if unit in (None, "fraction") else unit,
    ]


def render_list(figures: dict[str, dict[str, Any]]) -> Html:
    return html_page.render_table(
        ["figure", "value", "95 % interval", "", "n", "unit"], map(figure_row, figures, figures.values())
    )


def select_verdicts(figures: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Figures whose value is a sentence: the verdicts."""
    return {
        key: figure["value"] for key, figure in figures.items() if isinstance(figure["value"], str) and " " in figure["value"]
    }


def split_key(key: str) -> tuple[str, str, str]:
    """A key as its first word, the middle, and its last word."""
    first, *between, last = key.split(".")
    return first, ".".join(between), last


def render_matrix(figures: dict[str, dict[str, Any]]) -> Html | None:
    """One row per subject (sample, caller, model), one column per measure; None if most cells would be empty."""
    cells = {split_key(key)[1:]: figure for key, figure in figures.items()}
    subjects, measures = (list(dict.fromkeys(names)) for names in zip(*cells, strict=True))
    if len(subjects) < 2 or len(cells) < MATRIX_FILLED * len(subjects) * len(measures):
        return None
    rows = [
        [html_page.tag("strong", subject), *(_render_cell(cells.get((subject, measure))) for measure in measures)]
        for subject in subjects
    ]
    return html_page.render_table(["", *(measure.replace("_", " ") for measure in measures)], rows)


def _render_cell(figure: dict[str, Any] | None) -> Any:
    """A figure and its interval as one cell."""
    if figure is None:
        return ""
    value, unit = figure["value"], figure["unit"]
    limits = [format_number(figure[side], unit) for side in ("low", "high") if figure[side] is not None]
    cell = html_page.join_html(
        [
            format_number(value, unit),
            *([html_page.BREAK, html_page.tag("span", " – ".join(limits), class_="says")] if limits else []),
        ]
    )
    return (cell, value) if isinstance(value, int | float) and not isinstance(value, bool) else cell


def render_group(figures: dict[str, dict[str, Any]]) -> list[Html]:
    """A group of keys: matrices where possible, a list for the remaining keys, and a fold-out with all details.

    Keys of equal length describe the same kind of thing, so each length is tried separately.
    """
    lengths: dict[int, dict[str, dict]] = defaultdict(dict)
    for key, figure in figures.items():
        lengths[key.count(".")][key] = figure
    matrices = {length: table for length, group in lengths.items() if (table := render_matrix(group))}
    sections = [matrices[length] for length in sorted(matrices)]
    listed = {key: figure for key, figure in figures.items() if key.count(".") not in matrices}
    collapsed = {key: figure for key, figure in figures.items() if key.count(".") in matrices}
    sections += [render_list(listed)] if listed else []
    return sections + (
        [html_page.render_details(f"Description and n of each result ({len(collapsed)} results)", render_list(collapsed))]
        if collapsed
        else []
    )


def render_page(figures: dict[str, dict[str, Any]], project: str) -> str:
    """The figures as an HTML page: verdicts first, then each group of keys."""
    verdict_texts = select_verdicts(figures)
    groups: dict[str, dict[str, dict]] = defaultdict(dict)
    for key, figure in figures.items():
        if key not in verdict_texts:
            groups[split_key(key)[0]][key] = figure
    sections: list[Any] = []
    if verdict_texts:
        verdicts = [
            html_page.tag("p", html_page.tag("strong", f"{key.split('.')[0]}: "), text) for key, text in verdict_texts.items()
        ]
        sections.append(html_page.render_box("note", *verdicts))
    positions = {name: position for position, name in enumerate(TITLES)} | {"interpret": len(TITLES) + 1}
    for group in sorted(groups, key=lambda name: (positions.get(name, len(TITLES)), name)):
        sections += [html_page.tag("h2", TITLES.get(group, f"Task {group}")), *render_group(groups[group])]
    if not figures:
        sections.append(html_page.render_box("warn", "No step of this project reports results."))
    lead = f"Project {project}: every result of the run, with its 95 % interval and the number of observations. summary.json has the same results under the keys in grey."
    return html_page.render_page("Summary", lead, *sections)


def main(fragments: list[Path], project: str, summary: Path, html: Path) -> None:
    figures = merge_fragments(fragments)
    summary.write_text(json.dumps(figures, indent=1, allow_nan=False, ensure_ascii=False) + "\n")
    html.write_text(render_page(figures, project))


if __name__ == "__main__":
    with step(snakemake) as job:
        main(job.input.get("fragments", []), job.params.project, job.output.summary, job.output.html)
