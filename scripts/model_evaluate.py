"""Score every model of a task, with intervals and against each other, and say in words what the scores mean."""

import csv
import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from readsight import metrics
from readsight.step import step
from readsight.verdict import CONTROL, verdict

log = logging.getLogger("readsight")

RANKING = {"auroc": metrics.auroc, "auprc": metrics.auprc}
PROBABILITY = {"brier": metrics.brier, "log_loss": metrics.log_loss, "ece": metrics.calibration_error}
WORDS = {
    "auroc": "area under the ROC curve, within test folds",
    "auprc": "average precision of finding the rarer class, within test folds",
    "brier": "mean squared error of the calibrated probability",
    "log_loss": "negative log likelihood of the calibrated probability (nats)",
    "ece": "expected calibration error after calibration",
    "ece_raw": "expected calibration error before calibration",
}


def scores(table: pd.DataFrame, rare: int, weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """All metrics of one model, each (1 + resamples,): the mean over repeats, resample by resample.

    table: predictions of all repeats. rare: the class to find. weights: example → its column of the resamples.
    """
    found: dict[str, list[np.ndarray]] = {}
    for _, part in table.groupby("repeat"):
        own = np.stack([weights[e] for e in part["example"]], axis=1)
        label = (part["label"].to_numpy() == rare).astype(float)
        raw, calibrated = (part[c].to_numpy() if rare else 1 - part[c].to_numpy() for c in ("raw", "calibrated"))
        for name, metric in RANKING.items():
            found.setdefault(name, []).append(metrics.by_fold(metric, raw, label, part["fold"].to_numpy(), own))
        for name, metric in PROBABILITY.items():
            found.setdefault(name, []).append(metric(calibrated, label, own))
        found.setdefault("ece_raw", []).append(metrics.calibration_error(raw, label, own))
    return {name: np.mean(values, axis=0) for name, values in found.items()}


def chance(table: pd.DataFrame, rare: int) -> dict[str, dict[str, float | None]]:
    """AUROC of the negative control: mean and 95 % range over its draws, each with labels shuffled anew.

    AUROC alone: of directions drawn at random it centres on 0.5, where AUPRC does not centre on the base rate.
    """
    whole = {e: np.ones(1) for e in table["example"].unique()}
    values = [float(scores(draw, rare, whole)["auroc"][0]) for _, draw in table.groupby("draw")]
    return {"auroc": metrics.interval(np.array([np.mean(values), *values]))}


def prior(table: pd.DataFrame) -> pd.DataFrame:
    """Predictions of the base rate: each test fold gets the class frequency of all other examples of the repeat."""
    parts = []
    for _, part in table.groupby(["repeat", "fold"]):
        rest = table[(table["repeat"] == part["repeat"].iloc[0]) & (table["fold"] != part["fold"].iloc[0])]
        rate = float(rest["label"].mean()) if len(rest) else float(part["label"].mean())
        parts.append(part.assign(raw=rate, calibrated=rate))
    return pd.concat(parts)


def curves(table: pd.DataFrame, rare: int) -> dict[str, list[float]]:
    """ROC and precision–recall curves, averaged over folds and repeats at fixed false-positive rate and recall."""
    grid = np.linspace(0, 1, 101)
    roc, pr = [], []
    for _, part in table.groupby(["repeat", "fold"]):
        score = part["raw"].to_numpy() if rare else 1 - part["raw"].to_numpy()
        label = part["label"].to_numpy() == rare
        if not label.any() or label.all():
            continue
        order = np.argsort(-score, kind="stable")
        ends = np.flatnonzero(np.append(np.diff(score[order]) != 0, True))
        hits, seen = np.cumsum(label[order])[ends], ends + 1
        recall, false = hits / label.sum(), (seen - hits) / (~label).sum()
        roc.append(np.interp(grid, np.append(0, false), np.append(0, recall)))
        best = np.maximum.accumulate((hits / seen)[::-1])[::-1]
        pr.append(best[np.minimum(np.searchsorted(recall, grid - 1e-12), len(best) - 1)])
    return {
        "grid": grid.tolist(),
        "recall_at_fpr": np.mean(roc, axis=0).tolist(),
        "precision_at_recall": np.mean(pr, axis=0).tolist(),
    }


def evaluate(
    tables: dict[str, pd.DataFrame], first: str, classes: list[str], feature: str, resamples: int, seed: int
) -> dict[str, Any]:
    """Everything that is said about a task's models.

    tables: model → predictions of all repeats, the control among them. first: the model that the others are baselines of.
    """
    once = tables[first].drop_duplicates("example")
    rare = int(once["label"].mean() < 0.5)
    label = (once["label"] == rare).to_numpy()
    drawn = metrics.group_weights(once["group"].to_numpy(str), resamples, seed)
    weights = dict(zip(once["example"], drawn.T, strict=True))
    found = {model: scores(table, rare, weights) for model, table in tables.items() if model != CONTROL}
    constant = scores(prior(tables[first]), rare, weights)
    found["base_rate"] = {name: constant[name] for name in ("brier", "log_loss")}
    cells = {model: {name: metrics.interval(values) for name, values in own.items()} for model, own in found.items()}
    if CONTROL in tables:
        cells[CONTROL] = chance(tables[CONTROL], rare)
    baselines = [m for m in tables if m not in (first, CONTROL)]
    differences = {m: {k: metrics.interval(found[first][k] - found[m][k]) for k in (*RANKING, "brier")} for m in baselines}
    facts = {
        "rare": classes[rare],
        "rare_count": int(label.sum()),
        "rare_groups": int(once["group"][label].nunique()),
        "groups": int(once["group"].nunique()),
        "examples": len(once),
        "feature": feature,
        "auprc": cells[first]["auprc"],
        "base_rate": float(label.mean()),
        "control": cells.get(CONTROL, {}).get("auroc"),
    }
    words = verdict(first, {m: d["auprc"] for m, d in differences.items()}, facts)
    return {"first": first, "facts": facts, "verdict": words, "metrics": cells, "differences": differences} | drawings(
        tables, rare, weights
    )


def drawings(tables: dict[str, pd.DataFrame], rare: int, weights: dict[str, np.ndarray]) -> dict[str, Any]:
    """Data of the figures: curves, and reliability before and after calibration."""
    kept = {model: table for model, table in tables.items() if model != CONTROL}

    def reliable(table: pd.DataFrame, kind: str) -> list[dict[str, float]]:
        probability = table[kind].to_numpy() if rare else 1 - table[kind].to_numpy()
        drawn = [weights[example] for example in table["example"]]
        return metrics.reliability(probability, (table["label"] == rare).to_numpy(float), drawn)

    return {
        "curves": {model: curves(table, rare) for model, table in kept.items()},
        "reliability": {model: {kind: reliable(table, kind) for kind in ("raw", "calibrated")} for model, table in kept.items()},
    }


def records(task: str, found: dict[str, Any]) -> list[dict[str, Any]]:
    """Figures for the summary."""
    n = found["facts"]["examples"]
    rare = found["facts"]["rare"]

    def record(key: str, cell: dict[str, Any], unit: str, words: str) -> dict[str, Any]:
        return {
            "key": f"{task}.{key}",
            **{k: cell[k] for k in ("value", "low", "high")},
            "n": n,
            "unit": unit,
            "description": words,
        }

    plain = {"low": None, "high": None}
    rows = [
        record(
            "base_rate",
            {"value": found["facts"]["base_rate"]} | plain,
            "fraction",
            f"part of the examples that are {rare}s, the class to find; the AUPRC of chance",
        ),
        record("verdict", {"value": found["verdict"]} | plain, "words", "what the figures say"),
    ]
    for model, cells in found["metrics"].items():
        rows += [
            record(f"{model}.{name}", cell, "nats" if name == "log_loss" else "fraction", f"{model}: {WORDS[name]}")
            for name, cell in cells.items()
        ]
    for model, cells in found["differences"].items():
        for name, cell in cells.items():
            key = f"{found['first']}.{name}_minus_{model}"
            rows.append(record(key, cell, "fraction", f"{name} of {found['first']} less that of {model}, paired over resamples"))
    return rows


def histories(abouts: dict[str, list[Path]]) -> dict[str, list[list[dict[str, float]]]]:
    """Learning curves: model → one list a fold of all repeats; models without epochs are left out."""
    kept = {}
    for model, files in abouts.items():
        rows = [fold["history"] for file in files for fold in json.loads(file.read_text())["folds"]]
        if any(rows):
            kept[model] = rows
    return kept


def main(
    predictions: list[Path],
    abouts: list[Path],
    certificate: Path,
    task: str,
    spec: dict[str, Any],
    seed: int,
    outputs: dict[str, Path],
) -> None:
    """Write evaluation as JSON (all of it) and TSV (metrics), and the summary.

    predictions, abouts: model by model, repeat by repeat, both in that order. spec: models, bootstrap, single_feature.
    """
    files: dict[str, list[tuple[Path, Path]]] = {}
    for table, about in zip(predictions, abouts, strict=True):
        files.setdefault(json.loads(about.read_text())["model"], []).append((table, about))
    tables = {model: pd.concat([pd.read_parquet(table) for table, _ in pairs]) for model, pairs in files.items()}
    classes = json.loads(certificate.read_text())["class_names"]
    found = evaluate(tables, spec["models"][0], classes, spec["single_feature"], spec["bootstrap"], seed)
    found["learning"] = histories({model: [about for _, about in pairs] for model, pairs in files.items()})
    found["task"] = task
    outputs["evaluation"].write_text(json.dumps(found, indent=1) + "\n")
    outputs["summary"].write_text(json.dumps(records(task, found), indent=1, ensure_ascii=False) + "\n")
    with open(outputs["table"], "w", newline="") as handle:
        writer = csv.writer(handle, delimiter="\t", lineterminator="\n")
        writer.writerow(["model", "metric", "value", "low", "high"])
        for model, cells in found["metrics"].items():
            writer.writerows([model, name, cell["value"], cell["low"], cell["high"]] for name, cell in cells.items())
    log.info("%s", found["verdict"])


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(
            job.input.predictions,
            job.input.abouts,
            job.input.certificate,
            job.wildcards.task,
            dict(job.params.spec),
            job.params.seed,
            {name: getattr(job.output, name) for name in ("evaluation", "table", "summary")},
        )
