"""Folds: test data never reaches training."""

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest

import calls
import kindred
from readsight.dataset import fold_file


@pytest.fixture(scope="module")
def fold_set(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fold")
    examples = calls.assemble_examples(folder, calls=300)
    return examples, calls.make_folds(folder, examples)


def read_scaler(path):
    with h5py.File(path) as handle:
        return {name: anndata.io.read_elem(handle[name]) for name in handle}


def test_folds_follow_the_split(fold_set):
    examples, files = fold_set
    table = pd.read_parquet(files["split"]).set_index("example")
    for role in ("train", "validation", "test"):
        for number in range(3):
            fold = fold_file.read_anndata(files[role], number)
            assert list(fold.obs_names) == list(table.index[table[f"repeat0.fold{number}"] == role])
            assert set(fold.obs["split"]) == {role}
            assert not np.isnan(fold.X).any()


def test_training_folds_are_standardised(fold_set):
    _, files = fold_set
    for number in range(3):
        values = fold_file.read(files["train"], number).values
        assert np.abs(values.mean(axis=0)).max() < 0.05
        assert np.allclose(values.std(axis=0)[values.std(axis=0) > 0], 1, atol=0.1)


def test_test_rows_do_not_affect_training(fold_set, tmp_path):
    """Extreme changes to the test rows of fold 0 leave everything fitted unchanged, byte by byte."""
    examples, files = fold_set
    test = (pd.read_parquet(files["split"])["repeat0.fold0"] == "test").to_numpy()
    data = anndata.read_h5ad(examples)
    data.X[test] = data.X[test] * -1000 + 7
    changed = tmp_path / "changed.h5ad"
    data.write_h5ad(changed)
    again = calls.make_folds(tmp_path, changed)
    assert pd.read_parquet(again["split"]).equals(pd.read_parquet(files["split"]))
    before, after = (read_scaler(f["scaler"])["fold0"] for f in (files, again))
    assert all(np.array_equal(before[key], after[key]) for key in before)
    for part in ("train", "validation", "balanced"):
        first_fold, second_fold = fold_file.read_anndata(files[part], 0), fold_file.read_anndata(again[part], 0)
        assert first_fold.X.tobytes() == second_fold.X.tobytes() and first_fold.obs.equals(second_fold.obs)
    assert fold_file.read(files["test"], 0).values.tobytes() != fold_file.read(again["test"], 0).values.tobytes()
    for model in ("network", "logistic", "forest"):
        first, second = (
            calls.train_model(path.parent, f, model) for path, f in ((files["train"], files), (tmp_path / "x", again))
        )
        from safetensors.numpy import load_file

        first_fold, second_fold = load_file(first["tensors"]), load_file(second["tensors"])
        for name in (n for n in first_fold if n.startswith("fold0/")):
            assert first_fold[name].tobytes() == second_fold[name].tobytes(), f"{model}: {name}"


def test_folds_are_reproducible(fold_set, tmp_path):
    examples, files = fold_set
    again = calls.make_folds(tmp_path, examples)
    for name in ("train", "validation", "test", "balanced", "scaler", "certificate"):
        assert files[name].read_bytes() == again[name].read_bytes(), name


def test_sequences_are_unchanged_and_mapped_from_the_file(tmp_path):
    data = kindred.make_examples(np.concatenate([kindred.make_families(20, 3), kindred.random_codes(60, 80, 1)]))
    data.obsm["target"] = np.arange(120, dtype=np.float32)[:, None] * np.ones((120, 4), np.float32)
    files = kindred.write_folds(tmp_path, data)
    table = pd.read_parquet(files["split"]).set_index("example")
    for role in ("train", "validation", "test"):
        for number in range(3):
            fold, full_codes = fold_file.read(files[role], number), fold_file.read_anndata(files[role], number)
            assert list(fold.names) == list(table.index[table[f"repeat0.fold{number}"] == role])
            assert isinstance(fold.values, np.memmap) and fold.values.dtype == np.uint8
            assert np.array_equal(fold.values, data[fold.names].obsm["sequence"])
            assert np.array_equal(full_codes.obsm["target"], data[fold.names].obsm["target"])
            assert list(fold.groups) == list(table["group"][fold.names]) and set(full_codes.obs["split"]) == {role}
            assert fold.sequence.length == 80 and list(fold.labels) == list(data.obs["label"][fold.names])
    assert read_scaler(files["scaler"]) == {"fold0": {}, "fold1": {}, "fold2": {}}, "nothing is fitted"


def test_excluded_examples_are_in_no_file(tmp_path):
    codes = np.concatenate([kindred.make_families(20, 3), kindred.random_codes(60, 80, 1)])
    files = kindred.write_folds(tmp_path, kindred.make_examples(codes, **kindred.chromosome_positions(120)), kindred.CHROMOSOME)
    table = pd.read_parquet(files["split"]).set_index("example")
    for number in range(3):
        excluded = set(table.index[table[f"repeat0.fold{number}"] == ""])
        written = [set(fold_file.read(files[role], number).names) for role in ("train", "validation", "test")]
        assert excluded and not excluded & set().union(*written) and len(excluded) + sum(map(len, written)) == 120
