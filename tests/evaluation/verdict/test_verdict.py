"""Words follow from figures, whichever way they point."""

import pytest

from readsight.evaluation.verdict import findings
from readsight.wording import listed, name, of_control, verdict


def test_few_groups_are_said_to_be_few():
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
    words = verdict("network", {"logistic": {"value": 0.1, "low": -0.2, "high": 0.4}}, facts)
    assert "only 3 groups: too few to tell models apart" in words
    assert "no better than logistic regression" in words and "Nothing here justifies it" in words


@pytest.mark.parametrize(
    "word, said",
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
def test_every_model_has_its_words(word, said):
    assert name(word, "QUAL") == said


def test_lists():
    assert (listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])) == ("a", "a and b", "a, b and c")


def test_a_control_off_chance_is_said_to_be():
    assert "suspect a leak" in of_control({"value": 0.7, "low": 0.6, "high": 0.8})[0]
    assert "as it must be" in of_control({"value": 0.5, "low": 0.4, "high": 0.6})[0]
    assert of_control(None) == []


def test_a_control_that_may_be_anything_tells_nothing():
    (said,) = of_control({"value": 0.4, "low": 0.0, "high": 1.0})
    assert "too few examples for this control to tell anything" in said and "as it must be" not in said


def cell(value, low, high):
    return {"value": value, "low": low, "high": high}


def test_an_interval_that_holds_0_is_no_win():
    (first, second) = findings.ranked({"logistic": cell(0.05, -0.01, 0.11)}, "QUAL", "balanced_accuracy")
    assert first.startswith("By balanced accuracy it is no better than logistic regression (Δ +0.050 [−0.010, +0.110])")
    assert first.endswith("where the interval holds 0.")
    assert "Nothing here justifies it" in second


def test_wins_and_losses_stand_side_by_side():
    cells = {"logistic": cell(-0.1, -0.2, -0.05), "forest": cell(0.1, 0.05, 0.2), "cnn": cell(None, None, None)}
    said = " ".join(findings.ranked(cells, "QUAL", "c_index"))
    assert "better than the forest" in said and "worse than logistic regression" in said
    assert "It loses: use logistic regression instead." in said
    assert "not to be compared with the convolutional network" in said


@pytest.mark.parametrize("percentile, words", [(97.5, "a lucky one"), (50, "an ordinary one"), (2.5, "an unlucky one")])
def test_luck_is_named(percentile, words):
    quantiles = {"min": 0.8, "median": 0.9, "max": 1.0}
    own = {"metric": "balanced_accuracy", "values": [0.8, 0.9, 1.0] * 4, "quantiles": quantiles, "percentile": percentile}
    found = {"first": "network", "facts": {"given": True}, "luck": {"network": own}, "metrics": {}}
    assert f"The given split is {words}: 12 divisions" in findings.lucky(found)[0]
    own["values"] = own["values"][:3]
    assert "Too few to tell" in findings.lucky(found)[0], "of three divisions none is in the tails"


def test_few_groups_of_a_class():
    (words,) = findings.few({"groups_of": {"Basal": 12, "Her2": 1}})
    assert "Her2 in only 1 group:" in words and "Basal" not in words
    assert findings.few({"groups_of": {"Basal": 12}}) == []
