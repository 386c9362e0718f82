"""A task's sequences, predictions, attributions and exams as one HTML file that needs nothing but itself."""

import json
import math
import pathlib
from string import Template
from typing import Any

import numpy as np
from matplotlib.path import Path

from readsight.evaluation.verdict.findings import plainly
from readsight.evaluation.verdict.headlines import linear, told
from readsight.interpret.sequence_attribution.attribution_file import Attributions
from readsight.interpret.tabular_attribution.results import NAMES
from readsight.report import html_page as html
from readsight.report.explorer import tracks
from readsight.report.explorer.encoding import Packed
from readsight.report.explorer.examples import described
from readsight.report.logo import COLOURS, GLYPHS
from readsight.wording import METRICS, capital, figure

HERE = pathlib.Path(__file__).resolve().parent
PROGRAM = ("bytes.js", "state.js", "draw.js", "marks.js", "rows.js", "list.js", "main.js")  # in this order
PLACES = ("grad_cam", "attention_rollout")  # methods that say where the model looks, not which base does what
MAP = "mutagenesis"  # the method whose numbers of all four bases are kept
MOST = 8_000_000  # bytes before compression; with all of a demo's examples a page takes a tenth of it
LEVELS = (("int16", True), ("int8", True), ("int8", False))  # size of a number, and whether the map is kept: tried in this order
SHOWN = 4  # models whose scores stand at the head of the page


def page(
    held: Attributions,
    exams: dict[str, Any],
    evaluation: dict[str, Any] | None = None,
    hits: pathlib.Path | None = None,
    motifs: pathlib.Path | None = None,
    variants: list[pathlib.Path] | None = None,
) -> str:
    """The page of a task. exams: `methods` of exams.json. evaluation: of the model stage. The others: files, absent or empty too."""
    held, packed, remarks = packing(held)
    along = {
        "hits": tracks.hits(hits, [str(v) for v in held.rows["example"]]),
        "variants": tracks.variants(variants or [], held),
    }
    named = {row[3] for rows in along["hits"].values() for row in rows}
    about = summary(held, exams) | {"arrays": packed.table, "size": packed.size, "left": remarks} | along
    about["motifs"] = tracks.motifs(motifs, named)
    about["letters"] = {letter: {"path": glyph(letter), "colour": COLOURS[letter]} for letter in "ACGT"}
    task = str(held.about.get("task", "Sequences"))
    frame = Template((HERE / "page.html").read_text(encoding="utf-8"))
    return frame.substitute(
        title=html.join([f"{task}: sequence by sequence"]),
        style=html.STYLE + (HERE / "page.css").read_text(encoding="utf-8"),
        lead=html.join([lead(held, evaluation)]),
        scores=scores(evaluation),
        failed=all_failed(about["methods"]),
        left=html.join(html.box("warn", words) for words in remarks),
        exams=table_of_exams(about["methods"]),
        about=embedded(about),
        block=packed.text(),
        program="\n".join((HERE / name).read_text(encoding="utf-8") for name in PROGRAM),
        sort=html.SORT,
    )


