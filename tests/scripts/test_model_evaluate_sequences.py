"""Evaluation of sequence models: sentences follow the scores, strata and leakage are reported, files are complete."""

import csv
import json
import re

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

import model_evaluate
import predicted_sequences as made
from readsight.evaluation.example_annotations import ExampleAnnotations
from readsight.evaluation.plan import EvaluationPlan

FIRST = {"positions": "dilated_resnet"}
SKILLS = {"cnn": 2.0, "kmer_linear": 1.0, "gc_content": 0.2}
OF_SITES = {"dilated_resnet": 4.0, "position_matrix": 2.0}


def evaluate_sequences(kind, skills=None, n=600, certificate=None, given=False, resamples=200, **options):
    skills = skills or (OF_SITES if kind == "positions" else SKILLS)
    data = made.make_examples(kind, n)
    tables = made.make_tables(data, kind, skills, **options)
    plan = EvaluationPlan(made.OUTCOMES[kind], next(iter(skills)), "QUAL", resamples, 1, False, given, "none", True)
    target = data.obsm["target"] if kind == "profile" else data.obs["label"].to_numpy() if kind == "regression" else None
    return model_evaluate.evaluate_models(tables, plan, certificate or {}, ExampleAnnotations(data.obs, target)), data, tables


@pytest.mark.parametrize("kind", [k for k in made.OUTCOMES if k != "positions"])
def test_losing_deep_model_is_reported(kind):
    evaluation, _, _ = evaluate_sequences(kind, {"cnn": 0.3, "kmer_linear": 3.0, "gc_content": 0.0})
    linear = "k-mer ridge regression" if kind in ("regression", "profile") else "k-mer logistic regression"
    assert f"worse than {linear}" in evaluation["verdict"] and f"It loses: use {linear} instead." in evaluation["verdict"]
    assert evaluation["differences"]["kmer_linear"][evaluation["primary"]]["high"] < 0
    assert "sample" not in evaluation["verdict"]


def test_network_below_position_matrix_loses():
    evaluation, _, _ = evaluate_sequences("positions", {"dilated_resnet": 1.0, "position_matrix": 5.0}, n=200)
    assert "It loses: use the position weight matrix instead." in evaluation["verdict"]


@pytest.mark.parametrize("kind", made.OUTCOMES)
def test_winning_deep_model_is_reported(kind):
    evaluation, _, _ = evaluate_sequences(kind)
    assert "better than" in evaluation["verdict"] and "loses" not in evaluation["verdict"]


def test_binary_verdict_covers_ranking_calls_and_probabilities():
    evaluation, _, tables = evaluate_sequences("binary")
    cnn_table = tables["cnn"]
    assert evaluation["primary"] == "auroc"
    assert evaluation["metrics"]["cnn"]["auroc"]["value"] == pytest.approx(roc_auc_score(cnn_table["label"], cnn_table["raw"]))
    for phrase in ("AUROC", "AUPRC", f"base rate {cnn_table['label'].mean():.3f}", "MCC", "Brier", "before", "after calibration"):
        assert phrase in evaluation["verdict"]
    assert evaluation["facts"]["control"]["low"] < 0.5 < evaluation["facts"]["control"]["high"]


def test_regression_control_has_zero_correlation():
    evaluation, _, _ = evaluate_sequences("regression")
    cell = evaluation["facts"]["control"]
    assert cell["low"] < 0 < cell["high"] and "at chance (Pearson's r" in evaluation["verdict"]


@pytest.mark.parametrize("kind", made.UNCONTROLLED)
def test_outcomes_without_control(kind):
    evaluation, _, _ = evaluate_sequences(kind, n=200)
    assert evaluation["facts"]["control"] is None and "shuffled" not in evaluation["verdict"]


