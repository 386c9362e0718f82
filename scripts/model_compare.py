"""Compare models of planted elements with the planted grammar, the best score that any model can reach."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from readsight.dataset.outcome import Outcome
from readsight.evaluation.predictions import PredictionSubset, Resamples, split_by_repeat
from readsight.stats import metrics
from readsight.step import step
from readsight.wording import CONTROL

RESAMPLES = 1000


def compute_auroc(subset: PredictionSubset, score: np.ndarray) -> np.ndarray:
    """AUROC of a score of the subset's examples, computed within test folds, (resamples,)."""
    return metrics.average_by_fold(metrics.auroc, score, subset.target.astype(float), subset.fold, subset.weights)


def compare_with_optimum(
    tables: dict[str, pd.DataFrame], planted: pd.Series, outcome: Outcome, seed: int
) -> list[dict[str, Any]]:
    """One row for the optimum, and one per model: its AUROC minus the optimum's, over shared resamples.

    Parameters
    ----------
    tables : model → predictions.
    planted : element name → planted activity (0 or 1).

    Notes
    -----
    Labels are measured with error, so the planted activity itself has an AUROC below 1. A model exceeds it only by chance.
    """
    rows = []
    resamples = Resamples.from_table(next(iter(tables.values())), RESAMPLES, seed)
    for model, table in tables.items():
        pairs = [
            (compute_auroc(subset, subset.raw), compute_auroc(subset, get_planted_activity(subset, resamples, planted)))
            for subset in split_by_repeat(table, outcome, resamples)
        ]
        model_auroc, optimum_auroc = (np.mean(values, axis=0) for values in zip(*pairs, strict=True))
        if not rows:
            rows.append({"model": "optimum", **metrics.resample_interval(optimum_auroc), "n": len(resamples.names)})
        rows.append({"model": model, **metrics.resample_interval(model_auroc - optimum_auroc), "n": len(resamples.names)})
    return rows


def get_planted_activity(subset: PredictionSubset, resamples: Resamples, planted: pd.Series) -> np.ndarray:
    """Planted activity of the subset's examples, (n,), in the order of the resampled names."""
    return planted.loc[resamples.names[: len(subset.target)]].to_numpy(float)


def summary_records(task: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Records for the summary."""
    descriptions = {"optimum": "AUROC of the planted grammar itself, for labels measured with error: the upper limit"}
    return [
        {"key": f"demo.{task}.{row['model']}" + ".gap" * (row["model"] != "optimum")}
        | {side: row[side] for side in ("value", "low", "high", "n")}
        | {
            "unit": "fraction",
            "description": descriptions.get(row["model"], f"AUROC of {row['model']} minus that of the planted grammar"),
        }
        for row in rows
    ]


def main(
    task: str, predictions: list[Path], descriptions: list[Path], truth: Path, seed: int, table: Path, summary: Path
) -> None:
    """Write the comparison as a table and as summary records. truth: name, grammar, acts, sites, as planted by the demo."""
    tables: dict[str, list[pd.DataFrame]] = {}
    outcome = Outcome.from_dict(json.loads(Path(descriptions[0]).read_text())["outcome"])
    for model_tables, description in zip(predictions, descriptions, strict=True):
        tables.setdefault(json.loads(Path(description).read_text())["model"], []).append(pd.read_parquet(model_tables))
    tables.pop(CONTROL, None)
    planted = pd.read_csv(truth, sep="\t", index_col="name")["acts"]
    sign = 1 if outcome.classes[1] == "active" else -1
    rows = compare_with_optimum({m: pd.concat(model_tables) for m, model_tables in tables.items()}, sign * planted, outcome, seed)
    pd.DataFrame(rows).to_csv(table, sep="\t", index=False)
    summary.write_text(json.dumps(summary_records(task, rows), indent=1) + "\n")


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(
            job.wildcards.task,
            list(job.input.predictions),
            list(job.input.abouts),
            job.input.truth,
            job.params.seed,
            job.output.table,
            job.output.summary,
        )
