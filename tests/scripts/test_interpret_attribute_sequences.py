"""The steps that explain test sequences: which they choose, what they write, and what they refuse."""

import json
import warnings
from pathlib import Path
from typing import Any

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest

import interpret_attribute_sequences
import interpret_motif_attributions
import model_train
import networks
import sequenced
import trainings
from readsight.config.sequence_tasks import Architectures, Training
from readsight.dataset.certificate import sha256
from readsight.errors import InputError
from readsight.interpret.sequence_attribution import attribution_file, explained_examples
from readsight.interpret.sequence_attribution.attribution import change_of
from readsight.interpret.sequence_attribution.query import heads
from readsight.models.calibration import logit

SETTINGS = Training().model_dump() | networks.QUICK | {"epochs": 3, "dropout": 0.0}
COMPARED = {"baseline": "shuffled", "baselines": 2, "correction": True}


def made(folder: Path, model: str, kind: str = "binary", word: str = "one_hot", **said: Any) -> dict[str, Path]:
    """Files of a small task with a trained model: all inputs of the steps."""
    whole = trainings.part(kind, 100, 40, **said)
    found = trainings.files(folder, whole, word)
    own = getattr(Architectures(), model).model_dump() | networks.SMALL[model] if model in networks.SMALL else {}
    found |= {"tensors": folder / "model.safetensors", "about": folder / "model.json", "examples": folder / "examples.h5ad"}
    learned = (found["representation"], found["representation_about"])
    paths = [found[name] for name in ("balanced", "validation", "certificate")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model_train.main(*paths, model, SETTINGS | own, 1, 1, found["tensors"], found["about"], 0, learned, None)
    place = np.arange(len(whole))
    columns = {"chrom": "chr1", "start": place * 40, "end": place * 40 + 40, "strand": "+"}
    anndata.AnnData(obs=pd.DataFrame(columns, index=whole.names)).write_h5ad(found["examples"])
    return found


def inputs(found: dict[str, Path]) -> dict[str, Path]:
    return {name: found[name] for name in (*explained_examples.FILES, *explained_examples.MAY)}


def explained(found: dict[str, Path], methods: list[str], count: int = 12) -> attribution_file.Attributions:
    out = found["about"].parent / "attributions.h5"
    interpret_attribute_sequences.main(
        inputs(found), "words", {"attributions": methods, "explained": count, "interpret": COMPARED}, 1, out
    )
    return attribution_file.read(out)


@pytest.fixture(scope="module")
def binary(tmp_path_factory):
    return made(tmp_path_factory.mktemp("binary"), "cnn")


def test_what_is_written_tells_examples_places_model_and_data(binary):
    held = explained(binary, ["integrated_gradients", "deep_shap"])
    assert (held.methods, held.heads, len(held)) == (["integrated_gradients", "deep_shap"], ["yes"], 12)
    assert np.bincount(held.rows["label"]).tolist() == [6, 6] and set(held.rows["fold"]) == {0, 1}
    number = held.rows["example"].astype(int)
    assert (held.rows["start"] == number * 40).all() and set(held.rows["chrom"]) == {"chr1"} and len(set(number)) == 12
    np.testing.assert_array_equal(held.sequence, trainings.part("binary", 100, 40).values[number])
    about = held.about
    assert about["model_hash"] == sha256(binary["tensors"]) and about["certificate"] == sha256(binary["certificate"])
    assert (about["task"], about["kind"], about["unit"], about["baseline"]) == ("words", "binary", "logit", "shuffled")
    found = explained_examples.gathered(inputs(binary), 12, 1)
    asked = [explained_examples.about(part.question, heads(found.outcome)[0]) for part in found.parts]
    change = np.concatenate([change_of(question, COMPARED, 1) for question in asked])  # each by its own fold's model
    np.testing.assert_allclose(held.contributions("deep_shap", "yes").sum(axis=1), change, atol=1e-5)


def test_scores_are_those_of_the_predictions(binary, tmp_path):
    import model_predict

    out = tmp_path / "predictions.parquet"
    learned = (binary["representation"], binary["representation_about"])
    model_predict.main(binary["test"], binary["tensors"], binary["about"], binary["certificate"], 0, out, learned)
    raw = pd.read_parquet(out).set_index("example")["raw"]
    held = explained(binary, ["saliency"])
    np.testing.assert_allclose(held.score["yes"], logit(raw[held.rows["example"]].to_numpy()), atol=0.1)


def test_a_file_for_motifs_is_of_the_same_form(binary, tmp_path):
    spec = {"method": "deep_shap", "sequences": 500, "interpret": COMPARED}
    interpret_motif_attributions.main(inputs(binary), "words", spec, 1, tmp_path / "contributions.h5")
    held = attribution_file.read(tmp_path / "contributions.h5")
    assert held.methods == ["deep_shap"] and len(held) == 40  # as many as there are
    few = explained(binary, ["deep_shap"])
    row = {name: i for i, name in enumerate(held.rows["example"])}
    same = held.found["deep_shap"]["yes"][[row[name] for name in few.rows["example"]]]
    np.testing.assert_allclose(same, few.found["deep_shap"]["yes"], atol=1e-6)


@pytest.mark.parametrize(
    "model, kind, heads, said",
    [("cnn", "multiclass", ["a", "b", "c"], {}), ("cnn", "multilabel", ["x", "y"], {}), ("cnn", "regression", ["score"], {}),
     ("dilated_resnet", "positions", ["weak"], {"stranded": True}), ("cnn", "profile", ["profile"], {"bin": 8})],
)  # fmt: skip
def test_every_outcome_is_explained(tmp_path, model, kind, heads, said):
    held = explained(made(tmp_path, model, kind, **said), ["deep_shap", "mutagenesis"], 6)
    assert held.heads == heads and held.about["unit"] == explained_examples.UNITS.get(kind, "logit")
    for method in held.methods:
        for head in heads:
            assert held.found[method][head].shape == (6, 40, 4) and held.contributions(method, head).any()
    assert set(held.at) == (set(heads) if kind == "positions" else set())


@pytest.mark.parametrize("model, word", [("kmer_linear", "one_hot"), ("logistic", "kmer"), ("cnn", "bpe"), ("forest", "kmer")])
def test_models_without_a_gradient_are_asked(tmp_path, model, word):
    found = made(tmp_path, model, word=word)
    held = explained(found, ["shap", "mutagenesis"], 4)
    assert held.contributions("shap", "yes").any() and held.contributions("mutagenesis", "yes").any()
    with pytest.raises(InputError, match="'saliency' is not defined on .*use shap, mutagenesis"):
        explained(found, ["saliency"], 4)


def test_classes_are_drawn_alike_as_far_as_they_go():
    classes = np.array([0] * 50 + [1] * 3 + [2] * 20)
    rows = explained_examples.chosen(classes, 23, 1)
    assert np.bincount(classes[rows]).tolist() == [10, 3, 10] and (np.diff(rows) > 0).all()
    assert (rows == explained_examples.chosen(classes, 23, 1)).all() and (rows != explained_examples.chosen(classes, 23, 2)).any()
    assert (classes[explained_examples.chosen(classes, 20, 1, first=2)] == 2).all()
    assert len(explained_examples.chosen(classes, 1000, 1)) == 73


def test_windows_with_sites_come_first_and_labels_that_are_rare_are_seen():
    codes = sequenced.random(6, 10)
    target = np.zeros((6, 10), np.uint8)
    target[2, 4], target[3], target[5, 0] = 1, 255, 2
    assert explained_examples.strata(networks.fold(codes, target, "positions")).tolist() == [0, 0, 1, 0, 0, 1]
    labels = np.array([[1, 0], [1, 1], [1, 0], [0, 0], [1, 0], [0, 1]])
    assert explained_examples.strata(sequenced.fold(codes, labels, "multilabel")).tolist() == [0, 1, 0, 2, 0, 1]
    assert explained_examples.strata(sequenced.fold(codes, np.array([5.0, 1, 9, 2, 7, 3]), "regression")).tolist() == [
        1,
        0,
        2,
        0,
        2,
        1,
    ]


def changed(found: dict[str, Path], folder: Path, name: str, change: Any) -> dict[str, Path]:
    """The same files, one of them another."""
    path = folder / found[name].name
    path.write_bytes(found[name].read_bytes())
    if path.suffix == ".json":
        content = json.loads(path.read_text())
        change(content)
        path.write_text(json.dumps(content))
    else:
        with h5py.File(path, "r+") as handle:
            change(handle)
    return found | {name: path}


def code_of_no_base(handle: h5py.File) -> None:
    handle["fold1/obsm/sequence"][3, 7] = 9


def other_length(content: dict[str, Any]) -> None:
    content["sequence"]["length"] = 50


def fewer_folds(handle: h5py.File) -> None:
    del handle["fold1"]


@pytest.mark.parametrize(
    "name, change, words",
    [
        ("test", code_of_no_base, r"code 9 at place 7 is no base \(1 such\); codes are 0 to 3 for A C G T"),
        ("test", fewer_folds, r"has 1 folds, .*model.json 2, and the representation 2; make them of one division"),
        ("about", other_length, r"length is 40, and .*model.json was trained with 50"),
        ("about", lambda content: content.update(certificate="0"), "was not made from the split"),
        ("about", lambda content: content.update(representation="kmer"), "representation is one_hot, and .* was trained with kmer"),
        ("about", lambda content: content["outcome"].update(classes=["a", "b"]), "what is to be predicted is not what"),
        ("representation_about", lambda content: content.update(certificate="0"), "representation.json: was not made from the split"),
        ("certificate", lambda content: content.update(note="new"), "was not made from the split"),
    ],
)  # fmt: skip
def test_files_that_do_not_belong_together_are_refused(binary, tmp_path, name, change, words):
    other = changed(binary, tmp_path, name, change)
    with pytest.raises(InputError, match=words):
        explained_examples.gathered(inputs(other), 10, 1)


def test_examples_that_no_table_has_are_named(binary, tmp_path):
    other = binary | {"examples": tmp_path / "examples.h5ad"}
    anndata.AnnData(obs=pd.DataFrame({"chrom": ["chr1"]}, index=["0"])).write_h5ad(other["examples"])
    with pytest.raises(InputError, match=r"examples.h5ad: has no example '\d+' \(\d+ lack\), which the folds have"):
        explained_examples.rows_told(explained_examples.gathered(inputs(other), 10, 1), other["examples"])
