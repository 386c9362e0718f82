"""Measure whether models of different folds go by the same features."""

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from readsight.interpret.tabular_attribution import results
from readsight.stats.enrichment import jaccard_by_chance, spearman
from readsight.step import step

TOPS = (10, 20, 50)
SHOWN = 20


def top(values: np.ndarray, count: int) -> frozenset[int]:
    """Columns of the `count` largest values; those that are 0 move nothing and are never among them."""
    order = np.argsort(-values, kind="stable")[:count]
    return frozenset(int(i) for i in order if values[i] > 0)


def pairwise(numbers: int, score: Any, least: float = 0.0) -> dict[str, float | None]:
    """Mean of a score over all pairs of folds, with a 95 % interval by the jackknife over folds (Efron & Stein 1981).

    Pairs share folds, so that they cannot be resampled one by one. None where not defined (one fold; the interval: two).
    least: lowest value that the score can have.
    """
    scores = np.full((numbers, numbers), np.nan)
    for i, j in combinations(range(numbers), 2):
        scores[i, j] = score(i, j)

    def mean(kept: np.ndarray) -> float:
        inside = scores[np.ix_(kept, kept)]
        return float(np.nanmean(inside)) if np.isfinite(inside).any() else np.nan

    folds = np.arange(numbers)
    value = mean(folds)
    left = np.array([mean(np.delete(folds, i)) for i in folds]) if numbers > 2 else np.array([np.nan])
    error = np.sqrt((numbers - 1) / numbers * ((left - left.mean()) ** 2).sum()) if np.isfinite(left).all() else np.nan
    low, high = np.clip([value - 1.96 * error, value + 1.96 * error], least, 1)
    return {name: float(v) if np.isfinite(v) else None for name, v in (("value", value), ("low", low), ("high", high))}


def agreement(by_fold: np.ndarray, used: np.ndarray) -> dict[str, Any]:
    """How alike folds are: rank correlation over features that both used, and overlap of their top features.

    by_fold: (folds, features), mean |attribution|. used: (folds, features). `random`: what rankings drawn at random,
    over the features that a fold used, would give.
    """
    number = len(by_fold)
    held = np.where(used, by_fold, 0)

    def likeness(i: int, j: int) -> float:
        both = used[i] & used[j]
        return spearman(by_fold[i, both], by_fold[j, both])

    rows = [{"measure": "spearman", "random": 0.0} | pairwise(number, likeness, -1.0)]
    for count in (c for c in TOPS if c < used.sum(axis=1).min()):
        best = [top(row, count) for row in held]

        def overlap(i: int, j: int, best: list[frozenset[int]] = best) -> float:
            union = best[i] | best[j]
            return len(best[i] & best[j]) / len(union) if union else np.nan

        def chance(i: int, j: int, best: list[frozenset[int]] = best) -> float:
            return jaccard_by_chance(int((used[i] | used[j]).sum()), len(best[i]), len(best[j]))

        rows.append({"measure": f"top{count}", "random": pairwise(number, chance)["value"]} | pairwise(number, overlap))
    return {"folds": number, "features": int(used.any(axis=0).sum()), "agreement": rows}


def table(by_fold: np.ndarray, used: np.ndarray, feature: list[str]) -> pd.DataFrame:
    """A row a feature that any fold used: mean |attribution|, mean rank, folds that used it, and in how many it is among the top.

    Sorted by how often it is among the top 50, then by importance: what is stable comes first. A fold that did not use the
    feature gives it 0 and the last rank.
    """
    held = np.where(used, by_fold, 0)
    order = np.argsort(np.argsort(-held, axis=1, kind="stable"), axis=1) + 1
    columns = {"importance": held.mean(axis=0), "mean_rank": order.mean(axis=0), "folds_used": used.sum(axis=0)}
    for count in TOPS:
        best = [top(row, count) for row in held]
        columns[f"top{count}"] = [sum(i in own for own in best) for i in range(len(feature))]
    found = pd.DataFrame(columns, index=pd.Index(feature, name="feature"))[used.any(axis=0)]
    return found.sort_values([f"top{TOPS[-1]}", "importance"], ascending=False, kind="stable")


def shown(by_fold: np.ndarray, used: np.ndarray, feature: list[str], names: list[str]) -> dict[str, Any]:
    """What the figure draws of single features: each one's rank in each fold (None where the fold did not use it)."""
    held = np.where(used, by_fold, -1)
    order = np.argsort(np.argsort(-held, axis=1, kind="stable"), axis=1) + 1
    columns = [feature.index(name) for name in names]
    ranks = [[int(order[f, c]) if used[f, c] else None for f in range(len(by_fold))] for c in columns]
    return {"names": names, "ranks": ranks}


def records(task: str, found: dict[str, Any]) -> list[dict[str, Any]]:
    """The agreement of each method for the summary."""
    words = {"spearman": "rank correlation of the features' importance between two folds, mean over pairs"}
    rows = []
    for method, held in found["methods"].items():
        for row in held["agreement"]:
            count = row["measure"].removeprefix("top")
            said = words.get(
                row["measure"], f"overlap (Jaccard) of the {count} features of most importance in two folds, mean over pairs"
            )
            if row["random"]:
                said += f"; rankings drawn at random give {row['random']:.2g}"
            rows.append(
                {"key": f"interpret.{task}.{method}.stability.{row['measure']}"}
                | {name: row[name] for name in ("value", "low", "high")}
                | {"n": held["folds"], "unit": "correlation" if row["measure"] == "spearman" else "fraction", "description": said}
            )
    return rows


def main(attributions: Path, described: Path, task: str, outputs: dict[str, Path]) -> None:
    """outputs: table, stability, summary."""
    found = results.read(attributions)
    about = pd.read_csv(described, sep="\t", index_col="feature", dtype=str, keep_default_na=False)
    methods, tables = {}, []
    for method in found.methods:
        by_fold, used = found.by_fold[method], found.used
        rows = table(by_fold, used, found.feature)
        methods[method] = agreement(by_fold, used) | shown(by_fold, used, found.feature, list(rows.index[:SHOWN]))
        told = about.reindex(rows.index).fillna("")[["modality", "id", "symbol"]]
        tables.append(pd.concat([told, rows], axis=1).assign(method=method))
    result = {"task": task, "folds": found.folds, "methods": methods}
    outputs["stability"].write_text(json.dumps(result, indent=1) + "\n")
    pd.concat(tables).to_csv(outputs["table"], sep="\t", float_format="%.6g")
    outputs["summary"].write_text(json.dumps(records(task, result), indent=1) + "\n")


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(
            job.input.attributions,
            job.input.features,
            job.wildcards.task,
            {name: getattr(job.output, name) for name in ("table", "stability", "summary")},
        )
