"""Explaining a task: what a bad method fails, whose features they are, and what is written of folds that differ."""

import json

import h5py
import numpy as np
import pytest

import calls
import cohorts
import interpret_attribute_features
import modalities
import model_train
from readsight.dataset import fold_file
from readsight.errors import InputError
from readsight.interpret.exams import tabular
from readsight.interpret.tabular_attribution import results
from readsight.interpret.tabular_attribution.registry import ATTRIBUTIONS


def test_similarity_is_spearmans():
    from scipy.stats import spearmanr

    draw = np.random.default_rng(5)
    one, other = draw.integers(0, 6, (10, 8)).astype(float), draw.normal(size=(10, 8))
    by_hand = np.mean([spearmanr(a, b).statistic for a, b in zip(one, other, strict=True)])
    assert tabular.similarity(one, other) == pytest.approx(by_hand)
    assert tabular.similarity(one, one) == pytest.approx(1)
    assert tabular.similarity(one, np.zeros((10, 8))) == 0
    several = [np.stack([part, part[::-1]], axis=2) for part in (one, other)]
    halves = [tabular.similarity(several[0][:, :, k], several[1][:, :, k]) for k in (0, 1)]
    assert tabular.similarity(*several) == pytest.approx(np.mean(halves)), "each output counts as an example does"


def test_a_method_that_ignores_the_model_fails_its_exams():
    results = {row["exam"]: row for row in tabular.judge(np.full(10, 0.4), 1.0, 0.9)}
    assert not any(row["passed"] for row in results.values())
    assert "untrained model gets like attributions" in results["weights drawn anew"]["reason"]
    good = tabular.judge(np.zeros(10), 0.0, -0.1)
    assert all(row["passed"] for row in good)
    assert len(tabular.judge(np.zeros(10), None, 0.0)) == 2, "a forest has no weights to draw"
    assert not tabular.judge(np.array([np.nan]), 0.0, 0.0)[0]["passed"], "not a number is not a pass"


def test_chosen_examples_are_spread_over_folds_without_repeats():
    rows = interpret_attribute_features.chosen([50, 60, 40], 30, 1)
    assert sum(map(len, rows)) == 30
    assert all(len(set(r)) == len(r) and r.max() < size for r, size in zip(rows, (50, 60, 40), strict=True))
    assert sum(map(len, interpret_attribute_features.chosen([5, 5], 30, 1))) == 10


@pytest.mark.parametrize("model", ["network", "forest"])
def test_the_whole_step_finds_the_planted_features(tmp_path, model):
    files = calls.train(tmp_path, calls.fold(tmp_path, calls.assemble(tmp_path, calls=500, signal=2.5)), model)
    methods = ["integrated_gradients", "shap"] if model == "network" else ["shap"]
    outputs = {"attributions": tmp_path / "a.h5", "exams": tmp_path / "e.json", "summary": tmp_path / "e.summary.json"}
    spec = {"attributions": methods, "explained": 60, "bootstrap": 100}
    interpret_attribute_features.main(files, "call_quality", spec, 1, 1, outputs)
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
        assert handle.attrs["unit"] == "logit" and list(handle.attrs["classes"]) == ["false call", "true call"]
        assert handle["used"].shape == (3, len(handle["feature"])) and handle["used"][:].all()


def learned(folder, files, model, settings):
    """A trained model beside its folds: what `interpret_attribute_features` takes."""
    made = {"tensors": folder / f"{model}.safetensors", "about": folder / f"{model}.json"}
    model_train.main(
        files["balanced"], files["validation"], files["certificate"], model, settings, 1, 1, made["tensors"], made["about"]
    )
    return files | made


def explained(folder, inputs, methods, count=200):
    outputs = {"attributions": folder / "a.h5", "exams": folder / "e.json", "summary": folder / "e.summary.json"}
    interpret_attribute_features.main(inputs, "t", {"attributions": methods, "explained": count, "bootstrap": 100}, 1, 1, outputs)
    return outputs


ASSOCIATION = modalities.SELECT | {"method": "association"}


@pytest.fixture(scope="module")
def classes(tmp_path_factory):
    """Three classes of samples in nested folds, whose features are chosen fold by fold."""
    folder = tmp_path_factory.mktemp("classes")
    files = modalities.fold(folder, modalities.joined(folder), select=ASSOCIATION)
    inputs = learned(folder, files, "network", cohorts.NETWORK)
    return inputs, explained(folder, inputs, list(ATTRIBUTIONS))


def test_folds_of_other_features_stand_side_by_side(classes):
    inputs, outputs = classes
    with h5py.File(outputs["attributions"]) as handle:
        features, used, fold = handle["feature"].asstr()[:], handle["used"][:], handle["fold"][:]
        assert len(features) > 40 and used.shape == (3, len(features)) and (used.sum(axis=1) == 40).all()
        assert list(handle["fold_repeat"][:]) == [0, 0, 0] and list(handle["fold_number"][:]) == [0, 1, 2]
        assert list(handle["modality"].asstr()[:]) == [name.partition(":")[0] for name in features]
        found, values = handle["integrated_gradients/attributions"][:], handle["values"][:]
        assert found.shape == (*values.shape, 3) and list(handle.attrs["classes"]) == ["ALL", "AML", "CML"]
        assert np.array_equal(np.isnan(values), ~used[fold])
        assert (found[~used[fold]] == 0).all() and np.isfinite(found).all()
        means = [np.abs(found[fold == n]).mean(axis=(0, 2)) for n in range(3)]
        assert np.allclose(handle["integrated_gradients/by_fold"][:], means)
        names, labels = handle["example"].asstr()[:], handle["label"][:]
    for number in range(3):
        test = fold_file.read(inputs["test"], number)
        place = {name: i for i, name in enumerate(test.names)}
        rows = np.flatnonzero(fold == number)
        own = [place[name] for name in names[rows]]
        assert len(own) == len(test), "all are explained, each by the model that did not see it"
        assert np.array_equal(labels[rows], test.labels[own])
        columns = [list(features).index(name) for name in test.features]
        assert np.array_equal(values[np.ix_(rows, columns)], test.values[own].astype(values.dtype))