def test_training_mean_explains_nothing():
    evaluation, data, tables = evaluate_sequences("regression")
    label = data.obs["label"].to_numpy()
    train, test = label[:300], label[300:]
    base = evaluation["metrics"]["base_rate"]
    assert base["mse"]["value"] == pytest.approx(((test - train.mean()) ** 2).mean())
    assert base["r2"]["value"] == pytest.approx(1 - ((test - train.mean()) ** 2).mean() / test.var()) and base["r2"]["value"] <= 0


def test_mean_training_profile_is_a_baseline():
    evaluation, data, _ = evaluate_sequences("profile", n=400)
    base = evaluation["metrics"]["base_rate"]["profile_pearson"]["value"]
    mean = data.obsm["target"][:200].mean(axis=0)
    by_hand = [np.corrcoef(mean, row)[0, 1] for row in data.obsm["target"][200:] if np.ptp(row)]
    assert base == pytest.approx(np.mean(by_hand))


def test_strata_show_where_a_model_works():
    """The model separates the classes only at high GC content."""
    data = made.make_examples("binary", 900)
    skill = np.where(data.obs["gc"] > 0.5, 3.0, 0.0)
    evaluation, _, tables = evaluate_sequences("binary", {"cnn": skill, "kmer_linear": 1.0}, n=900)
    rows = {(r["by"], r["name"]): r for r in evaluation["strata"]["rows"]}
    gc = [r for r in evaluation["strata"]["rows"] if r["by"] == "gc"]
    assert len(gc) == 3 and sum(r["examples"] for r in gc) == 450
    low, high = gc[0]["models"]["cnn"], gc[2]["models"]["cnn"]
    assert low["high"] < 0.7 < 0.95 < high["low"] and set(gc[0]["models"]) == {"cnn", "kmer_linear"}
    assert [name for by, name in rows if by == "repeat"] == ["none", "some", "50% or more"]
    assert sum(r["examples"] for (by, _), r in rows.items() if by == "repeat") < 450, "windows with unknown repeats are omitted"
    assert {name for by, name in rows if by == "chromosome"} == {"chr2", "chr3"}
    chr3 = tables["cnn"][data.obs.loc[tables["cnn"]["example"], "chrom"].to_numpy() == "chr3"]
    assert rows["chromosome", "chr3"]["models"]["cnn"]["value"] == pytest.approx(roc_auc_score(chr3["label"], chr3["raw"]))
    assert "On strata of the test sequences its AUROC ranges from" in evaluation["verdict"]


def test_chromosome_with_few_examples_is_no_stratum():
    evaluation, data, _ = evaluate_sequences("binary", n=600, tested=np.arange(380, 600))
    chromosomes = [row["name"] for row in evaluation["strata"]["rows"] if row["by"] == "chromosome"]
    assert chromosomes == ["chr3"] and (data.obs["chrom"][380:] == "chr2").sum() == 20


def test_leaking_split_has_leaked_and_clean_scores():
    data = made.make_examples("binary", 600)
    leaked = data.obs_names[300:400].tolist()
    skill = np.where(np.isin(data.obs_names, leaked), 4.0, 0.5)
    certificate = {"spec": {"by": "given"}, "given": {"leaked": leaked}}
    evaluation, _, tables = evaluate_sequences("binary", {"cnn": skill, "kmer_linear": 1.0}, certificate=certificate, given=True)
    clean = evaluation["clean"]
    assert (clean["left_out"], clean["examples"], clean["leaked"]["examples"]) == (100, 200, 100)
    cnn_table = tables["cnn"]
    for mask, cells in (
        (cnn_table["example"].isin(leaked), clean["leaked"]["metrics"]),
        (~cnn_table["example"].isin(leaked), clean["metrics"]),
    ):
        accuracy = ((cnn_table["calibrated"] >= 0.5) == cnn_table["label"])[mask].mean()
        assert cells["cnn"]["accuracy"]["value"] == pytest.approx(accuracy)
    assert clean["leaked"]["metrics"]["cnn"]["auroc"]["low"] > clean["metrics"]["cnn"]["auroc"]["high"]
    assert (
        "The given split leaks: 100 of 300 test sequences" in evaluation["verdict"]
        and "on those that leak" in evaluation["verdict"]
    )


