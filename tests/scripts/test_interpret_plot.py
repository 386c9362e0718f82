"""Figures of feature attributions agree with the data for two classes, several classes, labels and hazards."""

import json

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest

import interpret_describe
import interpret_plot
import interpret_plot_examples
import interpret_plot_samples
import interpret_plot_stability
import interpret_stability
from readsight.dataset.outcome import Outcome
from readsight.interpret.tabular_attribution import results

EXAMS = [{"exam": "completeness", "value": 0.5, "limit": 0.01, "passed": False, "reason": "the attributions do not add up"}]
KINDS = {
    "binary": ("ALL", "AML"),
    "multiclass": ("Basal", "Her2", "LumA"),
    "multilabel": ("a", "b"),
    "survival": ("time", "event"),
}
N, F = 40, 25


def draw_predictions(kind: str, rng: np.random.Generator) -> np.ndarray:
    shape = {"binary": N, "survival": N, "multiclass": (N, 3), "multilabel": (N, 2)}[kind]
    values = rng.random(shape)
    return values / values.sum(axis=1, keepdims=True) if kind == "multiclass" else values


@pytest.fixture(params=KINDS)
def task_folder(request, tmp_path):
    """A folder with the output of `interpret_attribute_features` and `interpret_describe`."""
    kind, rng = request.param, np.random.default_rng(1)
    outcome, predictions = Outcome(kind, KINDS[kind]), draw_predictions(kind, rng)
    features = [
        f"mrna:ENSG{i:011d}" if i < 20 else f"protein:a-very-long-name-of-a-phosphorylated-protein-{i}-pS4" for i in range(F)
    ]
    with h5py.File(tmp_path / "a.h5", "w") as handle:
        shape = (N, F) if outcome.output_count == 1 else (N, F, outcome.output_count)
        for method in ("integrated_gradients", "shap"):
            handle[f"{method}/attributions"] = rng.normal(size=shape)
            handle[f"{method}/by_fold"] = rng.random((4, F))
        handle["values"] = np.where(rng.random((N, F)) < 0.1, np.nan, rng.normal(size=(N, F)))
        handle["fold"] = np.arange(N) % 4
        handle["fold_repeat"], handle["fold_number"], handle["used"] = np.zeros(4, int), np.arange(4), np.ones((4, F), bool)
        names = [f"s{i}" for i in range(N)]
        for name, values in (("example", names), ("group", names), ("feature", features), ("modality", ["m"] * F)):
            handle[name] = np.array(values, dtype="S")
        handle.attrs["classes"] = list(outcome.classes)
        handle.attrs["unit"] = "log hazard" if kind == "survival" else "logit"
    rows = [{"feature": f, "value": 1.0, "low": None, "high": 1.5} for f in features]
    methods = {name: {"exams": EXAMS, "passed": False, "importance": rows} for name in ("integrated_gradients", "shap")}
    (tmp_path / "e.json").write_text(json.dumps({"methods": methods}))
    target = {name: rng.integers(0, 2, N) for name in outcome.columns}
    table = pd.DataFrame(target | outcome.prediction_columns("calibrated", predictions))
    table = table.assign(example=[f"s{i}" for i in range(N)], fold=np.arange(N) % 4, repeat=0)
    obs = pd.DataFrame({"batch": ["x", "y"] * (N // 2)}, index=[f"s{i}" for i in range(N)])
    var = pd.DataFrame(
        {"modality": [f.split(":")[0] for f in features], "feature": [f.split(":")[1] for f in features]}, index=features
    )
    var["gene_name"] = [f"GENE{i}" if i < 20 else None for i in range(F)]
    data = anndata.AnnData(np.zeros((N, F)), obs=obs, var=var, uns={"outcome": outcome.to_dict()})
    data.write_h5ad(tmp_path / "x.h5ad")
    table.to_parquet(tmp_path / "p.parquet")
    paths = [tmp_path / name for name in ("x.h5ad", "p.parquet", "cases.parquet", "f.tsv")]
    interpret_describe.main(tmp_path / "a.h5", *paths)
    return kind, tmp_path


def test_all_figures_show_failed_methods(task_folder, monkeypatch):
    kind, folder = task_folder
    titles = []
    monkeypatch.setattr(results, "method_title", lambda *given: titles.append(given) or "FAILED")
    for module in (interpret_plot, interpret_plot_samples, interpret_plot_examples, interpret_plot_stability):
        monkeypatch.setattr(module, "method_title", results.method_title)
    a, e, c, f = (folder / name for name in ("a.h5", "e.json", "cases.parquet", "f.tsv"))
    outputs = {name: folder / f"{name}.svg" for name in ("importance", "beeswarm", "exams")}
    interpret_plot.main(a, e, f, outputs)
    assert len(titles) == 4, "two figures, two methods"
    interpret_plot_samples.main(a, e, c, f, folder / "heatmap.svg")
    interpret_plot_examples.main(a, e, c, f, folder / "waterfall.svg")
    tables = {name: folder / name for name in ("table", "stability", "summary")}
    interpret_stability.main(a, f, "t", tables)
    interpret_plot_stability.main(tables["stability"], e, f, folder / "stability.svg")
    assert len(titles) == 8
    names = ("importance", "beeswarm", "exams", "heatmap", "waterfall", "stability")
    assert all((folder / f"{name}.svg").read_text().count("<path") > 10 for name in names)


def test_example_table_matches_predictions(task_folder):
    kind, folder = task_folder
    cases = pd.read_parquet(folder / "cases.parquet")
    table = pd.read_parquet(folder / "p.parquet")
    assert list(cases["example"]) == list(table["example"]) and set(cases["batch"]) == {"x", "y"}
    if kind == "binary":
        is_right = (table["calibrated"] > 0.5) == (table["label"] == 1)
        assert (cases["right"] == is_right).all() and (cases["order"] == table["calibrated"]).all()
        assert ((cases["own"] > 0.5) == is_right).all() and (cases["chance"] >= 0.5).all()
    if kind == "survival":
        assert (cases["order"] == table["calibrated"]).all() and cases["truth"].str.endswith("+").sum() == (
            table["event"] == 0
        ).sum()


def test_feature_labels_use_symbol_and_modality(task_folder):
    _, folder = task_folder
    labels = results.read_labels(folder / "f.tsv")
    assert labels["mrna:ENSG00000000003"] == "GENE3  ENSG00000000003 (mrna)"
    assert max(map(len, labels.values())) <= 44
    assert labels["protein:a-very-long-name-of-a-phosphorylated-protein-24-pS4"].endswith("24-pS4 (protein)")


def test_reader_names_the_outputs(task_folder):
    kind, folder = task_folder
    attributions = results.read_attributions(folder / "a.h5")
    expected = {"binary": ["AML"], "survival": [""]}.get(kind, list(KINDS[kind]))
    assert attributions.outputs == expected and attributions.attributions["shap"].shape == (N, F, len(expected))
    assert attributions.folds == ["0", "1", "2", "3"]


def test_new_splits_are_named_after_the_given_one():
    assert results._fold_names(np.array([0, 1, 1]), np.array([0, 0, 1])) == ["given", "new 0", "new 1"]


def test_samples_are_sorted_by_class_and_probability():
    cases = pd.DataFrame({"truth": ["b", "a", "a"], "order": [0.1, 0.9, 0.2]}, index=[9, 9, 9])
    assert interpret_plot_samples.sort_samples(cases, survival=False) == [2, 1, 0]
    assert interpret_plot_samples.sort_samples(cases, survival=True) == [0, 2, 1]


def test_class_and_prediction_share_colours_distinct_from_batches():
    palette = interpret_plot_samples.build_palette([("class", ["a", "b"]), ("predicted", ["b", "c"]), ("batch", ["a", "x"])])
    assert list(palette["class"]) == ["a", "b", "c"] and not set(palette["class"].values()) & set(palette["batch"].values())


def test_shown_examples_are_distinct_extremes():
    cases = pd.DataFrame({"right": [True, True, False, True], "chance": [0.9, 0.6, 0.8, 0.55], "own": [0.9, 0.6, 0.2, 0.55]})
    assert interpret_plot_examples.select_examples(cases, False) == [
        ("most certain correct prediction", 0),
        ("most wrong prediction", 2),
        ("least certain prediction", 3),
    ]
    assert interpret_plot_examples.select_examples(cases[:1], False) == [("most certain correct prediction", 0)]


def test_passing_method_is_preferred():
    assert results.choose_method({"a": {"passed": False}, "b": {"passed": True}}) == "b"
    assert results.choose_method({"a": {"passed": False}, "b": {"passed": False}}) == "a"


def test_title_names_failed_exams():
    assert results.method_title("shap", {"exams": EXAMS}) == "SHAP: FAILED completeness"
    assert results.method_title("shap", {"exams": [EXAMS[0] | {"passed": True}]}) == "SHAP (all exams passed)"


def test_points_are_spread_within_their_row():
    x = np.r_[np.zeros(50), np.linspace(0, 1, 20)]
    shift = interpret_plot.spread_points(x)
    assert np.abs(shift).max() <= 0.4
    assert len(set(shift[:50])) == 50, "equal points do not overlap"
    assert len(interpret_plot.spread_points(np.ones(4))) == 4 and len(interpret_plot.spread_points(np.ones(0))) == 0
