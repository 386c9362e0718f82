"""Feature attribution step: failing methods, planted features, and output for folds with different features."""

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


def test_similarity_equals_spearman():
    from scipy.stats import spearmanr

    rng = np.random.default_rng(5)
    first, second = rng.integers(0, 6, (10, 8)).astype(float), rng.normal(size=(10, 8))
    by_hand = np.mean([spearmanr(a, b).statistic for a, b in zip(first, second, strict=True)])
    assert tabular.mean_rank_correlation(first, second) == pytest.approx(by_hand)
    assert tabular.mean_rank_correlation(first, first) == pytest.approx(1)
    assert tabular.mean_rank_correlation(first, np.zeros((10, 8))) == 0
    several = [np.stack([values, values[::-1]], axis=2) for values in (first, second)]
    halves = [tabular.mean_rank_correlation(several[0][:, :, k], several[1][:, :, k]) for k in (0, 1)]
    assert tabular.mean_rank_correlation(*several) == pytest.approx(np.mean(halves)), "each output counts like an example"


def test_method_that_ignores_the_model_fails():
    results = {row["exam"]: row for row in tabular.judge_method(np.full(10, 0.4), 1.0, 0.9)}
    assert not any(row["passed"] for row in results.values())
    assert "untrained model gets similar attributions" in results["randomised weights"]["reason"]
    good = tabular.judge_method(np.zeros(10), 0.0, -0.1)
    assert all(row["passed"] for row in good)
    assert len(tabular.judge_method(np.zeros(10), None, 0.0)) == 2, "a forest has no weights to randomise"
    assert not tabular.judge_method(np.array([np.nan]), 0.0, 0.0)[0]["passed"], "NaN does not pass"


def test_sampled_rows_cover_folds_without_repeats():
    rows = interpret_attribute_features.sample_rows([50, 60, 40], 30, 1)
    assert sum(map(len, rows)) == 30
    assert all(len(set(r)) == len(r) and r.max() < size for r, size in zip(rows, (50, 60, 40), strict=True))
    assert sum(map(len, interpret_attribute_features.sample_rows([5, 5], 30, 1))) == 10


@pytest.mark.parametrize("model", ["network", "forest"])
def test_step_recovers_planted_features(tmp_path, model):
    files = calls.train_model(
        tmp_path, calls.make_folds(tmp_path, calls.assemble_examples(tmp_path, calls=500, signal=2.5)), model
    )
    methods = ["integrated_gradients", "shap"] if model == "network" else ["shap"]
    outputs = {"attributions": tmp_path / "a.h5", "exams": tmp_path / "e.json", "summary": tmp_path / "e.summary.json"}
    spec = {"attributions": methods, "explained": 60, "bootstrap": 100}
    interpret_attribute_features.main(files, "call_quality", spec, 1, 1, outputs)
    report = json.loads(outputs["exams"].read_text())
    for method in methods:
        top = [row["feature"] for row in report["methods"][method]["importance"][:2]]
        assert set(top) == {"QUAL", "MQ"}, "the features that distinguish false calls"
        assert report["methods"][method]["exams"][0]["passed"]
    keys = {r["key"] for r in json.loads(outputs["summary"].read_text())}
    assert {"interpret.call_quality.shap.completeness_error", "interpret.call_quality.shap.randomisation_similarity"} <= keys
    with h5py.File(outputs["attributions"]) as handle:
        assert handle["shap/attributions"].shape == handle["values"].shape == (60, len(handle["feature"]))
        assert handle.attrs["unit"] == "logit"
        assert handle.attrs["unit"] == "logit" and list(handle.attrs["classes"]) == ["false call", "true call"]
        assert handle["used"].shape == (3, len(handle["feature"])) and handle["used"][:].all()


