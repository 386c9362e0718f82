"""Exams of the attributions of small trained models, from files to figures."""

import hashlib
import json
import warnings
from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pandas as pd
import pytest

import interpret_attribute_sequences
import interpret_examine
import interpret_plot_exams
import networks
import trainings
from readsight.config.sequence_tasks import TrainingConfig
from readsight.dataset.fold_file import Fold
from readsight.errors import InputError
from readsight.formats import model_file
from readsight.genome.codes import decode, encode, reverse_complement
from readsight.interpret.exams import criteria
from readsight.interpret.sequence_attribution import attribution_file, explained_examples
from readsight.interpret.sequence_attribution.attribution_file import Attributions

METHODS = ["integrated_gradients", "saliency", "mutagenesis"]
INTERPRET = {"baseline": "shuffled", "baselines": 3, "correction": True}
SPEC = {"interpret": INTERPRET, "bootstrap": 100}


def make_task(folder: Path, model: str, fold: Fold, encoding: str = "one_hot", **overrides: Any) -> dict[str, Path]:
    """Files of a small task with a model trained in two folds. overrides: settings."""
    folder.mkdir(exist_ok=True)
    files = trainings.write_folds(folder, fold, encoding)
    settings = TrainingConfig().model_dump() | networks.QUICK | {"epochs": 3}
    settings |= networks.small_settings(model) if model in networks.SMALL else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        files |= trainings.train_and_predict(folder, files, model, settings | overrides)
    files["examples"] = folder / "examples.h5ad"
    anndata.AnnData(obs=pd.DataFrame({"chrom": "chr1"}, index=fold.names)).write_h5ad(files["examples"])
    return files


def run_attribution(files: dict[str, Path], methods: list[str], out: Path, count: int) -> Path:
    inputs = {name: files[name] for name in (*explained_examples.FILES, *explained_examples.OPTIONAL_FILES)}
    spec = {"attributions": methods, "explained": count, "interpret": INTERPRET}
    interpret_attribute_sequences.main(inputs, "words", spec, 1, out)
    return out


@pytest.fixture(scope="module")
def task_files(tmp_path_factory: Any) -> dict[str, Path]:
    """A network trained on a motif, its attributions, and the positions of the motif."""
    folder = tmp_path_factory.mktemp("examined")
    fold = trainings.make_fold(n=400, length=50)
    files = make_task(folder, "cnn", fold, epochs=10)
    files["attributions"] = run_attribution(files, METHODS, folder / "attributions.h5", 24)
    lines = ["name\tacts\tsites"]
    for name, codes, label in zip(fold.names, fold.values, fold.labels, strict=True):
        lines.append(f"{name}\t{label}\t{find_site(codes) if label else '.'}")
    files["truth"] = folder / "truth.tsv"
    files["truth"].write_text("\n".join(lines) + "\n")
    return files


def find_site(codes: np.ndarray) -> str:
    """Location of the planted motif on either strand."""
    text = decode(codes)
    reverse_motif = decode(reverse_complement(encode(trainings.MOTIF)))
    start = next(at for at in (text.find(trainings.MOTIF), text.find(reverse_motif)) if at >= 0)
    return f"word:{start}-{start + len(trainings.MOTIF)}:+"


NEEDED = (*interpret_examine.FILES, *interpret_examine.OPTIONAL_FILES)


@pytest.fixture(scope="module")
def exam_outputs(task_files: dict[str, Path], tmp_path_factory: Any) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("out")
    outputs = {"exams": folder / "exams.json", "summary": folder / "summary.json"}
    interpret_examine.main({name: task_files[name] for name in NEEDED}, "words", SPEC, 1, 1, outputs)
    return {name: json.loads(path.read_text()) for name, path in outputs.items()} | {"path": outputs["exams"]}


def test_good_methods_pass_on_a_trained_network(exam_outputs: dict[str, Any]) -> None:
    for method in ("integrated_gradients", "mutagenesis"):
        result = exam_outputs["exams"]["methods"][method]
        by_exam = {row["exam"]: row for row in result["exams"]}
        assert list(by_exam) == [exam.name for exam in criteria.EXAMS]
        assert by_exam["planted motifs"]["value"] >= 0.9 and by_exam["decoys"]["value"] <= 0.1, method
        assert by_exam["reverse complement"]["value"] == pytest.approx(1, abs=1e-3)
        assert by_exam["reverse complement, one strand"]["value"] < 1
        assert by_exam["stability"]["held_against"] == "other folds"
        assert by_exam["randomised weights"]["value"] < 0.3 and by_exam["shuffled labels"]["value"] < 0.3
        assert by_exam["deletion"]["passed"] and by_exam["insertion"]["passed"]
        assert by_exam["deletion"]["low"] < by_exam["deletion"]["value"] < by_exam["deletion"]["high"]


