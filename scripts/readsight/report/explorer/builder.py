"""Builder of the self-contained HTML page with sequences, predictions, attributions and exams of a task."""

import json
import math
import pathlib
from string import Template
from typing import Any

import numpy as np
from matplotlib.path import Path

from readsight.evaluation.verdict.findings import is_plain_model
from readsight.evaluation.verdict.headlines import find_linear_baseline, name_model
from readsight.interpret.sequence_attribution.attribution_file import Attributions
from readsight.interpret.tabular_attribution.results import METHOD_NAMES
from readsight.report import html_page as html
from readsight.report.explorer import tracks
from readsight.report.explorer.encoding import ArrayBlock
from readsight.report.explorer.examples import describe_examples
from readsight.report.logo import COLOURS, GLYPHS
from readsight.text import capitalise, format_estimate
from readsight.wording import METRIC_NAMES

HERE = pathlib.Path(__file__).resolve().parent
PROGRAM = ("bytes.js", "state.js", "draw.js", "marks.js", "rows.js", "list.js", "main.js")  # in this order
LOCATION_METHODS = ("grad_cam", "attention_rollout")  # methods that locate regions, not effects of single bases
MUTAGENESIS = "mutagenesis"  # method whose values for all four bases are included
MAX_BYTES = 8_000_000  # bytes before compression; pages of the demo need a tenth
# number type, and whether the map is included, in order of preference
LEVELS = (("int16", True), ("int8", True), ("int8", False))
MAX_MODELS = 4  # models with scores at the top of the page


def build_page(
    attributions: Attributions,
    exams: dict[str, Any],
    evaluation: dict[str, Any] | None = None,
    hits: pathlib.Path | None = None,
    motifs: pathlib.Path | None = None,
    variants: list[pathlib.Path] | None = None,
) -> str:
    """The page of a task.

    exams: `methods` of exams.json. evaluation: of the model stage. hits, motifs, variants: files; may be absent or empty.
    """
    attributions, packed, remarks = pack_arrays(attributions)
    annotations = {
        "hits": tracks.read_hits(hits, [str(v) for v in attributions.metadata["example"]]),
        "variants": tracks.read_variants(variants or [], attributions),
    }
    motif_names = {row[3] for rows in annotations["hits"].values() for row in rows}
    content = build_summary(attributions, exams) | {"arrays": packed.table, "size": packed.size, "remarks": remarks} | annotations
    content["motifs"] = tracks.read_motifs(motifs, motif_names)
    content["letters"] = {letter: {"path": build_glyph(letter), "colour": COLOURS[letter]} for letter in "ACGT"}
    task = str(attributions.attributes.get("task", "Sequences"))
    frame = Template((HERE / "page.html").read_text(encoding="utf-8"))
    return frame.substitute(
        title=html.join_html([f"{task}: sequence by sequence"]),
        style=html.STYLE + (HERE / "page.css").read_text(encoding="utf-8"),
        lead=html.join_html([write_lead(attributions, evaluation)]),
        scores=build_scores(evaluation),
        failed=build_failure_warning(content["methods"]),
        remarks=html.join_html(html.render_box("warn", message) for message in remarks),
        exams=build_exam_table(content["methods"]),
        about=embed_json(content),
        block=packed.encode_text(),
        program="\n".join((HERE / name).read_text(encoding="utf-8") for name in PROGRAM),
        sort=html.SORT,
    )


