"""Fold files: folds and inner folds by name, and single modalities."""

import numpy as np
import pandas as pd
import pytest

import modalities
from readsight.dataset import fold_file
from readsight.dataset.outcome import Outcome
from readsight.errors import InputError


@pytest.fixture(scope="module")
def fold_set(tmp_path_factory):
    folder = tmp_path_factory.mktemp("folds")
    path = modalities.assemble_examples(folder)
    return path, modalities.make_folds(folder, path)


def test_each_role_file_has_exactly_its_folds(fold_set):
    _, files = fold_set
    inner = [f"fold{k}.inner{j}" for k in range(3) for j in range(2)]
    assert fold_file.fold_names(files["validation"]) == inner
    assert fold_file.fold_names(files["test"]) == ["fold0", "fold1", "fold2"]
    assert fold_file.fold_names(files["train"]) == ["fold0", *inner[:2], "fold1", *inner[2:4], "fold2", *inner[4:]]
    assert fold_file.count_folds(files["train"]) == 3 == fold_file.count_folds(files["validation"])
    assert fold_file.inner_numbers(files["train"], 1) == [0, 1] and fold_file.inner_numbers(files["test"], 1) == []


def test_inner_folds_partition_the_fold(fold_set):
    _, files = fold_set
    table = pd.read_parquet(files["split"]).set_index("example")
    for k in range(3):
        full_names = set(fold_file.read(files["train"], k).names)
        assert full_names == set(table.index[table[f"repeat0.fold{k}"] == "train"])
        validation = [set(fold_file.read(files["validation"], k, j).names) for j in range(2)]
        assert validation[0] | validation[1] == full_names and not validation[0] & validation[1]
        for j in range(2):
            inner_names = fold_file.read(files["train"], k, j)
            assert (
                set(inner_names.names) == full_names - validation[j]
                and inner_names.features == fold_file.read(files["validation"], k, j).features
            )
        assert not full_names & set(fold_file.read(files["test"], k).names)


def test_fold_of_one_modality(fold_set):
    _, files = fold_set
    fold = fold_file.read(files["train"], 0)
    one_modality = fold.select_modality("mirna")
    assert set(one_modality.var["modality"]) == {"mirna"} and np.array_equal(
        one_modality.values, fold.values[:, fold.modalities["mirna"]]
    )
    assert fold.select_modality(None) is fold and len(one_modality) == len(fold)
    assert fold.outcome == Outcome("multiclass", ("ALL", "AML", "CML")) and set(fold.labels) == {0, 1, 2}


def test_donors_are_the_resampled_groups(fold_set):
    path, files = fold_set
    fold = fold_file.read(files["test"], 0)
    donor = modalities.make_obs()["donor"]
    assert list(fold.groups) == [donor[name] for name in fold.names]


def test_more_than_ten_folds_stay_in_order(tmp_path):
    path = modalities.assemble_examples(tmp_path, given="split")
    files = modalities.make_folds(tmp_path, path, modalities.GIVEN | {"resplits": 11}, balance="none", repeat=1)
    assert fold_file.fold_names(files["test"]) == [f"fold{k}" for k in range(11)]


def test_different_split_is_refused(fold_set, tmp_path):
    path, files = fold_set
    import dataset_fold

    table = pd.read_parquet(files["split"])
    table["repeat0.fold0"] = table["repeat0.fold1"]
    table.to_parquet(tmp_path / "split.parquet")
    roles = {role: tmp_path / f"{role}.h5" for role in ("train", "validation", "test")}
    spec = {"harmonise": modalities.NOTHING, "select": modalities.SELECT}
    with pytest.raises(InputError, match="stale"):
        dataset_fold.main(path, tmp_path / "split.parquet", files["certificate"], 0, spec, roles, tmp_path / "scaler.h5")
    assert not any(path.exists() for path in roles.values())
