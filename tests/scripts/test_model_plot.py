"""Figures of the split and of the models, drawn from evaluation results."""

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
from readsight.evaluation.example_annotations import ExampleAnnotations
from readsight.evaluation.plan import EvaluationPlan
from readsight.report.model_figures.style import assign_colours, place_rows, select_leading
from readsight.wiring.model import FIGURES

SKILLS = {"network": 3.0, "cnn": 2.0, "logistic": 3.0, "late_fusion": 2.0}
VARIANTS = {f"{m}-on-{part}": 1.0 for m in ("network", "logistic") for part in ("mrna", "mirna", "protein")}
BALANCED = {f"{m}-with-{b}": 1.0 for m in ("network", "logistic") for b in ("none", "oversample", "undersample")}
EPOCHS = [[{"epoch": 0, "train": 0.7, "validation": 0.6}, {"epoch": 1, "train": 0.5, "validation": 0.65}]]


def make_evaluation(kind, given, skills, calls=False):
    tables = predicted.make_predictions(kind, skills, n=110, test=35, given=given, resplits=6, draws=4)
    outcome = Outcome(kind, predicted.CLASSES[kind])
    plan = model_evaluate.EvaluationPlan(outcome, "network", "QUAL", 100, 1, calls, given, "smote")
    return json.loads(json.dumps(model_evaluate.evaluate_models(tables, plan, {}) | {"learning": {}, "task": "t"}))


def draw_figures(tmp_path, evaluation):
    (tmp_path / "e.json").write_text(json.dumps(evaluation))
    outputs = {name: tmp_path / f"{name}.svg" for name in FIGURES}
    model_plot.main(tmp_path / "e.json", outputs)
    return {name: path.read_text() for name, path in outputs.items()}


@pytest.mark.parametrize("kind", list(predicted.CLASSES))
@pytest.mark.parametrize("given", [True, False])
def test_figures_of_sample_models(tmp_path, kind, given):
    evaluation = make_evaluation(kind, given, SKILLS | VARIANTS | (BALANCED if kind != "survival" else {}))
    evaluation["learning"] = {"network": [[{"epoch": 0, "train": 0.7}, {"epoch": 1, "train": -0.1}], []], "cnn": EPOCHS}
    figures = draw_figures(tmp_path, evaluation)
    assert all("<svg" in text for text in figures.values())
    path_counts = {name: text.count("<path") for name, text in figures.items()}
    text_figures = {"strata"} | ({"calibration"} if kind == "survival" else set())
    assert all(count > 20 for name, count in path_counts.items() if name not in text_figures), path_counts


def test_figures_of_calls(tmp_path):
    evaluation = make_evaluation("binary", False, SKILLS | {"single_feature": 0.1}, calls=True)
    assert evaluation["primary"] == "auprc" and evaluation["headline"] == evaluation["verdict"]
    assert all("<svg" in text for text in draw_figures(tmp_path, evaluation).values())


@pytest.mark.parametrize("kind", made.OUTCOMES)
def test_figures_of_sequence_models(tmp_path, kind):
    data = made.make_examples(kind, 240)
    skills = {"dilated_resnet": 3.0, "position_matrix": 1.0} if kind == "positions" else {"cnn": 2.0, "kmer_linear": 1.0}
    plan = EvaluationPlan(made.OUTCOMES[kind], next(iter(skills)), "QUAL", 50, 1, False, False, "none", True)
    evaluation = model_evaluate.evaluate_models(made.make_tables(data, kind, skills), plan, {}, ExampleAnnotations(data.obs))
    figures = draw_figures(tmp_path, json.loads(json.dumps(evaluation | {"learning": {plan.first_model: EPOCHS}, "task": "t"})))
    path_counts = {name: text.count("<path") for name, text in figures.items()}
    text_figures = {"luck"} | ({"calibration"} if kind in ("regression", "profile") else set())
    text_figures |= {"curves"} if kind == "regression" else set()
    assert all(path_counts[name] > 20 for name in set(path_counts) - text_figures), path_counts


def test_many_numbers_are_counted_on_a_grid(tmp_path):
    data = made.make_examples("regression", 4000)
    plan = EvaluationPlan(made.OUTCOMES["regression"], "cnn", "QUAL", 20, 1, False, False, "none", True)
    evaluation = model_evaluate.evaluate_models(made.make_tables(data, "regression", {"cnn": 2.0}), plan, {}, None)
    assert np.sum(evaluation["scatter"]["cnn"]["counts"]) == 2000 and evaluation["strata"] is None
    assert "<svg" in draw_figures(tmp_path, evaluation | {"learning": {}, "task": "t"})["confusion"]


def test_undrawable_figures_show_a_message(tmp_path):
    """One model, a single split, no epochs: three figures are text."""
    evaluation = make_evaluation("multiclass", True, {"network": 2.0})
    evaluation["luck"] = {}
    assert all("<svg" in text for text in draw_figures(tmp_path, evaluation).values())


def test_each_figure_has_a_rule_and_caption():
    root = Path(model_plot.__file__).parents[1]
    assert list(model_plot.FIGURES) == list(FIGURES)
    rule = (root / "workflow/rules/model.smk").read_text()
    for name in FIGURES:
        assert f"model_{name}.rst" in rule and (root / f"workflow/report/model_{name}.rst").exists()


def test_rows_are_grouped_in_blocks():
    rows = place_rows(["network", "logistic-with-none", "logistic", "logistic-on-mrna", "base_rate"])
    assert list(rows) == ["network", "logistic", "logistic-on-mrna", "logistic-with-none", "base_rate"]
    heights = np.array(list(rows.values()))
    assert (np.diff(heights) >= 1).all() and heights[2] - heights[1] > 1


def test_model_colours_and_order():
    evaluation = {"first": "network", "metrics": dict.fromkeys(["network", "logistic", "logistic-on-mrna", "base_rate"])}
    shade = assign_colours(evaluation)
    assert shade["logistic"] == shade["logistic-on-mrna"] != shade["network"]
    assert select_leading(evaluation, ["forest", "boosting", "logistic", "network"], 3) == ["network", "logistic", "forest"]


def test_figure_of_a_split_without_coordinates(tmp_path):
    leaks = {"same_group": 0.0, "same_features": 0.1}
    certificate = {
        "spec": {"by": "group"},
        "classes": {"0": 3, "1": 7},
        "class_names": ["false call", "true call"],
        "groups": {"count": 2, "sizes": [6, 4]},
        "leakage": {"random": leaks, "split": leaks},
        "folds": [{"repeat": 0, "fold": 0, "role": "test", "classes": {"0": 1, "1": 2}}],
    }
    (tmp_path / "c.json").write_text(json.dumps(certificate))
    dataset_plot.main(tmp_path / "c.json", tmp_path / "c.svg")
    assert "<svg" in (tmp_path / "c.svg").read_text()
