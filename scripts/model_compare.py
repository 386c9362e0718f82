"""Compare models of planted elements with the planted grammar itself: how near do they come to what can be learned?"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from readsight.dataset.outcome import Outcome
from readsight.evaluation.predictions import Part, Resamples, parts
from readsight.stats import metrics
from readsight.step import step
from readsight.wording import CONTROL

RESAMPLES = 1000


def ranked(part: Part, score: np.ndarray) -> np.ndarray:
    """AUROC of a score of the part's examples, within test folds, (resamples,)."""
    return metrics.by_fold(metrics.auroc, score, part.target.astype(float), part.fold, part.weights)


def compare(tables: dict[str, pd.DataFrame], planted: pd.Series, outcome: Outcome, seed: int) -> list[dict[str, Any]]:
    """A row for the optimum, and one a model: its AUROC less the optimum's, resampled together.

    tables: model → predictions. planted: name of an element → whether it acts (0 or 1). The label was measured
    with error, so that the planted activity itself ranks below 1: no model can rank better, but by luck.
    """
    rows = []
    drawn = Resamples.of(next(iter(tables.values())), RESAMPLES, seed)
    for model, table in tables.items():
        found = [(ranked(part, part.raw), ranked(part, acts(part, drawn, planted))) for part in parts(table, outcome, drawn)]
        own, best = (np.mean(side, axis=0) for side in zip(*found, strict=True))
        if not rows:
            rows.append({"model": "optimum", **metrics.interval(best), "n": len(drawn.names)})
        rows.append({"model": model, **metrics.interval(own - best), "n": len(drawn.names)})
    return rows


def acts(part: Part, drawn: Resamples, planted: pd.Series) -> np.ndarray:
    """Planted activity of a part's examples, (n,): parts stand in the order of the resampled names."""
    return planted.loc[drawn.names[: len(part.target)]].to_numpy(float)


def records(task: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Figures for the summary."""
    words = {"optimum": "AUROC of the planted grammar itself, of labels measured with error: what can be learned"}
    return [
        {"key": f"demo.{task}.{row['model']}" + ".gap" * (row["model"] != "optimum")}
        | {side: row[side] for side in ("value", "low", "high", "n")}
        | {
            "unit": "fraction",
            "description": words.get(row["model"], f"AUROC of {row['model']} less that of the planted grammar"),
        }
        for row in rows
    ]


def main(task: str, predictions: list[Path], abouts: list[Path], truth: Path, seed: int, table: Path, summary: Path) -> None:
    """Write the comparison as a table and as figures. truth: name, grammar, acts, sites, as the demo plants them."""
    tables: dict[str, list[pd.DataFrame]] = {}
    outcome = Outcome.of(json.loads(Path(abouts[0]).read_text())["outcome"])
    for own, about in zip(predictions, abouts, strict=True):
        tables.setdefault(json.loads(Path(about).read_text())["model"], []).append(pd.read_parquet(own))
    tables.pop(CONTROL, None)
    planted = pd.read_csv(truth, sep="\t", index_col="name")["acts"]
    sign = 1 if outcome.classes[1] == "active" else -1
    rows = compare({m: pd.concat(own) for m, own in tables.items()}, sign * planted, outcome, seed)
    pd.DataFrame(rows).to_csv(table, sep="\t", index=False)
    summary.write_text(json.dumps(records(task, rows), indent=1) + "\n")


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
