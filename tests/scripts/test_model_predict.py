"""Prediction refuses files that do not belong together."""

import json

import pandas as pd
import pytest

import model_predict
import planted
from readsight.dataset import fold_file
from readsight.errors import InputError


@pytest.fixture(scope="module")
def model_files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("predict")
    fold_files = planted.write_folds(folder / "folds", planted.make_fold("binary", 60, 10))
    return fold_files | planted.train_and_predict(folder, fold_files, "logistic")


def predict_test(files, out):
    model_predict.main(files["test"], files["tensors"], files["about"], files["certificate"], 3, out)
    return pd.read_parquet(out)


def test_each_test_example_is_predicted_once(model_files, tmp_path):
    table = predict_test(model_files, tmp_path / "p.parquet")
    assert table["example"].is_unique and len(table) == 60 and set(table["repeat"]) == {3}
    for number in (0, 1):
        assert set(table.loc[table["fold"] == number, "example"]) == set(fold_file.read(model_files["test"], number).names)


def test_different_features_are_refused(model_files, tmp_path):
    different_files = planted.write_folds(tmp_path / "folds", planted.make_fold("binary", 60, 11))
    with pytest.raises(InputError, match="the features of fold 0 are not those that .* was trained on"):
        predict_test(model_files | {"test": different_files["test"]}, tmp_path / "p.parquet")


def test_different_outcome_is_refused(model_files, tmp_path):
    different_files = planted.write_folds(tmp_path / "folds", planted.make_fold("multilabel", 60, 10))
    content = json.loads(model_files["about"].read_text())
    description = tmp_path / "m.json"
    description.write_text(json.dumps(content | {"certificate": fold_file.read(different_files["test"], 0).digest}))
    with pytest.raises(InputError, match="the outcome differs from the one that"):
        predict_test(
            model_files | {"test": different_files["test"], "certificate": different_files["certificate"], "about": description},
            tmp_path / "p.parquet",
        )


def test_model_of_a_different_certificate_is_refused(model_files, tmp_path):
    content = json.loads(model_files["about"].read_text())
    description = tmp_path / "m.json"
    description.write_text(json.dumps(content | {"certificate": "0" * 64}))
    with pytest.raises(InputError, match="stale or uncertified"):
        predict_test(model_files | {"about": description}, tmp_path / "p.parquet")
