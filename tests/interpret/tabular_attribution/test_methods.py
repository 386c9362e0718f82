"""Feature attributions: exact where theory is known, complete for every kind of outcome."""

from dataclasses import replace
from itertools import combinations
from math import factorial

import numpy as np
import pytest

import cohorts
from readsight.errors import InputError
from readsight.interpret.tabular_attribution import shapley, tree_shap
from readsight.interpret.tabular_attribution.integrated_gradients import compute_baseline
from readsight.interpret.tabular_attribution.problem import AttributionProblem
from readsight.interpret.tabular_attribution.registry import ATTRIBUTIONS
from readsight.models.tabular import attention_fusion, boosting, cnn, cox, elastic_net, forest, logistic, mlp

KINDS = list(cohorts.OUTCOMES)
DEEP = {"network": mlp, "cnn": cnn, "attention_fusion": attention_fusion}
each_method = pytest.mark.parametrize("method", list(ATTRIBUTIONS))
each_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture
def linear():
    rng = np.random.default_rng(1)
    arrays = {"weight": np.array([2.0, -1.0, 0.0, 0.5]), "bias": np.array([0.3])}
    return AttributionProblem(
        logistic, arrays, {"kind": "binary", "outputs": 1}, rng.normal(size=(20, 4)), rng.normal(size=(200, 4))
    )


def train_problem(member, kind, sizes, n=60, shown=8, **settings):
    """A problem with a model trained on a few samples."""
    train, test = cohorts.make_fold(kind, n, sizes), cohorts.make_fold(kind, shown, sizes, seed=2)
    fitted = member.train(train, None, settings, 1, 1)
    return AttributionProblem(member, fitted.arrays, fitted.description, test.values, train.values)


def shapley_by_subsets(function, values, reference):
    """Shapley values (features, outputs) of one example against one reference, by definition."""
    m = len(values)
    values_sum = np.zeros((m, np.atleast_1d(function(values)).size))
    for i in range(m):
        remaining = [j for j in range(m) if j != i]
        for size in range(m):
            for subset in combinations(remaining, size):
                without = np.where(np.isin(np.arange(m), subset), values, reference)
                with_feature = np.where(np.arange(m) == i, values, without)
                weight = factorial(size) * factorial(m - size - 1) / factorial(m)
                values_sum[i] += weight * (function(with_feature) - function(without))
    return values_sum


@each_method
def test_linear_model_gives_weight_times_distance_from_mean(linear, method):
    attributions = ATTRIBUTIONS[method].attribute(linear, 1)
    assert np.allclose(attributions, linear.arrays["weight"] * (linear.values - linear.background.mean(axis=0)), atol=1e-7)
    assert np.abs(ATTRIBUTIONS[method].compute_gap(linear, attributions)).max() < 1e-7


@each_method
def test_multiclass_logits_are_centred(method):
    problem = train_problem(elastic_net, "multiclass", {"a": 6}, **elastic_net.GRID[0])
    weight = problem.arrays["weight"]
    distance = problem.values - compute_baseline(problem)
    by_hand = distance[:, :, None] * (weight - weight.mean(axis=0)).T[None]
    assert np.allclose(ATTRIBUTIONS[method].attribute(problem, 1), by_hand, atol=1e-7)


@each_method
def test_hazard_is_attributed_as_log_hazard(method):
    problem = train_problem(cox, "survival", {"a": 6}, n=100, **getattr(cox, "GRID", [{}])[0])
    attributions = ATTRIBUTIONS[method].attribute(problem, 1)
    assert np.allclose(attributions, np.ravel(problem.arrays["weight"]) * (problem.values - compute_baseline(problem)), atol=1e-7)


