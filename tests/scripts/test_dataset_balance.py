"""Balancing: made of the training fold alone, and equal at the end."""

import anndata
import numpy as np
import pandas as pd
import pytest

import calls
import dataset_balance
import kindred
import modalities
from readsight.dataset import fold_file
from readsight.dataset.balancing import BALANCES
from readsight.dataset.outcome import Outcome
from readsight.errors import InputError


@pytest.fixture
def train(tmp_path):
    draw = np.random.default_rng(3)
    labels = np.array([0] * 12 + [1] * 60)
    obs = pd.DataFrame({"label": labels, "group": (np.arange(72) // 6).astype(str)}, index=[f"e{i}" for i in range(72)])
    var = pd.DataFrame({"description": ["a", "b", "c"]}, index=["a", "b", "c"])
    about = {"certificate": "0" * 64, "repeat": 0, "fold": 0, "role": "train"}
    return fold_file.pack(draw.normal(size=(72, 3)).astype(np.float32), obs, var, about, Outcome("binary", ("ALL", "AML")))


def spec(method, neighbours=5):
    return {"method": method, "neighbours": neighbours}


def test_smote_draws_between_neighbours_of_the_minority(train):
    made = dataset_balance.balanced(train, spec("smote"), 1)
    assert made.obs["label"].value_counts().to_dict() == {0: 60, 1: 60}
    synthetic = made[made.obs["origin"] == "synthetic"]
    assert set(synthetic.obs["label"]) == {0} and synthetic.n_obs == 48
    minority = train.X[:12].astype(float)
    apart = np.linalg.norm(minority[:, None] - minority[None], axis=2)
    near = [np.argsort(row, kind="stable")[1:6] for row in apart]
    for point in synthetic.X.astype(float):
        assert any(on_segment(point, minority[i], minority[j]) for i in range(12) for j in near[i])


def on_segment(point, a, b):
    part = np.dot(point - a, b - a) / np.dot(b - a, b - a)
    return -1e-4 <= part <= 1 + 1e-4 and np.allclose(point, a + part * (b - a), atol=1e-4)


@pytest.mark.parametrize("method", [method for method in BALANCES if method != "mutagenesis"])
def test_real_rows_are_rows_of_the_training_fold(train, method):
    made = dataset_balance.balanced(train, spec(method), 1)
    real = made[made.obs["origin"] == "train"]
    assert np.array_equal(real.X, train[real.obs["parent"].to_numpy(str)].X)
    assert (made.obs.loc[made.obs["origin"] == "synthetic", "parent"] == "").all()
    totals = made.obs.groupby("label")["weight"].sum()
    assert method == "none" or totals[0] == pytest.approx(totals[1]), "classes weigh the same"
    assert np.array_equal(made.X, dataset_balance.balanced(train, spec(method), 1).X), "same seed, same rows"


def test_the_rule_is_given_the_training_folds_alone(tmp_path):
    """By structure: one data input, and every real row of what it writes is in it."""
    files = calls.fold(tmp_path, calls.assemble(tmp_path, calls=300))
    for number in range(3):
        made, own = fold_file.read_data(files["balanced"], number), fold_file.read_data(files["train"], number)
        parents = set(made.obs.loc[made.obs["origin"] == "train", "parent"])
        assert parents == set(own.obs_names)
        assert not parents & set(fold_file.read_data(files["test"], number).obs_names)
        assert not parents & set(fold_file.read_data(files["validation"], number).obs_names)


def test_few_of_a_class_lower_the_neighbours_with_a_warning(train, caplog):
    few = train[np.r_[0:3, 12:72]].copy()
    made = dataset_balance.balanced(few, spec("smote"), 1)
    assert made.obs["label"].value_counts().to_dict() == {0: 60, 1: 60}
    assert "neighbours lowered from 5 to 2" in caplog.text


def test_one_of_a_class_is_refused_with_the_key(train):
    one = train[np.r_[0:1, 12:72]].copy()
    with pytest.raises(InputError, match="balance.method: .*class ALL has only 1 example"):
        dataset_balance.balanced(one, spec("smote"), 1)


def test_folds_open_with_anndata(tmp_path, train):
    import h5py

    fold_file.write(tmp_path / "x.h5", [("fold0", train), ("fold1", train)])
    assert fold_file.count(tmp_path / "x.h5") == 2
    with h5py.File(tmp_path / "x.h5") as handle:
        assert anndata.io.read_elem(handle["fold1"]).shape == train.shape


def test_three_classes_are_balanced_in_every_fold_and_inner_fold(tmp_path):
    obs = modalities.about(144)
    obs["class"] = np.select([np.arange(144) // 2 % 9 < 5, np.arange(144) // 2 % 9 < 7], ["ALL", "AML"], "CML")
    path = modalities.joined(tmp_path, modalities.tables(obs))
    files = modalities.fold(tmp_path, path)
    for method in ("none", "smote", "undersample", "class_weight"):
        dataset_balance.main(files["train"], {"method": method, "neighbours": 5}, 1, files["balanced"])
        assert fold_file.names(files["balanced"]) == fold_file.names(files["train"]) and len(fold_file.names(files["train"])) == 9
        for name in fold_file.names(files["train"]):
            made, own = fold_file.read_data(files["balanced"], name), fold_file.read_data(files["train"], name)
            totals = made.obs.groupby("label")["weight"].sum()
            assert len(totals) == 3 and (method == "none") == (totals.max() > totals.min() + 1e-9)
            assert set(made.obs.loc[made.obs["origin"] == "train", "parent"]) <= set(own.obs_names)
            assert fold_file.read(files["balanced"], name).outcome.classes == ("ALL", "AML", "CML")


@pytest.mark.parametrize("kind", ["SURVIVAL", "MULTILABEL"])
def test_without_classes_there_is_nothing_to_balance(tmp_path, kind):
    path = modalities.joined(tmp_path, **getattr(modalities, kind))
    files = modalities.fold(tmp_path, path, balance="none")
    one, other = (fold_file.read(files[part], 0, 1) for part in ("train", "balanced"))
    assert np.array_equal(one.labels, other.labels) and np.array_equal(one.values, other.values)
    assert (
        fold_file.read_data(files["balanced"], 0).obs["parent"].tolist()
        == fold_file.read_data(files["train"], 0).obs_names.tolist()
    )
    with pytest.raises(InputError, match="there are no classes to balance"):
        dataset_balance.main(files["train"], {"method": "smote", "neighbours": 5}, 1, tmp_path / "x.h5")


@pytest.mark.parametrize("method", ["none", "oversample", "undersample", "class_weight"])
def test_sequences_are_balanced_by_choosing_among_them(tmp_path, method):
    label = (np.arange(90) % 3 == 0).astype(int)
    files = kindred.fold(tmp_path, kindred.examples(kindred.random(90, 40), label=label), balance=method)
    for number in range(3):
        made, own = fold_file.read_data(files["balanced"], number), fold_file.read_data(files["train"], number)
        assert np.array_equal(made.obsm["sequence"], own[made.obs["parent"].to_numpy(str)].obsm["sequence"])
        assert (made.obs["label"].to_numpy() == own.obs["label"][made.obs["parent"]].to_numpy()).all()
        assert set(made.obs["origin"]) == {"train"} and set(made.obs["parent"]) <= set(own.obs_names)
        totals = made.obs.groupby("label")["weight"].sum()
        assert (method == "none") == (totals.max() > totals.min() + 1e-9)
        assert fold_file.read(files["balanced"], number).sequence == fold_file.read(files["train"], number).sequence


def test_smote_is_no_method_for_sequences(tmp_path):
    files = kindred.fold(tmp_path, kindred.examples(kindred.random(60, 40)))
    with pytest.raises(InputError, match="balance.method: smote draws between numbers, and sequences are none; use mutagenesis"):
        dataset_balance.main(files["train"], {"method": "smote", "neighbours": 5}, 1, tmp_path / "x.h5")


@pytest.mark.parametrize("kind", ["profile", "positions", "regression"])
def test_targets_that_are_no_classes_pass_through(tmp_path, kind):
    data = kindred.examples(kindred.random(60, 40))
    data.uns["outcome"] = Outcome(kind, ("none", "donor") if kind == "positions" else ("signal",)).plain()
    data.obs["label"] = np.linspace(0, 1, 60)
    data.obs["stratum"] = 0
    if kind != "regression":
        data.obs = data.obs.drop(columns="label")
        data.obsm["target"] = (
            kindred.random(60, 40, 1) % 2 if kind == "positions" else np.ones((60, 5), np.float32) * np.arange(60)[:, None]
        )
    files = kindred.fold(tmp_path, data)
    one, other = fold_file.read(files["train"], 0), fold_file.read(files["balanced"], 0)
    assert np.array_equal(one.labels, other.labels) and np.array_equal(one.values, other.values)
    source = data[one.names]
    assert np.array_equal(one.labels, source.obs["label"] if kind == "regression" else source.obsm["target"])
    with pytest.raises(InputError, match="there are no classes to balance"):
        dataset_balance.main(files["train"], {"method": "oversample", "neighbours": 5}, 1, tmp_path / "x.h5")
