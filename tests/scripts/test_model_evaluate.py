"""Evaluation: scores of every kind of outcome, comparisons, and words that follow from them."""

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
from readsight.evaluation.predictions import Resamples, parts
from readsight.evaluation.scores import score
from readsight.models.model_spec import Variant

CALLS = Outcome("binary", ("false call", "true call"))


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
    return model_evaluate.evaluate(tables, model_evaluate.Plan(CALLS, next(iter(skills)), "QUAL", 200, 1), {})


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
    cell = model_evaluate.chance(table, model_evaluate.Plan(CALLS, "logistic", "QUAL", 100, 1), 0)["auroc"]
    assert cell["low"] < 0.5 < cell["high"]
    assert cell["value"] == pytest.approx(0.5, abs=0.12)


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


SKILLS = {"network": 3.0, "logistic": 3.0, "forest": 2.5}


def samples(kind, skills=SKILLS, certificate=None, resamples=200, balance="smote", **options):
    """What is found of models of samples."""
    tables = predicted.make(kind, skills, **options)
    outcome = Outcome(kind, predicted.CLASSES[kind])
    given = options.get("given", True)
    plan = model_evaluate.Plan(outcome, next(iter(skills)), "QUAL", resamples, 1, False, given, balance)
    return model_evaluate.evaluate(tables, plan, certificate or {}), tables


def test_the_headline_of_a_given_split_is_that_split_alone():
    found, tables = samples("multiclass")
    own = tables["network"].query("repeat == 0")
    right = own[["calibrated.0", "calibrated.1", "calibrated.2"]].to_numpy().argmax(axis=1) == own["label"]
    assert found["metrics"]["network"]["accuracy"]["value"] == pytest.approx(right.mean())
    assert found["facts"]["examples"] == 70 and np.sum(found["confusion"]["network"]) == 70
    assert f"calls {right.sum()} of the 70 test samples of the given split right" in found["verdict"]
    luck = found["luck"]["network"]
    assert len(luck["values"]) == 20
    assert luck["given"] == pytest.approx(found["metrics"]["network"]["balanced_accuracy"]["value"])
    assert luck["quantiles"]["min"] <= luck["quantiles"]["median"] <= luck["quantiles"]["max"]
    assert 0 <= luck["percentile"] <= 100
    tally = found["luck"]["logistic"]["first"]
    assert sum(tally.values()) == 20


def test_resplits_change_no_headline():
    whole, tables = samples("multiclass", resplits=20)
    alone = {model: table[table["repeat"] == 0] for model, table in tables.items()}
    plan = model_evaluate.Plan(Outcome("multiclass", predicted.CLASSES["multiclass"]), "network", "QUAL", 200, 1, False, True)
    found = model_evaluate.evaluate(alone, plan, {})
    assert found["metrics"]["network"] == whole["metrics"]["network"] and found["luck"] == {}


def test_a_score_of_one_has_an_interval_of_real_width():
    found, _ = samples("multiclass", {"network": 60.0, "logistic": 60.0})
    cells = found["metrics"]["network"]
    assert cells["accuracy"] == {"value": 1.0, "low": pytest.approx(0.948, abs=1e-3), "high": 1.0, "interval": "wilson"}
    for name in ("balanced_accuracy", "macro_auroc"):
        assert cells[name]["value"] == cells[name]["high"] == 1 and cells[name]["low"] < 0.95
    difference = found["differences"]["logistic"]["balanced_accuracy"]
    assert difference["low"] < 0 < difference["high"], "that both are right in 70 does not prove them equal"


def test_areas_of_one_and_their_difference_have_intervals_of_real_width():
    found, _ = samples("binary", {"network": 60.0, "logistic": 60.0})
    cells = found["metrics"]["network"]
    for name in ("auroc", "auprc"):
        assert cells[name]["value"] == cells[name]["high"] == 1 and 0.5 < cells[name]["low"] < 0.97, name
        difference = found["differences"]["logistic"][name]
        assert difference["low"] < difference["value"] == 0 < difference["high"], name


def test_donors_with_several_samples_are_no_wilson_alone():
    found, _ = samples("multiclass", each=2)
    cell = found["metrics"]["network"]["accuracy"]
    assert cell["interval"] == "bootstrap, widened to hold wilson" and cell["low"] < cell["value"] < cell["high"]
    assert found["facts"]["groups"] == 35


