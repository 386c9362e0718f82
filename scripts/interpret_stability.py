"""Agreement of feature importance between the models of different folds."""

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from readsight.interpret.tabular_attribution import results
from readsight.stats.enrichment import chance_jaccard, spearman
from readsight.step import step

TOPS = (10, 20, 50)
SHOWN = 20


def top_features(values: np.ndarray, count: int) -> frozenset[int]:
    """Columns of the `count` largest values; features of importance 0 are never included."""
    order = np.argsort(-values, kind="stable")[:count]
    return frozenset(int(i) for i in order if values[i] > 0)


def mean_over_pairs(fold_count: int, score: Any, minimum: float = 0.0) -> dict[str, float | None]:
    """Mean of a score over all pairs of folds, with a 95 % jackknife interval over folds (Efron & Stein 1981).

    Pairs share folds and cannot be resampled individually. None if undefined (one fold; the interval: two folds).

    Parameters
    ----------
    fold_count : number of folds.
    score : function of two fold numbers.
    minimum : lowest possible value of the score.
    """
    scores = np.full((fold_count, fold_count), np.nan)
    for i, j in combinations(range(fold_count), 2):
        scores[i, j] = score(i, j)

    def average(selected: np.ndarray) -> float:
        pair_scores = scores[np.ix_(selected, selected)]
        return float(np.nanmean(pair_scores)) if np.isfinite(pair_scores).any() else np.nan

    folds = np.arange(fold_count)
    value = average(folds)
    leave_one_out = np.array([average(np.delete(folds, i)) for i in folds]) if fold_count > 2 else np.array([np.nan])
    error = (
        np.sqrt((fold_count - 1) / fold_count * ((leave_one_out - leave_one_out.mean()) ** 2).sum())
        if np.isfinite(leave_one_out).all()
        else np.nan
    )
    low, high = np.clip([value - 1.96 * error, value + 1.96 * error], minimum, 1)
    return {name: float(v) if np.isfinite(v) else None for name, v in (("value", value), ("low", low), ("high", high))}


def measure_agreement(by_fold: np.ndarray, used: np.ndarray) -> dict[str, Any]:
    """Rank correlation of folds over shared features, and overlap (Jaccard) of their top features.

    Parameters
    ----------
    by_fold : (folds, features) mean |attribution|.
    used : (folds, features) bool.

    Returns
    -------
    folds, features, agreement. `random` is the expectation for random rankings of the features that each fold used.
    """
    fold_count = len(by_fold)
    importance = np.where(used, by_fold, 0)

    def rank_correlation(i: int, j: int) -> float:
        both = used[i] & used[j]
        return spearman(by_fold[i, both], by_fold[j, both])

    rows = [{"measure": "spearman", "random": 0.0} | mean_over_pairs(fold_count, rank_correlation, -1.0)]
    for count in (c for c in TOPS if c < used.sum(axis=1).min()):
        top_sets = [top_features(row, count) for row in importance]

        def top_overlap(i: int, j: int, top_sets: list[frozenset[int]] = top_sets) -> float:
            union = top_sets[i] | top_sets[j]
            return len(top_sets[i] & top_sets[j]) / len(union) if union else np.nan

        def chance_overlap(i: int, j: int, top_sets: list[frozenset[int]] = top_sets) -> float:
            return chance_jaccard(int((used[i] | used[j]).sum()), len(top_sets[i]), len(top_sets[j]))

        rows.append(
            {"measure": f"top{count}", "random": mean_over_pairs(fold_count, chance_overlap)["value"]}
            | mean_over_pairs(fold_count, top_overlap)
        )
    return {"folds": fold_count, "features": int(used.any(axis=0).sum()), "agreement": rows}


def build_table(by_fold: np.ndarray, used: np.ndarray, feature: list[str]) -> pd.DataFrame:
    """One row per feature that any fold used: mean |attribution|, mean rank, folds that used it, and in how many it is a top feature.

    Sorted by the number of folds with the feature in the top 50, then by importance. A fold that did not use a
    feature counts as importance 0 and last rank.
    """
    importance = np.where(used, by_fold, 0)
    order = np.argsort(np.argsort(-importance, axis=1, kind="stable"), axis=1) + 1
    columns = {"importance": importance.mean(axis=0), "mean_rank": order.mean(axis=0), "folds_used": used.sum(axis=0)}
    for count in TOPS:
        top_sets = [top_features(row, count) for row in importance]
        columns[f"top{count}"] = [sum(i in top_set for top_set in top_sets) for i in range(len(feature))]
    table = pd.DataFrame(columns, index=pd.Index(feature, name="feature"))[used.any(axis=0)]
    return table.sort_values([f"top{TOPS[-1]}", "importance"], ascending=False, kind="stable")


def collect_ranks(by_fold: np.ndarray, used: np.ndarray, feature: list[str], names: list[str]) -> dict[str, Any]:
    """Rank of each named feature in each fold (None if the fold did not use it), for the figure."""
    importance = np.where(used, by_fold, -1)
    order = np.argsort(np.argsort(-importance, axis=1, kind="stable"), axis=1) + 1
    columns = [feature.index(name) for name in names]
    ranks = [[int(order[f, c]) if used[f, c] else None for f in range(len(by_fold))] for c in columns]
    return {"names": names, "ranks": ranks}


def summary_records(task: str, report: dict[str, Any]) -> list[dict[str, Any]]:
    """Agreement of each method, for the summary."""
    descriptions = {"spearman": "rank correlation of feature importance between two folds, mean over pairs"}
    rows = []
    for method, result in report["methods"].items():
        for row in result["agreement"]:
            count = row["measure"].removeprefix("top")
            description = descriptions.get(
                row["measure"], f"overlap (Jaccard) of the {count} most important features of two folds, mean over pairs"
            )
            if row["random"]:
                description += f"; expected for random rankings: {row['random']:.2g}"
            rows.append(
                {"key": f"interpret.{task}.{method}.stability.{row['measure']}"}
                | {name: row[name] for name in ("value", "low", "high")}
                | {
                    "n": result["folds"],
                    "unit": "correlation" if row["measure"] == "spearman" else "fraction",
                    "description": description,
                }
            )
    return rows


def main(attributions: Path, described: Path, task: str, outputs: dict[str, Path]) -> None:
    """Write the agreement of folds for each method. outputs: table, stability, summary."""
    explained = results.read_attributions(attributions)
    feature_table = pd.read_csv(described, sep="\t", index_col="feature", dtype=str, keep_default_na=False)
    methods, tables = {}, []
    for method in explained.methods:
        by_fold, used = explained.by_fold[method], explained.used
        rows = build_table(by_fold, used, explained.feature)
        methods[method] = measure_agreement(by_fold, used) | collect_ranks(
            by_fold, used, explained.feature, list(rows.index[:SHOWN])
        )
        labels = feature_table.reindex(rows.index).fillna("")[["modality", "id", "symbol"]]
        tables.append(pd.concat([labels, rows], axis=1).assign(method=method))
    report = {"task": task, "folds": explained.folds, "methods": methods}
    outputs["stability"].write_text(json.dumps(report, indent=1) + "\n")
    pd.concat(tables).to_csv(outputs["table"], sep="\t", float_format="%.6g")
    outputs["summary"].write_text(json.dumps(summary_records(task, report), indent=1) + "\n")


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(
            job.input.attributions,
            job.input.features,
            job.wildcards.task,
            {name: getattr(job.output, name) for name in ("table", "stability", "summary")},
        )
