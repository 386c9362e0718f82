"""Prediction: files that do not belong together are refused."""

import json

import pandas as pd
import pytest

import model_predict
import planted
from readsight.dataset import fold_file
from readsight.errors import InputError


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("predict")
    given = planted.files(folder / "folds", planted.fold("binary", 60, 10))
    return given | planted.train(folder, given, "logistic")


def predict(files, out):
    model_predict.main(files["test"], files["tensors"], files["about"], files["certificate"], 3, out)
    return pd.read_parquet(out)


def test_each_test_example_is_predicted_once_by_its_own_fold(trained, tmp_path):
    table = predict(trained, tmp_path / "p.parquet")
    assert table["example"].is_unique and len(table) == 60 and set(table["repeat"]) == {3}
    for number in (0, 1):
        assert set(table.loc[table["fold"] == number, "example"]) == set(fold_file.read(trained["test"], number).names)


def test_other_features_are_refused(trained, tmp_path):
    other = planted.files(tmp_path / "folds", planted.fold("binary", 60, 11))
    with pytest.raises(InputError, match="the features of fold 0 are not those that .* was trained on"):
        predict(trained | {"test": other["test"]}, tmp_path / "p.parquet")


def test_another_outcome_is_refused(trained, tmp_path):
    other = planted.files(tmp_path / "folds", planted.fold("multilabel", 60, 10))
    held = json.loads(trained["about"].read_text())
    about = tmp_path / "m.json"
    about.write_text(json.dumps(held | {"certificate": fold_file.read(other["test"], 0).mark}))
    with pytest.raises(InputError, match="what is to be predicted is not what"):
        predict(trained | {"test": other["test"], "certificate": other["certificate"], "about": about}, tmp_path / "p.parquet")


def test_a_model_of_another_certificate_is_refused(trained, tmp_path):
    held = json.loads(trained["about"].read_text())
    about = tmp_path / "m.json"
    about.write_text(json.dumps(held | {"certificate": "0" * 64}))
    with pytest.raises(InputError, match="stale or uncertified"):
        predict(trained | {"about": about}, tmp_path / "p.parquet")