def packing(held: Attributions) -> tuple[Attributions, Packed, list[str]]:
    """The numbers of a page, of as many examples as there is room for; and remarks on what was left out."""
    n, each = len(held), {level: bytes_each(held, *level) for level in LEVELS}
    kind, whole = next((level for level in LEVELS if n * each[level] <= MOST), LEVELS[-1])
    kept = min(n, max(1, MOST // each[kind, whole]))
    remarks = []
    if kept < n:
        remarks.append(f"The page holds {kept} of the {n} explained sequences, the first ones; attributions.h5 holds all.")
        held = cut(held, kept)
    if not whole and MAP in held.found:
        remarks.append("There is no room for the map of all substitutions; attributions.h5 holds it.")
    packed = Packed()
    packed.add("sequence", held.sequence.astype(np.uint8))
    for method, by_head in held.found.items():
        for head in by_head:
            packed.add_scaled(f"own/{method}/{head}", held.contributions(method, head), kind)
    for head, found in held.found.get(MAP, {}).items() if whole else ():
        packed.add_scaled(f"change/{head}", changes(found, held.sequence), "int8")
    label = held.rows.get("label")
    if label is not None and held.about["kind"] == "positions":
        packed.add("sites", np.asarray(label).astype(np.uint8))
    if label is not None and held.about["kind"] == "profile":
        packed.add_scaled("signal", np.asarray(label, float), "int16")
    return held, packed, remarks


def bytes_each(held: Attributions, kind: str, whole: bool) -> int:
    """Bytes that an example takes, steps and what it takes as text left out."""
    count = sum(len(by_head) for by_head in held.found.values())
    maps = len(held.found.get(MAP, {})) * whole
    along = held.rows["label"].shape[1] * 2 if held.about["kind"] in ("positions", "profile") and "label" in held.rows else 0
    return held.sequence.shape[1] * (1 + count * np.dtype(kind).itemsize + maps * 4) + along


def cut(held: Attributions, n: int) -> Attributions:
    """The first examples."""
    found = {method: {head: values[:n] for head, values in by_head.items()} for method, by_head in held.found.items()}
    rows, score, at = ({k: v[:n] for k, v in group.items()} for group in (held.rows, held.score, held.at))
    return Attributions(found, held.sequence[:n], rows, score, at, held.about)


def changes(found: np.ndarray, sequence: np.ndarray) -> np.ndarray:
    """What the output changes by where a base is put in place of the sequence's own, (n, places, 4); 0 at N."""
    at = np.minimum(sequence, 3)[..., None].astype(np.int64)
    return np.where(sequence[..., None] < 4, found - np.take_along_axis(found, at, axis=2), 0)


def summary(held: Attributions, exams: dict[str, Any]) -> dict[str, Any]:
    """What the program knows beside the numbers, JSON-able."""
    pair, words = bool(held.about.get("pair")), ("right", "wrong")
    if held.about["kind"] == "positions":
        words = ("a site stands there", "no site stands there")
    return {
        "task": str(held.about.get("task", "")),
        "kind": held.about["kind"],
        "unit": str(held.about.get("unit", "")),
        "bin": int(held.about.get("bin", 1)),
        "stranded": bool(held.about.get("stranded", False)),
        "heads": held.heads,
        "windows": ["reference", "alternative"] if pair else [""],
        "length": held.sequence.shape[1] // (2 if pair else 1),
        "words": words,
        "methods": [method_of(word, exams.get(word)) for word in held.methods],
        "examples": described(held),
    }


def method_of(word: str, held: dict[str, Any] | None) -> dict[str, Any]:
    """A method as the page calls it, with its exams; passed is None where none were taken."""
    rows = (held or {}).get("exams") or []
    exams = [
        {k: clean(row.get(k)) for k in ("exam", "value", "side", "limit", "passed", "reason", "low", "high", "n")} for row in rows
    ]
    passed = bool(held["passed"]) if held and rows else None
    return {"word": word, "name": NAMES.get(word, word), "places": word in PLACES, "passed": passed, "exams": exams}


def clean(value: Any) -> Any:
    """A value as JSON has words for it: what is not finite is None."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def glyph(letter: str) -> str:
    """A letter in the unit square, its foot at 0, as the path of an SVG."""
    steps = {Path.MOVETO: "M", Path.LINETO: "L", Path.CURVE4: "C", Path.CLOSEPOLY: "Z"}
    said = []
    for points, code in Path(*GLYPHS[letter]).iter_segments(curves=True, simplify=False):
        said.append(steps[code] + ("" if code == Path.CLOSEPOLY else " ".join(f"{v:.4g}" for v in points)))
    return "".join(said)


def lead(held: Attributions, evaluation: dict[str, Any] | None) -> str:
    """What the page tells, in a sentence or two."""
    model = told(evaluation["first"], evaluation) if evaluation else str(held.about.get("model", "the model"))
    n = len(held)
    return (
        f"{n:,} test sequence{'s' * (n != 1)} that {model} did not see, what it makes of each, and which bases moved its output "
        f"({held.about.get('unit') or 'output'}), by {len(held.methods)} method{'s' * (len(held.methods) != 1)}."
    )


def scores(found: dict[str, Any] | None) -> html.Html:
    """The first model's headline score beside those of simpler ones, with intervals; and what they mean, in words."""
    if not found:
        return html.Html("")
    metric, cells = found["primary"], found["metrics"]
    named = [found["first"], linear(found), *(m for m in cells if m != "base_rate" and plainly(m)), "base_rate"]
    named = [m for m in dict.fromkeys(named) if m and metric in cells.get(m, {})][:SHOWN]
    parts = [
        html.tag("div", html.tag("dt", capital(told(m, found))), html.tag("dd", figure(cells[m][metric])), class_="score")
        for m in named
    ]
    centre = found["facts"].get("control_chance")
    if centre is not None and found["facts"].get("control_metric") == metric:
        parts.append(html.tag("div", html.tag("dt", "Chance"), html.tag("dd", f"{centre:g}"), class_="score"))
    title = html.tag("div", html.tag("dt", METRICS.get(metric, metric)), html.tag("dd", "95 % interval"), class_="score metric")
    return html.join(
        [html.tag("dl", title, *parts, class_="scores"), html.fold("What these scores say", html.tag("p", found["headline"]))]
    )


def all_failed(methods: list[dict[str, Any]]) -> html.Html | None:
    """A warning, where no method passed its exams."""
    taken = [m for m in methods if m["passed"] is not None]
    if not taken or any(m["passed"] for m in taken):
        return html.Html("")
    return html.box("bad", "Every attribution method failed an exam: what is drawn here is no knowledge about the model.")


def table_of_exams(methods: list[dict[str, Any]]) -> html.Html:
    """All exams of all methods."""
    rows = []
    for method in methods:
        for row in method["exams"]:
            value, limit = ((f"{v:.3g}", v) if isinstance(v, int | float) else "" for v in (row["value"], row["limit"]))
            limit = (f"{row['side'] or ''} {limit[0]}", limit[1]) if limit else ""
            rows.append([method["name"], row["exam"], value, limit, result(row), row["reason"] or ""])
    if not rows:
        return html.tag("p", "No exams were taken.")
    return html.table(["method", "exam", "value", "limit", "result", "because"], rows)


def result(row: dict[str, Any]) -> html.Html:
    """How an exam went, in words: one that is not defined, or has no limit, is neither passed nor failed."""
    if not row["passed"]:
        return html.state("bad", "FAILED")
    if row["value"] is None:
        return html.state("none", "not defined")
    return html.state("none", "told, not judged") if row["limit"] is None else html.state("good", "passed")


def embedded(content: Any) -> str:
    """JSON that can stand in an element `script`: nothing in it ends the element or begins another."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
