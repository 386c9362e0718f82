"""Balancing: uses only the training fold, and ends with equal classes."""

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
def small_fold(tmp_path):
    rng = np.random.default_rng(3)
    labels = np.array([0] * 12 + [1] * 60)
    obs = pd.DataFrame({"label": labels, "group": (np.arange(72) // 6).astype(str)}, index=[f"e{i}" for i in range(72)])
    var = pd.DataFrame({"description": ["a", "b", "c"]}, index=["a", "b", "c"])
    split_description = {"certificate": "0" * 64, "repeat": 0, "fold": 0, "role": "train"}
    return fold_file.pack_fold(
        rng.normal(size=(72, 3)).astype(np.float32), obs, var, split_description, Outcome("binary", ("ALL", "AML"))
    )


def make_spec(method, neighbours=5):
    return {"method": method, "neighbours": neighbours}


def test_smote_interpolates_between_minority_neighbours(small_fold):
    balanced = dataset_balance.balance_fold(small_fold, make_spec("smote"), 1)
    assert balanced.obs["label"].value_counts().to_dict() == {0: 60, 1: 60}
    synthetic = balanced[balanced.obs["origin"] == "synthetic"]
    assert set(synthetic.obs["label"]) == {0} and synthetic.n_obs == 48
    minority = small_fold.X[:12].astype(float)
    distances = np.linalg.norm(minority[:, None] - minority[None], axis=2)
    nearest = [np.argsort(row, kind="stable")[1:6] for row in distances]
    for point in synthetic.X.astype(float):
        assert any(is_on_segment(point, minority[i], minority[j]) for i in range(12) for j in nearest[i])


def is_on_segment(point, a, b):
    fraction = np.dot(point - a, b - a) / np.dot(b - a, b - a)
    return -1e-4 <= fraction <= 1 + 1e-4 and np.allclose(point, a + fraction * (b - a), atol=1e-4)


@pytest.mark.parametrize("method", [method for method in BALANCES if method != "mutagenesis"])
def test_real_rows_come_from_the_training_fold(small_fold, method):
    balanced = dataset_balance.balance_fold(small_fold, make_spec(method), 1)
    real = balanced[balanced.obs["origin"] == "train"]
    assert np.array_equal(real.X, small_fold[real.obs["parent"].to_numpy(str)].X)
    assert (balanced.obs.loc[balanced.obs["origin"] == "synthetic", "parent"] == "").all()
    totals = balanced.obs.groupby("label")["weight"].sum()
    assert method == "none" or totals[0] == pytest.approx(totals[1]), "classes have equal weight"
    assert np.array_equal(balanced.X, dataset_balance.balance_fold(small_fold, make_spec(method), 1).X), "same seed, same rows"


def test_balancing_reads_only_training_folds(tmp_path):
    """By structure: one data input, and every real row of the output is in it."""
    files = calls.make_folds(tmp_path, calls.assemble_examples(tmp_path, calls=300))
    for number in range(3):
        balanced, training_names = (
            fold_file.read_anndata(files["balanced"], number),
            fold_file.read_anndata(files["train"], number),
        )
        parents = set(balanced.obs.loc[balanced.obs["origin"] == "train", "parent"])
        assert parents == set(training_names.obs_names)
        assert not parents & set(fold_file.read_anndata(files["test"], number).obs_names)
        assert not parents & set(fold_file.read_anndata(files["validation"], number).obs_names)


def test_rare_class_lowers_the_neighbours_with_a_warning(small_fold, caplog):
    rare = small_fold[np.r_[0:3, 12:72]].copy()
    balanced = dataset_balance.balance_fold(rare, make_spec("smote"), 1)
    assert balanced.obs["label"].value_counts().to_dict() == {0: 60, 1: 60}
    assert "neighbours lowered from 5 to 2" in caplog.text


def test_class_of_one_example_is_refused_with_the_key(small_fold):
    single = small_fold[np.r_[0:1, 12:72]].copy()
    with pytest.raises(InputError, match="balance.method: .*class ALL has only 1 example"):
        dataset_balance.balance_fold(single, make_spec("smote"), 1)


def test_folds_open_with_anndata(tmp_path, small_fold):
    import h5py

    fold_file.write(tmp_path / "x.h5", [("fold0", small_fold), ("fold1", small_fold)])
    assert fold_file.count_folds(tmp_path / "x.h5") == 2
    with h5py.File(tmp_path / "x.h5") as handle:
        assert anndata.io.read_elem(handle["fold1"]).shape == small_fold.shape


def test_three_classes_are_balanced_in_every_fold_and_inner_fold(tmp_path):
    obs = modalities.make_obs(144)
    obs["class"] = np.select([np.arange(144) // 2 % 9 < 5, np.arange(144) // 2 % 9 < 7], ["ALL", "AML"], "CML")
    path = modalities.assemble_examples(tmp_path, modalities.make_tables(obs))
    files = modalities.make_folds(tmp_path, path)
    for method in ("none", "smote", "undersample", "class_weight"):
        dataset_balance.main(files["train"], {"method": method, "neighbours": 5}, 1, files["balanced"])
        assert (
            fold_file.fold_names(files["balanced"]) == fold_file.fold_names(files["train"])
            and len(fold_file.fold_names(files["train"])) == 9
        )
        for name in fold_file.fold_names(files["train"]):
            balanced, training = fold_file.read_anndata(files["balanced"], name), fold_file.read_anndata(files["train"], name)
            totals = balanced.obs.groupby("label")["weight"].sum()
            assert len(totals) == 3 and (method == "none") == (totals.max() > totals.min() + 1e-9)
            assert set(balanced.obs.loc[balanced.obs["origin"] == "train", "parent"]) <= set(training.obs_names)
            assert fold_file.read(files["balanced"], name).outcome.classes == ("ALL", "AML", "CML")


@pytest.mark.parametrize("kind", ["SURVIVAL", "MULTILABEL"])
def test_targets_without_classes_cannot_be_balanced(tmp_path, kind):
    path = modalities.assemble_examples(tmp_path, **getattr(modalities, kind))
    files = modalities.make_folds(tmp_path, path, balance="none")
    first, second = (fold_file.read(files[role], 0, 1) for role in ("train", "balanced"))
    assert np.array_equal(first.labels, second.labels) and np.array_equal(first.values, second.values)
    assert (
        fold_file.read_anndata(files["balanced"], 0).obs["parent"].tolist()
        == fold_file.read_anndata(files["train"], 0).obs_names.tolist()
    )
    with pytest.raises(InputError, match="the outcome has no classes to balance"):
        dataset_balance.main(files["train"], {"method": "smote", "neighbours": 5}, 1, tmp_path / "x.h5")


@pytest.mark.parametrize("method", ["none", "oversample", "undersample", "class_weight"])
def test_sequences_are_balanced_by_selection(tmp_path, method):
    label = (np.arange(90) % 3 == 0).astype(int)
    files = kindred.write_folds(tmp_path, kindred.make_examples(kindred.random_codes(90, 40), label=label), balance=method)
    for number in range(3):
        balanced, training = fold_file.read_anndata(files["balanced"], number), fold_file.read_anndata(files["train"], number)
        assert np.array_equal(balanced.obsm["sequence"], training[balanced.obs["parent"].to_numpy(str)].obsm["sequence"])
        assert (balanced.obs["label"].to_numpy() == training.obs["label"][balanced.obs["parent"]].to_numpy()).all()
        assert set(balanced.obs["origin"]) == {"train"} and set(balanced.obs["parent"]) <= set(training.obs_names)
        totals = balanced.obs.groupby("label")["weight"].sum()
        assert (method == "none") == (totals.max() > totals.min() + 1e-9)
        assert fold_file.read(files["balanced"], number).sequence == fold_file.read(files["train"], number).sequence


def test_smote_is_refused_for_sequences(tmp_path):
    files = kindred.write_folds(tmp_path, kindred.make_examples(kindred.random_codes(60, 40)))
    with pytest.raises(
        InputError, match="balance.method: smote interpolates numbers and cannot be used for sequences; use mutagenesis"
    ):
        dataset_balance.main(files["train"], {"method": "smote", "neighbours": 5}, 1, tmp_path / "x.h5")


@pytest.mark.parametrize("kind", ["profile", "positions", "regression"])
def test_targets_without_classes_pass_through(tmp_path, kind):
    data = kindred.make_examples(kindred.random_codes(60, 40))
    data.uns["outcome"] = Outcome(kind, ("none", "donor") if kind == "positions" else ("signal",)).to_dict()
    data.obs["label"] = np.linspace(0, 1, 60)
    data.obs["stratum"] = 0
    if kind != "regression":
        data.obs = data.obs.drop(columns="label")
        data.obsm["target"] = (
            kindred.random_codes(60, 40, 1) % 2 if kind == "positions" else np.ones((60, 5), np.float32) * np.arange(60)[:, None]
        )
    files = kindred.write_folds(tmp_path, data)
    first, second = fold_file.read(files["train"], 0), fold_file.read(files["balanced"], 0)
    assert np.array_equal(first.labels, second.labels) and np.array_equal(first.values, second.values)
    source = data[first.names]
    assert np.array_equal(first.labels, source.obs["label"] if kind == "regression" else source.obsm["target"])
    with pytest.raises(InputError, match="the outcome has no classes to balance"):
        dataset_balance.main(files["train"], {"method": "oversample", "neighbours": 5}, 1, tmp_path / "x.h5")
