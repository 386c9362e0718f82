"""Assembly of sequences: from files to AnnData, what is excluded, and which labels are refused."""

import json
import random

import anndata
import numpy as np
import pandas as pd
import pytest

import dataset_assemble_sequences
from examples_of_sequences import draw_bases, make_spec, reverse_complement_text, write_fasta, write_two_classes
from readsight.dataset import examples as examples_file
from readsight.dataset.certificate import sha256
from readsight.dataset.fold_file import SequenceLayout
from readsight.errors import InputError
from readsight.genome.codes import decode


def assemble_files(folder, options, seed=1) -> tuple[anndata.AnnData, dict[str, float]]:
    """The examples, and the figures of the summary by the last words of their keys."""
    files = [folder / file["path"] for file in options["files"]]
    dataset_assemble_sequences.main(files, options, seed, {}, folder / "examples.h5ad", folder / "summary.json")
    rows = json.loads((folder / "summary.json").read_text())
    assert all(set(row) == {"key", "value", "low", "high", "n", "unit", "description"} for row in rows)
    return anndata.read_h5ad(folder / "examples.h5ad"), {row["key"].removeprefix("dataset.t."): row["value"] for row in rows}


def catch_faults(folder, options) -> list[str]:
    with pytest.raises(InputError) as caught:
        assemble_files(folder, options)
    return caught.value.faults


def write_table(folder, rows: list[tuple], *columns: str):
    path = folder / "t.tsv"
    path.write_text("\n".join("\t".join(map(str, row)) for row in [("name", "sequence", *columns), *rows]) + "\n")
    return {"path": path}


def test_examples_have_everything_later_steps_read(tmp_path):
    entries = write_two_classes(tmp_path)
    data, figures = assemble_files(tmp_path, make_spec(*entries, positive="bound", by="chromosome"))
    assert data.n_obs == 60 and data.X is None and data.obs_names.is_unique
    assert set(data.obs) == {"label", "stratum", "chrom", "start", "end", "strand", "gc", "repeat", "origin", "copies"}
    assert data.obsm["sequence"].dtype == np.uint8 and data.obsm["sequence"].shape == (60, 40)
    outcome = examples_file.read_outcome(data)
    assert (outcome.kind, outcome.classes) == ("binary", ("free", "bound"))
    assert outcome.read_target(data.obs).tolist() == [1] * 30 + [0] * 30
    assert SequenceLayout.from_dict(data.uns["sequence"]) == SequenceLayout(40)
    assert data.uns["task"]["source"] == "sequences" and json.loads(data.uns["task"]["spec"])["by"] == "chromosome"
    assert data.uns["task"]["made_from"]["0.bound.fa"] == sha256(tmp_path / "bound.fa")
    assert set(data.obs["chrom"]) == {f"chr{i}" for i in range(1, 6)} and set(data.obs["origin"]) == {"given"}
    for row, name in zip(data.obsm["sequence"], data.obs_names, strict=True):
        text = decode(row)
        assert data.obs.at[name, "gc"] == pytest.approx((text.count("G") + text.count("C")) / 40)
    assert figures["sequences"] == 60 and figures["class.bound"] == figures["class.free"] == 30
    assert figures["gc.bound"] == pytest.approx(data.obs["gc"][:30].mean(), abs=1e-4) and figures["gc.bound"] > 0.6


def test_reverse_complement_copies_change_only_the_count(tmp_path):
    first_file, second_file = write_two_classes(tmp_path)
    alone, _ = assemble_files(tmp_path, make_spec(first_file, second_file))
    extra = {"again": reverse_complement_text(decode(alone.obsm["sequence"][0])), "more": decode(alone.obsm["sequence"][1])}
    options = make_spec(first_file, second_file, {"path": write_fasta(tmp_path / "extra.fa", extra), "label": "bound"})
    data, figures = assemble_files(tmp_path, options)
    assert figures["sequences"] == 60 and figures["collapsed"] == 2
    assert data.obs["copies"].tolist() == [2, 2] + [1] * 58
    np.testing.assert_array_equal(data.obsm["sequence"], alone.obsm["sequence"])
    data, figures = assemble_files(tmp_path, options | {"stranded": True})
    assert figures["sequences"] == 61 and SequenceLayout.from_dict(data.uns["sequence"]).stranded


