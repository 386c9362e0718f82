"""Figures of dataset and model: drawn from what was found."""

import json

import pytest

import dataset_plot
import model_plot


@pytest.fixture
def evaluation():
    cell = {"value": 0.8, "low": 0.7, "high": 0.9}
    bare = {"value": 0.8, "low": None, "high": None}
    names = ("auroc", "auprc", "brier", "ece", "ece_raw")
    curve = {"grid": [0, 0.5, 1], "recall_at_fpr": [0, 0.9, 1], "precision_at_recall": [1, 0.9, 0.2]}
    bins = [{"predicted": 0.1, "observed": 0.2, "low": 0.1, "high": 0.3, "n": 5}]
    bins.append({"predicted": 0.6, "observed": 0.7, "low": None, "high": None, "n": 1})
    return {
        "facts": {"rare": "false call", "base_rate": 0.2, "feature": "QUAL"},
        "verdict": "Words. " * 40,
        "metrics": {
            "network": dict.fromkeys(names, cell),
            "single_feature": dict.fromkeys(names, bare),
            "base_rate": {"brier": cell},
            "shuffled_labels": {"auroc": cell},
        },
        "curves": {"network": curve, "single_feature": curve},
        "reliability": {m: {"raw": bins, "calibrated": bins} for m in ("network", "single_feature")},
        "learning": {},
    }


@pytest.mark.parametrize("epochs", [False, True])
def test_figures_of_models(tmp_path, evaluation, epochs):
    if epochs:
        evaluation["learning"] = {"network": [[{"epoch": 0, "train": 0.7, "validation": 0.6}]]}
    (tmp_path / "e.json").write_text(json.dumps(evaluation))
    outputs = {name: tmp_path / f"{name}.svg" for name in ("performance", "curves", "calibration", "learning")}
    model_plot.main(tmp_path / "e.json", outputs)
    assert all("<svg" in path.read_text() for path in outputs.values())


def test_figure_of_a_split_without_coordinates(tmp_path):
    leaks = {"same_group": 0.0, "same_features": 0.1}
    found = {
        "classes": {"0": 3, "1": 7},
        "class_names": ["false call", "true call"],
        "groups": {"count": 2, "sizes": [6, 4]},
        "leakage": {"random": leaks, "split": leaks},
        "folds": [{"repeat": 0, "fold": 0, "role": "test", "classes": {"0": 1, "1": 2}}],
    }
    (tmp_path / "c.json").write_text(json.dumps(found))
    dataset_plot.main(tmp_path / "c.json", tmp_path / "c.svg")
    assert "<svg" in (tmp_path / "c.svg").read_text()
