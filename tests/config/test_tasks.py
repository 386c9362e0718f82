"""Config of learning tasks: defaults that depend on source and outcome, and contradicting keys."""

import pytest

from readsight.config.schema import parse_config
from readsight.config.tasks import Task
from readsight.errors import InputError

SAMPLES = {"source": "samples", "label": "subtype"}


def build_raw_config(task: dict, **more) -> dict:
    return {"project": "x", "tables": {"mrna": {"files": ["a.csv"]}}, "tasks": {"t": task}} | more


def test_defaults_follow_the_source():
    calls, samples = Task(), Task(**SAMPLES)
    assert (calls.split.by, calls.split.inner, calls.representation) == ("block", None, "annotations")
    assert (samples.split.by, samples.split.inner, samples.representation) == ("group", 3, "profile")
    assert calls.label == "truth" and "single_feature" in calls.models and "elastic_net" in samples.models


def test_defaults_follow_the_outcome():
    survival = Task(source="samples", time="months", event="died")
    several = Task(source="samples", label=["er", "her2"])
    assert survival.outcome == "survival" and survival.models == ["network", "cox"] and survival.labels == ["months", "died"]
    assert several.outcome == "multilabel" and several.labels == ["er", "her2"]
    assert survival.balance.method == several.balance.method == "none"
    assert Task(**SAMPLES).balance.method == "smote"


def test_tasks_do_not_share_defaults():
    Task(**SAMPLES)
    assert Task().split.by == "block"


@pytest.mark.parametrize(
    "task, message",
    [
        ({"source": "samples"}, "tasks.t.label: set the column"),
        (SAMPLES | {"time": "months"}, "needs both time and event"),
        (SAMPLES | {"time": "m", "event": "e"}, "remove label"),
        (SAMPLES | {"modalities": ["mirna"]}, "'mirna' does not exist; available: mrna"),
        (SAMPLES | {"split": {"by": "chromosome"}}, "use group or given"),
        (SAMPLES | {"models": ["late_fusion"], "attributions": ["shap"]}, "needs several modalities, but there is one"),
        (SAMPLES | {"models": ["cox"]}, "'cox' does not predict classes"),
        (SAMPLES | {"models": ["forest"]}, "has none; use shap"),
        (SAMPLES | {"harmonise": {"method": "combat"}}, "set the column of batches"),
        (SAMPLES | {"harmonise": {"method": "combat", "batch": "plate", "covariates": ["subtype"]}}, "unknown for new samples"),
        (SAMPLES | {"harmonise": {"batch": "subtype"}}, "batch: is the label"),
        ({"source": "samples", "label": ["a", "b"], "balance": {"method": "smote"}}, "no classes to balance"),
        (SAMPLES | {"missing": "keep", "balance": {"method": "smote"}}, "interpolate missing modalities"),
        ({"source": "samples", "label": 3}, "tasks.t.label: text or a list of texts is needed, got 3"),
        ({}, "'truth' needs variants.truth"),
        ({"label": "subtype"}, "calls are labelled by the truth set"),
    ],
)
def test_contradicting_keys_are_refused(task, message):
    with pytest.raises(InputError) as error:
        parse_config(build_raw_config(task))
    assert any(message in fault for fault in error.value.faults), error.value.faults


def test_tables_need_no_reference_and_no_sheet():
    assert parse_config(build_raw_config(SAMPLES)).reference.fasta is None
    with pytest.raises(InputError, match="reference.fasta: this key is needed"):
        parse_config({"project": "x", "samples": "s.tsv"})


def test_table_must_not_be_named_expression():
    with pytest.raises(InputError, match="choose a different one"):
        parse_config({"project": "x", "tables": {"expression": {"files": ["a.csv"]}}})
