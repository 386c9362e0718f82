"""Training: settings and calibration come from what is not tested, what is stored is what was trained, no certificate, no training."""

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
    return calls.fold(folder, calls.assemble(folder, calls=300))


@pytest.fixture(scope="module")
def nested(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nested")
    return {
        kind: planted.files(folder / kind, planted.fold(kind, 120, 24, modalities=2))
        for kind in ("binary", "multiclass", "multilabel", "survival")
    }


def content(made):
    return json.loads(made["about"].read_text())


@pytest.mark.parametrize("model", ["network", "forest", "logistic", "elastic_net", "boosting", "shuffled_labels"])
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


def test_calls_keep_one_validation_part(files, tmp_path):
    """Where cross-validation is not nested the model that was chosen is the model that is kept."""
    made = calls.train(tmp_path, files, "logistic")
    arrays, about = model_file.read(made["tensors"], made["about"])
    for number, row in enumerate(about["folds"]):
        train, held = (fold_file.read(files[name], number) for name in ("balanced", "validation"))
        losses = []
        for candidate in logistic.GRID:
            fitted = logistic.train(train, held, candidate, 1, 1)
            losses.append(held.outcome.loss(logistic.predict(fitted.arrays, fitted.about, held.values), held.labels))
        assert row["settings"] == logistic.GRID[int(np.argmin(losses))]
        assert [trial["loss"] for trial in row["trials"]] == pytest.approx(losses)
        guess = logistic.predict(arrays[number], row["about"], held.values)
        assert row["calibration"] == pytest.approx(calibration.fit("binary", guess, held.labels))


@pytest.mark.parametrize(
    "kind, model", [(k, m) for k in ("binary", "multiclass", "multilabel") for m in CLASSES] + [("survival", m) for m in SURVIVAL]
)
def test_predictions_of_files_are_those_of_the_model(nested, tmp_path, kind, model):
    made = planted.train(tmp_path, nested[kind], model, SETTINGS.get(model))
    table, about = pd.read_parquet(made["predictions"]), content(made)
    whole = planted.fold(kind, 120, 24, modalities=2)
    arrays, _ = model_file.read(made["tensors"], made["about"])
    draws = 20 if model == "shuffled_labels" else 1
    assert len(table) == 120 * draws and about["kind"] == model and about["outcome"] == whole.outcome.plain()
    for (number, draw), part in table.groupby(["fold", "draw"]):
        test = fold_file.read(nested[kind]["test"], number)
        assert list(part["example"]) == list(test.names) and np.array_equal(whole.outcome.target(part), test.labels)
        row = about["folds"][number]
        guess = MODELS[model].predict(arrays[number], row["about"], test.values)
        guess = guess[draw] if draws > 1 else guess
        assert np.array_equal(whole.outcome.guess(part, "raw"), guess)
        scale = row["calibration"]
        expected = guess if scale is None else calibration.apply(kind, guess, scale)
        assert np.array_equal(whole.outcome.guess(part, "calibrated"), expected)
        assert row["features"] == test.features
    if kind == "survival" or draws > 1:
        assert whole.outcome.guess(table, "raw").tolist() == whole.outcome.guess(table, "calibrated").tolist()


def test_nested_settings_are_the_best_of_the_inner_folds_and_the_last_fit_is_on_all(nested, tmp_path):
    given = nested["binary"]
    made = planted.train(tmp_path, given, "elastic_net")
    arrays, about = model_file.read(made["tensors"], made["about"])
    for number, row in enumerate(about["folds"]):
        pairs = [tuple(fold_file.read(given[n], number, j) for n in ("balanced", "validation")) for j in (0, 1)]
        losses = []
        for candidate in elastic_net.GRID:
            fits = [(elastic_net.train(train, held, candidate, 1, 1), held) for train, held in pairs]
            losses.append(np.mean([h.outcome.loss(elastic_net.predict(f.arrays, f.about, h.values), h.labels) for f, h in fits]))
        best = elastic_net.GRID[int(np.argmin(losses))]
        assert row["settings"] == best and len(row["trials"]) == len(elastic_net.GRID)
        whole = fold_file.read(given["balanced"], number)
        assert np.array_equal(arrays[number]["weight"], elastic_net.train(whole, None, best, 1, 1).arrays["weight"])
        assert row["examples"] == len(whole) == 60
        unseen = [
            elastic_net.predict(f.arrays, f.about, h.values)
            for f, h in [(elastic_net.train(t, h, best, 1, 1), h) for t, h in pairs]
        ]
        labels = np.concatenate([h.labels for _, h in pairs])
        assert row["calibration"] == pytest.approx(calibration.fit("binary", np.concatenate(unseen), labels))


def test_the_last_fit_of_a_network_takes_the_epochs_of_the_inner_ones(nested, tmp_path):
    made = planted.train(tmp_path, nested["binary"], "network", calls.NETWORK)
    for row in content(made)["folds"]:
        assert len(row["history"]) == row["settings"]["epochs"] <= calls.NETWORK["epochs"]
    assert hasattr(mlp, "settled")


def test_a_search_tries_what_it_was_told_to(nested, tmp_path):
    made = planted.train(tmp_path, nested["multiclass"], "logistic", trials=4)
    for row in content(made)["folds"]:
        assert len(row["trials"]) == 4 and row["settings"] in [trial["settings"] for trial in row["trials"]]
        assert min(t["loss"] for t in row["trials"]) == next(t["loss"] for t in row["trials"] if t["settings"] == row["settings"])


def test_one_modality_alone_is_all_that_its_variant_sees(nested, tmp_path):
    made = planted.train(tmp_path, nested["binary"], "logistic-on-m0")
    about = content(made)
    assert about["model"] == "logistic-on-m0" and about["kind"] == "logistic"
    assert all(name.startswith("m0:") for row in about["folds"] for name in row["features"])
    arrays, _ = model_file.read(made["tensors"], made["about"])
    assert arrays[0]["weight"].shape == (12,)


def test_training_sees_nothing_of_the_test_part(tmp_path):
    """The test part's labels and values turned upside down change no byte of the model."""
    whole = planted.fold("binary", 120, 12)
    tested = np.arange(120) % 2 == 0
    other = planted.rows(
        whole,
        np.arange(120),
        labels=np.where(tested, 1 - whole.labels, whole.labels),
        values=np.where(tested[:, None], 9 - whole.values, whole.values).astype(np.float32),
    )
    made = [
        planted.train(tmp_path / name, planted.files(tmp_path / name, fold), "elastic_net")
        for name, fold in (("a", whole), ("b", other))
    ]
    first = [load_file(m["tensors"])["fold0/weight"] for m in made]
    assert np.array_equal(*first)
    assert content(made[0])["folds"][0]["calibration"] == content(made[1])["folds"][0]["calibration"]


def test_calibration_keeps_the_ranking_and_helps(files, tmp_path):
    table = pd.read_parquet(calls.train(tmp_path, files, "forest")["predictions"])
    assert table["example"].is_unique and len(table) == 300
    assert table["calibrated"].between(0, 1).all()
    assert list(table) == ["example", "group", "repeat", "fold", "draw", "label", "raw", "calibrated"]
    order = table.sort_values(["fold", "raw"])
    assert order.groupby("fold")["calibrated"].is_monotonic_increasing.all()


def test_folds_of_another_certificate_are_refused(files, tmp_path):
    held = json.loads(files["certificate"].read_text())
    other = tmp_path / "certificate.json"
    other.write_text(json.dumps(held | {"seed": 99}))
    with pytest.raises(InputError, match="stale or uncertified"):
        calls.train(tmp_path, files | {"certificate": other}, "logistic")
    assert list(tmp_path.iterdir()) == [other]


@pytest.mark.parametrize(
    "kind, model, words",
    [
        ("survival", "logistic", "'logistic' predicts binary, multiclass, multilabel, and the outcome here is survival"),
        ("binary", "cox", "'cox' predicts survival, and the outcome here is binary"),
        ("survival", "late_fusion", "'late_fusion' predicts"),
        ("binary", "logistic-on-protein", "no modality 'protein' in this fold; there are: m0, m1"),
        ("binary", "logistics", "did you mean 'logistic'"),
    ],
)
def test_a_model_that_cannot_learn_this_is_refused(nested, tmp_path, kind, model, words):
    with pytest.raises(InputError, match=words):
        planted.train(tmp_path, nested[kind], model)
    assert not list(tmp_path.iterdir())


def test_fusion_of_one_modality_is_refused(tmp_path):
    given = planted.files(tmp_path / "folds", planted.fold("binary", 60, 8))
    with pytest.raises(InputError, match="'late_fusion' joins modalities, and the examples have one"):
        planted.train(tmp_path / "model", given, "late_fusion")


def test_what_is_written_is_read_back(tmp_path):
    arrays = [{"a": np.arange(3.0)}, {"m/a": np.ones((2, 2)), "b": np.array([7])}]
    model_file.write(tmp_path / "m.safetensors", tmp_path / "m.json", arrays, {"folds": [{}, {}]})
    found, _ = model_file.read(tmp_path / "m.safetensors", tmp_path / "m.json")
    assert all(np.array_equal(found[i][k], arrays[i][k]) for i in range(2) for k in arrays[i])
    assert set(load_file(tmp_path / "m.safetensors")) == {"fold0/a", "fold1/m/a", "fold1/b"}


def test_training_starts_without_torch():
    """Two seconds that a small model does not need."""
    import subprocess
    import sys

    scripts = str(model_train.__file__).rsplit("/", 1)[0]
    words = "import sys, model_train, model_predict; print([m for m in ('torch', 'lightning', 'sklearn', 'optuna') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True, env={"PYTHONPATH": scripts})
    assert found.stdout.strip() == "[]"