def test_sequences_with_conflicting_labels_are_excluded_and_listed(tmp_path, caplog):
    first_file, second_file = write_two_classes(tmp_path)
    first = (tmp_path / "bound.fa").read_text().splitlines()[:2]
    extra = write_fasta(tmp_path / "extra.fa", {"same": reverse_complement_text(first[1])})
    data, figures = assemble_files(tmp_path, make_spec(first_file, second_file, {"path": extra, "label": "free"}))
    assert figures["conflicts"] == 2 and data.n_obs == 59 and first[0][1:] not in data.obs_names
    assert json.loads(data.uns["conflicts"]) == [{"names": [first[0][1:], "same"], "labels": ["bound", "free"]}]
    assert any(
        "contradictory labels" in r.message and "same (free)" in r.message for r in caplog.records if r.levelname == "WARNING"
    )


def test_given_split_keeps_leaking_sequences(tmp_path):
    first_file, second_file = write_two_classes(tmp_path)
    options = make_spec(
        first_file | {"split": "train"},
        second_file | {"split": "train"},
        first_file | {"split": "test"},
        by="given",
        given="split",
        column="donor",
    )
    data, figures = assemble_files(tmp_path, options)
    assert data.n_obs == 90 and figures["collapsed"] == 0
    assert data.obs["split"].astype(str).tolist() == ["train"] * 60 + ["test"] * 30


def test_sampling_is_per_class_and_seeded(tmp_path):
    options = make_spec(*write_two_classes(tmp_path), sample=7)
    data, figures = assemble_files(tmp_path, options)
    assert figures["class.bound"] == figures["class.free"] == 7 and figures["undrawn"] == 46
    assert assemble_files(tmp_path, options)[0].obs_names.tolist() == data.obs_names.tolist()
    assert assemble_files(tmp_path, options, seed=2)[0].obs_names.tolist() != data.obs_names.tolist()


def test_shuffled_negatives_keep_dinucleotides_and_are_new(tmp_path):
    first_file, _ = write_two_classes(tmp_path)
    data, figures = assemble_files(
        tmp_path, make_spec(first_file, negatives={"method": "shuffled", "ratio": 2.0, "label": "shuffled"})
    )
    assert figures["made.shuffled"] == 60 and figures["class.shuffled"] == 60
    kinds = data.obs["origin"].astype(str).to_numpy()
    texts = [decode(row) for row in data.obsm["sequence"]]
    pairs = [sorted(t[i : i + 2] for i in range(39)) for t in texts]
    parent = dict(zip(data.obs_names, range(data.n_obs), strict=True))
    for i in np.flatnonzero(kinds == "shuffled"):
        mother = parent[data.obs["parent"].iloc[i]]
        assert pairs[i] == pairs[mother] and texts[i] != texts[mother]
    assert data.obs["label"].tolist() == [int(kind == "given") for kind in kinds], "generated sequences are the negative class"


def test_unshufflable_sequence_gives_no_negative(tmp_path):
    """Its shuffle would be identical and have both labels; the positive stays."""
    first_file, _ = write_two_classes(tmp_path, 10)
    extra = write_fasta(tmp_path / "extra.fa", {"poly": "A" * 40})
    options = make_spec(
        first_file, {"path": extra, "label": "bound"}, negatives={"method": "shuffled", "ratio": 1.0, "label": "shuffled"}
    )
    data, figures = assemble_files(tmp_path, options)
    assert figures["class.bound"] == 11 and figures["class.shuffled"] == 10 and figures["conflicts"] == 0