def test_class_errors_are_percentages_of_wrong_calls():
    evaluation, _, tables = evaluate_sequences("multiclass")
    cnn_table = tables["cnn"]
    predicted = cnn_table[[f"calibrated.{c}" for c in range(3)]].to_numpy().argmax(axis=1)
    for c, name in enumerate(("EI", "IE", "N")):
        cell, is_class = evaluation["errors"]["cnn"][name], cnn_table["label"] == c
        assert (
            cell["value"] == pytest.approx(100 * (predicted[is_class] != c).mean()) and cell["low"] < cell["value"] < cell["high"]
        )
        assert f"{name} {cell['value']:.1f} %" in evaluation["verdict"]


def test_few_chromosomes_resample_genome_blocks():
    """Two test chromosomes are two groups, too few for resampling."""
    data = made.make_examples("binary", 600)
    groups = data.obs["chrom"].to_numpy(str)
    certificate = {"spec": {"by": "chromosome", "test_chromosomes": ["chr2", "chr3"]}}
    evaluation, _, _ = evaluate_sequences("binary", certificate=certificate, groups=groups)
    cell = evaluation["metrics"]["cnn"]["auroc"]
    assert cell["low"] < cell["value"] < cell["high"] and evaluation["facts"]["groups"] == 60
    assert "of the test chromosomes chr2 and chr3" in evaluation["verdict"] and "blocks of the genome" in evaluation["verdict"]
    by_group, _, _ = evaluate_sequences("binary", certificate={"spec": {"by": "group"}}, groups=groups)
    assert by_group["facts"]["groups"] == 2 and not by_group["facts"]["blocks"], "groups of the data are kept"


@pytest.mark.parametrize("kind", made.OUTCOMES)
def test_step_on_sequences(tmp_path, kind):
    data = made.make_examples(kind, 240)
    data.write_h5ad(tmp_path / "examples.h5ad")
    skills = OF_SITES if kind == "positions" else SKILLS
    tables = made.make_tables(data, kind, skills)
    predictions, descriptions = made.write_predictions(tmp_path, tables, kind)
    leaked = data.obs_names[120:150].tolist()
    (tmp_path / "c.json").write_text(json.dumps({"spec": {"by": "given"}, "given": {"leaked": leaked}}))
    outputs = {"evaluation": tmp_path / "e.json", "table": tmp_path / "e.tsv", "summary": tmp_path / "e.summary.json"}
    spec = {
        "models": list(skills),
        "bootstrap": 100,
        "single_feature": "QUAL",
        "source": "sequences",
        "given": True,
        "balance": "none",
    }
    model_evaluate.main(predictions, descriptions, tmp_path / "c.json", "peaks", spec, 1, outputs, tmp_path / "examples.h5ad")
    evaluation = json.loads(
        outputs["evaluation"].read_text(), parse_constant=lambda constant: pytest.fail(f"{constant} is no JSON")
    )
    rows = json.loads(outputs["summary"].read_text())
    keys = [row["key"] for row in rows]
    assert len(keys) == len(set(keys)) and all(re.fullmatch(r"[\w-]+(\.[\w-]+)+", key) for key in keys)
    first, primary = next(iter(skills)), evaluation["primary"]
    for key in (first, f"{first}.clean", f"{first}.leaked"):
        assert f"peaks.{key}.{primary}" in keys
    assert any(key.startswith(f"peaks.{first}.strata.gc.") for key in keys)
    if kind == "positions":
        assert {"peaks.dilated_resnet.top_k.acceptor", "peaks.dilated_resnet.auprc.donor"} <= set(keys)
    with open(outputs["table"]) as handle:
        assert {(row["model"], row["metric"]) for row in csv.DictReader(handle, delimiter="\t")} >= {(first, primary)}
    assert bool(evaluation["learning"]) == ("cnn" in skills)
