"""Evaluation of models of sequences: words follow the scores, strata and leaks are told, files are whole."""

import csv
import json
import re

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

import model_evaluate
import predicted_sequences as made
from readsight.evaluation.example_annotations import Known
from readsight.evaluation.plan import Plan

FIRST = {"positions": "dilated_resnet"}
SKILLS = {"cnn": 2.0, "kmer_linear": 1.0, "gc_content": 0.2}
OF_SITES = {"dilated_resnet": 4.0, "position_matrix": 2.0}


def evaluated(kind, skills=None, n=600, certificate=None, given=False, resamples=200, **options):
    skills = skills or (OF_SITES if kind == "positions" else SKILLS)
    data = made.examples(kind, n)
    tables = made.tables(data, kind, skills, **options)
    plan = Plan(made.OUTCOMES[kind], next(iter(skills)), "QUAL", resamples, 1, False, given, "none", True)
    target = data.obsm["target"] if kind == "profile" else data.obs["label"].to_numpy() if kind == "regression" else None
    return model_evaluate.evaluate(tables, plan, certificate or {}, Known(data.obs, target)), data, tables


@pytest.mark.parametrize("kind", [k for k in made.OUTCOMES if k != "positions"])
def test_a_deep_model_that_loses_is_said_to_lose(kind):
    found, _, _ = evaluated(kind, {"cnn": 0.3, "kmer_linear": 3.0, "gc_content": 0.0})
    linear = "k-mer ridge regression" if kind in ("regression", "profile") else "k-mer logistic regression"
    assert f"worse than {linear}" in found["verdict"] and f"It loses: use {linear} instead." in found["verdict"]
    assert found["differences"]["kmer_linear"][found["primary"]]["high"] < 0
    assert "sample" not in found["verdict"]


def test_a_network_that_finds_fewer_sites_than_a_matrix_loses():
    found, _, _ = evaluated("positions", {"dilated_resnet": 1.0, "position_matrix": 5.0}, n=200)
    assert "It loses: use the position weight matrix instead." in found["verdict"]


@pytest.mark.parametrize("kind", made.OUTCOMES)
def test_a_deep_model_that_wins_is_said_to_win(kind):
    found, _, _ = evaluated(kind)
    assert "better than" in found["verdict"] and "loses" not in found["verdict"]


def test_two_classes_are_told_by_ranking_calls_and_probabilities():
    found, _, tables = evaluated("binary")
    own = tables["cnn"]
    assert found["primary"] == "auroc"
    assert found["metrics"]["cnn"]["auroc"]["value"] == pytest.approx(roc_auc_score(own["label"], own["raw"]))
    for words in ("AUROC", "AUPRC", f"base rate {own['label'].mean():.3f}", "MCC", "Brier", "before", "after calibration"):
        assert words in found["verdict"]
    assert found["facts"]["control"]["low"] < 0.5 < found["facts"]["control"]["high"]


def test_the_control_of_numbers_correlates_with_nothing():
    found, _, _ = evaluated("regression")
    cell = found["facts"]["control"]
    assert cell["low"] < 0 < cell["high"] and "by chance (Pearson's r" in found["verdict"]


@pytest.mark.parametrize("kind", made.UNCONTROLLED)
def test_no_control_is_asked_for_where_there_is_none(kind):
    found, _, _ = evaluated(kind, n=200)
    assert found["facts"]["control"] is None and "shuffled" not in found["verdict"]


def test_the_mean_of_the_training_part_explains_nothing():
    found, data, tables = evaluated("regression")
    label = data.obs["label"].to_numpy()
    train, test = label[:300], label[300:]
    base = found["metrics"]["base_rate"]
    assert base["mse"]["value"] == pytest.approx(((test - train.mean()) ** 2).mean())
    assert base["r2"]["value"] == pytest.approx(1 - ((test - train.mean()) ** 2).mean() / test.var()) and base["r2"]["value"] <= 0


def test_the_mean_profile_of_the_training_part_is_a_baseline():
    found, data, _ = evaluated("profile", n=400)
    base = found["metrics"]["base_rate"]["profile_pearson"]["value"]
    mean = data.obsm["target"][:200].mean(axis=0)
    by_hand = [np.corrcoef(mean, row)[0, 1] for row in data.obsm["target"][200:] if np.ptp(row)]
    assert base == pytest.approx(np.mean(by_hand))


def test_strata_show_where_a_model_lives():
    """It tells the classes apart where GC is high, and nowhere else."""
    data = made.examples("binary", 900)
    skill = np.where(data.obs["gc"] > 0.5, 3.0, 0.0)
    found, _, tables = evaluated("binary", {"cnn": skill, "kmer_linear": 1.0}, n=900)
    rows = {(r["by"], r["name"]): r for r in found["strata"]["rows"]}
    gc = [r for r in found["strata"]["rows"] if r["by"] == "gc"]
    assert len(gc) == 3 and sum(r["examples"] for r in gc) == 450
    low, high = gc[0]["models"]["cnn"], gc[2]["models"]["cnn"]
    assert low["high"] < 0.7 < 0.95 < high["low"] and set(gc[0]["models"]) == {"cnn", "kmer_linear"}
    assert [name for by, name in rows if by == "repeat"] == ["none", "some", "50% or more"]
    assert sum(r["examples"] for (by, _), r in rows.items() if by == "repeat") < 450, "windows of unknown repeats are left out"
    assert {name for by, name in rows if by == "chromosome"} == {"chr2", "chr3"}
    chr3 = tables["cnn"][data.obs.loc[tables["cnn"]["example"], "chrom"].to_numpy() == "chr3"]
    assert rows["chromosome", "chr3"]["models"]["cnn"]["value"] == pytest.approx(roc_auc_score(chr3["label"], chr3["raw"]))
    assert "On parts of the test sequences its AUROC goes from" in found["verdict"]