def pack_arrays(attributions: Attributions) -> tuple[Attributions, ArrayBlock, list[str]]:
    """Arrays of the page, for as many examples as fit, and remarks on what was omitted."""
    n, bytes_by_level = len(attributions), {level: count_example_bytes(attributions, *level) for level in LEVELS}
    kind, with_map = next((level for level in LEVELS if n * bytes_by_level[level] <= MAX_BYTES), LEVELS[-1])
    count = min(n, max(1, MAX_BYTES // bytes_by_level[kind, with_map]))
    remarks = []
    if count < n:
        remarks.append(f"The page contains the first {count} of the {n} explained sequences; attributions.h5 contains all.")
        attributions = select_first(attributions, count)
    if not with_map and MUTAGENESIS in attributions.values:
        remarks.append("The map of all substitutions is omitted to limit the page size; attributions.h5 contains it.")
    packed = ArrayBlock()
    packed.add("sequence", attributions.sequence.astype(np.uint8))
    for method, by_head in attributions.values.items():
        for head in by_head:
            packed.add_scaled(f"contribution/{method}/{head}", attributions.contributions(method, head), kind)
    for head, values in attributions.values.get(MUTAGENESIS, {}).items() if with_map else ():
        packed.add_scaled(f"change/{head}", compute_changes(values, attributions.sequence), "int8")
    label = attributions.metadata.get("label")
    if label is not None and attributions.attributes["kind"] == "positions":
        packed.add("sites", np.asarray(label).astype(np.uint8))
    if label is not None and attributions.attributes["kind"] == "profile":
        packed.add_scaled("signal", np.asarray(label, float), "int16")
    return attributions, packed, remarks


def count_example_bytes(attributions: Attributions, kind: str, with_map: bool) -> int:
    """Bytes per example, without quantisation steps and text."""
    count = sum(len(by_head) for by_head in attributions.values.values())
    maps = len(attributions.values.get(MUTAGENESIS, {})) * with_map
    label_bytes = (
        attributions.metadata["label"].shape[1] * 2
        if attributions.attributes["kind"] in ("positions", "profile") and "label" in attributions.metadata
        else 0
    )
    return attributions.sequence.shape[1] * (1 + count * np.dtype(kind).itemsize + maps * 4) + label_bytes


def select_first(attributions: Attributions, n: int) -> Attributions:
    """The first n examples."""
    contributions = {
        method: {head: values[:n] for head, values in by_head.items()} for method, by_head in attributions.values.items()
    }
    rows, score, positions = (
        {k: v[:n] for k, v in group.items()} for group in (attributions.metadata, attributions.score, attributions.positions)
    )
    return Attributions(contributions, attributions.sequence[:n], rows, score, positions, attributions.attributes)


def compute_changes(values: np.ndarray, sequence: np.ndarray) -> np.ndarray:
    """Change of the output by each substitution, (n, positions, 4); 0 at N."""
    base_index = np.minimum(sequence, 3)[..., None].astype(np.int64)
    return np.where(sequence[..., None] < 4, values - np.take_along_axis(values, base_index, axis=2), 0)


def build_summary(attributions: Attributions, exams: dict[str, Any]) -> dict[str, Any]:
    """Data of the program in addition to the arrays, JSON-compatible."""
    pair, outcome_names = bool(attributions.attributes.get("pair")), ("right", "wrong")
    if attributions.attributes["kind"] == "positions":
        outcome_names = ("site", "no site")
    return {
        "task": str(attributions.attributes.get("task", "")),
        "kind": attributions.attributes["kind"],
        "unit": str(attributions.attributes.get("unit", "")),
        "bin": int(attributions.attributes.get("bin", 1)),
        "stranded": bool(attributions.attributes.get("stranded", False)),
        "heads": attributions.heads,
        "windows": ["reference", "alternative"] if pair else [""],
        "length": attributions.sequence.shape[1] // (2 if pair else 1),
        "outcomes": outcome_names,
        "methods": [describe_method(method, exams.get(method)) for method in attributions.methods],
        "examples": describe_examples(attributions),
    }


def describe_method(method: str, exam_result: dict[str, Any] | None) -> dict[str, Any]:
    """A method with its name and exams; passed is None without exams."""
    rows = (exam_result or {}).get("exams") or []
    exams = [
        {k: clean_value(row.get(k)) for k in ("exam", "value", "side", "limit", "passed", "reason", "low", "high", "n")}
        for row in rows
    ]
    passed = bool(exam_result["passed"]) if exam_result and rows else None
    return {
        "key": method,
        "name": METHOD_NAMES.get(method, method),
        "locates": method in LOCATION_METHODS,
        "passed": passed,
        "exams": exams,
    }


def clean_value(value: Any) -> Any:
    """None for non-finite numbers, which JSON cannot represent."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def build_glyph(letter: str) -> str:
    """SVG path of a letter in the unit square, baseline at 0."""
    steps = {Path.MOVETO: "M", Path.LINETO: "L", Path.CURVE4: "C", Path.CLOSEPOLY: "Z"}
    commands = []
    for points, code in Path(*GLYPHS[letter]).iter_segments(curves=True, simplify=False):
        commands.append(steps[code] + ("" if code == Path.CLOSEPOLY else " ".join(f"{v:.4g}" for v in points)))
    return "".join(commands)


def write_lead(attributions: Attributions, evaluation: dict[str, Any] | None) -> str:
    """Introductory sentence of the page."""
    model = name_model(evaluation["first"], evaluation) if evaluation else str(attributions.attributes.get("model", "the model"))
    n = len(attributions)
    return (
        f"{n:,} test sequence{'s' * (n != 1)} not used in training {model}, the predictions, and the contribution of each base to the output "
        f"({attributions.attributes.get('unit') or 'output'}), by {len(attributions.methods)} method{'s' * (len(attributions.methods) != 1)}."
    )


def build_scores(evaluation: dict[str, Any] | None) -> html.Html:
    """Headline scores of the first and of simpler models, with intervals and the explanation."""
    if not evaluation:
        return html.Html("")
    metric, cells = evaluation["primary"], evaluation["metrics"]
    model_names = [
        evaluation["first"],
        find_linear_baseline(evaluation),
        *(m for m in cells if m != "base_rate" and is_plain_model(m)),
        "base_rate",
    ]
    model_names = [m for m in dict.fromkeys(model_names) if m and metric in cells.get(m, {})][:MAX_MODELS]
    entries = [
        html.tag(
            "div",
            html.tag("dt", capitalise(name_model(m, evaluation))),
            html.tag("dd", format_estimate(cells[m][metric])),
            class_="score",
        )
        for m in model_names
    ]
    centre = evaluation["facts"].get("control_chance")
    if centre is not None and evaluation["facts"].get("control_metric") == metric:
        entries.append(html.tag("div", html.tag("dt", "Chance"), html.tag("dd", f"{centre:g}"), class_="score"))
    title = html.tag(
        "div", html.tag("dt", METRIC_NAMES.get(metric, metric)), html.tag("dd", "95 % interval"), class_="score metric"
    )
    return html.join_html(
        [
            html.tag("dl", title, *entries, class_="scores"),
            html.render_details("Explanation of the scores", html.tag("p", evaluation["headline"])),
        ]
    )


def build_failure_warning(methods: list[dict[str, Any]]) -> html.Html | None:
    """Warning if every examined method failed."""
    examined = [m for m in methods if m["passed"] is not None]
    if not examined or any(m["passed"] for m in examined):
        return html.Html("")
    return html.render_box(
        "bad", "Every attribution method failed an exam: the attributions shown here may not reflect the model."
    )


def build_exam_table(methods: list[dict[str, Any]]) -> html.Html:
    """Table of all exams of all methods."""
    rows = []
    for method in methods:
        for row in method["exams"]:
            value, limit = ((f"{v:.3g}", v) if isinstance(v, int | float) else "" for v in (row["value"], row["limit"]))
            limit = (f"{row['side'] or ''} {limit[0]}", limit[1]) if limit else ""
            rows.append([method["name"], row["exam"], value, limit, format_result(row), row["reason"] or ""])
    if not rows:
        return html.tag("p", "No exams were run.")
    return html.render_table(["method", "exam", "value", "limit", "result", "reason"], rows)


def format_result(row: dict[str, Any]) -> html.Html:
    """Result of an exam as text; an exam without value or limit neither passes nor fails."""
    if not row["passed"]:
        return html.render_state("bad", "FAILED")
    if row["value"] is None:
        return html.render_state("none", "not defined")
    return html.render_state("none", "reported, not judged") if row["limit"] is None else html.render_state("good", "passed")


def embed_json(content: Any) -> str:
    """JSON that is safe inside a `script` element."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
