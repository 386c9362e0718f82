"""Tables that describe explained examples (class, prediction, batch) and features (modality, symbol, description)."""

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
NO_LABEL = "none of them"


def describe_features(data: anndata.AnnData) -> pd.DataFrame:
    """One row per measured feature: modality, id (without its modality), symbol and description, "" if unknown."""
    var = data.var
    blank = pd.Series("", index=var.index)
    symbol = next((_to_text(var[name]) for name in SYMBOLS if name in var), blank)
    return pd.DataFrame(
        {
            "modality": _to_text(var["modality"]) if "modality" in var else blank,
            "id": _to_text(var["feature"]) if "feature" in var else pd.Series(var.index, index=var.index),
            "symbol": symbol,
            "description": _to_text(var["description"]) if "description" in var else blank,
        }
    ).rename_axis("feature")


def _to_text(column: pd.Series) -> pd.Series:
    return column.astype(object).where(column.notna(), "").astype(str)


def describe_predictions(outcome: Outcome, table: pd.DataFrame, predictions: np.ndarray) -> dict[str, Any]:
    """Columns with the true and the predicted outcome and the confidence of the prediction.

    Parameters
    ----------
    predictions : shaped as described in `readsight.dataset.outcome`.

    Returns
    -------
    truth, guess: names of classes (several labels: all that apply; survival: follow-up time and log hazard).
    chance: probability of the predicted class. own: probability of the true class (survival: log hazard).
    right: whether both agree. order: sort key of samples within a class.
    """
    target, names = outcome.read_target(table), np.array(outcome.classes)
    if outcome.kind == "survival":
        truth = [f"{time:g}{'' if event else '+'}" for time, event in target]
        return {
            "truth": truth,
            "guess": [f"{g:.2f}" for g in predictions],
            "chance": np.nan,
            "own": predictions,
            "right": True,
            "order": predictions,
        }
    if outcome.kind == "multilabel":
        best = (predictions >= 0.5).astype(int)
        truth_probability = np.where(target == 1, predictions, 1 - predictions).mean(axis=1)
        guess_probability = np.maximum(predictions, 1 - predictions).min(axis=1)
        label_text = [[" + ".join(names[row == 1]) or NO_LABEL for row in rows] for rows in (target, best)]
        return {
            "truth": label_text[0],
            "guess": label_text[1],
            "chance": guess_probability,
            "own": truth_probability,
            "right": (best == target).all(axis=1),
            "order": truth_probability,
        }
    probabilities = np.column_stack([1 - predictions, predictions]) if predictions.ndim == 1 else predictions
    best, rows = probabilities.argmax(axis=1), np.arange(len(probabilities))
    truth_probability = probabilities[rows, target]
    order = predictions if predictions.ndim == 1 else truth_probability
    return {
        "truth": names[target],
        "guess": names[best],
        "chance": probabilities[rows, best],
        "own": truth_probability,
        "right": best == target,
        "order": order,
    }


def describe_examples(
    attributions: results.FeatureAttributions, data: anndata.AnnData, predictions: pd.DataFrame
) -> pd.DataFrame:
    """One row per explained example, in the order of the attributions: example, group, fold, batch, and `describe_predictions`."""
    outcome = examples.read_outcome(data)
    table = predictions[predictions["repeat"] == 0] if "repeat" in predictions else predictions
    table = table.assign(example=table["example"].astype(str)).drop_duplicates(["example", "fold"]).set_index(["example", "fold"])
    table = table.loc[list(zip(attributions.example, attributions.fold, strict=True))]
    batch = data.obs["batch"].reindex(attributions.example) if "batch" in data.obs else pd.Series("", index=attributions.example)
    columns = {
        "example": attributions.example,
        "group": attributions.group,
        "fold": attributions.fold,
        "batch": _to_text(batch).to_numpy(),
    }
    return pd.DataFrame(columns | describe_predictions(outcome, table, outcome.read_predictions(table, "calibrated")))


def main(attributions: Path, data: Path, predictions: Path, out_cases: Path, out_features: Path) -> None:
    dataset = examples.read(data)
    describe_examples(results.read_attributions(attributions), dataset, pd.read_parquet(predictions)).to_parquet(out_cases)
    describe_features(dataset).to_csv(out_features, sep="\t")


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(job.input.attributions, job.input.examples, job.input.predictions, job.output.cases, job.output.features)
