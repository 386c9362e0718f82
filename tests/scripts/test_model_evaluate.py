"""Evaluation of every kind of outcome: scores, comparisons, and sentences that follow from them."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score

import calls
import model_evaluate
import predicted
from readsight.dataset.outcome import Outcome
from readsight.errors import InputError
from readsight.evaluation.predictions import Resamples, split_by_repeat
from readsight.evaluation.scores import score_model
from readsight.models.model_spec import ModelSpec

CALLS = Outcome("binary", ("false call", "true call"))


def make_predictions(skill, seed=1, n=600, draws=1):
    """Predictions of two repeats and three folds; skill: distance between the classes."""
    rng = np.random.default_rng(0)
    label = (rng.random(n) < 0.8).astype(int)
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


def evaluate_calls(**skills):
    tables = {model: make_predictions(skill, seed) for seed, (model, skill) in enumerate(skills.items())}
    tables["shuffled_labels"] = make_predictions(0, 9, draws=20)
    return model_evaluate.evaluate_models(tables, model_evaluate.EvaluationPlan(CALLS, next(iter(skills)), "QUAL", 200, 1), {})


def test_losing_network_is_reported():
    evaluation = evaluate_calls(network=0.5, logistic=2.0, single_feature=0.0)
    assert "It is worse than logistic regression" in evaluation["verdict"]
    assert "It loses: use logistic regression instead." in evaluation["verdict"]
    assert "better than QUAL alone" in evaluation["verdict"]
    assert evaluation["differences"]["logistic"]["auprc"]["high"] < 0


def test_winning_network_is_reported():
    evaluation = evaluate_calls(network=3.0, logistic=1.0, forest=0.5)
    assert "It is better than logistic regression" in evaluation["verdict"] and "better than the forest" in evaluation["verdict"]
    assert "loses" not in evaluation["verdict"]


def test_rarer_class_is_the_positive_class():
    evaluation = evaluate_calls(network=1.0, logistic=1.0)
    assert evaluation["facts"]["rare"] == "false call"
    assert evaluation["facts"]["base_rate"] == pytest.approx(0.2, abs=0.05)
    table = make_predictions(1.0, 0)
    first_repeat = table[table["repeat"] == 0]
    first_scores = [
        (average_precision_score(1 - f["label"], 1 - f["raw"]), (f["label"] == 0).sum()) for _, f in first_repeat.groupby("fold")
    ]
    second_repeat = table[table["repeat"] == 1]
    second_scores = [
        (average_precision_score(1 - f["label"], 1 - f["raw"]), (f["label"] == 0).sum()) for _, f in second_repeat.groupby("fold")
    ]
    mean = np.mean([np.average([v for v, _ in b], weights=[w for _, w in b]) for b in (first_scores, second_scores)])
    assert evaluation["metrics"]["network"]["auprc"]["value"] == pytest.approx(mean)


def test_shuffled_labels_rank_by_chance(tmp_path):
    files = calls.make_folds(tmp_path, calls.assemble_examples(tmp_path, calls=600, signal=2.0))
    table = pd.read_parquet(calls.train_model(tmp_path, files, "shuffled_labels")["predictions"])
    cell = model_evaluate.summarise_control(table, model_evaluate.EvaluationPlan(CALLS, "logistic", "QUAL", 100, 1), 0)["auroc"]
    assert cell["low"] < 0.5 < cell["high"]
    assert cell["value"] == pytest.approx(0.5, abs=0.12)


def test_step_writes_every_documented_key(tmp_path):
    files = calls.make_folds(tmp_path, calls.assemble_examples(tmp_path, calls=300))
    outputs_by_model = [
        calls.train_model(tmp_path, files, m) for m in ("network", "logistic", "single_feature", "shuffled_labels")
    ]
    outputs = {"evaluation": tmp_path / "e.json", "table": tmp_path / "e.tsv", "summary": tmp_path / "e.summary.json"}
    spec = {"models": ["network", "logistic", "single_feature"], "bootstrap": 100, "single_feature": "QUAL"}
    predicted, descriptions = [m["predictions"] for m in outputs_by_model], [m["about"] for m in outputs_by_model]
    model_evaluate.main(predicted, descriptions, files["certificate"], "call_quality", spec, 1, outputs)
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


SKILLS = {"network": 3.0, "logistic": 3.0, "forest": 2.5}


def evaluate_samples(kind, skills=SKILLS, certificate=None, resamples=200, balance="smote", **options):
    """Evaluation of sample models, and their prediction tables."""
    tables = predicted.make_predictions(kind, skills, **options)
    outcome = Outcome(kind, predicted.CLASSES[kind])
    given = options.get("given", True)
    plan = model_evaluate.EvaluationPlan(outcome, next(iter(skills)), "QUAL", resamples, 1, False, given, balance)
    return model_evaluate.evaluate_models(tables, plan, certificate or {}), tables


def test_headline_uses_only_the_given_split():
    evaluation, tables = evaluate_samples("multiclass")
    network_table = tables["network"].query("repeat == 0")
    is_correct = (
        network_table[["calibrated.0", "calibrated.1", "calibrated.2"]].to_numpy().argmax(axis=1) == network_table["label"]
    )
    assert evaluation["metrics"]["network"]["accuracy"]["value"] == pytest.approx(is_correct.mean())
    assert evaluation["facts"]["examples"] == 70 and np.sum(evaluation["confusion"]["network"]) == 70
    assert f"predicts {is_correct.sum()} of the 70 test samples of the given split correctly" in evaluation["verdict"]
    variability = evaluation["luck"]["network"]
    assert len(variability["values"]) == 20
    assert variability["given"] == pytest.approx(evaluation["metrics"]["network"]["balanced_accuracy"]["value"])
    assert variability["quantiles"]["min"] <= variability["quantiles"]["median"] <= variability["quantiles"]["max"]
    assert 0 <= variability["percentile"] <= 100
    wins = evaluation["luck"]["logistic"]["first"]
    assert sum(wins.values()) == 20


def test_resplits_do_not_change_the_headline():
    expected, tables = evaluate_samples("multiclass", resplits=20)
    given_tables = {model: table[table["repeat"] == 0] for model, table in tables.items()}
    plan = model_evaluate.EvaluationPlan(
        Outcome("multiclass", predicted.CLASSES["multiclass"]), "network", "QUAL", 200, 1, False, True
    )
    evaluation = model_evaluate.evaluate_models(given_tables, plan, {})
    assert evaluation["metrics"]["network"] == expected["metrics"]["network"] and evaluation["luck"] == {}


def test_perfect_score_has_a_nonzero_interval():
    evaluation, _ = evaluate_samples("multiclass", {"network": 60.0, "logistic": 60.0})
    cells = evaluation["metrics"]["network"]
    assert cells["accuracy"] == {"value": 1.0, "low": pytest.approx(0.948, abs=1e-3), "high": 1.0, "interval": "wilson"}
    for name in ("balanced_accuracy", "macro_auroc"):
        assert cells[name]["value"] == cells[name]["high"] == 1 and cells[name]["low"] < 0.95
    difference = evaluation["differences"]["logistic"]["balanced_accuracy"]
    assert difference["low"] < 0 < difference["high"], "70 correct predictions each do not prove equality"


def test_perfect_areas_have_nonzero_intervals():
    evaluation, _ = evaluate_samples("binary", {"network": 60.0, "logistic": 60.0})
    cells = evaluation["metrics"]["network"]
    for name in ("auroc", "auprc"):
        assert cells[name]["value"] == cells[name]["high"] == 1 and 0.5 < cells[name]["low"] < 0.97, name
        difference = evaluation["differences"]["logistic"][name]
        assert difference["low"] < difference["value"] == 0 < difference["high"], name


def test_clustered_samples_widen_the_wilson_interval():
    evaluation, _ = evaluate_samples("multiclass", samples_per_donor=2)
    cell = evaluation["metrics"]["network"]["accuracy"]
    assert cell["interval"] == "bootstrap, widened to hold wilson" and cell["low"] < cell["value"] < cell["high"]
    assert evaluation["facts"]["groups"] == 35


def test_losing_sample_network_is_reported():
    evaluation, _ = evaluate_samples("multiclass", {"network": 0.5, "logistic": 5.0}, given=False)
    assert "worse than logistic regression" in evaluation["verdict"]
    assert "It loses: use logistic regression instead." in evaluation["verdict"]
    assert "in cross-validation (2 × 5 folds)" in evaluation["verdict"]


def test_balances_are_compared_on_the_same_examples():
    evaluation, tables = evaluate_samples("multiclass", SKILLS | {"logistic-with-oversample": 3.0, "network-with-none": 3.0})
    rows = {row["variant"]: row for row in evaluation["balances"]}
    assert set(rows) == {"logistic-with-oversample", "network-with-none"}
    task_accuracy, balance_accuracy = (
        evaluation["metrics"][m]["accuracy"]["value"] for m in ("logistic", "logistic-with-oversample")
    )
    cell = rows["logistic-with-oversample"]["difference"]["accuracy"]
    assert cell["value"] == pytest.approx(balance_accuracy - task_accuracy) and cell["low"] <= cell["value"] <= cell["high"]
    assert "on the same folds and test examples" in evaluation["verdict"]
    assert "logistic-with-oversample" not in evaluation["verdict"]


def test_joint_model_is_compared_with_best_single_modality():
    skills = {"logistic": 4.0, "late_fusion": 4.0, "logistic-on-mrna": 1.0, "logistic-on-protein": 0.2}
    evaluation, _ = evaluate_samples("multiclass", skills, given=False)
    assert [(row["joined"], row["modality"]) for row in evaluation["modalities"]] == [
        ("logistic", "mrna"),
        ("logistic", "protein"),
        ("late_fusion", "mrna"),
        ("late_fusion", "protein"),
    ]
    assert "logistic regression on all is better than logistic regression on mrna alone" in evaluation["verdict"]
    assert "late fusion is better than logistic regression on mrna alone" in evaluation["verdict"]


def test_leaking_split_has_clean_scores():
    leaked = [f"S{i}" for i in range(150, 160)]
    evaluation, tables = evaluate_samples("multiclass", certificate={"given": {"leaked": leaked}})
    assert (evaluation["clean"]["left_out"], evaluation["clean"]["examples"]) == (10, 60)
    clean_table = tables["network"].query("repeat == 0 and example not in @leaked")
    is_correct = clean_table[["calibrated.0", "calibrated.1", "calibrated.2"]].to_numpy().argmax(axis=1) == clean_table["label"]
    assert evaluation["clean"]["metrics"]["network"]["accuracy"]["value"] == pytest.approx(is_correct.mean())
    assert "The given split leaks: 10 of 70 test samples" in evaluation["verdict"]
    assert evaluate_samples("multiclass", certificate={"given": {"leaked": []}})[0]["clean"] is None


def test_fully_leaking_split_has_no_clean_scores():
    evaluation, _ = evaluate_samples("multiclass", certificate={"given": {"leaked": [f"S{i:03d}" for i in range(220)]}})
    assert evaluation["clean"]["metrics"] == {} and "No test sample is free of leakage" in evaluation["verdict"]


@pytest.mark.parametrize("kind", list(predicted.CLASSES))
@pytest.mark.parametrize("given", [True, False])
def test_control_interval_contains_chance(kind, given):
    evaluation, _ = evaluate_samples(kind, given=given)
    cell = evaluation["facts"]["control"]
    assert cell["low"] < 0.5 < cell["high"] and "performance is at chance" in evaluation["verdict"]


@pytest.mark.parametrize("kind", list(predicted.CLASSES))
def test_uninformative_model_scores_at_chance(kind):
    evaluation, _ = evaluate_samples(kind, {"network": 0.0, "logistic": 0.0}, given=False, seed=3)
    chance = evaluation["facts"]["chance"]
    cell = evaluation["metrics"]["network"][evaluation["primary"]]
    assert cell["low"] - 0.01 <= chance <= cell["high"] + 0.01


def test_base_rate_comes_from_training():
    folds = [{"repeat": 0, "fold": 0, "role": "train", "examples": 10, "classes": {"0": 7, "1": 2, "2": 1}}]
    evaluation, tables = evaluate_samples("multiclass", certificate={"folds": folds})
    label = tables["network"].query("repeat == 0")["label"]
    base = evaluation["metrics"]["base_rate"]
    assert base["accuracy"]["value"] == pytest.approx((label == 0).mean())
    assert base["log_loss"]["value"] == pytest.approx(-np.log(np.array([0.7, 0.2, 0.1])[label]).mean())


def test_scores_are_ranked_within_folds():
    """A model with an offset between folds has the same scores."""
    tables = predicted.make_predictions("survival", {"cox": 2.0}, given=False)
    plan = model_evaluate.EvaluationPlan(Outcome("survival", ("time", "event")), "cox", "QUAL", 100, 1, False)
    before = model_evaluate.evaluate_models(tables, plan, {})["metrics"]["cox"]
    shifted = {m: t.assign(raw=t["raw"] + 100 * t["fold"]) for m, t in tables.items()}
    assert model_evaluate.evaluate_models(shifted, plan, {})["metrics"]["cox"] == before


def test_survival_risk_groups_split_each_fold():
    evaluation, _ = evaluate_samples("survival", {"network": 2.0, "cox": 2.0}, given=False)
    groups = evaluation["risk_groups"]["cox"]
    assert groups["low"]["n"] == groups["high"]["n"] == 110
    assert groups["p"] < 0.01 and "of the two groups differ (log-rank p" in evaluation["verdict"]
    assert "a concordance C of" in evaluation["verdict"]
    clustered, _ = evaluate_samples("survival", {"network": 2.0, "cox": 2.0}, given=False, samples_per_donor=2)
    assert clustered["risk_groups"]["cox"]["p"] is None, "the test counts samples as independent"


def test_each_label_has_scores():
    evaluation, _ = evaluate_samples("multilabel", given=False)
    label_cells = evaluation["per_class"]["network"]
    assert list(label_cells) == list(predicted.CLASSES["multilabel"])
    assert np.mean([c["auprc"]["value"] for c in label_cells.values()]) == pytest.approx(
        evaluation["metrics"]["network"]["macro_auprc"]["value"]
    )
    assert np.shape(evaluation["confusion"]["network"]) == (4, 2, 2)


def test_mismatched_examples_are_refused():
    tables = predicted.make_predictions("multiclass", SKILLS)
    tables["forest"]["example"] = "other" + tables["forest"]["example"]
    plan = model_evaluate.EvaluationPlan(
        Outcome("multiclass", predicted.CLASSES["multiclass"]), "network", "QUAL", 100, 1, False, True
    )
    with pytest.raises(InputError, match="but not of all"):
        model_evaluate.evaluate_models(tables, plan, {})


@pytest.mark.parametrize("kind", list(predicted.CLASSES))
def test_step_on_samples(tmp_path, kind):
    tables = predicted.make_predictions(kind, SKILLS | {"logistic-on-mrna": 1.0, "network-with-none": 1.0})
    predictions, descriptions = predicted.write_predictions(tmp_path, tables, kind)
    (tmp_path / "c.json").write_text("{}")
    outputs = {"evaluation": tmp_path / "e.json", "table": tmp_path / "e.tsv", "summary": tmp_path / "e.summary.json"}
    options = {"source": "samples", "given": True, "balance": "smote"}
    spec = {"models": ["network", "logistic", "forest"], "bootstrap": 100, "single_feature": "QUAL"} | options
    model_evaluate.main(predictions, descriptions, tmp_path / "c.json", "subtype", spec, 1, outputs)
    evaluation = json.loads(
        outputs["evaluation"].read_text(), parse_constant=lambda constant: pytest.fail(f"{constant} is no JSON")
    )
    assert {"kind", "primary", "balances", "modalities", "luck", "verdict", "headline"} <= set(evaluation)
    rows = json.loads(outputs["summary"].read_text())
    keys = [row["key"] for row in rows]
    assert len(keys) == len(set(keys))
    assert all(re.fullmatch(r"[\w-]+(\.[\w-]+)+", key) for key in keys)
    assert {f"subtype.network.divisions.{evaluation['primary']}", "subtype.network.given_percentile", "subtype.verdict"} <= set(
        keys
    )


def test_verdict_uses_display_names():
    assert ModelSpec.parse("logistic-on-mrna").modality == "mrna"
    evaluation, _ = evaluate_samples("multiclass", SKILLS | {"logistic-on-mrna": 0.1})
    assert not any(f"{model}-" in evaluation["verdict"] for model in SKILLS)


def test_intervals_of_balanced_accuracy_cover_the_truth():
    recall, size = np.array([0.9, 0.95, 0.98]), (14, 21, 35)
    outcome, target = Outcome("multiclass", ("a", "b", "c")), np.repeat(np.arange(3), size)
    rng, hits = np.random.default_rng(1), 0
    for seed in range(150):
        predicted = np.where(rng.random(70) < recall[target], target, (target + 1) % 3)
        columns = {"example": [f"{i:02d}" for i in range(70)], "group": [f"{i:02d}" for i in range(70)], "repeat": 0, "fold": 0}
        table = pd.DataFrame(
            columns
            | {"label": target}
            | outcome.prediction_columns("raw", np.eye(3)[predicted])
            | outcome.prediction_columns("calibrated", np.eye(3)[predicted])
        )
        cell = score_model(split_by_repeat(table, outcome, Resamples.from_table(table, 200, seed))).cells["balanced_accuracy"]
        hits += cell["low"] <= recall.mean() <= cell["high"]
    assert hits / 150 >= 0.93
