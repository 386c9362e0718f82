"""The leukaemias of Golub et al. through the workflow: published split, models and baselines, variability over splits, balances."""

import json
import os
from pathlib import Path

import mudata
import numpy as np
import pandas as pd
import pytest

import projects
from readsight.dataset import fold_file

DATA = Path(os.environ.get("READSIGHT_REAL_DATA") or "absent") / "expression"

pytestmark = [
    pytest.mark.skipif(not DATA.is_dir(), reason="READSIGHT_REAL_DATA names no folder that has expression"),
]


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> Path:
    return projects.run_to_report(projects.copy_shipped_project(tmp_path_factory.mktemp("golub"), "golub-leukemia"))


@pytest.fixture(scope="module")
def figures(results) -> dict[str, dict]:
    return json.loads((results / "summary.json").read_text())


def test_the_split_is_the_published_one(results):
    split = pd.read_parquet(results / "dataset/leukemia/split.parquet").set_index("example")["repeat0.fold0"]
    classes = mudata.read_h5mu(results / "dataset/leukemia/examples.h5mu").obs["class"]
    counts = pd.crosstab(split, classes.loc[split.index].astype(str))
    assert counts.loc["train"].to_dict() == {"ALL": 27, "AML": 11}
    assert counts.loc["test"].to_dict() == {"ALL": 20, "AML": 14}


@pytest.mark.parametrize("model", ["network", "logistic", "elastic_net", "forest", "boosting"])
def test_accuracy_exceeds_the_majority_class(figures, model):
    figure = figures[f"leukemia.{model}.accuracy"]
    assert figure["n"] == 34 and 20 / 34 < figure["low"] <= figure["value"] <= figure["high"] <= 1


def test_resplits_show_variability_of_the_given_split(results):
    variability = json.loads((results / "model/leukemia/evaluation.json").read_text())["luck"]
    for model in ("network", "logistic"):
        values = variability[model]["metrics"]["accuracy"]["values"]
        assert len(values) == 10 and 0.8 < np.median(values) <= 1


@pytest.mark.parametrize("balance", ["smote", "oversample", "undersample", "class_weight"])
def test_balances_are_compared_on_the_same_patients(figures, balance):
    for model in ("network", "logistic"):
        assert figures[f"leukemia.{model}-with-{balance}.accuracy"]["n"] == 34


def test_shuffled_labels_perform_at_chance(figures):
    control = figures["leukemia.shuffled_labels.auroc"]
    assert control["low"] <= 0.5 <= control["high"]


def test_only_training_patients_are_balanced(results):
    folder = results / "dataset/leukemia/repeat0"
    tested = set(fold_file.read(folder / "test.h5", 0).names)
    for path in folder.glob("balanced.*.h5"):
        for name in fold_file.fold_names(path):
            assert not tested & set(fold_file.read_anndata(path, name).obs["parent"].astype(str))


def test_no_requested_file_is_absent(results):
    audit = pd.read_csv(results / "dossier/audit.tsv", sep="\t")
    assert not set(audit["state"]) & {"absent", "damaged"}, audit[audit["state"].isin(["absent", "damaged"])]
