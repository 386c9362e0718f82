"""Examination of the attributions of small trained models, from files to figures."""

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
from readsight.config.sequence_tasks import Training
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


def made(folder: Path, model: str, whole: Fold, word: str = "one_hot", **own: Any) -> dict[str, Path]:
    """Files of a small task with a model trained in two folds. own: settings."""
    folder.mkdir(exist_ok=True)
    found = trainings.files(folder, whole, word)
    settings = Training().model_dump() | networks.QUICK | {"epochs": 3}
    settings |= networks.settings(model) if model in networks.SMALL else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found |= trainings.train_and_predict(folder, found, model, settings | own)
    found["examples"] = folder / "examples.h5ad"
    anndata.AnnData(obs=pd.DataFrame({"chrom": "chr1"}, index=whole.names)).write_h5ad(found["examples"])
    return found


def attributed(given: dict[str, Path], methods: list[str], out: Path, count: int) -> Path:
    inputs = {name: given[name] for name in (*explained_examples.FILES, *explained_examples.MAY)}
    spec = {"attributions": methods, "explained": count, "interpret": INTERPRET}
    interpret_attribute_sequences.main(inputs, "words", spec, 1, out)
    return out


@pytest.fixture(scope="module")
def given(tmp_path_factory: Any) -> dict[str, Path]:
    """A network that knows a word, its attributions, and where the word stands."""
    folder = tmp_path_factory.mktemp("examined")
    whole = trainings.part(n=400, length=50)
    found = made(folder, "cnn", whole, epochs=10)
    found["attributions"] = attributed(found, METHODS, folder / "attributions.h5", 24)
    lines = ["name\tacts\tsites"]
    for name, codes, label in zip(whole.names, whole.values, whole.labels, strict=True):
        lines.append(f"{name}\t{label}\t{site(codes) if label else '.'}")
    found["truth"] = folder / "truth.tsv"
    found["truth"].write_text("\n".join(lines) + "\n")
    return found


def site(codes: np.ndarray) -> str:
    """Where the planted word stands, on either strand."""
    text = decode(codes)
    back = decode(reverse_complement(encode(trainings.WORD)))
    start = next(at for at in (text.find(trainings.WORD), text.find(back)) if at >= 0)
    return f"word:{start}-{start + len(trainings.WORD)}:+"


NEEDED = (*interpret_examine.FILES, *interpret_examine.MAY)


@pytest.fixture(scope="module")
def examined(given: dict[str, Path], tmp_path_factory: Any) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("out")
    outputs = {"exams": folder / "exams.json", "summary": folder / "summary.json"}
    interpret_examine.main({name: given[name] for name in NEEDED}, "words", SPEC, 1, 1, outputs)
    return {name: json.loads(path.read_text()) for name, path in outputs.items()} | {"path": outputs["exams"]}


def test_good_methods_pass_on_a_network_that_knows_the_word(examined: dict[str, Any]) -> None:
    for method in ("integrated_gradients", "mutagenesis"):
        held = examined["exams"]["methods"][method]
        told = {row["exam"]: row for row in held["exams"]}
        assert list(told) == [exam.name for exam in criteria.EXAMS]
        assert told["planted motifs"]["value"] >= 0.9 and told["decoys"]["value"] <= 0.1, method
        assert told["reverse complement"]["value"] == pytest.approx(1, abs=1e-3)
        assert told["reverse complement, one strand"]["value"] < 1
        assert told["stability"]["held_against"] == "other folds"
        assert told["weights drawn anew"]["value"] < 0.3 and told["shuffled labels"]["value"] < 0.3
        assert told["deletion"]["passed"] and told["insertion"]["passed"]
        assert told["deletion"]["low"] < told["deletion"]["value"] < told["deletion"]["high"]


def test_what_is_not_defined_is_said_and_not_failed(examined: dict[str, Any]) -> None:
    methods = examined["exams"]["methods"]
    for method, exam in (("saliency", "completeness"), ("mutagenesis", "agreement with mutagenesis")):
        row = next(row for row in methods[method]["exams"] if row["exam"] == exam)
        assert row["value"] is None and row["passed"] and row["reason"].startswith("not defined: ")
    assert methods["integrated_gradients"]["exams"][1]["value"] < criteria.COMPLETE.limit


def test_the_summary_has_each_figure_with_words(examined: dict[str, Any]) -> None:
    rows = {row["key"]: row for row in examined["summary"]}
    assert rows["interpret.words.integrated_gradients.planted_recall"]["value"] >= 0.9
    assert "interpret.words.saliency.completeness_error" not in rows
    largest = rows["interpret.words.saliency.randomisation_similarity"]["value"]
    assert largest >= rows["interpret.words.saliency.redrawn_similarity"]["value"]
    assert rows["interpret.words.mutagenesis.passed"]["value"] in (0, 1)
    assert all(row["description"] and row["unit"] for row in rows.values())


def test_figures_are_drawn_and_the_same_each_time(examined: dict[str, Any], tmp_path: Path) -> None:
    made = [{name: tmp_path / f"{name}{i}.svg" for name in ("table", "curves")} for i in range(2)]
    for outputs in made:
        interpret_plot_exams.main(examined["path"], outputs)
    for name in ("table", "curves"):
        assert made[0][name].read_bytes() == made[1][name].read_bytes()
        assert made[0][name].read_text().startswith("<?xml")


