"""Subtypes of breast cancer, through the workflow: the given test set, modalities alone and joined, luck."""

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import projects

DATA = Path(os.environ.get("READSIGHT_REAL_DATA") or "absent") / "expression"

pytestmark = [
    pytest.mark.skipif(not DATA.is_dir(), reason="READSIGHT_REAL_DATA names no folder that has expression"),
]


def smaller(config: dict) -> None:
    """Fewer divisions, and one way of balancing: balances are compared in the other cohort."""
    config["tasks"]["subtype"]["split"]["resplits"] = 4
    config["tasks"]["subtype"]["balance"] = {"method": "none"}


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> Path:
    return projects.finished(projects.shipped(tmp_path_factory.mktemp("breast"), "breast-tcga", smaller))


@pytest.fixture(scope="module")
def figures(results) -> dict[str, dict]:
    return json.loads((results / "summary.json").read_text())


@pytest.mark.parametrize("model", ["logistic", "elastic_net", "network", "late_fusion", "attention_fusion"])
def test_subtypes_are_told_as_a_logistic_regression_is_known_to(figures, model):
    """0.957 of the 70 are known to be told right: the interval holds it, for linear models, the network and fusion."""
    found = figures[f"subtype.{model}.accuracy"]
    assert found["n"] == 70 and found["value"] >= 0.9 and found["low"] <= 0.957 <= found["high"]


def test_each_modality_stands_alone_beside_fusion(figures):
    for modality in ("mrna", "mirna"):
        assert figures[f"subtype.logistic-on-{modality}.accuracy"]["n"] == 70
    assert figures["subtype.logistic-on-mrna.accuracy"]["value"] > figures["subtype.logistic-on-mirna.accuracy"]["value"]
    for modality in ("mrna", "mirna", "protein"):
        assert f"subtype_by_all.logistic-on-{modality}.accuracy" in figures


def test_divisions_drawn_anew_show_the_luck_of_the_given_one(results):
    luck = json.loads((results / "model/subtype/evaluation.json").read_text())["luck"]
    for model in ("logistic", "attention_fusion"):
        values = luck[model]["metrics"]["accuracy"]["values"]
        assert len(values) == 4 and 0.85 < np.median(values) <= 1


@pytest.mark.parametrize("task", ["subtype", "subtype_by_all"])
def test_shuffled_labels_are_told_by_chance(figures, task):
    control = figures[f"{task}.shuffled_labels.macro_auroc"]
    assert control["low"] <= 0.5 <= control["high"]


def test_everything_asked_for_is_there(results):
    audit = pd.read_csv(results / "dossier/audit.tsv", sep="\t")
    assert not set(audit["state"]) & {"absent", "damaged"}, audit[audit["state"].isin(["absent", "damaged"])]