def test_a_network_of_samples_that_loses_is_said_to_lose():
    found, _ = samples("multiclass", {"network": 0.5, "logistic": 5.0}, given=False)
    assert "worse than logistic regression" in found["verdict"]
    assert "It loses: use logistic regression instead." in found["verdict"]
    assert "in cross-validation (2 × 5 folds)" in found["verdict"]


def test_balances_are_compared_on_the_same_examples():
    found, tables = samples("multiclass", SKILLS | {"logistic-with-oversample": 3.0, "network-with-none": 3.0})
    rows = {row["variant"]: row for row in found["balances"]}
    assert set(rows) == {"logistic-with-oversample", "network-with-none"}
    own, other = (found["metrics"][m]["accuracy"]["value"] for m in ("logistic", "logistic-with-oversample"))
    cell = rows["logistic-with-oversample"]["difference"]["accuracy"]
    assert cell["value"] == pytest.approx(other - own) and cell["low"] <= cell["value"] <= cell["high"]
    assert "on the same folds and the same test examples" in found["verdict"]
    assert "logistic-with-oversample" not in found["verdict"]


def test_joining_is_judged_beside_the_best_modality_alone():
    skills = {"logistic": 4.0, "late_fusion": 4.0, "logistic-on-mrna": 1.0, "logistic-on-protein": 0.2}
    found, _ = samples("multiclass", skills, given=False)
    assert [(row["joined"], row["modality"]) for row in found["modalities"]] == [
        ("logistic", "mrna"),
        ("logistic", "protein"),
        ("late_fusion", "mrna"),
        ("late_fusion", "protein"),
    ]
    assert "logistic regression on all is better than logistic regression on mrna alone" in found["verdict"]
    assert "late fusion is better than logistic regression on mrna alone" in found["verdict"]


def test_a_leaking_given_split_is_scored_on_its_clean_part_too():
    leaked = [f"S{i}" for i in range(150, 160)]
    found, tables = samples("multiclass", certificate={"given": {"leaked": leaked}})
    assert (found["clean"]["left_out"], found["clean"]["examples"]) == (10, 60)
    own = tables["network"].query("repeat == 0 and example not in @leaked")
    right = own[["calibrated.0", "calibrated.1", "calibrated.2"]].to_numpy().argmax(axis=1) == own["label"]
    assert found["clean"]["metrics"]["network"]["accuracy"]["value"] == pytest.approx(right.mean())
    assert "The given split leaks: 10 of 70 test samples" in found["verdict"]
    assert samples("multiclass", certificate={"given": {"leaked": []}})[0]["clean"] is None


def test_a_split_that_leaks_all_over_has_no_clean_score():
    found, _ = samples("multiclass", certificate={"given": {"leaked": [f"S{i:03d}" for i in range(220)]}})
    assert found["clean"]["metrics"] == {} and "No test sample is free of it" in found["verdict"]


@pytest.mark.parametrize("kind", list(predicted.CLASSES))
@pytest.mark.parametrize("given", [True, False])
def test_the_control_holds_chance(kind, given):
    found, _ = samples(kind, given=given)
    cell = found["facts"]["control"]
    assert cell["low"] < 0.5 < cell["high"] and "ranks by chance" in found["verdict"]


@pytest.mark.parametrize("kind", list(predicted.CLASSES))
def test_a_model_that_knows_nothing_does_not_beat_the_control(kind):
    found, _ = samples(kind, {"network": 0.0, "logistic": 0.0}, given=False, seed=3)
    chance = found["facts"]["chance"]
    cell = found["metrics"]["network"][found["primary"]]
    assert cell["low"] - 0.01 <= chance <= cell["high"] + 0.01


def test_base_rate_is_that_of_the_training_part():
    folds = [{"repeat": 0, "fold": 0, "role": "train", "examples": 10, "classes": {"0": 7, "1": 2, "2": 1}}]
    found, tables = samples("multiclass", certificate={"folds": folds})
    label = tables["network"].query("repeat == 0")["label"]
    base = found["metrics"]["base_rate"]
    assert base["accuracy"]["value"] == pytest.approx((label == 0).mean())
    assert base["log_loss"]["value"] == pytest.approx(-np.log(np.array([0.7, 0.2, 0.1])[label]).mean())


def test_scores_of_folds_are_not_ranked_against_each_other():
    """A model whose folds differ by an offset ranks as well as without it."""
    tables = predicted.make("survival", {"cox": 2.0}, given=False)
    plan = model_evaluate.Plan(Outcome("survival", ("time", "event")), "cox", "QUAL", 100, 1, False)
    before = model_evaluate.evaluate(tables, plan, {})["metrics"]["cox"]
    shifted = {m: t.assign(raw=t["raw"] + 100 * t["fold"]) for m, t in tables.items()}
    assert model_evaluate.evaluate(shifted, plan, {})["metrics"]["cox"] == before


