"""Figure of the certificate, for every kind of outcome."""

import json

import pytest

import dataset_plot
import modalities
from readsight.report.figure_style import new_figure

KINDS = {
    "classes": ({}, modalities.SPLIT, "none"),
    "given": ({"given": "split"}, modalities.GIVEN, "none"),
    "survival": (modalities.SURVIVAL, modalities.SPLIT, "none"),
    "multilabel": (modalities.MULTILABEL, modalities.SPLIT, "none"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_bars_show_the_numbers_of_the_certificate(tmp_path, kind):
    given, split, balance = KINDS[kind]
    files = modalities.make_folds(tmp_path, modalities.assemble_examples(tmp_path, **given), split, balance)
    findings = json.loads(files["certificate"].read_text())
    _, (left, right) = new_figure(1, 2)
    dataset_plot.draw_classes(left, findings)
    dataset_plot.draw_leakage(right, findings)
    rows = [row for row in findings["folds"] if row["role"] == "test"]
    bar_heights = left.lines if kind == "multilabel" else left.containers
    assert len(bar_heights) == len(findings["class_names"])
    if kind != "multilabel":
        assert [bar.get_height() for bar in bar_heights[-1]] == [list(row["classes"].values())[-1] for row in rows]
        assert sum(bar.get_height() for bars in bar_heights for bar in bars) == sum(row["examples"] for row in rows)
    names = [label.get_text() for label in left.get_xticklabels()]
    assert names == (["given", "1", "2"] if kind == "given" else ["1.1", "1.2", "1.3"])
    assert len(right.containers) == len(findings["leakage"])
    dataset_plot.main(files["certificate"], tmp_path / "certificate.svg")
    assert "<svg" in (tmp_path / "certificate.svg").read_text()


def test_long_names_fit_the_legend():
    assert dataset_plot.shorten_name("acute promyelocytic leukaemia") == "acute promyeloc…"
    assert dataset_plot.class_colours(2) != dataset_plot.class_colours(3)[:2]
