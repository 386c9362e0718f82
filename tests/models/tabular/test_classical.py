"""Models without torch: each recovers the planted pattern, and the stored model equals the trained one."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

import planted
from readsight.errors import InputError, ToolError
from readsight.models import linear_base
from readsight.models.tabular import MODELS, boosting, elastic_net_solver, forest, late_fusion, shuffled_labels

SETTINGS = {
    "logistic": {"C": 0.1},
    "elastic_net": {"l1_ratio": 0.5, "strength": 0.1},
    "late_fusion": {"l1_ratio": 0.5, "strength": 0.1},
    "single_feature": {"feature": "m0:g0"},
    "forest": {"trees": 60},
    "boosting": {"rounds": 30},
}
LEARNERS = ["logistic", "elastic_net", "forest", "boosting", "late_fusion"]
KINDS = ["binary", "multiclass", "multilabel"]


@pytest.fixture(autouse=True)
def limit_threads():
    with threadpool_limits(1):
        yield


def train_model(model, fold, seed=1, **settings):
    return MODELS[model].train(fold, None, SETTINGS.get(model, {}) | settings, seed, 1)


def predict_values(model, fitted, values):
    return MODELS[model].predict(fitted.arrays, fitted.description, values)


def baseline_loss(fold, test):
    """Loss on the second fold when predicting the frequencies of the first."""
    classes = range(len(fold.outcome.classes))
    rate = {
        "binary": lambda: np.full(len(test), fold.labels.mean()),
        "multiclass": lambda: np.tile([(fold.labels == c).mean() for c in classes], (len(test), 1)),
        "multilabel": lambda: np.tile(fold.labels.mean(axis=0), (len(test), 1)),
    }[fold.outcome.kind]()
    return fold.outcome.compute_loss(rate, test.labels)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("model", LEARNERS)
def test_planted_pattern_is_recovered(model, kind):
    train, test = (planted.make_fold(kind, 300, 24, modalities=2, seed=seed) for seed in (1, 2))
    predictions = predict_values(model, train_model(model, train), test.values)
    assert (
        predictions.shape == ((300,) if kind == "binary" else (300, 3)) and (0 <= predictions).all() and (predictions <= 1).all()
    )
    if kind == "multiclass":
        assert np.allclose(predictions.sum(axis=1), 1)
    assert train.outcome.compute_loss(predictions, test.labels) < 0.85 * baseline_loss(train, test)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("model", [*LEARNERS, "single_feature", "shuffled_labels"])
def test_training_is_reproducible_and_prediction_is_per_example(model, kind):
    fold = planted.make_fold(kind, 80, 20, modalities=2)
    first, second = train_model(model, fold), train_model(model, fold)
    assert first.description == second.description and first.arrays.keys() == second.arrays.keys()
    assert all(np.array_equal(first.arrays[k], second.arrays[k]) for k in first.arrays)
    batch = predict_values(model, first, fold.values)
    singly = [predict_values(model, first, fold.values[i : i + 1]) for i in range(5)]
    has_draws = model == "shuffled_labels"
    expected = batch[:, :5] if has_draws else batch[:5]
    assert np.allclose(np.concatenate(singly, axis=int(has_draws)), expected, atol=1e-12)


@pytest.mark.parametrize("model", LEARNERS)
def test_weights_change_predictions(model):
    fold = planted.make_fold("binary", 90, 12, modalities=2)
    heavy = replace(fold, weights=np.where(fold.labels == 1, 20.0, 1.0))
    means = [predict_values(model, train_model(model, f), fold.values).mean() for f in (fold, heavy)]
    assert means[1] > means[0] + 0.02


@pytest.mark.parametrize("model", ["logistic", "elastic_net"])
@pytest.mark.parametrize("kind", KINDS)
def test_weight_of_two_equals_a_repeat(model, kind):
    fold = planted.make_fold(kind, 60, 10)
    twice = planted.select_rows(fold, np.concatenate([np.arange(60), np.arange(30)]))
    weighed = replace(fold, weights=np.where(np.arange(60) < 30, 2.0, 1.0))
    expected, actual = (predict_values(model, train_model(model, f), fold.values) for f in (twice, weighed))
    assert np.abs(expected - actual).max() < 2e-3


@pytest.mark.parametrize("model", LEARNERS)
def test_class_without_examples_is_unlikely(model):
    fold = planted.make_fold("multiclass", 200, 20, modalities=2)
    reduced = planted.select_rows(fold, np.flatnonzero(fold.labels != 1))
    predictions = predict_values(model, train_model(model, reduced), fold.values)
    assert predictions.shape == (200, 3) and np.allclose(predictions.sum(axis=1), 1)
    assert predictions[:, 1].mean() < 0.05
    is_correct = reduced.labels == predict_values(model, train_model(model, reduced), reduced.values).argmax(axis=1)
    assert is_correct.mean() > 0.8


@pytest.mark.parametrize("model", LEARNERS)
def test_single_class_is_refused(model):
    fold = planted.make_fold("binary", 60, 20, modalities=2)
    with pytest.raises(InputError, match="all .* of class 'control'; there is nothing to separate"):
        train_model(model, planted.select_rows(fold, np.flatnonzero(fold.labels == 0)))


@pytest.mark.parametrize("model", LEARNERS)
def test_constant_label_gets_its_frequency(model):
    fold = planted.make_fold("multilabel", 60, 20, modalities=2)
    labels = fold.labels.copy()
    labels[:, 1] = 0
    predictions = predict_values(model, train_model(model, replace(fold, labels=labels)), fold.values)
    assert (predictions[:, 1] < 0.05).all() and predictions[:, 0].std() > 0.05


def test_rotation_of_many_genes_changes_nothing():
    from sklearn.linear_model import LogisticRegression

    for kind in ("binary", "multiclass"):
        fold = planted.make_fold(kind, 40, 300)
        fitted = train_model("logistic", fold, C=1.0)
        model = LogisticRegression(C=1.0, tol=1e-8, max_iter=5000).fit(fold.values.astype(float), fold.labels)
        assert np.abs(fitted.arrays["weight"] - np.squeeze(model.coef_)).max() < 2e-3


@pytest.mark.parametrize("kind", ["binary", "multiclass"])
@pytest.mark.parametrize("shape", [(80, 12), (40, 100)])
def test_elastic_net_matches_scikit_learn(kind, shape):
    from sklearn.linear_model import LogisticRegression

    fold = planted.make_fold(kind, *shape)
    rng = np.random.default_rng(1)
    values, weights = fold.values.astype(float), rng.uniform(0.5, 2, len(fold))
    is_multiclass = kind == "multiclass"
    loss = (
        elastic_net_solver.make_multinomial_loss(fold.labels, weights)
        if is_multiclass
        else elastic_net_solver.make_logistic_loss(fold.labels[:, None], weights)
    )
    solution = elastic_net_solver.solve(values, loss, 3 if is_multiclass else 1, 0.2, 0.4, tolerance=1e-7)
    scale = 1 / (float(np.ravel(solution.penalty)[0]) * weights.sum())
    if is_multiclass:  # scikit-learn has one penalty for all classes
        solution = elastic_net_solver.solve_at_penalty(values, loss, 3, np.full(3, solution.penalty.min()), 0.4, tolerance=1e-7)
        scale = 1 / (float(solution.penalty[0]) * weights.sum())
    model = LogisticRegression(C=scale, l1_ratio=0.4, solver="saga", tol=1e-9, max_iter=50_000)
    model.fit(values, fold.labels, sample_weight=weights)
    assert np.abs(solution.weight - model.coef_).max() < 1e-4
    assert np.array_equal(solution.weight != 0, np.abs(model.coef_) > 1e-7)


def test_smaller_penalty_keeps_more_features():
    fold = planted.make_fold("binary", 80, 40)
    kept = [train_model("elastic_net", fold, strength=s).description["features_kept"] for s in (1.0, 0.9, 0.3, 0.05)]
    assert kept[0] == 0 and 0 < kept[1] <= kept[2] <= kept[3]


def test_missing_convergence_is_reported(monkeypatch):
    monkeypatch.setattr(elastic_net_solver, "ROUNDS", 3)
    with pytest.raises(ToolError, match="did not converge within 3 rounds"):
        train_model("elastic_net", planted.make_fold("binary", 60, 40), strength=0.01)


@pytest.mark.parametrize("kind", KINDS)
def test_boosted_trees_match_scikit_learn(kind):
    from sklearn.ensemble import HistGradientBoostingClassifier

    fold, fresh = planted.make_fold(kind, 120, 15), planted.make_fold(kind, 50, 15, seed=2)
    fitted = train_model("boosting", fold, features=1.0, rounds=20)
    settings = {"max_iter": 20, "max_leaf_nodes": 8, "min_samples_leaf": 5, "l2_regularization": 1.0, "early_stopping": False}
    rounded = boosting.quantise_features(fold.values, boosting.count_bins(len(fold)))
    labels = fold.labels.T if kind == "multilabel" else [fold.labels]
    models = [HistGradientBoostingClassifier(**settings, random_state=1 + i).fit(rounded, y) for i, y in enumerate(labels)]
    expected = [m.predict_proba(fresh.values) for m in models]
    expected = expected[0] if kind == "multiclass" else np.column_stack([e[:, 1] for e in expected])
    assert np.abs(predict_values("boosting", fitted, fresh.values).reshape(expected.shape) - expected).max() < 1e-6


def test_rounded_values_stay_on_their_side_of_thresholds():
    values = planted.make_fold("binary", 500, 4).values.astype(float)
    rounded = boosting.quantise_features(values, 16)
    assert all(len(np.unique(column)) <= 16 for column in rounded.T)
    for rounded_column, column in zip(rounded.T, values.T, strict=True):
        marks = np.unique(rounded_column)
        for threshold in (marks[:-1] + marks[1:]) / 2:
            assert np.array_equal(rounded_column <= threshold, column <= threshold)
    assert np.array_equal(boosting.quantise_features(values[:10], 16), values[:10])


def test_changed_tree_format_is_refused(monkeypatch):
    given = boosting.export_trees
    monkeypatch.setattr(boosting, "export_trees", lambda model: (given(model)[0], given(model)[1] + 0.1))
    with pytest.raises(ToolError, match="do not reproduce scikit-learn's predictions"):
        train_model("boosting", planted.make_fold("binary", 60, 8))


@pytest.mark.parametrize("kind", KINDS)
def test_forest_matches_scikit_learn(kind):
    from sklearn.ensemble import RandomForestClassifier

    fold, fresh = planted.make_fold(kind, 120, 15), planted.make_fold(kind, 50, 15, seed=2)
    model = RandomForestClassifier(30, min_samples_leaf=2, random_state=1).fit(fold.values, fold.labels)
    expected = model.predict_proba(fresh.values)
    if kind == "multilabel":
        expected = np.column_stack([e[:, 1] for e in expected])
    expected = expected[:, 1] if kind == "binary" else expected
    arrays = forest.export_forest(model, kind, fold.outcome.output_count)
    assert arrays["value"].shape[1] == fold.outcome.output_count
    assert np.abs(forest.predict(arrays, {"kind": kind}, fresh.values) - expected).max() < 1e-12


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("model", ["logistic", "elastic_net"])
def test_torch_module_gives_equal_logits(model, kind):
    torch = pytest.importorskip("torch")
    fold = planted.make_fold(kind, 50, 10)
    fitted = train_model(model, fold)
    logits = (
        MODELS[model]
        .load_module(fitted.arrays, fitted.description)(torch.as_tensor(fold.values, dtype=torch.float64))
        .detach()
        .numpy()
    )
    assert logits.shape == ((50,) if kind == "binary" else (50, 3))
    probabilities = linear_base.to_probabilities(kind, logits.reshape(50, -1))
    assert np.allclose(probabilities, predict_values(model, fitted, fold.values))
    randomised = MODELS[model].randomise_weights(fitted.arrays, fitted.description, 7)
    assert randomised["weight"].shape == fitted.arrays["weight"].shape and not np.allclose(
        randomised["weight"], fitted.arrays["weight"]
    )


def test_fusion_trusts_the_informative_modality():
    fold = planted.make_fold("binary", 200, 40)
    var = fold.var.assign(modality=["told"] * 20 + ["noise"] * 20)
    fold = replace(fold, var=var)
    vote = train_model("late_fusion", fold).arrays["vote"]
    assert vote[0] > 0.5 and vote[1] < 0.2 * vote[0] and (vote >= 0).all()


def test_absent_modality_has_no_vote():
    fold = planted.make_fold("binary", 200, 40, modalities=2)
    fitted = train_model("late_fusion", fold)
    lacking = fold.values.copy()
    lacking[:, 20:] = 0
    predictions = predict_values("late_fusion", fitted, lacking)
    single = linear_base.compute_logits({key: fitted.arrays[f"m0/{key}"] for key in ("weight", "bias")}, fold.values[:, :20])[
        :, 0
    ]
    assert np.allclose(predictions, 1 / (1 + np.exp(-single * fitted.arrays["vote"].sum())))
    none = predict_values("late_fusion", fitted, np.zeros_like(lacking))
    assert np.allclose(none, 0.5), "an example without modalities gets no information"


def test_votes_are_fitted_without_synthetic_examples(monkeypatch):
    fold = planted.make_fold("binary", 80, 20, modalities=2)
    groups = np.where(np.arange(80) < 60, fold.groups, "")
    calls = []
    given = late_fusion._split_groups
    monkeypatch.setattr(late_fusion, "_split_groups", lambda real, seed: calls.append(real.groups) or given(real, seed))
    train_model("late_fusion", replace(fold, groups=groups))
    assert len(calls[0]) == 60 and (calls[0] != "").all()


def test_fusion_does_not_split_groups():
    fold = planted.make_fold("binary", 80, 20, modalities=2)
    fold = replace(fold, groups=np.array([f"donor{i // 4}" for i in range(80)]))
    for train_rows, test_rows in late_fusion._split_groups(fold, 1):
        assert not set(fold.groups[train_rows]) & set(fold.groups[test_rows])


def test_votes_are_equal_with_one_group():
    fold = planted.make_fold("binary", 40, 20, modalities=2)
    fitted = train_model("late_fusion", replace(fold, groups=np.full(40, "one")))
    assert np.allclose(fitted.arrays["vote"], 0.5)


def test_single_feature_ranks_by_the_feature():
    fold = planted.make_fold("binary", 80, 10)
    fitted = train_model("single_feature", fold)
    order = np.argsort(fold.values[:, 0], kind="stable")
    assert (np.diff(predict_values("single_feature", fitted, fold.values)[order]) >= 0).all()
    assert train_model("single_feature", fold, feature="g3").description["feature"] == "m0:g3"
    named = replace(fold, var=fold.var.assign(symbol=[f"GENE{i}" for i in range(len(fold.var))]))
    assert train_model("single_feature", named, feature="GENE3").description["feature"] == named.features[3]
    with pytest.raises(InputError, match="did you mean 'GENE2'.*not selected in each fold needs a larger select.count"):
        train_model("single_feature", named, feature="GENE_12")
    with pytest.raises(InputError, match="no feature 'TP53'"):
        train_model("single_feature", fold, feature="TP53")


def test_ambiguous_feature_name_is_refused():
    with pytest.raises(InputError, match="2 features are called 'g3'; specify one of: m0:g3, m1:g3"):
        train_model("single_feature", planted.make_fold("binary", 80, 10, modalities=2), feature="g3")


@pytest.mark.parametrize("kind", [*KINDS, "survival"])
def test_negative_control_ranks_by_chance(kind):
    train, test = (planted.make_fold(kind, 200, 20, seed=seed) for seed in (1, 2))
    fitted = train_model("shuffled_labels", train)
    draws = predict_values("shuffled_labels", fitted, test.values)
    assert draws.shape == (shuffled_labels.DRAWS, 200, *[3] * (kind in ("multiclass", "multilabel")))
    truth = test.labels[:, 0] if kind == "survival" else (test.labels == 1) if kind != "multilabel" else test.labels[:, 1] == 1
    column = draws if draws.ndim == 2 else draws[:, :, 1]
    likeness = [np.corrcoef(pd.Series(scores).rank(), truth)[0, 1] for scores in column]
    assert abs(np.mean(likeness)) < 0.15, "the mean over draws is at chance level"


def test_shuffling_permutes_labels():
    fold = planted.make_fold("survival", 50, 4)
    shuffled = shuffled_labels.shuffle_labels(fold, 1)
    assert sorted(map(tuple, shuffled.labels)) == sorted(map(tuple, fold.labels)), "time and event stay together"
    assert not np.array_equal(shuffled.labels, fold.labels) and shuffled.values is fold.values


@pytest.mark.parametrize("model", LEARNERS)
def test_grids_and_search_spaces_contain_read_settings(model):
    optuna = pytest.importorskip("optuna")
    fold, member = planted.make_fold("binary", 40, 12, modalities=2), MODELS[model]
    drawn = member.search_space(optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1)).ask())
    for settings in [*getattr(member, "GRID", []), drawn]:
        description = member.train(fold, None, settings, 1, 1).description
        assert {name: description[name] for name in settings} == settings
