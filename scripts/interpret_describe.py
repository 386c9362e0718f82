"""Gather what explained examples and features are: class, prediction, batch; modality, symbol, description."""

from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pandas as pd

from readsight.dataset import examples
from readsight.dataset.outcome import Outcome
from readsight.interpret.tabular_attribution import results
from readsight.step import step

SYMBOLS = ("symbol", "gene_name")
NONE = "none of them"


def features(data: anndata.AnnData) -> pd.DataFrame:
    """A row a measured feature: modality, id (without its modality), symbol and description, "" where not known."""
    var = data.var
    blank = pd.Series("", index=var.index)
    symbol = next((_text(var[name]) for name in SYMBOLS if name in var), blank)
    return pd.DataFrame(
        {
            "modality": _text(var["modality"]) if "modality" in var else blank,
            "id": _text(var["feature"]) if "feature" in var else pd.Series(var.index, index=var.index),
            "symbol": symbol,
            "description": _text(var["description"]) if "description" in var else blank,
        }
    ).rename_axis("feature")


def _text(column: pd.Series) -> pd.Series:
    return column.astype(object).where(column.notna(), "").astype(str)


def told(outcome: Outcome, table: pd.DataFrame, guess: np.ndarray) -> dict[str, Any]:
    """Columns of what is true, what was predicted, and how sure of it the model was.

    truth, guess: names of classes (of several labels: all that hold; of survival: the follow-up and the log hazard).
    chance: of the guess; own: of the truth (survival: the log hazard); right: whether they agree; order: what samples of a class are sorted by.
    """
    target, names = outcome.target(table), np.array(outcome.classes)
    if outcome.kind == "survival":
        truth = [f"{time:g}{'' if event else '+'}" for time, event in target]
        return {
            "truth": truth,
            "guess": [f"{g:.2f}" for g in guess],
            "chance": np.nan,
            "own": guess,
            "right": True,
            "order": guess,
        }
    if outcome.kind == "multilabel":
        best = (guess >= 0.5).astype(int)
        own = np.where(target == 1, guess, 1 - guess).mean(axis=1)
        chance = np.maximum(guess, 1 - guess).min(axis=1)
        said = [[" + ".join(names[row == 1]) or NONE for row in rows] for rows in (target, best)]
        return {
            "truth": said[0],
            "guess": said[1],
            "chance": chance,
            "own": own,
            "right": (best == target).all(axis=1),
            "order": own,
        }
    whole = np.column_stack([1 - guess, guess]) if guess.ndim == 1 else guess
    best, rows = whole.argmax(axis=1), np.arange(len(whole))
    own = whole[rows, target]
    order = guess if guess.ndim == 1 else own
    return {
        "truth": names[target],
        "guess": names[best],
        "chance": whole[rows, best],
        "own": own,
        "right": best == target,
        "order": order,
    }


def cases(found: results.Attributed, data: anndata.AnnData, predictions: pd.DataFrame) -> pd.DataFrame:
    """A row an explained example, in the order of the attributions: example, group, fold, batch, and what `told` tells."""
    outcome = examples.outcome(data)
    table = predictions[predictions["repeat"] == 0] if "repeat" in predictions else predictions
    table = table.assign(example=table["example"].astype(str)).drop_duplicates(["example", "fold"]).set_index(["example", "fold"])
    table = table.loc[list(zip(found.example, found.fold, strict=True))]
    batch = data.obs["batch"].reindex(found.example) if "batch" in data.obs else pd.Series("", index=found.example)
    about = {"example": found.example, "group": found.group, "fold": found.fold, "batch": _text(batch).to_numpy()}
    return pd.DataFrame(about | told(outcome, table, outcome.guess(table, "calibrated")))


def main(attributions: Path, data: Path, predictions: Path, out_cases: Path, out_features: Path) -> None:
    read = examples.read(data)
    cases(results.read(attributions), read, pd.read_parquet(predictions)).to_parquet(out_cases)
    features(read).to_csv(out_features, sep="\t")


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(job.input.attributions, job.input.examples, job.input.predictions, job.output.cases, job.output.features)
