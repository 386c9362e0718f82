"""Scores on strata of the test sequences: GC content, repeats, chromosome."""

from typing import Any

import numpy as np
import pandas as pd

from readsight.dataset.outcome import Outcome
from readsight.evaluation.example_annotations import ExampleAnnotations
from readsight.evaluation.plan import EvaluationPlan
from readsight.evaluation.predictions import Resamples, split_by_repeat
from readsight.evaluation.scores import score_metric

MIN_EXAMPLES = 20  # smallest number of examples of each class for a chromosome to be a stratum
MOSTLY_REPEATS = 0.5  # repeat fraction of the highest stratum


def score_strata(
    tables: dict[str, pd.DataFrame], plan: EvaluationPlan, annotations: ExampleAnnotations | None, positive_class: int
) -> dict[str, Any] | None:
    """The primary metric of each model on each stratum, with interval; None without annotations.

    tables: model → headline predictions. Rows: by (gc, repeat, chromosome), name, examples, groups, models: model → cell.
    """
    unique_examples = next(iter(tables.values())).drop_duplicates("example")
    examples = unique_examples["example"].to_numpy(str)
    if annotations is None:
        return None
    masks = [
        *group_by_gc(annotations.get_column(examples, "gc")),
        *group_by_repeats(annotations.get_column(examples, "repeat")),
        *group_by_chromosome(annotations.get_column(examples, "chrom"), unique_examples, plan.outcome),
    ]
    rows = [_score_stratum(by, name, examples[members], tables, plan, positive_class) for by, name, members in masks]
    return {"metric": plan.primary, "rows": rows} if rows else None


Mask = tuple[str, str, np.ndarray]


def group_by_gc(gc: np.ndarray | None) -> list[Mask]:
    """Thirds of the examples by GC content; equal values are in the same third."""
    if gc is None or not np.isfinite(gc := gc.astype(float)).any():
        return []
    edges = np.quantile(gc[np.isfinite(gc)], [1 / 3, 2 / 3])
    third = np.where(np.isfinite(gc), np.searchsorted(edges, gc, side="left"), -1)
    thirds = [("gc", third == number) for number in range(3)]
    return [(by, f"{gc[members].min():.2f} to {gc[members].max():.2f}", members) for by, members in thirds if members.any()]


def group_by_repeats(repeat: np.ndarray | None) -> list[Mask]:
    """Examples without, with some, and with mostly repeats; unknown ones are omitted."""
    if repeat is None or not np.isfinite(repeat := repeat.astype(float)).any():
        return []
    kinds = {
        "none": repeat == 0,
        "some": (repeat > 0) & (repeat < MOSTLY_REPEATS),
        f"{MOSTLY_REPEATS:.0%} or more": repeat >= MOSTLY_REPEATS,
    }
    return [("repeat", name, members) for name, members in kinds.items() if members.any()]


def group_by_chromosome(chrom: np.ndarray | None, examples: pd.DataFrame, outcome: Outcome) -> list[Mask]:
    """Chromosomes with enough examples (for classes: of each class)."""
    if chrom is None:
        return []
    chrom = chrom.astype(str)
    label = examples["label"].to_numpy(int) if outcome.kind in ("binary", "multiclass") else np.zeros(len(examples), int)
    masks = []
    for name in sorted(set(chrom) - {""}, key=lambda c: (len(c), c)):
        members = chrom == name
        if all((members & (label == c)).sum() >= MIN_EXAMPLES for c in np.unique(label)):
            masks.append(("chromosome", name, members))
    return masks


def _score_stratum(
    by: str, name: str, examples: np.ndarray, tables: dict[str, pd.DataFrame], plan: EvaluationPlan, positive_class: int
) -> dict[str, Any]:
    stratum_tables = {model: table[table["example"].isin(examples)] for model, table in tables.items()}
    first_table = next(iter(stratum_tables.values()))
    resamples = Resamples.from_table(first_table, plan.resamples, plan.seed)
    cells = {
        m: score_metric(split_by_repeat(table, plan.outcome, resamples, positive_class), plan.primary)
        for m, table in stratum_tables.items()
    }
    return {"by": by, "name": name, "examples": len(examples), "groups": int(first_table["group"].nunique()), "models": cells}
