"""Figures of a task's models for the summary."""

from typing import Any

from readsight.evaluation.outcomes.registry import SCORING
from readsight.evaluation.verdict.findings import plainly
from readsight.evaluation.verdict.headlines import told as named
from readsight.wording import CONTROL, METRICS

BARE = {"low": None, "high": None}
UNITS = {"log_loss": "nats", "mse": "squared units"} | dict.fromkeys(
    ("pearson", "spearman", "profile_pearson", "total_pearson"), "r"
)
PLACES = {"gc": "of GC", "repeat": "with repeats:", "chromosome": "of"}
Row = tuple[str, dict[str, Any], str, str]


def records(task: str, found: dict[str, Any]) -> list[dict[str, Any]]:
    """A row a figure: key, value, low, high, n, unit, description."""
    facts = found["facts"]
    n = facts["examples"]

    def record(key: str, cell: dict[str, Any], unit: str, words: str) -> dict[str, Any]:
        return (
            {"key": f"{task}.{key}"}
            | {k: cell[k] for k in ("value", "low", "high")}
            | {"n": n, "unit": unit, "description": words}
        )

    rows = [record("verdict", {"value": found["verdict"]} | BARE, "words", "what the figures say")]
    if "base_rate" in facts:
        words = f"part of the examples that are {facts['rare']}s, the class to find; the AUPRC of chance"
        rows.insert(0, record("base_rate", {"value": facts["base_rate"]} | BARE, "fraction", words))
    told = SCORING[found["kind"]].WORDS
    for model, cells in found["metrics"].items():
        for metric, cell in cells.items():
            rows.append(
                record(f"{model}.{metric}", cell, UNITS.get(metric, "fraction"), f"{named(model, found)}: {told[metric]}")
            )
    rows += [record(*row) for row in of_each(found)]
    rows += [record(*row) for row in compared(found)]
    rows += [record(*row) for row in of_luck(found)]
    rows += [record(*row) for row in of_clean(found)]
    rows += [record(*row) for row in of_strata(found)]
    return rows


def compared(found: dict[str, Any]) -> list[Row]:
    """Differences: of the first model and its baselines, of balances, of modalities together and alone."""
    rows = []
    first = found["first"]
    for model, cells in found["differences"].items():
        if not plainly(model):
            continue
        for metric, cell in cells.items():
            words = f"{metric} of {first} less that of {model}, paired over resamples"
            rows.append((f"{first}.{metric}_minus_{model}", cell, "fraction", words))
    metric = found["primary"]
    for row in found["balances"]:
        words = f"{METRICS[metric]} of {named(row['variant'], found)} less that under the task's own balance, on the same folds"
        rows.append((f"{row['variant']}.{metric}_minus_own_balance", row["difference"][metric], "fraction", words))
    for row in found["modalities"]:
        words = f"{METRICS[metric]} of {named(row['joined'], found)} on all modalities less that of {named(row['alone'], found)}"
        rows.append((f"{row['joined']}.{metric}_minus_{row['alone']}", row["difference"][metric], "fraction", words))
    return rows


def of_luck(found: dict[str, Any]) -> list[Row]:
    """Medians over divisions, with the lowest and highest; where the given split falls."""
    rows = []
    for model, own in found["luck"].items():
        if not plainly(model):
            continue
        for metric, cell in own["metrics"].items():
            q = cell["quantiles"]
            words = f"{named(model, found)}: {METRICS.get(metric, metric)}, median over {len(cell['values'])} "
            words += f"{own['of']}; limits: the lowest and the highest of them"
            rows.append(
                (f"{model}.divisions.{metric}", {"value": q["median"], "low": q["min"], "high": q["max"]}, "fraction", words)
            )
        if own["percentile"] is not None:
            words = (
                f"part of the divisions drawn anew that the given split's {METRICS.get(own['metric'], own['metric'])} is above"
            )
            rows.append((f"{model}.given_percentile", {"value": own["percentile"]} | BARE, "percent", words))
    return rows


def of_clean(found: dict[str, Any]) -> list[Row]:
    """Scores on the part of a leaking given split whose groups are not trained on, and on the part whose groups are."""
    clean, metric = found.get("clean"), found["primary"]
    if not clean:
        return []
    rows = []
    for key, own, words in (("clean", clean, "is not trained on"), ("leaked", clean["leaked"], "is trained on too")):
        said = f"{METRICS[metric]} on the {own['examples']} test {found['facts']['unit']} whose group {words}"
        cells = {model: of[metric] for model, of in own["metrics"].items() if model != CONTROL}
        rows += [
            (f"{m}.{key}.{metric}", cell, UNITS.get(metric, "fraction"), f"{named(m, found)}: {said}")
            for m, cell in cells.items()
        ]
    return rows


def of_each(found: dict[str, Any]) -> list[Row]:
    """Scores of each class, where several are told apart: of sites their ranking, of classes the part that is called wrong."""
    rows = []
    for model, of in found["errors"].items():
        for place, (label, cell) in enumerate(of.items()):
            rows.append(
                (
                    f"{model}.error.{place}",
                    cell,
                    "percent",
                    f"{named(model, found)}: part of the {cell['n']} {label} that is called wrong",
                )
            )
    for model, of in (found["per_class"] if found["kind"] == "positions" else {}).items():
        for label, cells in of.items():
            for metric in ("top_k", "auprc"):
                words = f"{named(model, found)}: {METRICS[metric]} of {cells['n']} {label} sites, within test folds"
                rows.append((f"{model}.{metric}.{label}", cells[metric], "fraction", words))
    return rows


def of_strata(found: dict[str, Any]) -> list[Row]:
    """The primary metric on parts of the test sequences."""
    rows = []
    own = found.get("strata") or {"metric": found["primary"], "rows": []}
    for number, row in enumerate(own["rows"]):
        for model, cell in row["models"].items():
            words = f"{named(model, found)}: {METRICS.get(own['metric'], own['metric'])} on the {row['examples']} test sequences "
            words += f"{PLACES[row['by']]} {row['name']}"
            rows.append((f"{model}.strata.{row['by']}.{number}", cell, UNITS.get(own["metric"], "fraction"), words))
    return rows