def train_model(folder, files, model, settings):
    """A trained model with its folds: inputs of `interpret_attribute_features`."""
    outputs = {"tensors": folder / f"{model}.safetensors", "about": folder / f"{model}.json"}
    model_train.main(
        files["balanced"], files["validation"], files["certificate"], model, settings, 1, 1, outputs["tensors"], outputs["about"]
    )
    return files | outputs


def run_attribution(folder, inputs, methods, count=200):
    outputs = {"attributions": folder / "a.h5", "exams": folder / "e.json", "summary": folder / "e.summary.json"}
    interpret_attribute_features.main(inputs, "t", {"attributions": methods, "explained": count, "bootstrap": 100}, 1, 1, outputs)
    return outputs


ASSOCIATION = modalities.SELECT | {"method": "association"}


@pytest.fixture(scope="module")
def classes(tmp_path_factory):
    """Three classes of samples in nested folds with feature selection per fold."""
    folder = tmp_path_factory.mktemp("classes")
    files = modalities.make_folds(folder, modalities.assemble_examples(folder), select=ASSOCIATION)
    inputs = train_model(folder, files, "network", cohorts.NETWORK)
    return inputs, run_attribution(folder, inputs, list(ATTRIBUTIONS))


def test_folds_with_different_features_are_aligned(classes):
    inputs, outputs = classes
    with h5py.File(outputs["attributions"]) as handle:
        features, used, fold = handle["feature"].asstr()[:], handle["used"][:], handle["fold"][:]
        assert len(features) > 40 and used.shape == (3, len(features)) and (used.sum(axis=1) == 40).all()
        assert list(handle["fold_repeat"][:]) == [0, 0, 0] and list(handle["fold_number"][:]) == [0, 1, 2]
        assert list(handle["modality"].asstr()[:]) == [name.partition(":")[0] for name in features]
        attributions, values = handle["integrated_gradients/attributions"][:], handle["values"][:]
        assert attributions.shape == (*values.shape, 3) and list(handle.attrs["classes"]) == ["ALL", "AML", "CML"]
        assert np.array_equal(np.isnan(values), ~used[fold])
        assert (attributions[~used[fold]] == 0).all() and np.isfinite(attributions).all()
        means = [np.abs(attributions[fold == n]).mean(axis=(0, 2)) for n in range(3)]
        assert np.allclose(handle["integrated_gradients/by_fold"][:], means)
        names, labels = handle["example"].asstr()[:], handle["label"][:]
    for number in range(3):
        test = fold_file.read(inputs["test"], number)
        row_of = {name: i for i, name in enumerate(test.names)}
        rows = np.flatnonzero(fold == number)
        test_rows = [row_of[name] for name in names[rows]]
        assert len(test_rows) == len(test), "all examples are explained by the model of their test fold"
        assert np.array_equal(labels[rows], test.labels[test_rows])
        columns = [list(features).index(name) for name in test.features]
        assert np.array_equal(values[np.ix_(rows, columns)], test.values[test_rows].astype(values.dtype))


def test_planted_features_rank_first_and_exams_pass(classes):
    _, outputs = classes
    report = json.loads(outputs["exams"].read_text())
    assert report["outcome"] == {"kind": "multiclass", "classes": ["ALL", "AML", "CML"]}
    planted = {f"{name}:{name[:2]}{i}" for name in modalities.FEATURES for i in range(modalities.INFORMATIVE)}
    for result in report["methods"].values():
        assert len({row["feature"] for row in result["importance"][:8]} & planted) >= 6
        assert [row["exam"] for row in result["exams"]] == ["completeness", "randomised weights", "shuffled labels"]
        assert result["passed"], result["exams"]


def test_results_reader_reads_the_written_file(classes):
    attributions = results.read_attributions(classes[1]["attributions"])
    assert attributions.methods == sorted(ATTRIBUTIONS) and attributions.outputs == ["ALL", "AML", "CML"]
    assert attributions.by_fold["shap"].shape == attributions.used.shape
    assert attributions.unit == "logit"


