"""Self-contained HTML pages of the report: one style, everything escaped, no external resources."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

STYLE = """
:root { --ink: #1c2733; --soft: #5b6b7b; --line: #d9e0e6; --shade: #f5f7f9; --accent: #0072b2; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 2rem 3rem; max-width: 76rem; background: #fff; color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .3rem; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
h3 { font-size: 1rem; margin: 1.3rem 0 .3rem; } p { max-width: 46rem; margin: .3rem 0 .8rem; }
.lead { color: var(--soft); }
.scroll { overflow-x: auto; margin: .5rem 0 1.2rem; }
table { border-collapse: collapse; font-size: .9rem; min-width: 30rem; }
caption { text-align: left; color: var(--soft); padding: .2rem 0 .4rem; }
th, td { padding: .32rem .9rem .32rem .3rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
thead th { border-bottom: 2px solid var(--soft); vertical-align: bottom; max-width: 11rem; }
tbody th { font-weight: 600; }
tbody tr:hover { background: var(--shade); }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
th button { all: unset; cursor: pointer; font-weight: 600; } th button:focus-visible { outline: 2px solid var(--accent); }
th button::after { content: "\\00a0\\2195"; color: var(--line); }
th[aria-sort=ascending] button::after { content: "\\00a0\\2191"; color: var(--accent); }
th[aria-sort=descending] button::after { content: "\\00a0\\2193"; color: var(--accent); }
code, pre { font: .85rem/1.45 ui-monospace, "DejaVu Sans Mono", Consolas, monospace; }
code { color: var(--soft); } td code { white-space: nowrap; }
pre { background: var(--shade); border: 1px solid var(--line); border-radius: 4px; padding: .8rem 1rem; overflow-x: auto; }
ul { max-width: 46rem; padding-left: 1.2rem; }
details { margin: .5rem 0 1rem; } summary { cursor: pointer; color: var(--accent); }
.state { white-space: nowrap; font-weight: 600; }
.good { color: #00684a; } .warn { color: #8a5a00; } .bad { color: #a93600; } .none { color: var(--soft); font-weight: 400; }
.says { color: var(--soft); white-space: nowrap; font-weight: 400; }
.box { border-left: 4px solid var(--accent); background: var(--shade); padding: .7rem 1rem; margin: .8rem 0 1.2rem; max-width: 52rem; }
.box p { margin: .25rem 0; max-width: none; }
.box.bad { border-color: #d55e00; color: var(--ink); } .box.good { border-color: #009e73; color: var(--ink); }
.box.warn { border-color: #e69f00; color: var(--ink); }
svg.interval { display: block; margin-top: .3rem; }
@media print { body { padding: 0; max-width: none; font-size: 11px; } .scroll { overflow: visible; }
  th button::after { content: "" !important; } tr { break-inside: avoid; } thead { display: table-header-group; } }
"""

SORT = """
document.querySelectorAll('table.sortable').forEach(function (table) {
  table.querySelectorAll('thead th').forEach(function (head, column) {
    var button = head.querySelector('button');
    if (button) button.addEventListener('click', function () {
      var up = head.getAttribute('aria-sort') !== 'ascending';
      table.querySelectorAll('thead th').forEach(function (other) { other.removeAttribute('aria-sort'); });
      head.setAttribute('aria-sort', up ? 'ascending' : 'descending');
      var key = function (row) { var cell = row.cells[column]; return cell.dataset.sort || cell.textContent.trim(); };
      var body = table.tBodies[0], rows = Array.from(body.rows);
      rows.sort(function (a, b) { return key(a).localeCompare(key(b), 'en', { numeric: true }) * (up ? 1 : -1); });
      rows.forEach(function (row) { body.appendChild(row); });
    });
  });
});
"""


class Html(str):
    """Text that is already HTML and must not be escaped again."""


BREAK = Html("<br>")


def tag(name: str, *children: Any, **attributes: Any) -> Html:
    """An element; children that are not Html are escaped, None is omitted, `class_` is the attribute `class`."""
    attributes_text = [name] + [
        f'{key.rstrip("_").replace("_", "-")}="{escape(str(value))}"' for key, value in attributes.items()
    ]
    return Html(f"<{' '.join(attributes_text)}>{join_html(children)}</{name}>")


def join_html(parts: Iterable[Any]) -> Html:
    """Concatenated parts; text that is not Html is escaped."""
    return Html("".join(part if isinstance(part, Html) else escape(str(part)) for part in parts if part is not None))


def render_state(kind: str, label: str) -> Html:
    """A state with icon and text, so that colour is not needed. kind: good, warn, bad, none."""
    icon = {"good": "✓", "warn": "!", "bad": "✗", "none": "–"}[kind]
    return tag("span", f"{icon} {label}", class_=f"state {kind}")


def render_table(headers: Sequence[str], rows: Iterable[Sequence[Any]], caption: str | None = None, sort: bool = True) -> Html:
    """A table; numbers are right-aligned, and a click on a header sorts by it.

    rows: cells in the order of the headers; an int or float is a number, a (shown, number) pair is shown as its first and
    sorted by its second.
    """
    rows = [list(row) for row in rows]
    numeric = [
        bool(rows) and all(_sort_value(row[i]) is not None or row[i] in (None, "") for row in rows) for i in range(len(headers))
    ]
    head = [
        tag(
            "th",
            tag("button", header, type="button") if sort and header else header,
            scope="col",
            class_="number" if is_number else "text",
        )
        for header, is_number in zip(headers, numeric, strict=True)
    ]
    body = [tag("tr", *(_render_cell(value, is_number) for value, is_number in zip(row, numeric, strict=True))) for row in rows]
    return tag(
        "div",
        tag(
            "table",
            tag("caption", caption) if caption else None,
            tag("thead", tag("tr", *head)),
            tag("tbody", *body),
            class_="sortable" if sort else "plain",
        ),
        class_="scroll",
    )


def _sort_value(value: Any) -> float | None:
    if isinstance(value, tuple):
        value = value[1]
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _render_cell(value: Any, is_number: bool) -> Html:
    text = value[0] if isinstance(value, tuple) else value
    number = _sort_value(value)
    options = {"class_": "number"} if is_number else {}
    if number is not None:
        options["data_sort"] = number
    return tag("td", f"{text:,}" if isinstance(text, int) else text, **options)


def render_details(title: str, *parts: Any) -> Html:
    """Content that is shown on demand."""
    return tag("details", tag("summary", title), *parts)


def render_box(kind: str, *parts: Any) -> Html:
    """A framed note. kind: note, good, warn, bad."""
    return tag("div", *(part if isinstance(part, Html) else tag("p", part) for part in parts), class_=f"box {kind}")


def render_page(title: str, lead: str, *parts: Any) -> str:
    """A complete page: title, a lead sentence, and its parts."""
    head = join_html(
        [
            Html('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
            tag("title", title),
            tag("style", Html(STYLE)),
        ]
    )
    body = tag("main", tag("h1", title), tag("p", lead, class_="lead"), *parts)
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head><body>{body}<script>{SORT}</script></body></html>\n'