@each_kind
@each_method
@pytest.mark.parametrize("model", list(DEEP))
def test_attributions_of_deep_models_add_up(model, method, kind):
    problem = train_problem(DEEP[model], kind, {"a": 50, "b": 30}, **cohorts.SETTINGS[model] | {"epochs": 5})
    attributions = ATTRIBUTIONS[method].attribute(problem, 1)
    shape = {"binary": (), "survival": (), "multiclass": (3,), "multilabel": (2,)}[kind]
    assert attributions.shape == (8, 80, *shape)
    assert np.abs(ATTRIBUTIONS[method].compute_gap(problem, attributions)).mean() < 0.01
    if kind == "multiclass":
        assert np.allclose(attributions.sum(axis=2), 0, atol=1e-10), "a common shift of all logits changes nothing"


@each_method
@pytest.mark.parametrize("width", [5, 80])
def test_unused_feature_gets_zero_and_batch_is_irrelevant(method, width):
    description = {"features": width, "hidden": [16, 8], "dropout": 0.1}
    arrays = mlp.randomise_weights({}, description, 3)
    arrays["0.weight"][:, 2] = 0
    rng = np.random.default_rng(2)
    problem = AttributionProblem(mlp, arrays, description, rng.normal(size=(15, width)), rng.normal(size=(100, width)))
    attributions = ATTRIBUTIONS[method].attribute(problem, 1)
    assert np.abs(attributions[:, 2]).max() < 1e-10
    assert np.abs(ATTRIBUTIONS[method].compute_gap(problem, attributions)).mean() < (0.01 if method == "shap" else 1e-4)
    single = np.concatenate([ATTRIBUTIONS[method].attribute(problem.select_rows(np.array([i])), 1) for i in range(3)])
    assert (method == "shap" and width == 5) or np.allclose(attributions[:3], single, atol=1e-10)


@each_method
def test_absent_modality_gets_zero(method):
    problem = train_problem(
        attention_fusion, "binary", {"a": 12, "b": 9}, **cohorts.SETTINGS["attention_fusion"] | {"epochs": 10}
    )
    problem.values[:4, 12:] = 0
    attributions = ATTRIBUTIONS[method].attribute(problem, 1)
    assert (attributions[:4, 12:] == 0).all() and (attributions[4:, 12:] != 0).all()
    assert np.abs(ATTRIBUTIONS[method].compute_gap(problem, attributions)).max() < 0.02
    single = ATTRIBUTIONS[method].attribute(problem.select_rows(np.arange(4)), 1)
    assert np.allclose(single, attributions[:4], atol=1e-10)


@pytest.mark.parametrize("member", [forest, boosting], ids=["forest", "boosting"])
@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_tree_attributions_add_up_and_unused_features_get_zero(member, kind):
    problem = train_problem(member, kind, {"a": 90}, trees=30, rounds=15)
    attributions = ATTRIBUTIONS["shap"].attribute(problem, 1)
    assert np.abs(ATTRIBUTIONS["shap"].compute_gap(problem, attributions)).max() < 1e-9
    inner = problem.arrays["left"] != np.arange(len(problem.arrays["left"]))
    idle = np.setdiff1d(np.arange(90), problem.arrays["feature"][inner])
    assert len(idle) and (attributions[:, idle] == 0).all()


def test_boosted_trees_match_shapley_definition():
    problem = train_problem(boosting, "multiclass", {"a": 6}, n=150, shown=3, rounds=10, features=1.0)
    background = problem.background[:2].astype(np.float64)

    def compute_logits(values):
        scores = boosting.compute_logits(problem.arrays, values[None].astype(np.float32))[0]
        return scores - scores.mean()

    attributions = tree_shap.attribute(problem, background)
    for row, values in enumerate(problem.values.astype(np.float64)):
        by_hand = np.mean([shapley_by_subsets(compute_logits, values, reference) for reference in background], axis=0)
        assert np.allclose(attributions[row], by_hand, atol=1e-9)


