"""Wiring of the data set: what each step reads of the config, and nothing else."""

from types import SimpleNamespace

import pytest

from readsight.config.schema import parse
from readsight.wiring.dataset import DatasetWiring
from readsight.wiring.project import Project

TABLES = {"mrna": {"files": ["m.csv"]}, "mirna": {"files": ["i.csv"]}}


def wiring(**task) -> DatasetWiring:
    own = {"source": "samples", "label": "class"} | task
    return DatasetWiring(Project(parse({"project": "p", "tables": TABLES, "tasks": {"t": own}})))


def wildcards(**named):
    return SimpleNamespace(task="t", **named)


def test_samples_are_joined_from_all_tables_or_those_that_are_named():
    assert wiring().modalities(wildcards()) == ["results/p/expression/tables/mrna.h5ad", "results/p/expression/tables/mirna.h5ad"]
    assert wiring(modalities=["mirna"]).modalities(wildcards()) == ["results/p/expression/tables/mirna.h5ad"]
    assert wiring().examples(wildcards()) == "results/p/dataset/t/examples.h5mu"
    assert wiring().join(wildcards())["modalities"] == ["mrna", "mirna"]


CHANGES = {
    "missing": ({"missing": "keep"}, {"join"}),
    "group": ({"split": {"column": "patient"}}, {"join", "split"}),
    "folds": ({"split": {"folds": 3}}, {"split"}),
    "selection": ({"select": {"count": 10}}, {"fold"}),
    "balance": ({"balance": {"neighbours": 3}}, {"balance"}),
    "models": ({"models": ["logistic"]}, set()),
    "batch measured": ({"harmonise": {"batch": "plate"}}, {"join"}),
    "batch taken out": ({"harmonise": {"batch": "plate", "method": "combat"}}, {"join", "fold"}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_step_reads_its_own_keys_alone(change):
    given, touched = CHANGES[change]
    before, after = wiring(), wiring(**given)
    steps = {"join": {}, "split": {}, "fold": {}, "balance": {"balance": "smote"}}
    moved = {
        step for step, own in steps.items() if getattr(before, step)(wildcards(**own)) != getattr(after, step)(wildcards(**own))
    }
    assert moved == touched


def test_a_given_split_comes_with_others_drawn_anew():
    given = wiring(split={"by": "given", "given": "set", "resplits": 7})
    spec = given.split(wildcards())
    assert (spec["folds"], spec["repeats"], spec["resplits"], spec["inner"]) == (1, 2, 7, 3)
    assert list(given.repeats("t")) == [0, 1] and given.join(wildcards())["given"] == "set"
    assert list(wiring(split={"by": "given", "resplits": 0}).repeats("t")) == [0]
    assert list(wiring().repeats("t")) == [0, 1] and "given" not in wiring().join(wildcards())


def test_confounding_is_measured_before_samples_are_divided():
    assert wiring().confounding(wildcards()) == [] and wiring().measured() == []
    batched = wiring(harmonise={"batch": "plate"})
    assert batched.confounding(wildcards()) == "results/p/dataset/t/confounding.json"
    assert "results/p/dataset/t/confounding.svg" in batched.targets()
    assert "results/p/dataset/t/examples.summary.json" in wiring().summaries()


def test_the_outcome_is_told_by_the_keys():
    assert wiring().join(wildcards())["outcome"] == "classes"
    assert wiring(label=["a", "b"]).join(wildcards())["outcome"] == "multilabel"
    survival = wiring(label=None, time="months", event="state").join(wildcards())
    assert (survival["outcome"], survival["time"], survival["label"]) == ("survival", "months", None)


def test_all_balances_that_are_compared_are_made():
    assert wiring(balance={"method": "none", "compare": ["smote", "class_weight"]}).balances() == [
        "none",
        "smote",
        "class_weight",
    ]
    assert wiring(label=["a", "b"]).balances() == ["none"]
