"""Published sequence benchmarks through the workflow: detection of leakage, and comparison of networks with k-mer models."""

import json
import os
from pathlib import Path

import anndata
import pandas as pd
import pytest

import projects

# Factors with similar motifs; HOCOMOCO has a matrix for each.
CTCF = {"CTCF", "CTCFL"}
ETS = {
    "SPI1",
    "SPIB",
    "SPIC",
    "ETS1",
    "ETS2",
    "ELF1",
    "ELF2",
    "ELF3",
    "ELF4",
    "ELF5",
    "EHF",
    "ETV1",
    "ETV2",
    "ETV3",
    "ETV4",
    "ETV5",
    "ETV6",
}
ETS |= {"ETV7", "ERG", "FLI1", "FEV", "GABPA", "ELK1", "ELK3", "ELK4", "ERF", "SPDEF"}

DATA = Path(os.environ.get("READSIGHT_REAL_DATA") or "absent") / "sequences"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="READSIGHT_REAL_DATA names no folder that has sequences")


def reduce_config(config: dict, models: list[str], **training: object) -> None:
    """Use fewer models, epochs and resamples."""
    (task,) = config["tasks"].values()
    task |= {"models": models, "bootstrap": 100, "kmers": {"k": 4}}
    task["training"] |= {"epochs": 3} | training


def run_project(folder: Path, name: str, change) -> tuple[Path, dict[str, dict]]:
    results = projects.run_to_report(projects.copy_shipped_project(folder, name, change))
    return results, json.loads((results / "summary.json").read_text())


@pytest.fixture(scope="module")
def enhancer_run(tmp_path_factory):
    def change_config(config):
        reduce_config(config, ["kmer_linear", "gc_content"])
        config["tasks"]["enhancer"] |= {"attributions": []}

    return run_project(tmp_path_factory.mktemp("enhancers"), "ienhancer2l", change_config)


@pytest.fixture(scope="module")
def junction_run(tmp_path_factory):
    def change_config(config):
        reduce_config(config, ["cnn", "logistic", "kmer_linear"], epochs=6)
        config["tasks"]["junction"]["split"] |= {"tested": 1}
        config["tasks"]["junction"] |= {"attributions": ["deep_shap", "shap"], "explained": 9}
        config["tasks"]["junction"]["interpret"] = {"motifs": {"sequences": 90}}

    return run_project(tmp_path_factory.mktemp("junctions"), "uci-splice", change_config)


@pytest.fixture(scope="module")
def factor_run(tmp_path_factory):
    def change_config(config):
        reduce_config(config, ["cnn", "kmer_linear", "gc_content"], batch_size=64, epochs=6)
        config["tasks"]["factor"]["sequences"] |= {"sample": 6000}
        config["tasks"]["factor"] |= {"attributions": ["deep_shap"], "explained": 20}

    return run_project(tmp_path_factory.mktemp("factors"), "ctcf-pu1", change_config)


def test_certificate_detects_the_leak_of_ienhancer(enhancer_run):
    results, figures = enhancer_run
    given = json.loads((results / "dataset/enhancer/certificate.json").read_text())["given"]
    obs = anndata.read_h5ad(results / "dataset/enhancer/examples.h5ad").obs
    leaked = obs.loc[given["leaked"], "label"]
    assert given["test"] == 400 and given["kinds"]["exact"] == 100
    assert leaked.value_counts().idxmax() == 1  # the enhancers
    assert figures["dataset.enhancer.given.leaked"]["value"] >= 100 / 400


def test_leaked_examples_are_predicted_better(enhancer_run):
    results, _ = enhancer_run
    clean = json.loads((results / "model/enhancer/evaluation.json").read_text())["clean"]
    unleaked, leaked = (subset["metrics"]["kmer_linear"]["accuracy"]["value"] for subset in (clean, clean["leaked"]))
    assert leaked > unleaked + 0.05


def test_junctions_are_split_by_homology_and_classified(junction_run):
    results, figures = junction_run
    data = anndata.read_h5ad(results / "dataset/junction/examples.h5ad")
    assert data.n_obs == 3004 and data.obs["copies"].sum() == 3188  # one sequence has two labels
    certificate = json.loads((results / "dataset/junction/certificate.json").read_text())
    assert certificate["certified"] and certificate["leakage"]["random"]["near"] > 0
    assert not any(certificate["leakage"]["split"].values())
    assert figures["junction.logistic.accuracy"]["low"] > 0.85
    errors = json.loads((results / "model/junction/evaluation.json").read_text())["errors"]
    assert errors


def test_factors_are_classified_on_test_chromosomes(factor_run):
    results, figures = factor_run
    for model in ("cnn", "kmer_linear"):
        figure = figures[f"factor.{model}.auroc"]
        assert 0.85 < figure["low"] < figure["value"] <= 1, model
    assert figures["factor.gc_content.auroc"]["value"] < figures["factor.kmer_linear.auroc"]["value"]
    assert figures["factor.shuffled_labels.auroc"]["low"] < 0.5 < figures["factor.shuffled_labels.auroc"]["high"]
    certificate = json.loads((results / "dataset/factor/certificate.json").read_text())
    assert certificate["certified"] and certificate["spec"]["test_chromosomes"] == ["chr8", "chr9"]


def test_motifs_of_both_factors_are_discovered_and_matched(factor_run):
    results, _ = factor_run
    motifs = pd.read_csv(results / "interpret/factor/motifs/motifs.tsv", sep="\t")
    for towards, names in {"CTCF": CTCF, "PU1": ETS}.items():
        best = motifs[motifs["towards"] == towards].iloc[0]
        assert str(best["match"]).split(".")[0] in names, (towards, best["match"])
