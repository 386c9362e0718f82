"""Models that need no torch: each learns what was planted, and what is stored is what was trained."""

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
def one_thread():
    with threadpool_limits(1):
        yield


def trained(model, fold, seed=1, **settings):
    return MODELS[model].train(fold, None, SETTINGS.get(model, {}) | settings, seed, 1)


def predicted(model, fitted, values):
    return MODELS[model].predict(fitted.arrays, fitted.about, values)


def blind(fold, other):
    """Loss of predicting the frequencies of one fold for the other."""
    classes = range(len(fold.outcome.classes))
    rate = {
        "binary": lambda: np.full(len(other), fold.labels.mean()),
        "multiclass": lambda: np.tile([(fold.labels == c).mean() for c in classes], (len(other), 1)),
        "multilabel": lambda: np.tile(fold.labels.mean(axis=0), (len(other), 1)),
    }[fold.outcome.kind]()
    return fold.outcome.loss(rate, other.labels)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("model", LEARNERS)
def test_a_planted_pattern_is_learned(model, kind):
    train, test = (planted.fold(kind, 300, 24, modalities=2, seed=seed) for seed in (1, 2))
    guess = predicted(model, trained(model, train), test.values)
    assert guess.shape == ((300,) if kind == "binary" else (300, 3)) and (0 <= guess).all() and (guess <= 1).all()
    if kind == "multiclass":
        assert np.allclose(guess.sum(axis=1), 1)
    assert train.outcome.loss(guess, test.labels) < 0.85 * blind(train, test)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("model", [*LEARNERS, "single_feature", "shuffled_labels"])
def test_same_seed_same_arrays_and_batched_equals_single(model, kind):
    fold = planted.fold(kind, 80, 20, modalities=2)
    one, other = trained(model, fold), trained(model, fold)
    assert one.about == other.about and one.arrays.keys() == other.arrays.keys()
    assert all(np.array_equal(one.arrays[k], other.arrays[k]) for k in one.arrays)
    whole = predicted(model, one, fold.values)
    singly = [predicted(model, one, fold.values[i : i + 1]) for i in range(5)]
    many = model == "shuffled_labels"
    expected = whole[:, :5] if many else whole[:5]
    assert np.allclose(np.concatenate(singly, axis=int(many)), expected, atol=1e-12)


@pytest.mark.parametrize("model", LEARNERS)
def test_weights_count_as_repeats_do(model):
    fold = planted.fold("binary", 90, 12, modalities=2)
    heavy = replace(fold, weights=np.where(fold.labels == 1, 20.0, 1.0))
    means = [predicted(model, trained(model, f), fold.values).mean() for f in (fold, heavy)]
    assert means[1] > means[0] + 0.02


