"""Wiring of the stage `dataset`: each step depends only on the config keys that it reads."""

from types import SimpleNamespace

import pytest

from readsight.config.schema import parse_config
from readsight.wiring.dataset import DatasetWiring
from readsight.wiring.project import Project

TABLES = {"mrna": {"files": ["m.csv"]}, "mirna": {"files": ["i.csv"]}}


def build_wiring(**task) -> DatasetWiring:
    raw_task = {"source": "samples", "label": "class"} | task
    return DatasetWiring(Project(parse_config({"project": "p", "tables": TABLES, "tasks": {"t": raw_task}})))


def build_wildcards(**named):
    return SimpleNamespace(task="t", **named)


def test_samples_come_from_all_or_named_tables():
    assert build_wiring().modality_files(build_wildcards()) == [
        "results/p/expression/tables/mrna.h5ad",
        "results/p/expression/tables/mirna.h5ad",
    ]
    assert build_wiring(modalities=["mirna"]).modality_files(build_wildcards()) == ["results/p/expression/tables/mirna.h5ad"]
    assert build_wiring().examples_file(build_wildcards()) == "results/p/dataset/t/examples.h5mu"
    assert build_wiring().samples_spec(build_wildcards())["modalities"] == ["mrna", "mirna"]


CHANGES = {
    "missing": ({"missing": "keep"}, {"samples_spec"}),
    "group": ({"split": {"column": "patient"}}, {"samples_spec", "split_spec"}),
    "folds": ({"split": {"folds": 3}}, {"split_spec"}),
    "selection": ({"select": {"count": 10}}, {"fold_spec"}),
    "balance": ({"balance": {"neighbours": 3}}, {"balance_spec"}),
    "models": ({"models": ["logistic"]}, set()),
    "batch measured": ({"harmonise": {"batch": "plate"}}, {"samples_spec"}),
    "batch taken out": ({"harmonise": {"batch": "plate", "method": "combat"}}, {"samples_spec", "fold_spec"}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_each_spec_depends_on_its_keys_only(change):
    given, expected = CHANGES[change]
    before, after = build_wiring(), build_wiring(**given)
    specs = {"samples_spec": {}, "split_spec": {}, "fold_spec": {}, "balance_spec": {"balance": "smote"}}
    changed = {
        spec
        for spec, extra in specs.items()
        if getattr(before, spec)(build_wildcards(**extra)) != getattr(after, spec)(build_wildcards(**extra))
    }
    assert changed == expected


def test_given_split_comes_with_resplits():
    given = build_wiring(split={"by": "given", "given": "set", "resplits": 7})
    spec = given.split_spec(build_wildcards())
    assert (spec["folds"], spec["repeats"], spec["resplits"], spec["inner"]) == (1, 2, 7, 3)
    assert list(given.repeat_numbers("t")) == [0, 1] and given.samples_spec(build_wildcards())["given"] == "set"
    assert list(build_wiring(split={"by": "given", "resplits": 0}).repeat_numbers("t")) == [0]
    assert list(build_wiring().repeat_numbers("t")) == [0, 1] and "given" not in build_wiring().samples_spec(build_wildcards())


def test_confounding_is_measured_before_the_split():
    assert build_wiring().batch_confounding(build_wildcards()) == [] and build_wiring().tasks_with_batches() == []
    batched = build_wiring(harmonise={"batch": "plate"})
    assert batched.batch_confounding(build_wildcards()) == "results/p/dataset/t/confounding.json"
    assert "results/p/dataset/t/confounding.svg" in batched.targets()
    assert "results/p/dataset/t/examples.summary.json" in build_wiring().summaries()


def test_outcome_follows_from_the_keys():
    assert build_wiring().samples_spec(build_wildcards())["outcome"] == "classes"
    assert build_wiring(label=["a", "b"]).samples_spec(build_wildcards())["outcome"] == "multilabel"
    survival = build_wiring(label=None, time="months", event="state").samples_spec(build_wildcards())
    assert (survival["outcome"], survival["time"], survival["label"]) == ("survival", "months", None)


def test_all_compared_balances_are_made():
    assert build_wiring(balance={"method": "none", "compare": ["smote", "class_weight"]}).balance_methods() == [
        "none",
        "smote",
        "class_weight",
    ]
    assert build_wiring(label=["a", "b"]).balance_methods() == ["none"]
