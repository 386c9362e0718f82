"""Models of sequences by the scripts: each sees what it learns from, and predicts only sequences like those."""

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
from readsight.models.sequence import NETS
from readsight.models.tabular import MODELS

CNN = SequenceCnn(filters=[8, 8, 8], widths=[9, 5, 5], pools=[2, 2, 2], hidden=[8]).model_dump()
SETTINGS = {"cnn": trainings.SETTINGS | CNN | {"epochs": 2}, "kmer_linear": {"k": 3}}


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """Fold files by representation."""
    folder = tmp_path_factory.mktemp("folds")
    whole = trainings.part(n=200, length=40)
    return {word: trainings.files(folder / word, whole, word, folds=2) for word in ("one_hot", "kmer", "kmer_graph")}


@pytest.mark.parametrize("model, word", [("cnn", "one_hot"), ("cnn", "kmer"), ("logistic", "kmer"), ("kmer_linear", "one_hot")])
def test_every_way_of_reading_a_sequence(given, tmp_path, model, word):
    files = given[word]
    made = trainings.train_and_predict(tmp_path, files, model, SETTINGS.get(model, {}))
    arrays, content = model_file.read(made["tensors"], made["about"])
    table = pd.read_parquet(made["predictions"])
    assert content["sequence"] == {"length": 40, "pair": False, "stranded": False, "bin": 1} and content["representation"] == word
    for number, part in table.groupby("fold"):
        test = fold_file.read(files["test"], number)
        assert list(part["example"]) == list(test.names) and part["raw"].between(0, 1).all()
        if model == "cnn":  # from the model's own file alone: what the encoding learned stands in it
            guess = NETS[model].predict(arrays[number], content["folds"][number]["about"], test.values)
            assert np.array_equal(part["raw"], guess)


def test_checkpoints_go_once_all_is_written(given, tmp_path):
    trainings.train_and_predict(tmp_path, given["one_hot"], "cnn", SETTINGS["cnn"], tmp_path / "checkpoints")
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".json", ".parquet", ".safetensors"]


def test_tables_are_read_as_ever(given):
    import planted

    table = planted.fold("binary")
    assert lookup.member("logistic", table) == (MODELS["logistic"], table)
    assert lookup.said(table) == {}


def test_a_graph_has_no_features(given, tmp_path):
    with pytest.raises(InputError, match="kmer_graph gives graphs"):
        trainings.train_and_predict(tmp_path, given["kmer_graph"], "logistic", {})


def test_an_outcome_that_a_model_does_not_predict_is_refused(tmp_path):
    files = trainings.files(tmp_path / "folds", trainings.part("regression", n=80))
    with pytest.raises(
        InputError, match="'logistic' predicts binary, multiclass, multilabel, and the outcome here is regression"
    ):
        trainings.train_and_predict(tmp_path, files, "logistic", {})


@pytest.mark.parametrize(
    "change, words",
    [
        ({"length": 44}, "length is 44, and .* was trained with 40"),
        ({"stranded": True}, "stranded is True, and .* was trained with False"),
    ],
)
def test_other_sequences_are_not_predicted(given, tmp_path, change, words):
    import model_predict

    files = given["one_hot"]
    made = trainings.train_and_predict(tmp_path, files, "kmer_linear", SETTINGS["kmer_linear"])
    stranded = {key: value for key, value in change.items() if key != "length"}
    other = trainings.files(tmp_path / "other", trainings.part(n=80, length=change.get("length", 40), **stranded))
    learned = (files["representation"], files["representation_about"])
    with pytest.raises(InputError, match=words):
        model_predict.main(
            other["test"], made["tensors"], made["about"], files["certificate"], 0, tmp_path / "p.parquet", learned
        )


def test_a_representation_of_another_split_is_refused(given, tmp_path):
    files = dict(given["one_hot"])
    content = json.loads(files["representation_about"].read_text()) | {"certificate": "another"}
    files["representation_about"] = tmp_path / "representation.json"
    files["representation_about"].write_text(json.dumps(content))
    with pytest.raises(InputError, match="representation.json: was not made from the split"):
        trainings.train_and_predict(tmp_path, files, "kmer_linear", SETTINGS["kmer_linear"])


def test_another_representation_is_refused(given, tmp_path):
    import model_predict

    made = trainings.train_and_predict(tmp_path, given["kmer"], "logistic", {})
    other = given["one_hot"]
    learned = (other["representation"], other["representation_about"])
    with pytest.raises(InputError, match="representation is one_hot, and .* was trained with kmer"):
        model_predict.main(
            other["test"], made["tensors"], made["about"], other["certificate"], 0, tmp_path / "p.parquet", learned
        )


def test_a_search_keeps_the_checkpoints_of_each_trial_apart(tmp_path):
    from readsight.models.hyperparameter_search import choose

    pairs = [(trainings.part(n=60), trainings.part(n=40, seed=2))]
    choice = choose(NETS["cnn"], pairs, SETTINGS["cnn"], 2, 1, 1, tmp_path)
    assert len(choice.trials) == 2 and all(set(row["settings"]) >= {"learning_rate", "dropout"} for row in choice.trials)
    found = sorted(str(path.parent.relative_to(tmp_path)) for path in tmp_path.rglob("epoch000002.pt"))
    assert found == ["trial0/pair0/network0", "trial1/pair0/network0"]
