"""Attributions: exact where theory says so, and exams that a bad method fails."""

import json

import h5py
import numpy as np
import pytest

import calls
import interpret_attribute
from readsight import exams
from readsight.attributions import ATTRIBUTIONS
from readsight.attributions.problem import Problem
from readsight.errors import InputError
from readsight.models import forest, logistic, network


@pytest.fixture
def linear():
    draw = np.random.default_rng(1)
    arrays = {"weight": np.array([2.0, -1.0, 0.0, 0.5]), "bias": np.array([0.3])}
    return Problem(logistic, arrays, {}, draw.normal(size=(20, 4)), draw.normal(size=(200, 4)))


@pytest.mark.parametrize("method", list(ATTRIBUTIONS))
def test_on_a_linear_model_attribution_is_weight_times_distance(linear, method):
    found = ATTRIBUTIONS[method].attribute(linear, 1)
    if method == "shap":
        from readsight.attributions.shapley import reference

        start = reference(linear).mean(axis=0)
    else:
        start = linear.background.mean(axis=0)
    assert np.allclose(found, linear.arrays["weight"] * (linear.values - start), atol=1e-8)
    assert np.abs(ATTRIBUTIONS[method].gap(linear, found)).max() < 1e-8


@pytest.mark.parametrize("method", list(ATTRIBUTIONS))
def test_on_a_network_attributions_add_up_and_a_dead_feature_gets_none(method):
    about = {"features": 5, "hidden": [16, 8], "dropout": 0.1}
    arrays = network.redrawn({}, about, 3)
    arrays["0.weight"][:, 2] = 0
    draw = np.random.default_rng(2)
    problem = Problem(network, arrays, about, draw.normal(size=(15, 5)), draw.normal(size=(100, 5)))
    found = ATTRIBUTIONS[method].attribute(problem, 1)
    assert np.abs(ATTRIBUTIONS[method].gap(problem, found)).mean() < 1e-4
    assert np.abs(found[:, 2]).max() < 1e-10
    singly = np.concatenate(
        [
            ATTRIBUTIONS[method].attribute(Problem(network, arrays, about, problem.values[i : i + 1], problem.background), 1)
            for i in range(3)
        ]
    )
    assert method == "shap" or np.allclose(found[:3], singly, atol=1e-10), "neighbours in the batch do not matter"


def test_gradients_of_a_forest_are_refused():
    with pytest.raises(InputError, match="needs a model with gradients; use shap"):
        ATTRIBUTIONS["integrated_gradients"].attribute(Problem(forest, {}, {}, np.zeros((1, 2)), np.zeros((5, 2))), 1)


def test_similarity_is_spearmans():
    from scipy.stats import spearmanr

    draw = np.random.default_rng(5)
    one, other = draw.integers(0, 6, (10, 8)).astype(float), draw.normal(size=(10, 8))
    by_hand = np.mean([spearmanr(a, b).statistic for a, b in zip(one, other, strict=True)])
    assert exams.similarity(one, other) == pytest.approx(by_hand)
    assert exams.similarity(one, one) == pytest.approx(1)
    assert exams.similarity(one, np.zeros((10, 8))) == 0


def test_a_method_that_ignores_the_model_fails_its_exams():
    results = {row["exam"]: row for row in exams.judge(np.full(10, 0.4), 1.0, 0.9)}
    assert not any(row["passed"] for row in results.values())
    assert "untrained model gets like attributions" in results["weights drawn anew"]["reason"]
    good = exams.judge(np.zeros(10), 0.0, -0.1)
    assert all(row["passed"] for row in good)
    assert len(exams.judge(np.zeros(10), None, 0.0)) == 2, "a forest has no weights to draw"
    assert not exams.judge(np.array([np.nan]), 0.0, 0.0)[0]["passed"], "not a number is not a pass"


def test_chosen_examples_are_spread_over_folds_without_repeats():
    rows = interpret_attribute.chosen([50, 60, 40], 30, 1)
    assert sum(map(len, rows)) == 30
    assert all(len(set(r)) == len(r) and r.max() < size for r, size in zip(rows, (50, 60, 40), strict=True))
    assert sum(map(len, interpret_attribute.chosen([5, 5], 30, 1))) == 10


@pytest.mark.parametrize("model", ["network", "forest"])
def test_the_whole_step_finds_the_planted_features(tmp_path, model):
    files = calls.train(tmp_path, calls.fold(tmp_path, calls.assemble(tmp_path, calls=500, signal=2.5)), model)
    methods = ["integrated_gradients", "shap"] if model == "network" else ["shap"]
    outputs = {"attributions": tmp_path / "a.h5", "exams": tmp_path / "e.json", "summary": tmp_path / "e.summary.json"}
    spec = {"attributions": methods, "explained": 60, "bootstrap": 100}
    interpret_attribute.main(files, "call_quality", spec, 1, 1, outputs)
    found = json.loads(outputs["exams"].read_text())
    for method in methods:
        top = [row["feature"] for row in found["methods"][method]["importance"][:2]]
        assert set(top) == {"QUAL", "MQ"}, "the features that false calls were planted in"
        assert found["methods"][method]["exams"][0]["passed"]
    keys = {r["key"] for r in json.loads(outputs["summary"].read_text())}
    assert {"interpret.call_quality.shap.completeness_error", "interpret.call_quality.shap.randomisation_similarity"} <= keys
    with h5py.File(outputs["attributions"]) as handle:
        assert handle["shap/attributions"].shape == handle["values"].shape == (60, len(handle["feature"]))
        assert handle.attrs["unit"] == "logit"
