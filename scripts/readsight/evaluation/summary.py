"""Summary records of a task's models."""

from typing import Any

from readsight.evaluation.outcomes.registry import SCORING
from readsight.evaluation.verdict.findings import is_plain_model
from readsight.evaluation.verdict.headlines import name_model
from readsight.wording import CONTROL, METRIC_NAMES

BARE = {"low": None, "high": None}
UNITS = {"log_loss": "nats", "mse": "squared units"} | dict.fromkeys(
    ("pearson", "spearman", "profile_pearson", "total_pearson"), "r"
)
PLACES = {"gc": "of GC", "repeat": "with repeats:", "chromosome": "of"}
Row = tuple[str, dict[str, Any], str, str]


def summary_records(task: str, evaluation: dict[str, Any]) -> list[dict[str, Any]]:
    """One record per figure: key, value, low, high, n, unit, description."""
    facts = evaluation["facts"]
    n = facts["examples"]

    def make_record(key: str, cell: dict[str, Any], unit: str, description: str) -> dict[str, Any]:
        return (
            {"key": f"{task}.{key}"}
            | {k: cell[k] for k in ("value", "low", "high")}
            | {"n": n, "unit": unit, "description": description}
        )

    rows = [make_record("verdict", {"value": evaluation["verdict"]} | BARE, "words", "verdict in plain language")]
    if "base_rate" in facts:
        description = f"fraction of examples that are {facts['rare']}s, the positive class; the AUPRC of chance"
        rows.insert(0, make_record("base_rate", {"value": facts["base_rate"]} | BARE, "fraction", description))
    descriptions = SCORING[evaluation["kind"]].DESCRIPTIONS
    for model, cells in evaluation["metrics"].items():
        for metric, cell in cells.items():
            rows.append(
                make_record(
                    f"{model}.{metric}",
                    cell,
                    UNITS.get(metric, "fraction"),
                    f"{name_model(model, evaluation)}: {descriptions[metric]}",
                )
            )
    rows += [make_record(*row) for row in record_class_scores(evaluation)]
    rows += [make_record(*row) for row in record_differences(evaluation)]
    rows += [make_record(*row) for row in record_variability(evaluation)]
    rows += [make_record(*row) for row in record_clean_scores(evaluation)]
    rows += [make_record(*row) for row in record_strata(evaluation)]
    return rows


def record_differences(evaluation: dict[str, Any]) -> list[Row]:
    """Differences: of the first model and its baselines, of balances, of joint and single-modality models."""
    rows = []
    first = evaluation["first"]
    for model, cells in evaluation["differences"].items():
        if not is_plain_model(model):
            continue
        for metric, cell in cells.items():
            description = f"{metric} of {first} minus that of {model}, paired over resamples"
            rows.append((f"{first}.{metric}_minus_{model}", cell, "fraction", description))
    metric = evaluation["primary"]
    for row in evaluation["balances"]:
        description = f"{METRIC_NAMES[metric]} of {name_model(row['variant'], evaluation)} minus that under the task's balance, on the same folds"
        rows.append((f"{row['variant']}.{metric}_minus_own_balance", row["difference"][metric], "fraction", description))
    for row in evaluation["modalities"]:
        description = f"{METRIC_NAMES[metric]} of {name_model(row['joined'], evaluation)} on all modalities minus that of {name_model(row['alone'], evaluation)}"
        rows.append((f"{row['joined']}.{metric}_minus_{row['alone']}", row["difference"][metric], "fraction", description))
    return rows


def record_variability(evaluation: dict[str, Any]) -> list[Row]:
    """Medians over splits, with minimum and maximum, and percentile of the given split."""
    rows = []
    for model, variability in evaluation["luck"].items():
        if not is_plain_model(model):
            continue
        for metric, cell in variability["metrics"].items():
            q = cell["quantiles"]
            description = (
                f"{name_model(model, evaluation)}: {METRIC_NAMES.get(metric, metric)}, median over {len(cell['values'])} "
            )
            description += f"{variability['of']}; limits: minimum and maximum"
            rows.append(
                (
                    f"{model}.divisions.{metric}",
                    {"value": q["median"], "low": q["min"], "high": q["max"]},
                    "fraction",
                    description,
                )
            )
        if variability["percentile"] is not None:
            description = f"percentage of random splits below the given split's {METRIC_NAMES.get(variability['metric'], variability['metric'])}"
            rows.append((f"{model}.given_percentile", {"value": variability["percentile"]} | BARE, "percent", description))
    return rows


def record_clean_scores(evaluation: dict[str, Any]) -> list[Row]:
    """Scores of a leaking given split on examples whose groups are not in training, and on those whose groups are."""
    clean, metric = evaluation.get("clean"), evaluation["primary"]
    if not clean:
        return []
    rows = []
    for key, scores, condition in (("clean", clean, "is not in training"), ("leaked", clean["leaked"], "is also in training")):
        description = (
            f"{METRIC_NAMES[metric]} on the {scores['examples']} test {evaluation['facts']['unit']} whose group {condition}"
        )
        cells = {model: metrics[metric] for model, metrics in scores["metrics"].items() if model != CONTROL}
        rows += [
            (f"{m}.{key}.{metric}", cell, UNITS.get(metric, "fraction"), f"{name_model(m, evaluation)}: {description}")
            for m, cell in cells.items()
        ]
    return rows


def record_class_scores(evaluation: dict[str, Any]) -> list[Row]:
    """Scores of single classes: ranking of sites, and error rates of classes."""
    rows = []
    for model, classes in evaluation["errors"].items():
        for number, (label, cell) in enumerate(classes.items()):
            rows.append(
                (
                    f"{model}.error.{number}",
                    cell,
                    "percent",
                    f"{name_model(model, evaluation)}: percentage of the {cell['n']} {label} predicted incorrectly",
                )
            )
    for model, classes in (evaluation["per_class"] if evaluation["kind"] == "positions" else {}).items():
        for label, cells in classes.items():
            for metric in ("top_k", "auprc"):
                description = (
                    f"{name_model(model, evaluation)}: {METRIC_NAMES[metric]} of {cells['n']} {label} sites, within test folds"
                )
                rows.append((f"{model}.{metric}.{label}", cells[metric], "fraction", description))
    return rows


def record_strata(evaluation: dict[str, Any]) -> list[Row]:
    """The primary metric on strata of the test sequences."""
    rows = []
    strata = evaluation.get("strata") or {"metric": evaluation["primary"], "rows": []}
    for number, row in enumerate(strata["rows"]):
        for model, cell in row["models"].items():
            description = f"{name_model(model, evaluation)}: {METRIC_NAMES.get(strata['metric'], strata['metric'])} on the {row['examples']} test sequences "
            description += f"{PLACES[row['by']]} {row['name']}"
            rows.append((f"{model}.strata.{row['by']}.{number}", cell, UNITS.get(strata["metric"], "fraction"), description))
    return rows
