"""Sentences of the verdict follow the scores in both directions."""

import pytest

from readsight.evaluation.verdict import findings
from readsight.text import join_phrases
from readsight.wording import describe_control, describe_model, write_verdict


def test_few_groups_give_a_warning():
    cell = {"value": 0.5, "low": 0.1, "high": 0.9}
    facts = {
        "rare": "false call",
        "rare_count": 3,
        "rare_groups": 3,
        "examples": 200,
        "feature": "QUAL",
        "auprc": cell,
        "base_rate": 0.015,
    }
    verdict_text = write_verdict("network", {"logistic": {"value": 0.1, "low": -0.2, "high": 0.4}}, facts)
    assert "only 3 groups: too few to tell models apart" in verdict_text
    assert "no better than logistic regression" in verdict_text and "Nothing here justifies it" in verdict_text


@pytest.mark.parametrize(
    "model, display_name",
    [
        ("logistic-on-mrna", "logistic regression on mrna alone"),
        ("network-with-oversample", "the network with random over-sampling"),
        ("logistic-with-none", "logistic regression without balancing"),
        ("late_fusion", "late fusion"),
        ("attention_fusion", "attention fusion"),
        ("elastic_net", "the elastic net"),
        ("boosting", "gradient boosting"),
        ("cnn", "the convolutional network"),
        ("cox", "Cox regression"),
        ("single_feature", "QUAL alone"),
    ],
)
def test_every_model_has_a_display_name(model, display_name):
    assert describe_model(model, "QUAL") == display_name


def test_lists_are_joined_with_and():
    assert (join_phrases(["a"]), join_phrases(["a", "b"]), join_phrases(["a", "b", "c"])) == ("a", "a and b", "a, b and c")


def test_control_off_chance_is_reported():
    assert "indicates leakage" in describe_control({"value": 0.7, "low": 0.6, "high": 0.8})[0]
    assert "as expected" in describe_control({"value": 0.5, "low": 0.4, "high": 0.6})[0]
    assert describe_control(None) == []


def test_wide_control_interval_is_inconclusive():
    (sentence,) = describe_control({"value": 0.4, "low": 0.0, "high": 1.0})
    assert "too few examples for this control to be informative" in sentence and "as expected" not in sentence


def make_cell(value, low, high):
    return {"value": value, "low": low, "high": high}


def test_interval_containing_zero_is_not_a_win():
    (first, second) = findings.describe_ranking({"logistic": make_cell(0.05, -0.01, 0.11)}, "QUAL", "balanced_accuracy")
    assert first.startswith("By balanced accuracy it is no better than logistic regression (Δ +0.050 [−0.010, +0.110])")
    assert first.endswith("where the interval contains 0.")
    assert "Nothing here justifies it" in second


def test_wins_and_losses_are_both_reported():
    cells = {"logistic": make_cell(-0.1, -0.2, -0.05), "forest": make_cell(0.1, 0.05, 0.2), "cnn": make_cell(None, None, None)}
    text = " ".join(findings.describe_ranking(cells, "QUAL", "c_index"))
    assert "better than the forest" in text and "worse than logistic regression" in text
    assert "It loses: use logistic regression instead." in text
    assert "not comparable with the convolutional network" in text


@pytest.mark.parametrize("percentile, phrase", [(97.5, "a lucky one"), (50, "an ordinary one"), (2.5, "an unlucky one")])
def test_given_split_percentile_is_described(percentile, phrase):
    quantiles = {"min": 0.8, "median": 0.9, "max": 1.0}
    variability = {"metric": "balanced_accuracy", "values": [0.8, 0.9, 1.0] * 4, "quantiles": quantiles, "percentile": percentile}
    evaluation = {"first": "network", "facts": {"given": True}, "luck": {"network": variability}, "metrics": {}}
    assert f"The given split is {phrase}: 12 random splits" in findings.describe_variability(evaluation)[0]
    variability["values"] = variability["values"][:3]
    assert "Too few random splits" in findings.describe_variability(evaluation)[0], "three splits have no tails"


def test_few_groups_of_a_class_give_a_warning():
    (warning,) = findings.warn_few_groups({"groups_of": {"Basal": 12, "Her2": 1}})
    assert "Her2 occurs in only 1 group:" in warning and "Basal" not in warning
    assert findings.warn_few_groups({"groups_of": {"Basal": 12}}) == []