def test_undefined_exams_are_reported_and_not_failed(exam_outputs: dict[str, Any]) -> None:
    methods = exam_outputs["exams"]["methods"]
    for method, exam in (("saliency", "completeness"), ("mutagenesis", "agreement with mutagenesis")):
        row = next(row for row in methods[method]["exams"] if row["exam"] == exam)
        assert row["value"] is None and row["passed"] and row["reason"].startswith("not defined: ")
    assert methods["integrated_gradients"]["exams"][1]["value"] < criteria.COMPLETE.limit


def test_summary_describes_every_value(exam_outputs: dict[str, Any]) -> None:
    rows = {row["key"]: row for row in exam_outputs["summary"]}
    assert rows["interpret.words.integrated_gradients.planted_recall"]["value"] >= 0.9
    assert "interpret.words.saliency.completeness_error" not in rows
    largest = rows["interpret.words.saliency.randomisation_similarity"]["value"]
    assert largest >= rows["interpret.words.saliency.redrawn_similarity"]["value"]
    assert rows["interpret.words.mutagenesis.passed"]["value"] in (0, 1)
    assert all(row["description"] and row["unit"] for row in rows.values())


def test_figures_are_reproducible(exam_outputs: dict[str, Any], tmp_path: Path) -> None:
    runs = [{name: tmp_path / f"{name}{i}.svg" for name in ("table", "curves")} for i in range(2)]
    for outputs in runs:
        interpret_plot_exams.main(exam_outputs["path"], outputs)
    for name in ("table", "curves"):
        assert runs[0][name].read_bytes() == runs[1][name].read_bytes()
        assert runs[0][name].read_text().startswith("<?xml")


def test_same_seed_same_exams(task_files: dict[str, Path], exam_outputs: dict[str, Any], tmp_path: Path) -> None:
    few = run_attribution(task_files, ["integrated_gradients"], tmp_path / "few.h5", 8)
    reports = []
    for name in ("one", "two"):
        inputs = {key: task_files[key] for key in NEEDED if key != "truth"} | {"attributions": few}
        interpret_examine.main(inputs, "words", SPEC, 1, 1, {key: tmp_path / f"{name}.{key}" for key in ("exams", "summary")})
        reports.append(json.loads((tmp_path / f"{name}.exams").read_text()))
    assert reports[0] == reports[1]


