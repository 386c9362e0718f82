"""Scores on parts of the test sequences: by GC, by repeats, by chromosome. A model may live on one of them."""

from typing import Any

import numpy as np
import pandas as pd

from readsight.dataset.outcome import Outcome
from readsight.evaluation.example_annotations import Known
from readsight.evaluation.plan import Plan
from readsight.evaluation.predictions import Resamples, parts
from readsight.evaluation.scores import scored_by

LEAST = 20  # examples of each class that a chromosome is told apart with
MOST = 0.5  # of a window's bases that are repeats


def strata(tables: dict[str, pd.DataFrame], plan: Plan, known: Known | None, sought: int) -> dict[str, Any] | None:
    """The primary metric of each model on each stratum, with its interval; None where nothing is known of the examples.

    tables: model → predictions that the headline is told of. Rows: by (gc, repeat, chromosome), name, examples, groups,
    models: model → cell.
    """
    once = next(iter(tables.values())).drop_duplicates("example")
    examples = once["example"].to_numpy(str)
    if known is None:
        return None
    masks = [
        *of_gc(known.of(examples, "gc")),
        *of_repeats(known.of(examples, "repeat")),
        *of_chromosomes(known.of(examples, "chrom"), once, plan.outcome),
    ]
    rows = [_row(by, name, examples[at], tables, plan, sought) for by, name, at in masks]
    return {"metric": plan.primary, "rows": rows} if rows else None


Mask = tuple[str, str, np.ndarray]


def of_gc(gc: np.ndarray | None) -> list[Mask]:
    """Thirds of the examples by their GC, those of equal GC in one."""
    if gc is None or not np.isfinite(gc := gc.astype(float)).any():
        return []
    edges = np.quantile(gc[np.isfinite(gc)], [1 / 3, 2 / 3])
    third = np.where(np.isfinite(gc), np.searchsorted(edges, gc, side="left"), -1)
    found = [("gc", third == place) for place in range(3)]
    return [(by, f"{gc[at].min():.2f} to {gc[at].max():.2f}", at) for by, at in found if at.any()]


def of_repeats(repeat: np.ndarray | None) -> list[Mask]:
    """Examples without repeats, with some, and those that are mostly repeats; those of which it is not known are left out."""
    if repeat is None or not np.isfinite(repeat := repeat.astype(float)).any():
        return []
    kinds = {"none": repeat == 0, "some": (repeat > 0) & (repeat < MOST), f"{MOST:.0%} or more": repeat >= MOST}
    return [("repeat", name, at) for name, at in kinds.items() if at.any()]


def of_chromosomes(chrom: np.ndarray | None, once: pd.DataFrame, outcome: Outcome) -> list[Mask]:
    """Chromosomes that have enough examples, of two or more classes enough of each."""
    if chrom is None:
        return []
    chrom = chrom.astype(str)
    label = once["label"].to_numpy(int) if outcome.kind in ("binary", "multiclass") else np.zeros(len(once), int)
    found = []
    for name in sorted(set(chrom) - {""}, key=lambda c: (len(c), c)):
        at = chrom == name
        if all((at & (label == c)).sum() >= LEAST for c in np.unique(label)):
            found.append(("chromosome", name, at))
    return found


def _row(by: str, name: str, examples: np.ndarray, tables: dict[str, pd.DataFrame], plan: Plan, sought: int) -> dict[str, Any]:
    kept = {model: table[table["example"].isin(examples)] for model, table in tables.items()}
    rest = next(iter(kept.values()))
    drawn = Resamples.of(rest, plan.resamples, plan.seed)
    cells = {m: scored_by(parts(table, plan.outcome, drawn, sought), plan.primary) for m, table in kept.items()}
    return {"by": by, "name": name, "examples": len(examples), "groups": int(rest["group"].nunique()), "models": cells}