def test_survival_has_risk_groups_of_each_folds_halves():
    found, _ = samples("survival", {"network": 2.0, "cox": 2.0}, given=False)
    groups = found["risk_groups"]["cox"]
    assert groups["low"]["n"] == groups["high"]["n"] == 110
    assert groups["p"] < 0.01 and "curves differ (log-rank p" in found["verdict"]
    assert "a concordance C of" in found["verdict"]
    clustered, _ = samples("survival", {"network": 2.0, "cox": 2.0}, given=False, each=2)
    assert clustered["risk_groups"]["cox"]["p"] is None, "the test counts samples as independent"


def test_labels_have_each_their_scores():
    found, _ = samples("multilabel", given=False)
    own = found["per_class"]["network"]
    assert list(own) == list(predicted.CLASSES["multilabel"])
    assert np.mean([c["auprc"]["value"] for c in own.values()]) == pytest.approx(
        found["metrics"]["network"]["macro_auprc"]["value"]
    )
    assert np.shape(found["confusion"]["network"]) == (4, 2, 2)


def test_predictions_of_other_examples_are_refused():
    tables = predicted.make("multiclass", SKILLS)
    tables["forest"]["example"] = "other" + tables["forest"]["example"]
    plan = model_evaluate.Plan(Outcome("multiclass", predicted.CLASSES["multiclass"]), "network", "QUAL", 100, 1, False, True)
    with pytest.raises(InputError, match="which those of another lack"):
        model_evaluate.evaluate(tables, plan, {})


@pytest.mark.parametrize("kind", list(predicted.CLASSES))
def test_whole_step_of_samples(tmp_path, kind):
    tables = predicted.make(kind, SKILLS | {"logistic-on-mrna": 1.0, "network-with-none": 1.0})
    predictions, abouts = predicted.write(tmp_path, tables, kind)
    (tmp_path / "c.json").write_text("{}")
    outputs = {"evaluation": tmp_path / "e.json", "table": tmp_path / "e.tsv", "summary": tmp_path / "e.summary.json"}
    about = {"source": "samples", "given": True, "balance": "smote"}
    spec = {"models": ["network", "logistic", "forest"], "bootstrap": 100, "single_feature": "QUAL"} | about
    model_evaluate.main(predictions, abouts, tmp_path / "c.json", "subtype", spec, 1, outputs)
    found = json.loads(outputs["evaluation"].read_text(), parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    assert {"kind", "primary", "balances", "modalities", "luck", "verdict", "headline"} <= set(found)
    rows = json.loads(outputs["summary"].read_text())
    keys = [row["key"] for row in rows]
    assert len(keys) == len(set(keys))
    assert all(re.fullmatch(r"[\w-]+(\.[\w-]+)+", key) for key in keys)
    assert {f"subtype.network.divisions.{found['primary']}", "subtype.network.given_percentile", "subtype.verdict"} <= set(keys)


def test_variants_are_named_in_words():
    assert Variant.of("logistic-on-mrna").modality == "mrna"
    found, _ = samples("multiclass", SKILLS | {"logistic-on-mrna": 0.1})
    assert not any(f"{model}-" in found["verdict"] for model in SKILLS)


def test_intervals_of_balanced_accuracy_cover_the_truth():
    recall, size = np.array([0.9, 0.95, 0.98]), (14, 21, 35)
    outcome, target = Outcome("multiclass", ("a", "b", "c")), np.repeat(np.arange(3), size)
    draw, hits = np.random.default_rng(1), 0
    for seed in range(150):
        said = np.where(draw.random(70) < recall[target], target, (target + 1) % 3)
        columns = {"example": [f"{i:02d}" for i in range(70)], "group": [f"{i:02d}" for i in range(70)], "repeat": 0, "fold": 0}
        table = pd.DataFrame(
            columns
            | {"label": target}
            | outcome.predictions("raw", np.eye(3)[said])
            | outcome.predictions("calibrated", np.eye(3)[said])
        )
        cell = score(parts(table, outcome, Resamples.of(table, 200, seed))).cells["balanced_accuracy"]
        hits += cell["low"] <= recall.mean() <= cell["high"]
    assert hits / 150 >= 0.93
