"""Evaluation: metrics as defined, intervals over groups, and words that follow from them."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

import calls
import model_evaluate
from readsight import metrics
from readsight.verdict import verdict


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), levels=st.integers(2, 50), n=st.integers(10, 200))
def test_metrics_are_scikit_learns_ties_and_weights_too(seed, levels, n):
    draw = np.random.default_rng(seed)
    score = draw.integers(0, levels, n) / levels
    label = draw.integers(0, 2, n).astype(float)
    label[:2] = 0, 1
    weights = np.vstack([np.ones(n), draw.integers(0, 4, n)]).astype(float)
    weights[1, :2] = 1
    for row, own in enumerate(weights):
        assert metrics.auroc(score, label, weights)[row] == pytest.approx(roc_auc_score(label, score, sample_weight=own))
        assert metrics.auprc(score, label, weights)[row] == pytest.approx(
            average_precision_score(label, score, sample_weight=own)
        )
        assert metrics.brier(score, label, weights)[row] == pytest.approx(brier_score_loss(label, score, sample_weight=own))
        held = np.clip(score, 1e-6, 1 - 1e-6)
        assert metrics.log_loss(score, label, weights)[row] == pytest.approx(log_loss(label, held, sample_weight=own), rel=1e-6)


def test_one_class_has_no_auroc():
    assert np.isnan(metrics.auroc(np.arange(4.0), np.ones(4), np.ones((1, 4)))).all()
    assert np.isnan(metrics.auprc(np.arange(4.0), np.zeros(4), np.ones((1, 4)))).all()


def test_negating_the_score_mirrors_auroc():
    draw = np.random.default_rng(2)
    score, label = draw.normal(size=80), draw.integers(0, 2, 80).astype(float)
    one = np.ones((1, 80))
    assert metrics.auroc(score, label, one) + metrics.auroc(-score, label, one) == pytest.approx(1)


def test_folds_are_not_ranked_against_each_other():
    label = np.array([0, 1, 0, 1.0])
    score = np.array([0.1, 0.2, 0.8, 0.9])
    fold = np.array([0, 0, 1, 1])
    assert metrics.by_fold(metrics.auroc, score, label, fold, np.ones((1, 4))) == 1
    assert metrics.auroc(score, label, np.ones((1, 4))) == 0.75


def test_bins_of_the_calibration_curve_are_as_sure_as_their_groups():
    draw = np.random.default_rng(1)
    p = np.repeat(draw.random(40), 10)
    label = np.repeat(draw.random(40) < p[::10], 10).astype(float)
    widths = []
    for groups in (np.repeat(np.arange(40), 10), np.arange(400)):
        rows = metrics.reliability(p, label, list(metrics.group_weights(groups, 200, 1).T), bins=4)
        assert sum(row["n"] for row in rows) == 400
        assert all(row["low"] <= row["observed"] <= row["high"] for row in rows)
        widths.append(np.mean([row["high"] - row["low"] for row in rows]))
    assert widths[0] > 2 * widths[1]


def test_calibration_error_of_the_truth_is_small_and_of_a_shift_is_the_shift():
    draw = np.random.default_rng(3)
    p = draw.uniform(0.2, 0.6, 50_000)
    label = (draw.random(50_000) < p).astype(float)
    one = np.ones((1, 50_000))
    assert metrics.calibration_error(p, label, one)[0] < 0.02
    assert metrics.calibration_error(p + 0.3, label, one)[0] == pytest.approx(0.3, abs=0.01)


def test_groups_are_resampled_whole():
    groups = np.repeat(["a", "b", "c"], [2, 3, 1])
    weights = metrics.group_weights(groups, 200, 1)
    assert (weights[0] == 1).all()
    for name in "abc":
        assert (np.ptp(weights[:, groups == name], axis=1) == 0).all()
    counts = weights[1:, [0, 2, 5]]
    assert (counts.sum(axis=1) == 3).all()
    assert np.isnan(metrics.group_weights(np.array(["a", "a"]), 5, 1)[1:]).all(), "a lone group has no interval"


def test_intervals_cover_the_truth_as_often_as_they_say():
    draw = np.random.default_rng(4)
    hits = 0
    for i in range(100):
        groups = np.repeat(np.arange(40), 5).astype(str)
        values = np.repeat(draw.normal(0, 1, 40), 5) + draw.normal(0, 0.3, 200)
        weights = metrics.group_weights(groups, 200, i)
        cell = metrics.interval((weights @ values) / weights.sum(axis=1))
        hits += cell["low"] <= 0 <= cell["high"]
    assert hits >= 86


def predictions(skill, seed=1, n=600, draws=1):
    """Predictions of two repeats and three folds; skill: how far the classes lie apart."""
    draw = np.random.default_rng(0)
    label = (draw.random(n) < 0.8).astype(int)
    noise = np.random.default_rng(seed)
    tables = []
    for repeat in range(2):
        for d in range(draws):
            raw = 1 / (1 + np.exp(-(skill * (label - 0.5) + noise.normal(size=n))))
            columns = {"example": [f"e{i}" for i in range(n)], "label": label, "group": (np.arange(n) // 10).astype(str)}
            tables.append(
                pd.DataFrame(columns | {"repeat": repeat, "fold": np.arange(n) // 200, "draw": d, "raw": raw, "calibrated": raw})
            )
    return pd.concat(tables)


def evaluated(**skills):
    tables = {model: predictions(skill, seed) for seed, (model, skill) in enumerate(skills.items())}
    tables["shuffled_labels"] = predictions(0, 9, draws=20)
    return model_evaluate.evaluate(tables, next(iter(skills)), ["false call", "true call"], "QUAL", 200, 1)


def test_a_network_that_loses_is_said_to_lose():
    found = evaluated(network=0.5, logistic=2.0, single_feature=0.0)
    assert "It is worse than logistic regression" in found["verdict"]
    assert "It loses: use logistic regression instead." in found["verdict"]
    assert "better than QUAL alone" in found["verdict"]
    assert found["differences"]["logistic"]["auprc"]["high"] < 0


def test_a_network_that_wins_is_said_to_win():
    found = evaluated(network=3.0, logistic=1.0, forest=0.5)
    assert "It is better than logistic regression" in found["verdict"] and "better than the forest" in found["verdict"]
    assert "loses" not in found["verdict"]


def test_the_rarer_class_is_the_one_to_find():
    found = evaluated(network=1.0, logistic=1.0)
    assert found["facts"]["rare"] == "false call"
    assert found["facts"]["base_rate"] == pytest.approx(0.2, abs=0.05)
    table = predictions(1.0, 0)
    once = table[table["repeat"] == 0]
    by_hand = [(average_precision_score(1 - f["label"], 1 - f["raw"]), (f["label"] == 0).sum()) for _, f in once.groupby("fold")]
    other = table[table["repeat"] == 1]
    by_hand2 = [
        (average_precision_score(1 - f["label"], 1 - f["raw"]), (f["label"] == 0).sum()) for _, f in other.groupby("fold")
    ]
    mean = np.mean([np.average([v for v, _ in b], weights=[w for _, w in b]) for b in (by_hand, by_hand2)])
    assert found["metrics"]["network"]["auprc"]["value"] == pytest.approx(mean)


def test_shuffled_labels_rank_by_chance(tmp_path):
    files = calls.fold(tmp_path, calls.assemble(tmp_path, calls=600, signal=2.0))
    table = pd.read_parquet(calls.train(tmp_path, files, "shuffled_labels")["predictions"])
    cell = model_evaluate.chance(table, 0)["auroc"]
    assert cell["low"] < 0.5 < cell["high"]
    assert cell["value"] == pytest.approx(0.5, abs=0.12)


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


def test_whole_step_writes_every_documented_key(tmp_path):
    files = calls.fold(tmp_path, calls.assemble(tmp_path, calls=300))
    made = [calls.train(tmp_path, files, m) for m in ("network", "logistic", "single_feature", "shuffled_labels")]
    outputs = {"evaluation": tmp_path / "e.json", "table": tmp_path / "e.tsv", "summary": tmp_path / "e.summary.json"}
    spec = {"models": ["network", "logistic", "single_feature"], "bootstrap": 100, "single_feature": "QUAL"}
    predicted, abouts = [m["predictions"] for m in made], [m["about"] for m in made]
    model_evaluate.main(predicted, abouts, files["certificate"], "call_quality", spec, 1, outputs)
    records = {r["key"]: r for r in json.loads(outputs["summary"].read_text())}
    for key in (
        "network.auprc",
        "network.auroc",
        "network.brier",
        "network.ece",
        "base_rate",
        "verdict",
        "shuffled_labels.auroc",
    ):
        assert f"call_quality.{key}" in records
    gain = records["call_quality.network.auprc_minus_logistic"]
    assert gain["value"] == pytest.approx(
        records["call_quality.network.auprc"]["value"] - records["call_quality.logistic.auprc"]["value"]
    )
    assert gain["low"] <= gain["value"] <= gain["high"] and gain["n"] == 300
    assert json.loads(outputs["evaluation"].read_text())["learning"]["network"]
