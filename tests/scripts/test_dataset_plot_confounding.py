"""The figure of batch and label."""

import json

import numpy as np
import pytest

import dataset_plot_confounding as plot


def target(name="", batches=3, **more):
    cell = {"value": 0.6, "low": 0.5, "high": 0.7}
    row = {"name": name, "classes": ["control", "case"], "batches": [f"b{i}" for i in range(batches)]}
    row |= {"counts": [[i, 3] for i in range(batches)], "parts": [], "cramers_v": cell}
    return row | {"scores": {"balanced_accuracy": cell, "auroc": cell}, "chance": {"balanced_accuracy": 0.5, "auroc": 0.5}} | more


def test_a_column_is_a_class_and_the_largest_batch_comes_first():
    counts, parts, names, columns = plot.cells([target()])
    assert counts.tolist() == [[2, 3], [1, 3], [0, 3]]
    np.testing.assert_allclose(parts.sum(axis=1), 1)
    assert names == ["b2 (5)", "b1 (4)", "b0 (3)"] and columns == ["control", "case"]


def test_of_several_labels_a_column_counts_those_that_have_it():
    counts, parts, _, columns = plot.cells([target("one"), target("two")])
    assert columns == ["one", "two"] and counts.tolist() == [[3, 3]] * 3
    np.testing.assert_allclose(parts[0], 3 / 5)


def test_of_many_labels_those_stay_that_the_batch_tells_most_of():
    strong = {"value": 0.9, "low": None, "high": None}
    rows = [target(f"l{i}", cramers_v=strong if i > 20 else {"value": None}) for i in range(30)]
    assert {row["name"] for row in plot.shown(rows)} >= {f"l{i}" for i in range(21, 30)}


@pytest.mark.parametrize("strong", [True, False])
@pytest.mark.parametrize(
    "targets",
    [
        [target()],
        [target(f"a label with a rather long name {i}", batches=60) for i in range(14)],
        [target(batches=1, scores={}, chance={}, cramers_v={"value": None, "low": None, "high": None})],
        [target(cramers_v={"value": 0.2, "low": None, "high": None})],
    ],
    ids=["one label", "many labels and batches", "one batch", "no interval"],
)
def test_it_is_drawn(tmp_path, targets, strong):
    found = {"batch": "centre", "targets": targets, "strong": strong, "words": "Nothing to confound."}
    (tmp_path / "c.json").write_text(json.dumps(found))
    plot.main(tmp_path / "c.json", tmp_path / "c.svg")
    first = (tmp_path / "c.svg").read_bytes()
    plot.main(tmp_path / "c.json", tmp_path / "c.svg")
    assert b"<svg" in first and first == (tmp_path / "c.svg").read_bytes()