def test_numbers_several_labels_and_groups(tmp_path):
    rng = random.Random(1)
    rows = [(f"s{i}", draw_bases(rng, 20), i / 4, i % 2, i // 2 % 2, f"D{i % 3}") for i in range(40)]
    entry = write_table(tmp_path, rows, "score", "a", "b", "donor")
    data, _ = assemble_files(
        tmp_path, make_spec(entry, label="score", target="score", outcome="regression", by="group", column="donor")
    )
    assert examples_file.read_outcome(data).kind == "regression" and data.obs["label"].tolist() == [row[2] for row in rows]
    assert np.bincount(data.obs["stratum"]).tolist() == [10, 10, 10, 10] and data.obs["stratum"].is_monotonic_increasing
    assert data.obs["group"].astype(str).tolist() == [row[5] for row in rows]
    data, figures = assemble_files(tmp_path, make_spec(entry, label=["a", "b"], outcome="multilabel"))
    assert examples_file.read_outcome(data).read_target(data.obs).tolist() == [list(row[3:5]) for row in rows]
    assert figures["class.a"] == figures["class.b"] == 20 and data.obs["stratum"].nunique() == 4 and "group" not in data.obs


def test_three_classes_are_coded_in_order(tmp_path):
    rng = random.Random(1)
    rows = [(f"s{i}", draw_bases(rng, 20), "N EI IE".split()[i % 3]) for i in range(30)]
    data, figures = assemble_files(tmp_path, make_spec(write_table(tmp_path, rows, "label")))
    assert examples_file.read_outcome(data).classes == ("EI", "IE", "N") and figures["class.N"] == 10


def test_rows_without_a_label_are_excluded(tmp_path, caplog):
    caplog.set_level("INFO")
    rng = random.Random(1)
    rows = [(f"s{i}", draw_bases(rng, 20), ("x", "y", "NA")[i % 3]) for i in range(12)]
    data, _ = assemble_files(tmp_path, make_spec(write_table(tmp_path, rows, "label")))
    assert data.n_obs == 8
    assert any("4 sequences without a label (s2, s5, s8, s11)" in record.message for record in caplog.records)


def label_rows(*labels: str) -> list[tuple[str, str, str]]:
    rng = random.Random(1)
    return [(f"s{i}", draw_bases(rng, 20), label) for i, label in enumerate(labels)]


BAD = {
    "one class": (label_rows(*"xxxx"), {}, "label: all 4 sequences are 'x': one class, nothing to learn"),
    "a class of one": (label_rows(*"xxxy"), {}, "label: class 'y' has one example (s3), which cannot be in both training and test"),
    "numbers for classes": (label_rows(*map(str, range(60))), {}, "label: there are 60 different labels (0, 1, 10, 11, 12, …) of 60 sequences; these are not classes"),
    "no such positive": (label_rows(*"xxyy"), {"positive": "X"}, "positive: no sequence is 'X'; did you mean 'x'?"),
    "a positive of three": (label_rows(*"xxyyzz"), {"positive": "x"}, "positive: requires two classes, but there are 3 (x, y, z)"),
    "no places": (label_rows(*"xxyy"), {"by": "chromosome"}, "split.by: is chromosome, but 4 of 4 sequences have no locus (first: s0)"),
    "one number": (label_rows(*"1111"), {"target": "score", "outcome": "regression"}, "label: all 4 sequences have the value 1: nothing to learn"),
    "a label of all": (label_rows(*"1111"), {"label": ["label"], "outcome": "multilabel"}, "label: all 4 sequences are 1 in column 'label': nothing to learn"),
    "a label that is neither": (label_rows(*"10?1"), {"label": ["label"], "outcome": "multilabel"}, "label: column 'label' has '?' for s2"),
    "no label at all": (label_rows(*["NA"] * 4), {}, "sequences.files: no example remains"),
    "negatives of several labels": (label_rows(*"1010"), {"label": ["label", "name"], "outcome": "multilabel", "negatives": {"method": "shuffled", "ratio": 1.0, "label": "n"}}, "sequences.negatives.method: negatives form a class, but several labels are predicted"),
}  # fmt: skip


@pytest.mark.parametrize(("rows", "changed", "message"), BAD.values(), ids=BAD)
def test_unlearnable_labels_are_refused_with_a_reason(tmp_path, rows, changed, message):
    faults = catch_faults(tmp_path, make_spec(write_table(tmp_path, rows, "label"), **changed))
    assert any(message in fault for fault in faults), faults


def test_class_emptied_by_contradictions_is_explained(tmp_path):
    first_file, _ = write_two_classes(tmp_path)
    faults = catch_faults(tmp_path, make_spec(first_file, first_file | {"label": "free"}))
    assert faults == ["label: every sequence has several labels in the files, so no example remains; are the files identical?"]
    rows = label_rows(*"xxxxyy")
    rows += [(f"t{i}", reverse_complement_text(sequence), "x") for i, (_, sequence, _) in enumerate(rows[4:])]
    faults = catch_faults(tmp_path, make_spec(write_table(tmp_path, rows, "label")))
    assert (
        "one class" in faults[0]
        and "4 examples were excluded because their sequences have several labels (s4, t0, s5, t1, …)" in faults[1]
    )


def test_file_order_does_not_change_the_examples(tmp_path):
    first_file, second_file = write_two_classes(tmp_path)
    data, _ = assemble_files(tmp_path, make_spec(first_file, second_file))
    reordered, _ = assemble_files(tmp_path, make_spec(second_file, first_file))
    pd.testing.assert_frame_equal(data.obs, reordered.obs.loc[data.obs_names], check_categorical=False)