def test_the_features_that_classes_were_planted_in_are_found_and_the_exams_passed(classes):
    _, outputs = classes
    told = json.loads(outputs["exams"].read_text())
    assert told["outcome"] == {"kind": "multiclass", "classes": ["ALL", "AML", "CML"]}
    planted = {f"{name}:{name[:2]}{i}" for name in modalities.FEATURES for i in range(modalities.TOLD)}
    for held in told["methods"].values():
        assert len({row["feature"] for row in held["importance"][:8]} & planted) >= 6
        assert [row["exam"] for row in held["exams"]] == ["completeness", "weights drawn anew", "shuffled labels"]
        assert held["passed"], held["exams"]


def test_what_is_written_is_what_figures_read(classes):
    found = results.read(classes[1]["attributions"])
    assert found.methods == sorted(ATTRIBUTIONS) and found.outputs == ["ALL", "AML", "CML"]
    assert found.by_fold["shap"].shape == found.used.shape
    assert found.unit == "logit"


def test_divisions_drawn_anew_are_told_fold_by_fold(tmp_path):
    path = modalities.joined(tmp_path)
    parts = []
    for repeat in (0, 1):
        folder = tmp_path / f"repeat{repeat}"
        folder.mkdir()
        files = modalities.fold(folder, path, modalities.GIVEN, repeat=repeat, select=ASSOCIATION)
        parts.append(learned(folder, files, "elastic_net", {}))
    again = {f"again_{name}": parts[1][name] for name in interpret_attribute_features.FILES_AGAIN}
    outputs = explained(tmp_path, parts[0] | again, ["shap"])
    with h5py.File(outputs["attributions"]) as handle:
        assert list(handle["fold_repeat"][:]) == [0, 1, 1] and list(handle["fold_number"][:]) == [0, 0, 1]
        assert handle["shap/by_fold"].shape == handle["used"].shape == (3, len(handle["feature"]))
        assert set(handle["fold"][:]) == {0}
        given = fold_file.read(parts[0]["test"], 0)
        assert sorted(handle["example"].asstr()[:]) == sorted(given.names), "those of the given test part alone"
        assert (handle["shap/by_fold"][:][~handle["used"][:]] == 0).all()
        assert (handle["shap/by_fold"][:] > 0).any(axis=1).all()


@pytest.mark.parametrize("kind, columns, unit", [("survival", 2, "log hazard"), ("multilabel", 2, "logit")])
def test_hazards_and_labels_are_explained(tmp_path, kind, columns, unit):
    given = {"survival": modalities.SURVIVAL, "multilabel": modalities.MULTILABEL}[kind]
    files = modalities.fold(tmp_path, modalities.joined(tmp_path, **given), balance="none")
    inputs = learned(tmp_path, files, "network", cohorts.NETWORK | {"epochs": 10})
    outputs = explained(tmp_path, inputs, ["integrated_gradients"], count=20)
    with h5py.File(outputs["attributions"]) as handle:
        assert handle["label"].shape == (20, columns) and handle.attrs["unit"] == unit and handle.attrs["kind"] == kind
        assert handle["integrated_gradients/attributions"].ndim == (2 if kind == "survival" else 3)
    exam = json.loads(outputs["exams"].read_text())["methods"]["integrated_gradients"]["exams"]
    assert exam[0]["passed"], "completeness"


def test_a_model_of_other_features_is_refused(classes, tmp_path):
    inputs, _ = classes
    told = json.loads(inputs["about"].read_text())
    told["folds"][1]["features"] = told["folds"][1]["features"][::-1]
    (tmp_path / "about.json").write_text(json.dumps(told))
    with pytest.raises(InputError, match="features of fold 1 are not those"):
        explained(tmp_path, inputs | {"about": tmp_path / "about.json"}, ["shap"])


def test_attention_stands_beside_attributions(tmp_path):
    files = modalities.fold(tmp_path, modalities.joined(tmp_path, missing="keep"), balance="none")
    inputs = learned(tmp_path, files, "attention_fusion", cohorts.SETTINGS["attention_fusion"] | {"epochs": 5})
    outputs = explained(tmp_path, inputs, ["integrated_gradients"])
    with h5py.File(outputs["attributions"]) as handle:
        names, found = list(handle["example"].asstr()[:]), handle["integrated_gradients/attributions"][:]
        assert list(handle["attention_modality"].asstr()[:]) == ["mrna", "mirna"]
        assert np.allclose(handle["attention"][:].sum(axis=1), 1)
        lacking = [names.index(name) for name in ("s0", "s1")]
        assert (handle["attention"][:][lacking, 1] == 0).all()
        assert (found[np.ix_(lacking, handle["modality"].asstr()[:] == "mirna")] == 0).all()