def test_forest_matches_shapley_definition_up_to_logit_stretch():
    problem = train_problem(forest, "binary", {"a": 6}, n=120, shown=3, trees=12)
    reference = problem.background[0].astype(np.float64)

    def predict_probability(values):
        return forest.predict(problem.arrays, problem.description, values[None].astype(np.float32))

    leaves = tree_shap.collect_leaves(problem.arrays)
    attributions = tree_shap.attribute_against(leaves, problem.values.astype(np.float64), reference)[:, :, 0]
    by_hand = np.array(
        [shapley_by_subsets(predict_probability, values, reference)[:, 0] for values in problem.values.astype(np.float64)]
    )
    assert np.allclose(attributions, by_hand, atol=1e-12)
    logits = tree_shap.attribute(problem, reference[None])
    stretched = logits / np.where(by_hand == 0, 1, by_hand)
    assert all(np.ptp(row[hand != 0]) < 1e-9 for row, hand in zip(stretched, by_hand, strict=True)), (
        "one scaling factor per example"
    )


def test_forest_matches_shap_package():
    import shap
    from sklearn.ensemble import RandomForestClassifier

    train, test = cohorts.make_fold("multiclass", 80, {"a": 20}), cohorts.make_fold("multiclass", 6, {"a": 20}, seed=2)
    model = RandomForestClassifier(15, random_state=1).fit(train.values, train.labels)
    arrays = forest.export_forest(model, "multiclass", 3)
    background = train.values[:5].astype(np.float64)
    attributions = np.mean(
        [
            tree_shap.attribute_against(tree_shap.collect_leaves(arrays), test.values.astype(np.float64), reference)
            for reference in background
        ],
        axis=0,
    )
    explainer = shap.TreeExplainer(model, data=background, feature_perturbation="interventional", model_output="raw")
    assert np.allclose(attributions, explainer.shap_values(test.values.astype(np.float64), check_additivity=False), atol=1e-6)


def test_expected_gradients_are_close_to_permutations():
    problem = train_problem(mlp, "binary", {"a": 40}, n=150, **cohorts.NETWORK)
    approximate = (
        sum(
            shapley.integrate_path(problem, reference, shapley.STEPS, shapley.TOLERANCE)
            for reference in shapley.select_background(problem)
        )
        / 20
    )
    exact = shapley.attribute_permutations(problem, shapley.select_background(problem), 1)
    assert np.corrcoef(approximate.ravel(), exact.ravel())[0, 1] > 0.97


def test_gradients_of_a_forest_are_refused():
    with pytest.raises(InputError, match="needs a model with gradients; use shap"):
        ATTRIBUTIONS["integrated_gradients"].attribute(AttributionProblem(forest, {}, {}, np.zeros((1, 2)), np.zeros((5, 2))), 1)


def test_gap_reveals_incomplete_attributions(linear):
    for method in ATTRIBUTIONS.members.values():
        attributions = method.attribute(linear, 1)
        assert np.abs(method.compute_gap(linear, attributions * 1.3)).mean() > 0.2


def test_thousand_features_finish_within_a_minute():
    import time

    started = time.process_time()
    for member, settings in ((mlp, cohorts.NETWORK | {"hidden": [32, 16], "epochs": 3}), (boosting, {"rounds": 50})):
        problem = train_problem(member, "multiclass", {"a": 1000}, n=100, shown=70, **settings)
        problem = replace(problem, background=problem.background[:60])
        assert ATTRIBUTIONS["shap"].attribute(problem, 1).shape == (70, 1000, 3)
    assert time.process_time() - started < 60


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_late_fusion_is_explained_exactly(kind):
    import torch

    from readsight.models.linear_base import to_probabilities
    from readsight.models.tabular import late_fusion

    problem = train_problem(late_fusion, kind, {"a": 50, "b": 30}, n=90, **late_fusion.GRID[-1])
    problem.values[:3, :50] = 0
    output = problem.net(torch.as_tensor(problem.values, dtype=torch.float64)).numpy()
    predictions = late_fusion.predict(problem.arrays, problem.description, problem.values)
    assert np.allclose(to_probabilities(kind, output.reshape(len(output), -1)), predictions, atol=1e-10)
    attributions = ATTRIBUTIONS["shap"].attribute(problem, 1)
    assert np.abs(ATTRIBUTIONS["shap"].compute_gap(problem, attributions)).max() < 1e-9
    assert (attributions[:3, :50] == 0).all() and attributions[3:, :50].any()