@pytest.mark.parametrize("model", ["logistic", "elastic_net"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_weight_of_two_is_the_example_twice(model, kind):
    fold = planted.fold(kind, 60, 10)
    twice = planted.rows(fold, np.concatenate([np.arange(60), np.arange(30)]))
    weighed = replace(fold, weights=np.where(np.arange(60) < 30, 2.0, 1.0))
    one, other = (predicted(model, trained(model, f), fold.values) for f in (twice, weighed))
    assert np.abs(one - other).max() < 2e-3


@pytest.mark.parametrize("model", LEARNERS)
def test_a_class_without_an_example_gets_little_chance(model):
    whole = planted.fold("multiclass", 200, 20, modalities=2)
    some = planted.rows(whole, np.flatnonzero(whole.labels != 1))
    guess = predicted(model, trained(model, some), whole.values)
    assert guess.shape == (200, 3) and np.allclose(guess.sum(axis=1), 1)
    assert guess[:, 1].mean() < 0.05
    right = some.labels == predicted(model, trained(model, some), some.values).argmax(axis=1)
    assert right.mean() > 0.8


@pytest.mark.parametrize("model", LEARNERS)
def test_one_class_alone_is_refused(model):
    whole = planted.fold("binary", 60, 20, modalities=2)
    with pytest.raises(InputError, match="all .* of class 'control'; nothing can be told apart"):
        trained(model, planted.rows(whole, np.flatnonzero(whole.labels == 0)))


@pytest.mark.parametrize("model", LEARNERS)
def test_a_label_that_never_varies_gets_its_frequency(model):
    whole = planted.fold("multilabel", 60, 20, modalities=2)
    labels = whole.labels.copy()
    labels[:, 1] = 0
    guess = predicted(model, trained(model, replace(whole, labels=labels)), whole.values)
    assert (guess[:, 1] < 0.05).all() and guess[:, 0].std() > 0.05


def test_many_genes_are_fitted_as_if_they_were_not_turned():
    from sklearn.linear_model import LogisticRegression

    for kind in ("binary", "multiclass"):
        fold = planted.fold(kind, 40, 300)
        fitted = trained("logistic", fold, C=1.0)
        model = LogisticRegression(C=1.0, tol=1e-8, max_iter=5000).fit(fold.values.astype(float), fold.labels)
        assert np.abs(fitted.arrays["weight"] - np.squeeze(model.coef_)).max() < 2e-3


@pytest.mark.parametrize("kind", ["binary", "multiclass"])
@pytest.mark.parametrize("shape", [(80, 12), (40, 100)])
def test_the_elastic_net_is_scikit_learns(kind, shape):
    from sklearn.linear_model import LogisticRegression

    fold = planted.fold(kind, *shape)
    draw = np.random.default_rng(1)
    values, weights = fold.values.astype(float), draw.uniform(0.5, 2, len(fold))
    several = kind == "multiclass"
    loss = (
        elastic_net_solver.multinomial(fold.labels, weights)
        if several
        else elastic_net_solver.logistic(fold.labels[:, None], weights)
    )
    found = elastic_net_solver.solve(values, loss, 3 if several else 1, 0.2, 0.4, tolerance=1e-7)
    scale = 1 / (float(np.ravel(found.penalty)[0]) * weights.sum())
    if several:  # scikit-learn has one penalty for all classes
        found = elastic_net_solver.at(values, loss, 3, np.full(3, found.penalty.min()), 0.4, tolerance=1e-7)
        scale = 1 / (float(found.penalty[0]) * weights.sum())
    model = LogisticRegression(C=scale, l1_ratio=0.4, solver="saga", tol=1e-9, max_iter=50_000)
    model.fit(values, fold.labels, sample_weight=weights)
    assert np.abs(found.weight - model.coef_).max() < 1e-4
    assert np.array_equal(found.weight != 0, np.abs(model.coef_) > 1e-7)


def test_a_penalty_of_one_leaves_no_feature_and_less_leaves_some():
    fold = planted.fold("binary", 80, 40)
    kept = [trained("elastic_net", fold, strength=s).about["features_kept"] for s in (1.0, 0.9, 0.3, 0.05)]
    assert kept[0] == 0 and 0 < kept[1] <= kept[2] <= kept[3]


def test_a_fit_that_cannot_end_says_so(monkeypatch):
    monkeypatch.setattr(elastic_net_solver, "ROUNDS", 3)
    with pytest.raises(ToolError, match="did not converge within 3 rounds"):
        trained("elastic_net", planted.fold("binary", 60, 40), strength=0.01)


@pytest.mark.parametrize("kind", KINDS)
def test_boosted_trees_of_arrays_are_scikit_learns(kind):
    from sklearn.ensemble import HistGradientBoostingClassifier

    fold, fresh = planted.fold(kind, 120, 15), planted.fold(kind, 50, 15, seed=2)
    fitted = trained("boosting", fold, features=1.0, rounds=20)
    settings = {"max_iter": 20, "max_leaf_nodes": 8, "min_samples_leaf": 5, "l2_regularization": 1.0, "early_stopping": False}
    rounded = boosting.stepped(fold.values, boosting.bins(len(fold)))
    labels = fold.labels.T if kind == "multilabel" else [fold.labels]
    models = [HistGradientBoostingClassifier(**settings, random_state=1 + i).fit(rounded, y) for i, y in enumerate(labels)]
    expected = [m.predict_proba(fresh.values) for m in models]
    expected = expected[0] if kind == "multiclass" else np.column_stack([e[:, 1] for e in expected])
    assert np.abs(predicted("boosting", fitted, fresh.values).reshape(expected.shape) - expected).max() < 1e-6


def test_rounded_values_lie_on_the_same_side_of_all_thresholds():
    values = planted.fold("binary", 500, 4).values.astype(float)
    found = boosting.stepped(values, 16)
    assert all(len(np.unique(column)) <= 16 for column in found.T)
    for own, column in zip(found.T, values.T, strict=True):
        marks = np.unique(own)
        for threshold in (marks[:-1] + marks[1:]) / 2:
            assert np.array_equal(own <= threshold, column <= threshold)
    assert np.array_equal(boosting.stepped(values[:10], 16), values[:10])


def test_trees_that_scikit_learn_keeps_in_another_way_are_refused(monkeypatch):
    given = boosting.export
    monkeypatch.setattr(boosting, "export", lambda model: (given(model)[0], given(model)[1] + 0.1))
    with pytest.raises(ToolError, match="do not say what scikit-learn's say"):
        trained("boosting", planted.fold("binary", 60, 8))


@pytest.mark.parametrize("kind", KINDS)
def test_the_forest_of_arrays_is_scikit_learns(kind):
    from sklearn.ensemble import RandomForestClassifier

    fold, fresh = planted.fold(kind, 120, 15), planted.fold(kind, 50, 15, seed=2)
    model = RandomForestClassifier(30, min_samples_leaf=2, random_state=1).fit(fold.values, fold.labels)
    expected = model.predict_proba(fresh.values)
    if kind == "multilabel":
        expected = np.column_stack([e[:, 1] for e in expected])
    expected = expected[:, 1] if kind == "binary" else expected
    arrays = forest.export(model, kind, fold.outcome.outputs)
    assert arrays["value"].shape[1] == fold.outcome.outputs
    assert np.abs(forest.predict(arrays, {"kind": kind}, fresh.values) - expected).max() < 1e-12


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("model", ["logistic", "elastic_net"])
def test_the_torch_module_gives_the_same_logits(model, kind):
    torch = pytest.importorskip("torch")
    fold = planted.fold(kind, 50, 10)
    fitted = trained(model, fold)
    logits = MODELS[model].module(fitted.arrays, fitted.about)(torch.as_tensor(fold.values, dtype=torch.float64)).detach().numpy()
    assert logits.shape == ((50,) if kind == "binary" else (50, 3))
    own = linear_base.probabilities(kind, logits.reshape(50, -1))
    assert np.allclose(own, predicted(model, fitted, fold.values))
    other = MODELS[model].redrawn(fitted.arrays, fitted.about, 7)
    assert other["weight"].shape == fitted.arrays["weight"].shape and not np.allclose(other["weight"], fitted.arrays["weight"])


def test_fusion_trusts_the_modality_that_knows():
    fold = planted.fold("binary", 200, 40)
    var = fold.var.assign(modality=["told"] * 20 + ["noise"] * 20)
    fold = replace(fold, var=var)
    vote = trained("late_fusion", fold).arrays["vote"]
    assert vote[0] > 0.5 and vote[1] < 0.2 * vote[0] and (vote >= 0).all()


def test_an_absent_modality_has_no_vote():
    fold = planted.fold("binary", 200, 40, modalities=2)
    fitted = trained("late_fusion", fold)
    lacking = fold.values.copy()
    lacking[:, 20:] = 0
    guess = predicted("late_fusion", fitted, lacking)
    alone = linear_base.scores({key: fitted.arrays[f"m0/{key}"] for key in ("weight", "bias")}, fold.values[:, :20])[:, 0]
    assert np.allclose(guess, 1 / (1 + np.exp(-alone * fitted.arrays["vote"].sum())))
    none = predicted("late_fusion", fitted, np.zeros_like(lacking))
    assert np.allclose(none, 0.5), "of an example that has nothing nothing is known"


def test_fusion_leaves_out_synthetic_examples_where_it_weighs_votes(monkeypatch):
    fold = planted.fold("binary", 80, 20, modalities=2)
    groups = np.where(np.arange(80) < 60, fold.groups, "")
    seen = []
    given = late_fusion._parts
    monkeypatch.setattr(late_fusion, "_parts", lambda real, seed: seen.append(real.groups) or given(real, seed))
    trained("late_fusion", replace(fold, groups=groups))
    assert len(seen[0]) == 60 and (seen[0] != "").all()


def test_fusion_keeps_groups_whole():
    fold = planted.fold("binary", 80, 20, modalities=2)
    fold = replace(fold, groups=np.array([f"donor{i // 4}" for i in range(80)]))
    for learned, left in late_fusion._parts(fold, 1):
        assert not set(fold.groups[learned]) & set(fold.groups[left])


def test_votes_are_equal_where_nothing_can_be_left_out():
    fold = planted.fold("binary", 40, 20, modalities=2)
    fitted = trained("late_fusion", replace(fold, groups=np.full(40, "one")))
    assert np.allclose(fitted.arrays["vote"], 0.5)


def test_one_feature_ranks_as_the_feature_does():
    fold = planted.fold("binary", 80, 10)
    fitted = trained("single_feature", fold)
    order = np.argsort(fold.values[:, 0], kind="stable")
    assert (np.diff(predicted("single_feature", fitted, fold.values)[order]) >= 0).all()
    assert trained("single_feature", fold, feature="g3").about["feature"] == "m0:g3"
    named = replace(fold, var=fold.var.assign(symbol=[f"GENE{i}" for i in range(len(fold.var))]))
    assert trained("single_feature", named, feature="GENE3").about["feature"] == named.features[3]
    with pytest.raises(InputError, match="did you mean 'GENE2'.*not kept in each fold, needs a larger select.count"):
        trained("single_feature", named, feature="GENE_12")
    with pytest.raises(InputError, match="no feature 'TP53'"):
        trained("single_feature", fold, feature="TP53")


def test_a_name_that_two_modalities_have_is_not_enough():
    with pytest.raises(InputError, match="2 features are called 'g3'; say which: m0:g3, m1:g3"):
        trained("single_feature", planted.fold("binary", 80, 10, modalities=2), feature="g3")


@pytest.mark.parametrize("kind", [*KINDS, "survival"])
def test_the_control_knows_nothing(kind):
    train, test = (planted.fold(kind, 200, 20, seed=seed) for seed in (1, 2))
    fitted = trained("shuffled_labels", train)
    draws = predicted("shuffled_labels", fitted, test.values)
    assert draws.shape == (shuffled_labels.DRAWS, 200, *[3] * (kind in ("multiclass", "multilabel")))
    truth = test.labels[:, 0] if kind == "survival" else (test.labels == 1) if kind != "multilabel" else test.labels[:, 1] == 1
    column = draws if draws.ndim == 2 else draws[:, :, 1]
    likeness = [np.corrcoef(pd.Series(own).rank(), truth)[0, 1] for own in column]
    assert abs(np.mean(likeness)) < 0.15, "the draws together centre on chance"


def test_shuffling_deals_out_labels_and_keeps_their_number():
    fold = planted.fold("survival", 50, 4)
    other = shuffled_labels.shuffled(fold, 1)
    assert sorted(map(tuple, other.labels)) == sorted(map(tuple, fold.labels)), "time and event stay together"
    assert not np.array_equal(other.labels, fold.labels) and other.values is fold.values


@pytest.mark.parametrize("model", LEARNERS)
def test_grids_and_spaces_say_what_training_reads(model):
    optuna = pytest.importorskip("optuna")
    fold, member = planted.fold("binary", 40, 12, modalities=2), MODELS[model]
    drawn = member.space(optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1)).ask())
    for settings in [*getattr(member, "GRID", []), drawn]:
        about = member.train(fold, None, settings, 1, 1).about
        assert {name: about[name] for name in settings} == settings
