"""Figures of a task's models for the summary."""

from typing import Any

from readsight.findings import plainly
from readsight.scoring import SCORING
from readsight.verdict import CONTROL, METRICS, name

BARE = {"low": None, "high": None}


def records(task: str, found: dict[str, Any]) -> list[dict[str, Any]]:
    """A row a figure: key, value, low, high, n, unit, description."""
    facts, feature = found["facts"], found["facts"]["feature"]
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
            unit = "nats" if metric == "log_loss" else "fraction"
            rows.append(record(f"{model}.{metric}", cell, unit, f"{name(model, feature)}: {told[metric]}"))
    rows += [record(*row) for row in compared(found)]
    rows += [record(*row) for row in of_luck(found)]
    rows += [record(*row) for row in of_clean(found)]
    return rows


def compared(found: dict[str, Any]) -> list[tuple[str, dict[str, Any], str, str]]:
    """Differences: of the first model and its baselines, of balances, of modalities together and alone."""
    rows = []
    first, feature = found["first"], found["facts"]["feature"]
    for model, cells in found["differences"].items():
        if not plainly(model):
            continue
        for metric, cell in cells.items():
            words = f"{metric} of {first} less that of {model}, paired over resamples"
            rows.append((f"{first}.{metric}_minus_{model}", cell, "fraction", words))
    metric = found["primary"]
    for row in found["balances"]:
        words = f"{METRICS[metric]} of {name(row['variant'], feature)} less that under the task's own balance, on the same folds"
        rows.append((f"{row['variant']}.{metric}_minus_own_balance", row["difference"][metric], "fraction", words))
    for row in found["modalities"]:
        words = (
            f"{METRICS[metric]} of {name(row['joined'], feature)} on all modalities less that of {name(row['alone'], feature)}"
        )
        rows.append((f"{row['joined']}.{metric}_minus_{row['alone']}", row["difference"][metric], "fraction", words))
    return rows


def of_luck(found: dict[str, Any]) -> list[tuple[str, dict[str, Any], str, str]]:
    """Medians over divisions, with the lowest and highest; where the given split falls."""
    rows = []
    for model, own in found["luck"].items():
        if not plainly(model):
            continue
        for metric, cell in own["metrics"].items():
            q = cell["quantiles"]
            words = f"{name(model, found['facts']['feature'])}: {METRICS.get(metric, metric)}, median over {len(cell['values'])} "
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


def of_clean(found: dict[str, Any]) -> list[tuple[str, dict[str, Any], str, str]]:
    """Scores on the part of a leaking given split whose groups are not trained on."""
    clean, metric = found.get("clean"), found["primary"]
    if not clean:
        return []
    words = f"{METRICS[metric]} on the {clean['examples']} test samples whose group is not trained on"
    return [
        (f"{model}.clean.{metric}", cells[metric], "fraction", f"{name(model)}: {words}")
        for model, cells in clean["metrics"].items()
        if model != CONTROL
    ]
