"""Training: settings and calibration never use test data, stored models match trained ones, uncertified folds are refused."""

import json

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file

import calls
import model_train
import planted
from readsight.dataset import fold_file
from readsight.errors import InputError
from readsight.formats import model_file
from readsight.models import calibration
from readsight.models.tabular import MODELS, elastic_net, logistic, mlp

SURVIVAL = ("cox", "shuffled_labels")
CLASSES = ("logistic", "elastic_net", "forest", "late_fusion", "single_feature", "shuffled_labels")
SETTINGS = {"single_feature": {"feature": "m0:g0"}, "forest": {"trees": 20}}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("train")
    return calls.make_folds(folder, calls.assemble_examples(folder, calls=300))


@pytest.fixture(scope="module")
def fold_files_by_kind(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nested")
    return {
        kind: planted.write_folds(folder / kind, planted.make_fold(kind, 120, 24, modalities=2))
        for kind in ("binary", "multiclass", "multilabel", "survival")
    }


def read_content(outputs):
    return json.loads(outputs["about"].read_text())


@pytest.mark.parametrize("model", ["network", "forest", "logistic", "elastic_net", "boosting", "shuffled_labels"])
def test_same_seed_gives_the_same_bytes(files, tmp_path, model):
    (tmp_path / "a").mkdir(), (tmp_path / "b").mkdir()
    first, second = (calls.train_model(tmp_path / name, files, model) for name in ("a", "b"))
    assert first["tensors"].read_bytes() == second["tensors"].read_bytes()
    assert first["about"].read_bytes() == second["about"].read_bytes()
    assert pd.read_parquet(first["predictions"]).equals(pd.read_parquet(second["predictions"]))


def test_different_seed_gives_a_different_network(files, tmp_path):
    (tmp_path / "a").mkdir(), (tmp_path / "b").mkdir()
    first, second = (calls.train_model(tmp_path / name, files, "network", seed) for name, seed in (("a", 1), ("b", 2)))
    assert first["tensors"].read_bytes() != second["tensors"].read_bytes()


def test_training_leaves_no_temporary_files(files, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    calls.train_model(tmp_path, files, "network")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["network.json", "network.parquet", "network.safetensors"]


def test_single_validation_fold_selects_the_final_model(files, tmp_path):
    """Without nested cross-validation the selected model is the stored model."""
    outputs = calls.train_model(tmp_path, files, "logistic")
    arrays, description = model_file.read(outputs["tensors"], outputs["about"])
    for number, row in enumerate(description["folds"]):
        train, validation = (fold_file.read(files[name], number) for name in ("balanced", "validation"))
        losses = []
        for candidate in logistic.GRID:
            fitted = logistic.train(train, validation, candidate, 1, 1)
            losses.append(
                validation.outcome.compute_loss(
                    logistic.predict(fitted.arrays, fitted.description, validation.values), validation.labels
                )
            )
        assert row["settings"] == logistic.GRID[int(np.argmin(losses))]
        assert [trial["loss"] for trial in row["trials"]] == pytest.approx(losses)
        guess = logistic.predict(arrays[number], row["about"], validation.values)
        assert row["calibration"] == pytest.approx(calibration.fit("binary", guess, validation.labels))


@pytest.mark.parametrize(
    "kind, model", [(k, m) for k in ("binary", "multiclass", "multilabel") for m in CLASSES] + [("survival", m) for m in SURVIVAL]
)
def test_stored_predictions_match_the_model(fold_files_by_kind, tmp_path, kind, model):
    outputs = planted.train_and_predict(tmp_path, fold_files_by_kind[kind], model, SETTINGS.get(model))
    table, description = pd.read_parquet(outputs["predictions"]), read_content(outputs)
    full_fold = planted.make_fold(kind, 120, 24, modalities=2)
    arrays, _ = model_file.read(outputs["tensors"], outputs["about"])
    draws = 20 if model == "shuffled_labels" else 1
    assert len(table) == 120 * draws and description["kind"] == model and description["outcome"] == full_fold.outcome.to_dict()
    for (number, draw), draw_table in table.groupby(["fold", "draw"]):
        test = fold_file.read(fold_files_by_kind[kind]["test"], number)
        assert list(draw_table["example"]) == list(test.names) and np.array_equal(
            full_fold.outcome.read_target(draw_table), test.labels
        )
        row = description["folds"][number]
        guess = MODELS[model].predict(arrays[number], row["about"], test.values)
        guess = guess[draw] if draws > 1 else guess
        assert np.array_equal(full_fold.outcome.read_predictions(draw_table, "raw"), guess)
        scale = row["calibration"]
        expected = guess if scale is None else calibration.apply(kind, guess, scale)
        assert np.array_equal(full_fold.outcome.read_predictions(draw_table, "calibrated"), expected)
        assert row["features"] == test.features
    if kind == "survival" or draws > 1:
        assert (
            full_fold.outcome.read_predictions(table, "raw").tolist()
            == full_fold.outcome.read_predictions(table, "calibrated").tolist()
        )


def test_nested_selection_refits_on_all_training_examples(fold_files_by_kind, tmp_path):
    fold_files = fold_files_by_kind["binary"]
    outputs = planted.train_and_predict(tmp_path, fold_files, "elastic_net")
    arrays, description = model_file.read(outputs["tensors"], outputs["about"])
    for number, row in enumerate(description["folds"]):
        pairs = [tuple(fold_file.read(fold_files[n], number, j) for n in ("balanced", "validation")) for j in (0, 1)]
        losses = []
        for candidate in elastic_net.GRID:
            fits = [(elastic_net.train(train, validation, candidate, 1, 1), validation) for train, validation in pairs]
            losses.append(
                np.mean(
                    [h.outcome.compute_loss(elastic_net.predict(f.arrays, f.description, h.values), h.labels) for f, h in fits]
                )
            )
        best = elastic_net.GRID[int(np.argmin(losses))]
        assert row["settings"] == best and len(row["trials"]) == len(elastic_net.GRID)
        full_fold = fold_file.read(fold_files["balanced"], number)
        assert np.array_equal(arrays[number]["weight"], elastic_net.train(full_fold, None, best, 1, 1).arrays["weight"])
        assert row["examples"] == len(full_fold) == 60
        validation_guesses = [
            elastic_net.predict(f.arrays, f.description, h.values)
            for f, h in [(elastic_net.train(t, h, best, 1, 1), h) for t, h in pairs]
        ]
        labels = np.concatenate([h.labels for _, h in pairs])
        assert row["calibration"] == pytest.approx(calibration.fit("binary", np.concatenate(validation_guesses), labels))


def test_network_refit_uses_inner_epochs(fold_files_by_kind, tmp_path):
    outputs = planted.train_and_predict(tmp_path, fold_files_by_kind["binary"], "network", calls.NETWORK)
    for row in read_content(outputs)["folds"]:
        assert len(row["history"]) == row["settings"]["epochs"] <= calls.NETWORK["epochs"]
    assert hasattr(mlp, "choose_settings")


def test_search_runs_the_requested_trials(fold_files_by_kind, tmp_path):
    outputs = planted.train_and_predict(tmp_path, fold_files_by_kind["multiclass"], "logistic", trials=4)
    for row in read_content(outputs)["folds"]:
        assert len(row["trials"]) == 4 and row["settings"] in [trial["settings"] for trial in row["trials"]]
        assert min(t["loss"] for t in row["trials"]) == next(t["loss"] for t in row["trials"] if t["settings"] == row["settings"])


def test_single_modality_model_uses_only_that_modality(fold_files_by_kind, tmp_path):
    outputs = planted.train_and_predict(tmp_path, fold_files_by_kind["binary"], "logistic-on-m0")
    description = read_content(outputs)
    assert description["model"] == "logistic-on-m0" and description["kind"] == "logistic"
    assert all(name.startswith("m0:") for row in description["folds"] for name in row["features"])
    arrays, _ = model_file.read(outputs["tensors"], outputs["about"])
    assert arrays[0]["weight"].shape == (12,)


def test_test_examples_do_not_affect_training(tmp_path):
    """Inverting labels and values of the test set changes no byte of the model."""
    original = planted.make_fold("binary", 120, 12)
    is_tested = np.arange(120) % 2 == 0
    changed = planted.select_rows(
        original,
        np.arange(120),
        labels=np.where(is_tested, 1 - original.labels, original.labels),
        values=np.where(is_tested[:, None], 9 - original.values, original.values).astype(np.float32),
    )
    outputs = [
        planted.train_and_predict(tmp_path / name, planted.write_folds(tmp_path / name, fold), "elastic_net")
        for name, fold in (("a", original), ("b", changed))
    ]
    first = [load_file(m["tensors"])["fold0/weight"] for m in outputs]
    assert np.array_equal(*first)
    assert read_content(outputs[0])["folds"][0]["calibration"] == read_content(outputs[1])["folds"][0]["calibration"]


def test_calibration_keeps_the_ranking(files, tmp_path):
    table = pd.read_parquet(calls.train_model(tmp_path, files, "forest")["predictions"])
    assert table["example"].is_unique and len(table) == 300
    assert table["calibrated"].between(0, 1).all()
    assert list(table) == ["example", "group", "repeat", "fold", "draw", "label", "raw", "calibrated"]
    order = table.sort_values(["fold", "raw"])
    assert order.groupby("fold")["calibrated"].is_monotonic_increasing.all()


def test_folds_of_a_different_certificate_are_refused(files, tmp_path):
    content = json.loads(files["certificate"].read_text())
    changed_certificate = tmp_path / "certificate.json"
    changed_certificate.write_text(json.dumps(content | {"seed": 99}))
    with pytest.raises(InputError, match="stale or uncertified"):
        calls.train_model(tmp_path, files | {"certificate": changed_certificate}, "logistic")
    assert list(tmp_path.iterdir()) == [changed_certificate]


@pytest.mark.parametrize(
    "kind, model, message",
    [
        ("survival", "logistic", "'logistic' predicts binary, multiclass, multilabel, but the outcome here is survival"),
        ("binary", "cox", "'cox' predicts survival, but the outcome here is binary"),
        ("survival", "late_fusion", "'late_fusion' predicts"),
        ("binary", "logistic-on-protein", "no modality 'protein' in this fold; available: m0, m1"),
        ("binary", "logistics", "did you mean 'logistic'"),
    ],
)
def test_unsuitable_models_are_refused(fold_files_by_kind, tmp_path, kind, model, message):
    with pytest.raises(InputError, match=message):
        planted.train_and_predict(tmp_path, fold_files_by_kind[kind], model)
    assert not list(tmp_path.iterdir())


def test_fusion_of_one_modality_is_refused(tmp_path):
    fold_files = planted.write_folds(tmp_path / "folds", planted.make_fold("binary", 60, 8))
    with pytest.raises(InputError, match="'late_fusion' combines modalities, but the examples have only one"):
        planted.train_and_predict(tmp_path / "model", fold_files, "late_fusion")


def test_model_file_round_trip(tmp_path):
    arrays = [{"a": np.arange(3.0)}, {"m/a": np.ones((2, 2)), "b": np.array([7])}]
    model_file.write(tmp_path / "m.safetensors", tmp_path / "m.json", arrays, {"folds": [{}, {}]})
    restored, _ = model_file.read(tmp_path / "m.safetensors", tmp_path / "m.json")
    assert all(np.array_equal(restored[i][k], arrays[i][k]) for i in range(2) for k in arrays[i])
    assert set(load_file(tmp_path / "m.safetensors")) == {"fold0/a", "fold1/m/a", "fold1/b"}


def test_training_starts_without_torch():
    """Saves two seconds that a small model does not need."""
    import subprocess
    import sys

    scripts = str(model_train.__file__).rsplit("/", 1)[0]
    code = "import sys, model_train, model_predict; print([m for m in ('torch', 'lightning', 'sklearn', 'optuna') if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": scripts})
    assert result.stdout.strip() == "[]"
