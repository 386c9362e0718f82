"""Attributions: exact where theory says so, complete everywhere, for every kind of outcome."""

from dataclasses import replace
from itertools import combinations
from math import factorial

import numpy as np
import pytest

import cohorts
from readsight.errors import InputError
from readsight.interpret.tabular_attribution import shapley, tree_shap
from readsight.interpret.tabular_attribution.integrated_gradients import baseline
from readsight.interpret.tabular_attribution.problem import Problem
from readsight.interpret.tabular_attribution.registry import ATTRIBUTIONS
from readsight.models.tabular import attention_fusion, boosting, cnn, cox, elastic_net, forest, logistic, mlp

KINDS = list(cohorts.OUTCOMES)
DEEP = {"network": mlp, "cnn": cnn, "attention_fusion": attention_fusion}
each_method = pytest.mark.parametrize("method", list(ATTRIBUTIONS))
each_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture
def linear():
    draw = np.random.default_rng(1)
    arrays = {"weight": np.array([2.0, -1.0, 0.0, 0.5]), "bias": np.array([0.3])}
    return Problem(logistic, arrays, {"kind": "binary", "outputs": 1}, draw.normal(size=(20, 4)), draw.normal(size=(200, 4)))


def trained(member, kind, sizes, n=60, shown=8, **settings):
    """A problem of a model trained on a few samples."""
    train, test = cohorts.fold(kind, n, sizes), cohorts.fold(kind, shown, sizes, seed=2)
    fitted = member.train(train, None, settings, 1, 1)
    return Problem(member, fitted.arrays, fitted.about, test.values, train.values)


def by_all_subsets(function, values, other):
    """Shapley values (features, outputs) of one example against one other, by their definition."""
    m = len(values)
    found = np.zeros((m, np.atleast_1d(function(values)).size))
    for i in range(m):
        rest = [j for j in range(m) if j != i]
        for size in range(m):
            for subset in combinations(rest, size):
                without = np.where(np.isin(np.arange(m), subset), values, other)
                beside = np.where(np.arange(m) == i, values, without)
                share = factorial(size) * factorial(m - size - 1) / factorial(m)
                found[i] += share * (function(beside) - function(without))
    return found


@each_method
def test_on_a_linear_model_attribution_is_weight_times_distance_from_the_mean(linear, method):
    found = ATTRIBUTIONS[method].attribute(linear, 1)
    assert np.allclose(found, linear.arrays["weight"] * (linear.values - linear.background.mean(axis=0)), atol=1e-7)
    assert np.abs(ATTRIBUTIONS[method].gap(linear, found)).max() < 1e-7


@each_method
def test_of_several_classes_each_logit_is_told_less_their_mean(method):
    problem = trained(elastic_net, "multiclass", {"a": 6}, **elastic_net.GRID[0])
    weight = problem.arrays["weight"]
    distance = problem.values - baseline(problem)
    by_hand = distance[:, :, None] * (weight - weight.mean(axis=0)).T[None]
    assert np.allclose(ATTRIBUTIONS[method].attribute(problem, 1), by_hand, atol=1e-7)


@each_method
def test_a_hazard_is_told_as_its_logarithm(method):
    problem = trained(cox, "survival", {"a": 6}, n=100, **getattr(cox, "GRID", [{}])[0])
    found = ATTRIBUTIONS[method].attribute(problem, 1)
    assert np.allclose(found, np.ravel(problem.arrays["weight"]) * (problem.values - baseline(problem)), atol=1e-7)


@each_kind
@each_method
@pytest.mark.parametrize("model", list(DEEP))
def test_attributions_of_deep_models_add_up(model, method, kind):
    problem = trained(DEEP[model], kind, {"a": 50, "b": 30}, **cohorts.SETTINGS[model] | {"epochs": 5})
    found = ATTRIBUTIONS[method].attribute(problem, 1)
    shape = {"binary": (), "survival": (), "multiclass": (3,), "multilabel": (2,)}[kind]
    assert found.shape == (8, 80, *shape)
    assert np.abs(ATTRIBUTIONS[method].gap(problem, found)).mean() < 0.01
    if kind == "multiclass":
        assert np.allclose(found.sum(axis=2), 0, atol=1e-10), "what moves all logits alike moves nothing"


@each_method
@pytest.mark.parametrize("width", [5, 80])
def test_a_feature_without_influence_gets_none_and_neighbours_do_not_matter(method, width):
    about = {"features": width, "hidden": [16, 8], "dropout": 0.1}
    arrays = mlp.redrawn({}, about, 3)
    arrays["0.weight"][:, 2] = 0
    draw = np.random.default_rng(2)
    problem = Problem(mlp, arrays, about, draw.normal(size=(15, width)), draw.normal(size=(100, width)))
    found = ATTRIBUTIONS[method].attribute(problem, 1)
    assert np.abs(found[:, 2]).max() < 1e-10
    assert np.abs(ATTRIBUTIONS[method].gap(problem, found)).mean() < (0.01 if method == "shap" else 1e-4)
    singly = np.concatenate([ATTRIBUTIONS[method].attribute(problem.some(np.array([i])), 1) for i in range(3)])
    assert (method == "shap" and width == 5) or np.allclose(found[:3], singly, atol=1e-10)


@each_method
def test_an_absent_modality_gets_nothing_and_the_others_everything(method):
    problem = trained(attention_fusion, "binary", {"a": 12, "b": 9}, **cohorts.SETTINGS["attention_fusion"] | {"epochs": 10})
    problem.values[:4, 12:] = 0
    found = ATTRIBUTIONS[method].attribute(problem, 1)
    assert (found[:4, 12:] == 0).all() and (found[4:, 12:] != 0).all()
    assert np.abs(ATTRIBUTIONS[method].gap(problem, found)).max() < 0.02
    alone = ATTRIBUTIONS[method].attribute(problem.some(np.arange(4)), 1)
    assert np.allclose(alone, found[:4], atol=1e-10)