def test_same_seed_same_exams(given: dict[str, Path], examined: dict[str, Any], tmp_path: Path) -> None:
    few = attributed(given, ["integrated_gradients"], tmp_path / "few.h5", 8)
    found = []
    for name in ("one", "two"):
        inputs = {key: given[key] for key in NEEDED if key != "truth"} | {"attributions": few}
        interpret_examine.main(inputs, "words", SPEC, 1, 1, {key: tmp_path / f"{name}.{key}" for key in ("exams", "summary")})
        found.append(json.loads((tmp_path / f"{name}.exams").read_text()))
    assert found[0] == found[1]


@pytest.mark.parametrize(
    "model, kind, word, methods, said",
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
    tmp_path: Path, model: str, kind: str, word: str, methods: list[str], said: dict[str, Any]
) -> None:
    found = made(tmp_path, model, trainings.part(kind, 100, 40, **said), word)
    found["attributions"] = attributed(found, methods, tmp_path / "attributions.h5", 8)
    inputs = {name: found[name] for name in NEEDED if name != "truth"}
    outputs = {name: tmp_path / f"{name}.json" for name in ("exams", "summary")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        interpret_examine.main(inputs, "words", SPEC, 1, 1, outputs)
    exams = json.loads(outputs["exams"].read_text())["methods"]
    for method in methods:
        told = {row["exam"]: row for row in exams[method]["exams"]}
        for name in ("numbers", "shuffled labels", "deletion", "insertion", "stability"):
            assert told[name]["value"] is not None and np.isfinite(told[name]["value"]), name
        assert (told["weights drawn anew"]["value"] is None) == (model == "kmer_linear")
        assert (told["reverse complement"]["value"] is None) == bool(said.get("stranded"))
        if method in ("deep_shap", "shap"):
            assert told["completeness"]["value"] < 0.01


# Bad input ----------------------------------------------------------------------------------------------------------------------


def refused(given: dict[str, Path], tmp_path: Path, **other: Path) -> str:
    inputs = {name: given[name] for name in NEEDED} | other
    with pytest.raises(InputError) as told:
        interpret_examine.main(inputs, "words", SPEC, 1, 1, {name: tmp_path / name for name in ("exams", "summary")})
    assert not (tmp_path / "exams").exists()
    return str(told.value)


def changed(given: dict[str, Path], tmp_path: Path, change: Any) -> Path:
    """A file of attributions with something changed in it, as if it had been written so."""
    held = attribution_file.read(given["attributions"])
    change(held)
    held.about["data_hash"] = hashlib.sha256(np.ascontiguousarray(held.sequence).tobytes()).hexdigest()
    attribution_file.write(tmp_path / "changed.h5", held)
    return tmp_path / "changed.h5"


def test_attributions_of_another_model_are_refused(given: dict[str, Path], tmp_path: Path) -> None:
    other = tmp_path / "other.safetensors"
    arrays, content = model_file.read(given["tensors"], given["about"])
    arrays[0] = {name: array + 1 for name, array in arrays[0].items()}
    model_file.write(other, tmp_path / "other.json", arrays, content)
    words = refused(given, tmp_path, tensors=other, about=tmp_path / "other.json")
    assert "explains another model than" in words and "attributions.h5" in words and "make the attributions again" in words


def test_attributions_of_other_sequences_are_refused(given: dict[str, Path], tmp_path: Path) -> None:
    def shorter(held: Attributions) -> None:
        held.sequence = held.sequence[:, :40]
        held.found = {m: {h: f[:, :40] for h, f in parts.items()} for m, parts in held.found.items()}

    def other(held: Attributions) -> None:
        held.sequence[3, 10] ^= 3

    def unknown(held: Attributions) -> None:
        held.rows["example"][2] = "nobody"

    for change, words in (
        (shorter, "its sequences are 40 bases long, and those of"),
        (other, "have other sequences than in"),
        (unknown, "nobody are no test examples of fold 0"),
    ):
        assert words in refused(given, tmp_path, attributions=changed(given, tmp_path, change))


def test_sequences_that_were_changed_are_refused(given: dict[str, Path], tmp_path: Path) -> None:
    held = attribution_file.read(given["attributions"])
    held.sequence[0] = 0
    attribution_file.write(tmp_path / "changed.h5", held)
    assert "its sequences are not those that it was written with" in refused(
        given, tmp_path, attributions=tmp_path / "changed.h5"
    )


def test_attributions_of_another_shape_head_or_fold_are_refused(given: dict[str, Path], tmp_path: Path) -> None:
    def shape(held: Attributions) -> None:
        held.found["saliency"] = {h: f[:, :, :3] for h, f in held.found["saliency"].items()}
        held.rows["fold"][:] = 7

    words = refused(given, tmp_path, attributions=changed(given, tmp_path, shape))
    assert "saliency/yes is" in words and "fold 7 is none of the 2" in words  # all at once

    def head(held: Attributions) -> None:
        held.about["heads"] = ["maybe"]
        held.found = {m: {"maybe": f["yes"]} for m, f in held.found.items()}

    assert "explains maybe, and the model gives yes" in refused(given, tmp_path, attributions=changed(given, tmp_path, head))


def test_a_stale_certificate_is_refused(given: dict[str, Path], tmp_path: Path) -> None:
    def stale(held: Attributions) -> None:
        held.about["certificate"] = "0" * 64

    words = refused(given, tmp_path, attributions=changed(given, tmp_path, stale))
    assert "changed.h5: was not made from the split" in words


def test_truth_of_other_examples_is_refused(given: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "truth.tsv"
    path.write_text("name\tacts\tsites\nstranger\t1\tword:3-9:+\n")
    assert "24 of 24 explained examples have no row" in refused(given, tmp_path, truth=path)
