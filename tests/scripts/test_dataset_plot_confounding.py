"""Figure of batch and label."""

import json

import numpy as np
import pytest

import dataset_plot_confounding as plot


def make_target(name="", batches=3, **more):
    cell = {"value": 0.6, "low": 0.5, "high": 0.7}
    row = {"name": name, "classes": ["control", "case"], "batches": [f"b{i}" for i in range(batches)]}
    row |= {"counts": [[i, 3] for i in range(batches)], "parts": [], "cramers_v": cell}
    return row | {"scores": {"balanced_accuracy": cell, "auroc": cell}, "chance": {"balanced_accuracy": 0.5, "auroc": 0.5}} | more


def test_columns_are_classes_and_the_largest_batch_is_first():
    counts, fractions, names, columns = plot.count_cells([make_target()])
    assert counts.tolist() == [[2, 3], [1, 3], [0, 3]]
    np.testing.assert_allclose(fractions.sum(axis=1), 1)
    assert names == ["b2 (5)", "b1 (4)", "b0 (3)"] and columns == ["control", "case"]


def test_columns_of_labels_count_the_samples_with_them():
    counts, fractions, _, columns = plot.count_cells([make_target("one"), make_target("two")])
    assert columns == ["one", "two"] and counts.tolist() == [[3, 3]] * 3
    np.testing.assert_allclose(fractions[0], 3 / 5)


def test_most_confounded_labels_are_shown():
    strong = {"value": 0.9, "low": None, "high": None}
    rows = [make_target(f"l{i}", cramers_v=strong if i > 20 else {"value": None}) for i in range(30)]
    assert {row["name"] for row in plot.select_targets(rows)} >= {f"l{i}" for i in range(21, 30)}


@pytest.mark.parametrize("strong", [True, False])
@pytest.mark.parametrize(
    "targets",
    [
        [make_target()],
        [make_target(f"a label with a rather long name {i}", batches=60) for i in range(14)],
        [make_target(batches=1, scores={}, chance={}, cramers_v={"value": None, "low": None, "high": None})],
        [make_target(cramers_v={"value": 0.2, "low": None, "high": None})],
    ],
    ids=["one label", "many labels and batches", "one batch", "no interval"],
)
def test_figure_is_written(tmp_path, targets, strong):
    content = {"batch": "centre", "targets": targets, "strong": strong, "words": "Nothing to confound."}
    (tmp_path / "c.json").write_text(json.dumps(content))
    plot.main(tmp_path / "c.json", tmp_path / "c.svg")
    first = (tmp_path / "c.svg").read_bytes()
    plot.main(tmp_path / "c.json", tmp_path / "c.svg")
    assert b"<svg" in first and first == (tmp_path / "c.svg").read_bytes()