@pytest.mark.parametrize("member", [forest, boosting], ids=["forest", "boosting"])
@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_attributions_of_trees_add_up_and_unused_features_get_exactly_none(member, kind):
    problem = trained(member, kind, {"a": 90}, trees=30, rounds=15)
    found = ATTRIBUTIONS["shap"].attribute(problem, 1)
    assert np.abs(ATTRIBUTIONS["shap"].gap(problem, found)).max() < 1e-9
    inner = problem.arrays["left"] != np.arange(len(problem.arrays["left"]))
    idle = np.setdiff1d(np.arange(90), problem.arrays["feature"][inner])
    assert len(idle) and (found[:, idle] == 0).all()


def test_boosted_trees_are_attributed_as_the_definition_says():
    problem = trained(boosting, "multiclass", {"a": 6}, n=150, shown=3, rounds=10, features=1.0)
    others = problem.background[:2].astype(np.float64)

    def logits(values):
        found = boosting.scores(problem.arrays, values[None].astype(np.float32))[0]
        return found - found.mean()

    found = tree_shap.attribute(problem, others)
    for row, values in enumerate(problem.values.astype(np.float64)):
        by_hand = np.mean([by_all_subsets(logits, values, other) for other in others], axis=0)
        assert np.allclose(found[row], by_hand, atol=1e-9)


def test_a_forest_is_attributed_as_the_definition_says_up_to_the_stretch_to_logits():
    problem = trained(forest, "binary", {"a": 6}, n=120, shown=3, trees=12)
    other = problem.background[0].astype(np.float64)

    def chance(values):
        return forest.predict(problem.arrays, problem.about, values[None].astype(np.float32))

    leaves = tree_shap.collected(problem.arrays)
    found = tree_shap.against(leaves, problem.values.astype(np.float64), other)[:, :, 0]
    by_hand = np.array([by_all_subsets(chance, values, other)[:, 0] for values in problem.values.astype(np.float64)])
    assert np.allclose(found, by_hand, atol=1e-12)
    logits = tree_shap.attribute(problem, other[None])
    stretched = logits / np.where(by_hand == 0, 1, by_hand)
    assert all(np.ptp(row[hand != 0]) < 1e-9 for row, hand in zip(stretched, by_hand, strict=True)), "one stretch an example"


def test_a_forest_is_attributed_as_treeshap_does():
    import shap
    from sklearn.ensemble import RandomForestClassifier

    train, test = cohorts.fold("multiclass", 80, {"a": 20}), cohorts.fold("multiclass", 6, {"a": 20}, seed=2)
    model = RandomForestClassifier(15, random_state=1).fit(train.values, train.labels)
    arrays = forest.export(model, "multiclass", 3)
    others = train.values[:5].astype(np.float64)
    found = np.mean([tree_shap.against(tree_shap.collected(arrays), test.values.astype(np.float64), o) for o in others], axis=0)
    explainer = shap.TreeExplainer(model, data=others, feature_perturbation="interventional", model_output="raw")
    assert np.allclose(found, explainer.shap_values(test.values.astype(np.float64), check_additivity=False), atol=1e-6)


def test_expected_gradients_are_near_the_permutations_they_stand_for():
    problem = trained(mlp, "binary", {"a": 40}, n=150, **cohorts.NETWORK)
    near = sum(shapley.along(problem, other, shapley.STEPS, shapley.TOLERANCE) for other in shapley.reference(problem)) / 20
    exact = shapley.permuted(problem, shapley.reference(problem), 1)
    assert np.corrcoef(near.ravel(), exact.ravel())[0, 1] > 0.97


def test_gradients_of_a_forest_are_refused():
    with pytest.raises(InputError, match="needs a model with gradients; use shap"):
        ATTRIBUTIONS["integrated_gradients"].attribute(Problem(forest, {}, {}, np.zeros((1, 2)), np.zeros((5, 2))), 1)


def test_the_gap_shows_attributions_that_do_not_add_up(linear):
    for method in ATTRIBUTIONS.members.values():
        found = method.attribute(linear, 1)
        assert np.abs(method.gap(linear, found * 1.3)).mean() > 0.2


def test_a_thousand_features_of_seventy_samples_take_no_longer_than_a_coffee():
    import time

    started = time.process_time()
    for member, settings in ((mlp, cohorts.NETWORK | {"hidden": [32, 16], "epochs": 3}), (boosting, {"rounds": 50})):
        problem = trained(member, "multiclass", {"a": 1000}, n=100, shown=70, **settings)
        problem = replace(problem, background=problem.background[:60])
        assert ATTRIBUTIONS["shap"].attribute(problem, 1).shape == (70, 1000, 3)
    assert time.process_time() - started < 60


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_votes_of_modalities_are_explained_exactly_as_each_ones_weights(kind):
    import torch

    from readsight.models.linear_base import probabilities
    from readsight.models.tabular import late_fusion

    problem = trained(late_fusion, kind, {"a": 50, "b": 30}, n=90, **late_fusion.GRID[-1])
    problem.values[:3, :50] = 0
    output = problem.net(torch.as_tensor(problem.values, dtype=torch.float64)).numpy()
    guess = late_fusion.predict(problem.arrays, problem.about, problem.values)
    assert np.allclose(probabilities(kind, output.reshape(len(output), -1)), guess, atol=1e-10)
    found = ATTRIBUTIONS["shap"].attribute(problem, 1)
    assert np.abs(ATTRIBUTIONS["shap"].gap(problem, found)).max() < 1e-9
    assert (found[:3, :50] == 0).all() and found[3:, :50].any()