def test_a_chromosome_with_few_of_a_class_is_not_told_apart():
    found, data, _ = evaluated("binary", n=600, tested=np.arange(380, 600))
    told = [row["name"] for row in found["strata"]["rows"] if row["by"] == "chromosome"]
    assert told == ["chr3"] and (data.obs["chrom"][380:] == "chr2").sum() == 20


def test_a_leaking_given_split_is_scored_on_its_leaked_and_its_clean_part():
    data = made.examples("binary", 600)
    leaked = data.obs_names[300:400].tolist()
    skill = np.where(np.isin(data.obs_names, leaked), 4.0, 0.5)
    certificate = {"spec": {"by": "given"}, "given": {"leaked": leaked}}
    found, _, tables = evaluated("binary", {"cnn": skill, "kmer_linear": 1.0}, certificate=certificate, given=True)
    clean = found["clean"]
    assert (clean["left_out"], clean["examples"], clean["leaked"]["examples"]) == (100, 200, 100)
    own = tables["cnn"]
    for part, cells in (
        (own["example"].isin(leaked), clean["leaked"]["metrics"]),
        (~own["example"].isin(leaked), clean["metrics"]),
    ):
        right = ((own["calibrated"] >= 0.5) == own["label"])[part].mean()
        assert cells["cnn"]["accuracy"]["value"] == pytest.approx(right)
    assert clean["leaked"]["metrics"]["cnn"]["auroc"]["low"] > clean["metrics"]["cnn"]["auroc"]["high"]
    assert "The given split leaks: 100 of 300 test sequences" in found["verdict"] and "on those that leak" in found["verdict"]


def test_errors_of_each_class_are_those_of_published_tables():
    found, _, tables = evaluated("multiclass")
    own = tables["cnn"]
    said = own[[f"calibrated.{c}" for c in range(3)]].to_numpy().argmax(axis=1)
    for c, name in enumerate(("EI", "IE", "N")):
        cell, of = found["errors"]["cnn"][name], own["label"] == c
        assert cell["value"] == pytest.approx(100 * (said[of] != c).mean()) and cell["low"] < cell["value"] < cell["high"]
        assert f"{name} {cell['value']:.1f} %" in found["verdict"]


def test_of_few_chromosomes_blocks_are_resampled():
    """Two held-out chromosomes are two groups: nothing could be told by drawing them."""
    data = made.examples("binary", 600)
    groups = data.obs["chrom"].to_numpy(str)
    certificate = {"spec": {"by": "chromosome", "test_chromosomes": ["chr2", "chr3"]}}
    found, _, _ = evaluated("binary", certificate=certificate, groups=groups)
    cell = found["metrics"]["cnn"]["auroc"]
    assert cell["low"] < cell["value"] < cell["high"] and found["facts"]["groups"] == 60
    assert "of chr2 and chr3, which were held out" in found["verdict"] and "blocks of the genome" in found["verdict"]
    by_group, _, _ = evaluated("binary", certificate={"spec": {"by": "group"}}, groups=groups)
    assert by_group["facts"]["groups"] == 2 and not by_group["facts"]["blocks"], "groups that the data bring are believed"


@pytest.mark.parametrize("kind", made.OUTCOMES)
def test_whole_step_of_sequences(tmp_path, kind):
    data = made.examples(kind, 240)
    data.write_h5ad(tmp_path / "examples.h5ad")
    skills = OF_SITES if kind == "positions" else SKILLS
    tables = made.tables(data, kind, skills)
    predictions, abouts = made.write(tmp_path, tables, kind)
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
    model_evaluate.main(predictions, abouts, tmp_path / "c.json", "peaks", spec, 1, outputs, tmp_path / "examples.h5ad")
    found = json.loads(outputs["evaluation"].read_text(), parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    rows = json.loads(outputs["summary"].read_text())
    keys = [row["key"] for row in rows]
    assert len(keys) == len(set(keys)) and all(re.fullmatch(r"[\w-]+(\.[\w-]+)+", key) for key in keys)
    first, primary = next(iter(skills)), found["primary"]
    for key in (first, f"{first}.clean", f"{first}.leaked"):
        assert f"peaks.{key}.{primary}" in keys
    assert any(key.startswith(f"peaks.{first}.strata.gc.") for key in keys)
    if kind == "positions":
        assert {"peaks.dilated_resnet.top_k.acceptor", "peaks.dilated_resnet.auprc.donor"} <= set(keys)
    with open(outputs["table"]) as handle:
        assert {(row["model"], row["metric"]) for row in csv.DictReader(handle, delimiter="\t")} >= {(first, primary)}
    assert bool(found["learning"]) == ("cnn" in skills)
