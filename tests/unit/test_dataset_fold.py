"""Folds: nothing of the test part reaches what is trained on."""

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest

import calls
from readsight import foldfile


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fold")
    examples = calls.assemble(folder, calls=300)
    return examples, calls.fold(folder, examples)


def scaler(path):
    with h5py.File(path) as handle:
        return {name: anndata.io.read_elem(handle[name]) for name in handle}


def test_parts_are_those_of_the_split(prepared):
    examples, files = prepared
    table = pd.read_parquet(files["split"]).set_index("example")
    for role in ("train", "validation", "test"):
        for number in range(3):
            part = foldfile.read_data(files[role], number)
            assert list(part.obs_names) == list(table.index[table[f"repeat0.fold{number}"] == role])
            assert set(part.obs["split"]) == {role}
            assert not np.isnan(part.X).any()


def test_training_parts_are_scaled_to_mean_0_and_deviation_1(prepared):
    _, files = prepared
    for number in range(3):
        values = foldfile.read(files["train"], number).values
        assert np.abs(values.mean(axis=0)).max() < 0.05
        assert np.allclose(values.std(axis=0)[values.std(axis=0) > 0], 1, atol=0.1)


def test_test_rows_do_not_touch_what_is_trained_on(prepared, tmp_path):
    """Change the test rows of fold 0 beyond all bounds: everything that is fitted stays as it is, byte by byte."""
    examples, files = prepared
    test = (pd.read_parquet(files["split"])["repeat0.fold0"] == "test").to_numpy()
    data = anndata.read_h5ad(examples)
    data.X[test] = data.X[test] * -1000 + 7
    changed = tmp_path / "changed.h5ad"
    data.write_h5ad(changed)
    again = calls.fold(tmp_path, changed)
    assert pd.read_parquet(again["split"]).equals(pd.read_parquet(files["split"]))
    before, after = (scaler(f["scaler"])["fold0"] for f in (files, again))
    assert all(np.array_equal(before[key], after[key]) for key in before)
    for part in ("train", "validation", "balanced"):
        one, other = foldfile.read_data(files[part], 0), foldfile.read_data(again[part], 0)
        assert one.X.tobytes() == other.X.tobytes() and one.obs.equals(other.obs)
    assert foldfile.read(files["test"], 0).values.tobytes() != foldfile.read(again["test"], 0).values.tobytes()
    for model in ("network", "logistic", "forest"):
        first, second = (calls.train(path.parent, f, model) for path, f in ((files["train"], files), (tmp_path / "x", again)))
        from safetensors.numpy import load_file

        one, other = load_file(first["tensors"]), load_file(second["tensors"])
        for name in (n for n in one if n.startswith("fold0/")):
            assert one[name].tobytes() == other[name].tobytes(), f"{model}: {name}"


def test_folds_are_written_the_same_twice(prepared, tmp_path):
    examples, files = prepared
    again = calls.fold(tmp_path, examples)
    for part in ("train", "validation", "test", "balanced", "scaler", "certificate"):
        assert files[part].read_bytes() == again[part].read_bytes(), part
