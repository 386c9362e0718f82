"""The certificate's figure: what is in each fold, of every kind of outcome."""

import json

import pytest

import dataset_plot
import modalities
from readsight.report.figure_style import new

KINDS = {
    "classes": ({}, modalities.SPLIT, "none"),
    "given": ({"given": "split"}, modalities.GIVEN, "none"),
    "survival": (modalities.SURVIVAL, modalities.SPLIT, "none"),
    "multilabel": (modalities.MULTILABEL, modalities.SPLIT, "none"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_bars_are_the_certificates_numbers(tmp_path, kind):
    given, split, balance = KINDS[kind]
    files = modalities.fold(tmp_path, modalities.joined(tmp_path, **given), split, balance)
    found = json.loads(files["certificate"].read_text())
    _, (left, right) = new(1, 2)
    dataset_plot.draw_classes(left, found)
    dataset_plot.draw_leakage(right, found)
    rows = [row for row in found["folds"] if row["role"] == "test"]
    drawn = left.lines if kind == "multilabel" else left.containers
    assert len(drawn) == len(found["class_names"])
    if kind != "multilabel":
        assert [bar.get_height() for bar in drawn[-1]] == [list(row["classes"].values())[-1] for row in rows]
        assert sum(bar.get_height() for part in drawn for bar in part) == sum(row["examples"] for row in rows)
    names = [label.get_text() for label in left.get_xticklabels()]
    assert names == (["given", "1", "2"] if kind == "given" else ["1.1", "1.2", "1.3"])
    assert len(right.containers) == len(found["leakage"])
    dataset_plot.main(files["certificate"], tmp_path / "certificate.svg")
    assert "<svg" in (tmp_path / "certificate.svg").read_text()


def test_long_names_fit_the_legend():
    assert dataset_plot.short("acute promyelocytic leukaemia") == "acute promyeloc…"
    assert dataset_plot.colours(2) != dataset_plot.colours(3)[:2]
