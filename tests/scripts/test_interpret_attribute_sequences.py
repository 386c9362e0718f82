"""Sequence attribution steps: choice of examples, output, and rejected inputs."""

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
from readsight.config.sequence_tasks import Architectures, TrainingConfig
from readsight.dataset.certificate import sha256
from readsight.errors import InputError
from readsight.interpret.sequence_attribution import attribution_file, explained_examples
from readsight.interpret.sequence_attribution.attribution import score_change
from readsight.interpret.sequence_attribution.query import output_heads
from readsight.models.calibration import logit

SETTINGS = TrainingConfig().model_dump() | networks.QUICK | {"epochs": 3, "dropout": 0.0}
INTERPRET = {"baseline": "shuffled", "baselines": 2, "correction": True}


def make_task(
    folder: Path, model: str, kind: str = "binary", encoding: str = "one_hot", **outcome_options: Any
) -> dict[str, Path]:
    """Files of a small task with a trained model: all inputs of the steps."""
    fold = trainings.make_fold(kind, 100, 40, **outcome_options)
    files = trainings.write_folds(folder, fold, encoding)
    model_settings = getattr(Architectures(), model).model_dump() | networks.SMALL[model] if model in networks.SMALL else {}
    files |= {"tensors": folder / "model.safetensors", "about": folder / "model.json", "examples": folder / "examples.h5ad"}
    representation = (files["representation"], files["representation_about"])
    paths = [files[name] for name in ("balanced", "validation", "certificate")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model_train.main(
            *paths, model, SETTINGS | model_settings, 1, 1, files["tensors"], files["about"], 0, representation, None
        )
    position = np.arange(len(fold))
    columns = {"chrom": "chr1", "start": position * 40, "end": position * 40 + 40, "strand": "+"}
    anndata.AnnData(obs=pd.DataFrame(columns, index=fold.names)).write_h5ad(files["examples"])
    return files


def select_inputs(files: dict[str, Path]) -> dict[str, Path]:
    return {name: files[name] for name in (*explained_examples.FILES, *explained_examples.OPTIONAL_FILES)}


def attribute(files: dict[str, Path], methods: list[str], count: int = 12) -> attribution_file.Attributions:
    out = files["about"].parent / "attributions.h5"
    interpret_attribute_sequences.main(
        select_inputs(files), "words", {"attributions": methods, "explained": count, "interpret": INTERPRET}, 1, out
    )
    return attribution_file.read(out)


@pytest.fixture(scope="module")
def binary(tmp_path_factory):
    return make_task(tmp_path_factory.mktemp("binary"), "cnn")


def test_file_describes_examples_positions_model_and_data(binary):
    attributions = attribute(binary, ["integrated_gradients", "deep_shap"])
    assert (attributions.methods, attributions.heads, len(attributions)) == (["integrated_gradients", "deep_shap"], ["yes"], 12)
    assert np.bincount(attributions.metadata["label"]).tolist() == [6, 6] and set(attributions.metadata["fold"]) == {0, 1}
    rows = attributions.metadata["example"].astype(int)
    assert (
        (attributions.metadata["start"] == rows * 40).all()
        and set(attributions.metadata["chrom"]) == {"chr1"}
        and len(set(rows)) == 12
    )
    np.testing.assert_array_equal(attributions.sequence, trainings.make_fold("binary", 100, 40).values[rows])
    attributes = attributions.attributes
    assert attributes["model_hash"] == sha256(binary["tensors"]) and attributes["certificate"] == sha256(binary["certificate"])
    assert (attributes["task"], attributes["kind"], attributes["unit"], attributes["baseline"]) == (
        "words",
        "binary",
        "logit",
        "shuffled",
    )
    selected = explained_examples.select_examples(select_inputs(binary), 12, 1)
    queries = [explained_examples.query_head(fold.query, output_heads(selected.outcome)[0]) for fold in selected.folds]
    change = np.concatenate([score_change(query, INTERPRET, 1) for query in queries])  # each by the model of its fold
    np.testing.assert_allclose(attributions.contributions("deep_shap", "yes").sum(axis=1), change, atol=1e-5)


def test_scores_equal_the_predictions(binary, tmp_path):
    import model_predict

    out = tmp_path / "predictions.parquet"
    representation = (binary["representation"], binary["representation_about"])
    model_predict.main(binary["test"], binary["tensors"], binary["about"], binary["certificate"], 0, out, representation)
    raw = pd.read_parquet(out).set_index("example")["raw"]
    attributions = attribute(binary, ["saliency"])
    np.testing.assert_allclose(attributions.score["yes"], logit(raw[attributions.metadata["example"]].to_numpy()), atol=0.1)


def test_motif_file_has_the_same_layout(binary, tmp_path):
    spec = {"method": "deep_shap", "sequences": 500, "interpret": INTERPRET}
    interpret_motif_attributions.main(select_inputs(binary), "words", spec, 1, tmp_path / "contributions.h5")
    attributions = attribution_file.read(tmp_path / "contributions.h5")
    assert attributions.methods == ["deep_shap"] and len(attributions) == 40  # all available examples
    few = attribute(binary, ["deep_shap"])
    row = {name: i for i, name in enumerate(attributions.metadata["example"])}
    same = attributions.values["deep_shap"]["yes"][[row[name] for name in few.metadata["example"]]]
    np.testing.assert_allclose(same, few.values["deep_shap"]["yes"], atol=1e-6)


@pytest.mark.parametrize(
    "model, kind, heads, outcome_options",
    [("cnn", "multiclass", ["a", "b", "c"], {}), ("cnn", "multilabel", ["x", "y"], {}), ("cnn", "regression", ["score"], {}),
     ("dilated_resnet", "positions", ["weak"], {"stranded": True}), ("cnn", "profile", ["profile"], {"bin": 8})],
)  # fmt: skip
def test_every_outcome_is_explained(tmp_path, model, kind, heads, outcome_options):
    attributions = attribute(make_task(tmp_path, model, kind, **outcome_options), ["deep_shap", "mutagenesis"], 6)
    assert attributions.heads == heads and attributions.attributes["unit"] == explained_examples.UNITS.get(kind, "logit")
    for method in attributions.methods:
        for head in heads:
            assert attributions.values[method][head].shape == (6, 40, 4) and attributions.contributions(method, head).any()
    assert set(attributions.positions) == (set(heads) if kind == "positions" else set())


@pytest.mark.parametrize(
    "model, encoding", [("kmer_linear", "one_hot"), ("logistic", "kmer"), ("cnn", "bpe"), ("forest", "kmer")]
)
def test_models_without_gradient_are_explained_by_prediction(tmp_path, model, encoding):
    files = make_task(tmp_path, model, encoding=encoding)
    attributions = attribute(files, ["shap", "mutagenesis"], 4)
    assert attributions.contributions("shap", "yes").any() and attributions.contributions("mutagenesis", "yes").any()
    with pytest.raises(InputError, match="'saliency' is not defined on .*use shap, mutagenesis"):
        attribute(files, ["saliency"], 4)


def test_classes_are_drawn_evenly():
    classes = np.array([0] * 50 + [1] * 3 + [2] * 20)
    rows = explained_examples.draw_balanced(classes, 23, 1)
    assert np.bincount(classes[rows]).tolist() == [10, 3, 10] and (np.diff(rows) > 0).all()
    assert (rows == explained_examples.draw_balanced(classes, 23, 1)).all() and (
        rows != explained_examples.draw_balanced(classes, 23, 2)
    ).any()
    assert (classes[explained_examples.draw_balanced(classes, 20, 1, preferred=2)] == 2).all()
    assert len(explained_examples.draw_balanced(classes, 1000, 1)) == 73


def test_strata_prefer_sites_and_rare_labels():
    codes = sequenced.random_codes(6, 10)
    target = np.zeros((6, 10), np.uint8)
    target[2, 4], target[3], target[5, 0] = 1, 255, 2
    assert explained_examples.assign_strata(networks.make_fold(codes, target, "positions")).tolist() == [0, 0, 1, 0, 0, 1]
    labels = np.array([[1, 0], [1, 1], [1, 0], [0, 0], [1, 0], [0, 1]])
    assert explained_examples.assign_strata(sequenced.make_fold(codes, labels, "multilabel")).tolist() == [0, 1, 0, 2, 0, 1]
    assert explained_examples.assign_strata(
        sequenced.make_fold(codes, np.array([5.0, 1, 9, 2, 7, 3]), "regression")
    ).tolist() == [
        1,
        0,
        2,
        0,
        2,
        1,
    ]


def change_file(files: dict[str, Path], folder: Path, name: str, change: Any) -> dict[str, Path]:
    """The same files with one of them modified."""
    path = folder / files[name].name
    path.write_bytes(files[name].read_bytes())
    if path.suffix == ".json":
        content = json.loads(path.read_text())
        change(content)
        path.write_text(json.dumps(content))
    else:
        with h5py.File(path, "r+") as handle:
            change(handle)
    return files | {name: path}


def set_invalid_code(handle: h5py.File) -> None:
    handle["fold1/obsm/sequence"][3, 7] = 9


def set_wrong_length(content: dict[str, Any]) -> None:
    content["sequence"]["length"] = 50


def drop_fold(handle: h5py.File) -> None:
    del handle["fold1"]


@pytest.mark.parametrize(
    "name, change, message",
    [
        ("test", set_invalid_code, r"code 9 at position 7 is invalid \(1 in total\); codes are 0 to 3 for A C G T"),
        ("test", drop_fold, r"has 1 folds, .*model.json 2, and the representation 2; recreate them from the same split"),
        ("about", set_wrong_length, r"length is 40, and .*model.json was trained with 50"),
        ("about", lambda content: content.update(certificate="0"), "was not made from the split"),
        ("about", lambda content: content.update(representation="kmer"), "representation is one_hot, and .* was trained with kmer"),
        ("about", lambda content: content["outcome"].update(classes=["a", "b"]), "the outcome differs from the one that"),
        ("representation_about", lambda content: content.update(certificate="0"), "representation.json: was not made from the split"),
        ("certificate", lambda content: content.update(note="new"), "was not made from the split"),
    ],
)  # fmt: skip
def test_mismatched_files_are_rejected(binary, tmp_path, name, change, message):
    changed_files = change_file(binary, tmp_path, name, change)
    with pytest.raises(InputError, match=message):
        explained_examples.select_examples(select_inputs(changed_files), 10, 1)


def test_examples_missing_from_the_table_are_named(binary, tmp_path):
    files = binary | {"examples": tmp_path / "examples.h5ad"}
    anndata.AnnData(obs=pd.DataFrame({"chrom": ["chr1"]}, index=["0"])).write_h5ad(files["examples"])
    with pytest.raises(InputError, match=r"examples.h5ad: example '\d+' \(\d+ in total\) of the folds is missing"):
        explained_examples.read_metadata(explained_examples.select_examples(select_inputs(files), 10, 1), files["examples"])
