"""Fold files: folds and inner folds by name, one modality alone."""

import numpy as np
import pandas as pd
import pytest

import modalities
from readsight.dataset import fold_file
from readsight.dataset.outcome import Outcome
from readsight.errors import InputError


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("folds")
    path = modalities.joined(folder)
    return path, modalities.fold(folder, path)


def test_each_role_holds_its_folds_and_no_others(prepared):
    _, files = prepared
    inner = [f"fold{k}.inner{j}" for k in range(3) for j in range(2)]
    assert fold_file.names(files["validation"]) == inner
    assert fold_file.names(files["test"]) == ["fold0", "fold1", "fold2"]
    assert fold_file.names(files["train"]) == ["fold0", *inner[:2], "fold1", *inner[2:4], "fold2", *inner[4:]]
    assert fold_file.count(files["train"]) == 3 == fold_file.count(files["validation"])
    assert fold_file.inner(files["train"], 1) == [0, 1] and fold_file.inner(files["test"], 1) == []


def test_a_fold_is_its_inner_parts(prepared):
    _, files = prepared
    table = pd.read_parquet(files["split"]).set_index("example")
    for k in range(3):
        whole = set(fold_file.read(files["train"], k).names)
        assert whole == set(table.index[table[f"repeat0.fold{k}"] == "train"])
        held = [set(fold_file.read(files["validation"], k, j).names) for j in range(2)]
        assert held[0] | held[1] == whole and not held[0] & held[1]
        for j in range(2):
            own = fold_file.read(files["train"], k, j)
            assert set(own.names) == whole - held[j] and own.features == fold_file.read(files["validation"], k, j).features
        assert not whole & set(fold_file.read(files["test"], k).names)


def test_one_modality_alone(prepared):
    _, files = prepared
    fold = fold_file.read(files["train"], 0)
    alone = fold.on("mirna")
    assert set(alone.var["modality"]) == {"mirna"} and np.array_equal(alone.values, fold.values[:, fold.modalities["mirna"]])
    assert fold.on(None) is fold and len(alone) == len(fold)
    assert fold.outcome == Outcome("multiclass", ("ALL", "AML", "CML")) and set(fold.labels) == {0, 1, 2}


def test_donors_are_the_groups_that_intervals_resample(prepared):
    path, files = prepared
    fold = fold_file.read(files["test"], 0)
    donor = modalities.about()["donor"]
    assert list(fold.groups) == [donor[name] for name in fold.names]


def test_more_folds_than_ten_stay_in_their_order(tmp_path):
    path = modalities.joined(tmp_path, given="split")
    files = modalities.fold(tmp_path, path, modalities.GIVEN | {"resplits": 11}, balance="none", repeat=1)
    assert fold_file.names(files["test"]) == [f"fold{k}" for k in range(11)]


def test_another_split_is_refused(prepared, tmp_path):
    path, files = prepared
    import dataset_fold

    table = pd.read_parquet(files["split"])
    table["repeat0.fold0"] = table["repeat0.fold1"]
    table.to_parquet(tmp_path / "split.parquet")
    roles = {role: tmp_path / f"{role}.h5" for role in ("train", "validation", "test")}
    spec = {"harmonise": modalities.NOTHING, "select": modalities.SELECT}
    with pytest.raises(InputError, match="stale"):
        dataset_fold.main(path, tmp_path / "split.parquet", files["certificate"], 0, spec, roles, tmp_path / "scaler.h5")
    assert not any(path.exists() for path in roles.values())
