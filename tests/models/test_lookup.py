"""Models of sequences through the scripts: each reads its representation, and predicts only compatible sequences."""

import json

import numpy as np
import pandas as pd
import pytest

import trainings
from readsight.config.sequence_tasks import SequenceCnn
from readsight.dataset import fold_file
from readsight.errors import InputError
from readsight.formats import model_file
from readsight.models import lookup
from readsight.models.sequence import NETWORKS
from readsight.models.tabular import MODELS

CNN = SequenceCnn(filters=[8, 8, 8], widths=[9, 5, 5], pools=[2, 2, 2], hidden=[8]).model_dump()
SETTINGS = {"cnn": trainings.SETTINGS | CNN | {"epochs": 2}, "kmer_linear": {"k": 3}}


@pytest.fixture(scope="module")
def fold_files(tmp_path_factory):
    """Fold files by representation."""
    folder = tmp_path_factory.mktemp("folds")
    fold = trainings.make_fold(n=200, length=40)
    return {
        representation: trainings.write_folds(folder / representation, fold, representation, folds=2)
        for representation in ("one_hot", "kmer", "kmer_graph")
    }


@pytest.mark.parametrize(
    "model, representation", [("cnn", "one_hot"), ("cnn", "kmer"), ("logistic", "kmer"), ("kmer_linear", "one_hot")]
)
def test_each_model_reads_its_representation(fold_files, tmp_path, model, representation):
    files = fold_files[representation]
    outputs = trainings.train_and_predict(tmp_path, files, model, SETTINGS.get(model, {}))
    arrays, content = model_file.read(outputs["tensors"], outputs["about"])
    table = pd.read_parquet(outputs["predictions"])
    assert (
        content["sequence"] == {"length": 40, "pair": False, "stranded": False, "bin": 1}
        and content["representation"] == representation
    )
    for number, rows in table.groupby("fold"):
        test = fold_file.read(files["test"], number)
        assert list(rows["example"]) == list(test.names) and rows["raw"].between(0, 1).all()
        if model == "cnn":  # from the model file alone, which includes the fitted encoding
            predictions = NETWORKS[model].predict(arrays[number], content["folds"][number]["about"], test.values)
            assert np.array_equal(rows["raw"], predictions)


def test_checkpoints_are_removed_at_the_end(fold_files, tmp_path):
    trainings.train_and_predict(tmp_path, fold_files["one_hot"], "cnn", SETTINGS["cnn"], tmp_path / "checkpoints")
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".json", ".parquet", ".safetensors"]


def test_tables_need_no_representation(fold_files):
    import planted

    table = planted.make_fold("binary")
    assert lookup.find_model("logistic", table) == (MODELS["logistic"], table)
    assert lookup.describe_sequences(table) == {}


def test_graphs_have_no_features(fold_files, tmp_path):
    with pytest.raises(InputError, match="kmer_graph gives graphs"):
        trainings.train_and_predict(tmp_path, fold_files["kmer_graph"], "logistic", {})


def test_unsupported_outcome_is_refused(tmp_path):
    files = trainings.write_folds(tmp_path / "folds", trainings.make_fold("regression", n=80))
    with pytest.raises(
        InputError, match="'logistic' predicts binary, multiclass, multilabel, but the outcome here is regression"
    ):
        trainings.train_and_predict(tmp_path, files, "logistic", {})


@pytest.mark.parametrize(
    "change, message",
    [
        ({"length": 44}, "length is 44, and .* was trained with 40"),
        ({"stranded": True}, "stranded is True, and .* was trained with False"),
    ],
)
def test_incompatible_sequences_are_refused(fold_files, tmp_path, change, message):
    import model_predict

    files = fold_files["one_hot"]
    outputs = trainings.train_and_predict(tmp_path, files, "kmer_linear", SETTINGS["kmer_linear"])
    stranded = {key: value for key, value in change.items() if key != "length"}
    second_files = trainings.write_folds(
        tmp_path / "other", trainings.make_fold(n=80, length=change.get("length", 40), **stranded)
    )
    representation = (files["representation"], files["representation_about"])
    with pytest.raises(InputError, match=message):
        model_predict.main(
            second_files["test"],
            outputs["tensors"],
            outputs["about"],
            files["certificate"],
            0,
            tmp_path / "p.parquet",
            representation,
        )


def test_representation_of_another_split_is_refused(fold_files, tmp_path):
    files = dict(fold_files["one_hot"])
    content = json.loads(files["representation_about"].read_text()) | {"certificate": "another"}
    files["representation_about"] = tmp_path / "representation.json"
    files["representation_about"].write_text(json.dumps(content))
    with pytest.raises(InputError, match="representation.json: was not made from the split"):
        trainings.train_and_predict(tmp_path, files, "kmer_linear", SETTINGS["kmer_linear"])


def test_another_representation_is_refused(fold_files, tmp_path):
    import model_predict

    outputs = trainings.train_and_predict(tmp_path, fold_files["kmer"], "logistic", {})
    second_files = fold_files["one_hot"]
    representation = (second_files["representation"], second_files["representation_about"])
    with pytest.raises(InputError, match="representation is one_hot, and .* was trained with kmer"):
        model_predict.main(
            second_files["test"],
            outputs["tensors"],
            outputs["about"],
            second_files["certificate"],
            0,
            tmp_path / "p.parquet",
            representation,
        )


def test_search_separates_checkpoints_by_trial(tmp_path):
    from readsight.models.hyperparameter_search import search_settings

    pairs = [(trainings.make_fold(n=60), trainings.make_fold(n=40, seed=2))]
    result = search_settings(NETWORKS["cnn"], pairs, SETTINGS["cnn"], 2, 1, 1, tmp_path)
    assert len(result.trials) == 2 and all(set(row["settings"]) >= {"learning_rate", "dropout"} for row in result.trials)
    checkpoints = sorted(str(path.parent.relative_to(tmp_path)) for path in tmp_path.rglob("epoch000002.pt"))
    assert checkpoints == ["trial0/pair0/network0", "trial1/pair0/network0"]
