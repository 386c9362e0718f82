"""Figures of dataset, model and interpret: drawn from what was found, and a failed method says so."""

import json

import h5py
import numpy as np
import pytest

import dataset_plot
import interpret_plot
import model_plot

EXAMS = [{"exam": "completeness", "value": 0.5, "limit": 0.01, "passed": False, "reason": "the attributions do not add up"}]


def test_a_failed_method_is_marked_in_its_title():
    assert interpret_plot.title("shap", {"exams": EXAMS}) == "SHAP: FAILED completeness"
    assert interpret_plot.title("shap", {"exams": [EXAMS[0] | {"passed": True}]}) == "SHAP (all exams passed)"


def test_points_are_spread_within_their_row():
    x = np.r_[np.zeros(50), np.linspace(0, 1, 20)]
    shift = interpret_plot.spread(x)
    assert np.abs(shift).max() <= 0.4
    assert len(set(shift[:50])) == 50, "equal points do not hide each other"
    assert len(interpret_plot.spread(np.ones(4))) == 4


def test_figures_of_attributions(tmp_path):
    names = [f"f{i}" for i in range(20)]
    rows = [{"feature": n, "value": 1.0, "low": 0.5 if i else None, "high": 1.5 if i else None} for i, n in enumerate(names)]
    found = {
        "descriptions": {"f0": "a long description " * 9},
        "towards": "true call",
        "methods": {"shap": {"exams": EXAMS, "passed": False, "importance": rows}},
    }
    (tmp_path / "e.json").write_text(json.dumps(found))
    with h5py.File(tmp_path / "a.h5", "w") as handle:
        handle["shap/attributions"] = np.random.default_rng(1).normal(size=(30, 20))
        handle["values"] = np.zeros((30, 20))
        handle["feature"] = np.array(names, dtype="S")
    outputs = {name: tmp_path / f"{name}.svg" for name in ("importance", "beeswarm", "exams")}
    interpret_plot.main(tmp_path / "a.h5", tmp_path / "e.json", outputs)
    assert all(path.read_text().count("<path") > 10 for path in outputs.values())


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