def test_new_splits_are_reported_per_fold(tmp_path):
    path = modalities.assemble_examples(tmp_path)
    inputs_by_repeat = []
    for repeat in (0, 1):
        folder = tmp_path / f"repeat{repeat}"
        folder.mkdir()
        files = modalities.make_folds(folder, path, modalities.GIVEN, repeat=repeat, select=ASSOCIATION)
        inputs_by_repeat.append(train_model(folder, files, "elastic_net", {}))
    new_inputs = {f"again_{name}": inputs_by_repeat[1][name] for name in interpret_attribute_features.NEW_SPLIT_FILES}
    outputs = run_attribution(tmp_path, inputs_by_repeat[0] | new_inputs, ["shap"])
    with h5py.File(outputs["attributions"]) as handle:
        assert list(handle["fold_repeat"][:]) == [0, 1, 1] and list(handle["fold_number"][:]) == [0, 0, 1]
        assert handle["shap/by_fold"].shape == handle["used"].shape == (3, len(handle["feature"]))
        assert set(handle["fold"][:]) == {0}
        given = fold_file.read(inputs_by_repeat[0]["test"], 0)
        assert sorted(handle["example"].asstr()[:]) == sorted(given.names), "only examples of the given test set"
        assert (handle["shap/by_fold"][:][~handle["used"][:]] == 0).all()
        assert (handle["shap/by_fold"][:] > 0).any(axis=1).all()


@pytest.mark.parametrize("kind, columns, unit", [("survival", 2, "log hazard"), ("multilabel", 2, "logit")])
def test_hazards_and_labels_are_explained(tmp_path, kind, columns, unit):
    given = {"survival": modalities.SURVIVAL, "multilabel": modalities.MULTILABEL}[kind]
    files = modalities.make_folds(tmp_path, modalities.assemble_examples(tmp_path, **given), balance="none")
    inputs = train_model(tmp_path, files, "network", cohorts.NETWORK | {"epochs": 10})
    outputs = run_attribution(tmp_path, inputs, ["integrated_gradients"], count=20)
    with h5py.File(outputs["attributions"]) as handle:
        assert handle["label"].shape == (20, columns) and handle.attrs["unit"] == unit and handle.attrs["kind"] == kind
        assert handle["integrated_gradients/attributions"].ndim == (2 if kind == "survival" else 3)
    exam = json.loads(outputs["exams"].read_text())["methods"]["integrated_gradients"]["exams"]
    assert exam[0]["passed"], "completeness"


def test_model_with_different_features_is_rejected(classes, tmp_path):
    inputs, _ = classes
    content = json.loads(inputs["about"].read_text())
    content["folds"][1]["features"] = content["folds"][1]["features"][::-1]
    (tmp_path / "about.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match="features of fold 1 differ"):
        run_attribution(tmp_path, inputs | {"about": tmp_path / "about.json"}, ["shap"])


def test_attention_is_written_with_attributions(tmp_path):
    files = modalities.make_folds(tmp_path, modalities.assemble_examples(tmp_path, missing="keep"), balance="none")
    inputs = train_model(tmp_path, files, "attention_fusion", cohorts.SETTINGS["attention_fusion"] | {"epochs": 5})
    outputs = run_attribution(tmp_path, inputs, ["integrated_gradients"])
    with h5py.File(outputs["attributions"]) as handle:
        names, attributions = list(handle["example"].asstr()[:]), handle["integrated_gradients/attributions"][:]
        assert list(handle["attention_modality"].asstr()[:]) == ["mrna", "mirna"]
        assert np.allclose(handle["attention"][:].sum(axis=1), 1)
        absent_rows = [names.index(name) for name in ("s0", "s1")]
        assert (handle["attention"][:][absent_rows, 1] == 0).all()
        assert (attributions[np.ix_(absent_rows, handle["modality"].asstr()[:] == "mirna")] == 0).all()
