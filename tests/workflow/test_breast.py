"""Breast cancer subtypes through the workflow: the published test set, single and fused modalities, variability over splits."""

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


def reduce_config(config: dict) -> None:
    """Fewer resplits, and no comparison of balances, which the leukaemia cohort covers."""
    config["tasks"]["subtype"]["split"]["resplits"] = 4
    config["tasks"]["subtype"]["balance"] = {"method": "none"}


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> Path:
    return projects.run_to_report(projects.copy_shipped_project(tmp_path_factory.mktemp("breast"), "breast-tcga", reduce_config))


@pytest.fixture(scope="module")
def figures(results) -> dict[str, dict]:
    return json.loads((results / "summary.json").read_text())


@pytest.mark.parametrize("model", ["logistic", "elastic_net", "network", "late_fusion", "attention_fusion"])
def test_accuracy_matches_published_logistic_regression(figures, model):
    """The published accuracy on the 70 test samples, 0.957, is inside the confidence interval of each model."""
    figure = figures[f"subtype.{model}.accuracy"]
    assert figure["n"] == 70 and figure["value"] >= 0.9 and figure["low"] <= 0.957 <= figure["high"]


def test_single_modalities_are_compared_with_fusion(figures):
    for modality in ("mrna", "mirna"):
        assert figures[f"subtype.logistic-on-{modality}.accuracy"]["n"] == 70
    assert figures["subtype.logistic-on-mrna.accuracy"]["value"] > figures["subtype.logistic-on-mirna.accuracy"]["value"]
    for modality in ("mrna", "mirna", "protein"):
        assert f"subtype_by_all.logistic-on-{modality}.accuracy" in figures


def test_resplits_show_variability_of_the_given_split(results):
    variability = json.loads((results / "model/subtype/evaluation.json").read_text())["luck"]
    for model in ("logistic", "attention_fusion"):
        values = variability[model]["metrics"]["accuracy"]["values"]
        assert len(values) == 4 and 0.85 < np.median(values) <= 1


@pytest.mark.parametrize("task", ["subtype", "subtype_by_all"])
def test_shuffled_labels_perform_at_chance(figures, task):
    control = figures[f"{task}.shuffled_labels.macro_auroc"]
    assert control["low"] <= 0.5 <= control["high"]


def test_no_requested_file_is_absent(results):
    audit = pd.read_csv(results / "dossier/audit.tsv", sep="\t")
    assert not set(audit["state"]) & {"absent", "damaged"}, audit[audit["state"].isin(["absent", "damaged"])]
