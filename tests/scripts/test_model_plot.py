"""Figures of dataset and model: drawn from what was found."""

import json
from pathlib import Path

import numpy as np
import pytest

import dataset_plot
import model_evaluate
import model_plot
import predicted
import predicted_sequences as made
from readsight.dataset.outcome import Outcome
from readsight.evaluation.example_annotations import Known
from readsight.evaluation.plan import Plan
from readsight.report.model_figures.style import colours, leading, places
from readsight.wiring.model import FIGURES

SKILLS = {"network": 3.0, "cnn": 2.0, "logistic": 3.0, "late_fusion": 2.0}
VARIANTS = {f"{m}-on-{part}": 1.0 for m in ("network", "logistic") for part in ("mrna", "mirna", "protein")}
BALANCED = {f"{m}-with-{b}": 1.0 for m in ("network", "logistic") for b in ("none", "oversample", "undersample")}
EPOCHS = [[{"epoch": 0, "train": 0.7, "validation": 0.6}, {"epoch": 1, "train": 0.5, "validation": 0.65}]]


def found_of(kind, given, skills, calls=False):
    tables = predicted.make(kind, skills, n=110, test=35, given=given, resplits=6, draws=4)
    outcome = Outcome(kind, predicted.CLASSES[kind])
    plan = model_evaluate.Plan(outcome, "network", "QUAL", 100, 1, calls, given, "smote")
    return json.loads(json.dumps(model_evaluate.evaluate(tables, plan, {}) | {"learning": {}, "task": "t"}))


def draw(tmp_path, found):
    (tmp_path / "e.json").write_text(json.dumps(found))
    outputs = {name: tmp_path / f"{name}.svg" for name in FIGURES}
    model_plot.main(tmp_path / "e.json", outputs)
    return {name: path.read_text() for name, path in outputs.items()}


@pytest.mark.parametrize("kind", list(predicted.CLASSES))
@pytest.mark.parametrize("given", [True, False])
def test_figures_of_models_of_samples(tmp_path, kind, given):
    found = found_of(kind, given, SKILLS | VARIANTS | (BALANCED if kind != "survival" else {}))
    found["learning"] = {"network": [[{"epoch": 0, "train": 0.7}, {"epoch": 1, "train": -0.1}], []], "cnn": EPOCHS}
    drawn = draw(tmp_path, found)
    assert all("<svg" in text for text in drawn.values())
    scale = {name: text.count("<path") for name, text in drawn.items()}
    words = {"strata"} | ({"calibration"} if kind == "survival" else set())
    assert all(count > 20 for name, count in scale.items() if name not in words), scale


def test_figures_of_calls(tmp_path):
    found = found_of("binary", False, SKILLS | {"single_feature": 0.1}, calls=True)
    assert found["primary"] == "auprc" and found["headline"] == found["verdict"]
    assert all("<svg" in text for text in draw(tmp_path, found).values())


@pytest.mark.parametrize("kind", made.OUTCOMES)
def test_figures_of_models_of_sequences(tmp_path, kind):
    data = made.examples(kind, 240)
    skills = {"dilated_resnet": 3.0, "position_matrix": 1.0} if kind == "positions" else {"cnn": 2.0, "kmer_linear": 1.0}
    plan = Plan(made.OUTCOMES[kind], next(iter(skills)), "QUAL", 50, 1, False, False, "none", True)
    found = model_evaluate.evaluate(made.tables(data, kind, skills), plan, {}, Known(data.obs))
    drawn = draw(tmp_path, json.loads(json.dumps(found | {"learning": {plan.first: EPOCHS}, "task": "t"})))
    scale = {name: text.count("<path") for name, text in drawn.items()}
    words = {"luck"} | ({"calibration"} if kind in ("regression", "profile") else set())
    words |= {"curves"} if kind == "regression" else set()
    assert all(scale[name] > 20 for name in set(scale) - words), scale


def test_many_numbers_are_counted_on_a_grid(tmp_path):
    data = made.examples("regression", 4000)
    plan = Plan(made.OUTCOMES["regression"], "cnn", "QUAL", 20, 1, False, False, "none", True)
    found = model_evaluate.evaluate(made.tables(data, "regression", {"cnn": 2.0}), plan, {}, None)
    assert np.sum(found["scatter"]["cnn"]["counts"]) == 2000 and found["strata"] is None
    assert "<svg" in draw(tmp_path, found | {"learning": {}, "task": "t"})["confusion"]


def test_what_cannot_be_drawn_is_said(tmp_path):
    """One model, one division, no epochs: three figures are words."""
    found = found_of("multiclass", True, {"network": 2.0})
    found["luck"] = {}
    assert all("<svg" in text for text in draw(tmp_path, found).values())


def test_each_figure_has_its_rule_and_caption():
    root = Path(model_plot.__file__).parents[1]
    assert [f.__name__ for f in model_plot.FIGURES] == list(FIGURES)
    rule = (root / "workflow/rules/model.smk").read_text()
    for name in FIGURES:
        assert f"model_{name}.rst" in rule and (root / f"workflow/report/model_{name}.rst").exists()


def test_rows_stand_in_blocks():
    rows = places(["network", "logistic-with-none", "logistic", "logistic-on-mrna", "base_rate"])
    assert list(rows) == ["network", "logistic", "logistic-on-mrna", "logistic-with-none", "base_rate"]
    heights = np.array(list(rows.values()))
    assert (np.diff(heights) >= 1).all() and heights[2] - heights[1] > 1


def test_models_keep_their_colours_and_leading_ones_come_first():
    found = {"first": "network", "metrics": dict.fromkeys(["network", "logistic", "logistic-on-mrna", "base_rate"])}
    shade = colours(found)
    assert shade["logistic"] == shade["logistic-on-mrna"] != shade["network"]
    assert leading(found, ["forest", "boosting", "logistic", "network"], 3) == ["network", "logistic", "forest"]


def test_figure_of_a_split_without_coordinates(tmp_path):
    leaks = {"same_group": 0.0, "same_features": 0.1}
    found = {
        "spec": {"by": "group"},
        "classes": {"0": 3, "1": 7},
        "class_names": ["false call", "true call"],
        "groups": {"count": 2, "sizes": [6, 4]},
        "leakage": {"random": leaks, "split": leaks},
        "folds": [{"repeat": 0, "fold": 0, "role": "test", "classes": {"0": 1, "1": 2}}],
    }
    (tmp_path / "c.json").write_text(json.dumps(found))
    dataset_plot.main(tmp_path / "c.json", tmp_path / "c.svg")
    assert "<svg" in (tmp_path / "c.svg").read_text()
