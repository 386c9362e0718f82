"""Models: what is stored is what was trained; the same seed gives the same; no certificate, no training."""

import json

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file

import calls
import model_train
from readsight import calibration, foldfile, modelfile
from readsight.errors import InputError
from readsight.models import MODELS, forest, logistic, network, shuffled_labels, single_feature


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("train")
    return calls.fold(folder, calls.assemble(folder, calls=300))


@pytest.fixture(scope="module")
def parts(files):
    return [foldfile.read(files[part], 0) for part in ("balanced", "validation", "test")]


def test_the_forest_of_arrays_is_scikit_learns(parts):
    from sklearn.ensemble import RandomForestClassifier

    balanced, _, test = parts
    model = RandomForestClassifier(50, min_samples_leaf=2, random_state=1).fit(balanced.values, balanced.labels)
    found = forest.predict(forest.export(model), {}, test.values)
    assert np.abs(found - model.predict_proba(test.values)[:, 1]).max() < 1e-12


def test_weights_reach_the_forest(parts):
    balanced, validation, _ = parts
    from dataclasses import replace

    heavy = replace(balanced, weights=np.where(balanced.labels == 1, 50.0, 1.0))
    one, other = (MODELS["forest"].train(fold, validation, {}, 1, 1) for fold in (balanced, heavy))
    means = [forest.predict(f.arrays, f.about, validation.values).mean() for f in (one, other)]
    assert means[1] > means[0]


def test_logistic_regression_is_scikit_learns(parts):
    from sklearn.linear_model import LogisticRegression

    balanced, validation, test = parts
    fitted = logistic.train(balanced, validation, {}, 1, 1)
    model = LogisticRegression(C=fitted.about["C"], max_iter=2000).fit(balanced.values.astype(float), balanced.labels)
    assert np.allclose(logistic.predict(fitted.arrays, {}, test.values), model.predict_proba(test.values.astype(float))[:, 1])
    losses = fitted.about["validation_loss"]
    assert losses[str(fitted.about["C"])] == min(losses.values())


def test_one_feature_ranks_as_the_feature_does(parts):
    balanced, validation, test = parts
    fitted = single_feature.train(balanced, validation, {"feature": "QUAL"}, 1, 1)
    order = np.argsort(test.values[:, test.features.index("QUAL")], kind="stable")
    assert (np.diff(single_feature.predict(fitted.arrays, {}, test.values)[order]) >= 0).all()
    with pytest.raises(InputError, match="no feature 'QUALITY'"):
        single_feature.train(balanced, validation, {"feature": "QUALITY"}, 1, 1)


@pytest.mark.parametrize("model", ["network", "logistic", "forest", "single_feature"])
def test_batched_equals_single(parts, model):
    balanced, validation, test = parts
    settings = {"network": calls.NETWORK, "single_feature": {"feature": "QUAL"}}.get(model, {})
    fitted = MODELS[model].train(balanced, validation, settings, 1, 1)
    whole = MODELS[model].predict(fitted.arrays, fitted.about, test.values)
    singly = np.concatenate([MODELS[model].predict(fitted.arrays, fitted.about, test.values[i : i + 1]) for i in range(30)])
    assert np.allclose(whole[:30], singly, atol=1e-12), "neighbours in the batch do not matter"
    assert whole.shape == (len(test),) and (0 <= whole).all() and (whole <= 1).all()


def test_the_network_learns_a_pattern_that_no_line_divides():
    draw = np.random.default_rng(1)
    values = draw.normal(size=(600, 3)).astype(np.float32)
    labels = (values[:, 0] * values[:, 1] > 0).astype(int)
    fold = foldfile.Fold(values, labels, np.ones(600), np.arange(600).astype(str), np.arange(600).astype(str), list("abc"), "")
    settings = calls.NETWORK | {"hidden": [32, 16], "epochs": 60, "patience": 60}
    fitted = network.train(fold, fold, settings, 1, 1)
    right = (network.predict(fitted.arrays, fitted.about, values) > 0.5) == labels
    line = logistic.train(fold, fold, {}, 1, 1)
    assert right.mean() > 0.93
    assert ((logistic.predict(line.arrays, {}, values) > 0.5) == labels).mean() < 0.65