@pytest.mark.parametrize(
    "model, kind, encoding, methods, outcome_options",
    [
        ("dilated_resnet", "positions", "one_hot", ["deep_shap"], {"stranded": True}),
        ("cnn", "profile", "one_hot", ["input_x_gradient"], {"bin": 8}),
        ("cnn", "multiclass", "one_hot", ["grad_cam"], {}),
        ("kmer_linear", "binary", "one_hot", ["shap"], {}),
        ("logistic", "binary", "kmer", ["mutagenesis"], {}),
        ("transformer", "binary", "bpe", ["attention_rollout", "mutagenesis"], {}),
    ],
)
def test_every_model_and_outcome_is_examined(
    tmp_path: Path, model: str, kind: str, encoding: str, methods: list[str], outcome_options: dict[str, Any]
) -> None:
    files = make_task(tmp_path, model, trainings.make_fold(kind, 100, 40, **outcome_options), encoding)
    files["attributions"] = run_attribution(files, methods, tmp_path / "attributions.h5", 8)
    inputs = {name: files[name] for name in NEEDED if name != "truth"}
    outputs = {name: tmp_path / f"{name}.json" for name in ("exams", "summary")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        interpret_examine.main(inputs, "words", SPEC, 1, 1, outputs)
    exams = json.loads(outputs["exams"].read_text())["methods"]
    for method in methods:
        by_exam = {row["exam"]: row for row in exams[method]["exams"]}
        for name in ("finite values", "shuffled labels", "deletion", "insertion", "stability"):
            assert by_exam[name]["value"] is not None and np.isfinite(by_exam[name]["value"]), name
        assert (by_exam["randomised weights"]["value"] is None) == (model == "kmer_linear")
        assert (by_exam["reverse complement"]["value"] is None) == bool(outcome_options.get("stranded"))
        if method in ("deep_shap", "shap"):
            assert by_exam["completeness"]["value"] < 0.01


# Bad input ----------------------------------------------------------------------------------------------------------------------


def expect_rejection(given: dict[str, Path], tmp_path: Path, **overrides: Path) -> str:
    inputs = {name: given[name] for name in NEEDED} | overrides
    with pytest.raises(InputError) as error:
        interpret_examine.main(inputs, "words", SPEC, 1, 1, {name: tmp_path / name for name in ("exams", "summary")})
    assert not (tmp_path / "exams").exists()
    return str(error.value)


def change_attributions(given: dict[str, Path], tmp_path: Path, change: Any) -> Path:
    """A modified file of attributions with a consistent hash."""
    attributions = attribution_file.read(given["attributions"])
    change(attributions)
    attributions.attributes["data_hash"] = hashlib.sha256(np.ascontiguousarray(attributions.sequence).tobytes()).hexdigest()
    attribution_file.write(tmp_path / "changed.h5", attributions)
    return tmp_path / "changed.h5"


def test_attributions_of_another_model_are_rejected(task_files: dict[str, Path], tmp_path: Path) -> None:
    tensors = tmp_path / "other.safetensors"
    arrays, content = model_file.read(task_files["tensors"], task_files["about"])
    arrays[0] = {name: array + 1 for name, array in arrays[0].items()}
    model_file.write(tensors, tmp_path / "other.json", arrays, content)
    message = expect_rejection(task_files, tmp_path, tensors=tensors, about=tmp_path / "other.json")
    assert (
        "explains a different model than" in message and "attributions.h5" in message and "recompute the attributions" in message
    )


def test_attributions_of_different_sequences_are_rejected(task_files: dict[str, Path], tmp_path: Path) -> None:
    def shorten_sequences(attributions: Attributions) -> None:
        attributions.sequence = attributions.sequence[:, :40]
        attributions.values = {m: {h: f[:, :40] for h, f in by_head.items()} for m, by_head in attributions.values.items()}

    def change_base(attributions: Attributions) -> None:
        attributions.sequence[3, 10] ^= 3

    def rename_example(attributions: Attributions) -> None:
        attributions.metadata["example"][2] = "nobody"

    for change, message in (
        (shorten_sequences, "its sequences are 40 bases long, those of"),
        (change_base, "have different sequences in"),
        (rename_example, "nobody are not test examples of fold 0"),
    ):
        assert message in expect_rejection(task_files, tmp_path, attributions=change_attributions(task_files, tmp_path, change))


def test_changed_sequences_are_rejected(task_files: dict[str, Path], tmp_path: Path) -> None:
    attributions = attribution_file.read(task_files["attributions"])
    attributions.sequence[0] = 0
    attribution_file.write(tmp_path / "changed.h5", attributions)
    assert "its sequences were changed after it was written" in expect_rejection(
        task_files, tmp_path, attributions=tmp_path / "changed.h5"
    )


def test_wrong_shape_head_or_fold_is_rejected(task_files: dict[str, Path], tmp_path: Path) -> None:
    def change_shape(attributions: Attributions) -> None:
        attributions.values["saliency"] = {h: f[:, :, :3] for h, f in attributions.values["saliency"].items()}
        attributions.metadata["fold"][:] = 7

    message = expect_rejection(task_files, tmp_path, attributions=change_attributions(task_files, tmp_path, change_shape))
    assert "saliency/yes is" in message and "fold 7 does not exist" in message  # all at once

    def change_head(attributions: Attributions) -> None:
        attributions.attributes["heads"] = ["maybe"]
        attributions.values = {m: {"maybe": f["yes"]} for m, f in attributions.values.items()}

    assert "explains maybe, but the model has yes" in expect_rejection(
        task_files, tmp_path, attributions=change_attributions(task_files, tmp_path, change_head)
    )


def test_stale_certificate_is_rejected(task_files: dict[str, Path], tmp_path: Path) -> None:
    def change_certificate(attributions: Attributions) -> None:
        attributions.attributes["certificate"] = "0" * 64

    message = expect_rejection(task_files, tmp_path, attributions=change_attributions(task_files, tmp_path, change_certificate))
    assert "changed.h5: was not made from the split" in message


def test_truth_of_different_examples_is_rejected(task_files: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "truth.tsv"
    path.write_text("name\tacts\tsites\nstranger\t1\tword:3-9:+\n")
    assert "24 of 24 explained examples are missing" in expect_rejection(task_files, tmp_path, truth=path)