def test_the_network_keeps_its_best_epoch(parts):
    balanced, validation, _ = parts
    fitted = network.train(balanced, validation, calls.NETWORK | {"epochs": 40, "learning_rate": 0.05}, 1, 1)
    losses = [row["validation"] for row in fitted.history]
    assert fitted.about["best_epoch"] == int(np.argmin(losses))
    assert len(losses) <= fitted.about["best_epoch"] + 1 + calls.NETWORK["patience"]
    kept = calibration.logit(network.predict(fitted.arrays, fitted.about, validation.values))
    assert np.mean(np.logaddexp(0, kept) - validation.labels * kept) == pytest.approx(min(losses), abs=1e-4)


@pytest.mark.parametrize("model", ["network", "forest", "logistic", "shuffled_labels"])
def test_same_seed_same_bytes(files, tmp_path, model):
    (tmp_path / "a").mkdir(), (tmp_path / "b").mkdir()
    one, other = (calls.train(tmp_path / name, files, model) for name in ("a", "b"))
    assert one["tensors"].read_bytes() == other["tensors"].read_bytes()
    assert one["about"].read_bytes() == other["about"].read_bytes()
    assert pd.read_parquet(one["predictions"]).equals(pd.read_parquet(other["predictions"]))


def test_another_seed_is_another_network(files, tmp_path):
    (tmp_path / "a").mkdir(), (tmp_path / "b").mkdir()
    one, other = (calls.train(tmp_path / name, files, "network", seed) for name, seed in (("a", 1), ("b", 2)))
    assert one["tensors"].read_bytes() != other["tensors"].read_bytes()


def test_training_leaves_no_litter(files, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    calls.train(tmp_path, files, "network")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["network.json", "network.parquet", "network.safetensors"]


def test_folds_of_another_certificate_are_refused(files, tmp_path):
    held = json.loads(files["certificate"].read_text())
    other = tmp_path / "certificate.json"
    other.write_text(json.dumps(held | {"seed": 99}))
    with pytest.raises(InputError, match="stale or uncertified"):
        calls.train(tmp_path, files | {"certificate": other}, "logistic")
    assert list(tmp_path.iterdir()) == [other]


def test_every_test_example_is_predicted_once(files, tmp_path):
    table = pd.read_parquet(calls.train(tmp_path, files, "logistic")["predictions"])
    assert table["example"].is_unique and len(table) == 300
    assert table["calibrated"].between(0, 1).all()
    order = table.sort_values(["fold", "raw"])
    assert order.groupby("fold")["calibrated"].is_monotonic_increasing.all(), "calibration keeps the ranking"


def test_what_is_written_is_read_back(tmp_path):
    arrays = [{"a": np.arange(3.0)}, {"a": np.ones((2, 2)), "b": np.array([7])}]
    modelfile.write(tmp_path / "m.safetensors", tmp_path / "m.json", arrays, {"folds": [{}, {}]})
    found, _ = modelfile.read(tmp_path / "m.safetensors", tmp_path / "m.json")
    assert all(np.array_equal(found[i][k], arrays[i][k]) for i in range(2) for k in arrays[i])
    assert set(load_file(tmp_path / "m.safetensors")) == {"fold0/a", "fold1/a", "fold1/b"}


def test_calibration_undoes_a_known_distortion():
    draw = np.random.default_rng(1)
    logits = draw.normal(0, 2, 20_000)
    labels = (draw.random(20_000) < calibration.sigmoid(logits)).astype(int)
    scale = calibration.fit(calibration.sigmoid(3 * logits + 1), labels)
    assert scale["temperature"] == pytest.approx(3, rel=0.05)
    assert scale["offset"] == pytest.approx(-1 / 3, abs=0.05)


def test_calibration_of_separable_classes_stays_finite():
    scale = calibration.fit(np.array([0.1, 0.2, 0.8, 0.9]), np.array([0, 0, 1, 1]))
    found = calibration.apply(np.array([0.0, 1.0]), scale)
    assert np.isfinite(found).all() and 0 < found[0] < found[1] < 1


def test_shuffling_deals_out_labels_and_keeps_their_number(parts):
    balanced = parts[0]
    other = shuffled_labels.shuffled(balanced, 1)
    assert sorted(other.labels) == sorted(balanced.labels)
    assert not np.array_equal(other.labels, balanced.labels)
    assert other.values is balanced.values


def test_an_unknown_model_names_the_nearest(files, tmp_path):
    with pytest.raises(InputError, match="did you mean 'logistic'"):
        model_train.main(
            files["balanced"],
            files["validation"],
            files["certificate"],
            "logistics",
            {},
            1,
            1,
            tmp_path / "x",
            tmp_path / "y",
        )
