"""Wiring of models: names, settings and files follow from the task."""

from types import SimpleNamespace

import pytest

from readsight.config.schema import parse_config
from readsight.errors import InputError
from readsight.wiring.dataset import DatasetWiring
from readsight.wiring.interpret import InterpretWiring
from readsight.wiring.model import ModelWiring
from readsight.wiring.project import Project


def build_project(**task):
    raw = {
        "project": "p",
        "reference": {"fasta": "x.fa"},
        "variants": {"vcf": "a.vcf", "truth": {"vcf": "t.vcf"}},
        "tasks": {"call_quality": {"caller": "given", **task}},
    }
    return Project(parse_config(raw))


def build_wildcards(**named):
    return SimpleNamespace(task="call_quality", **named)


def test_settings_affect_one_model_only():
    default, changed = ModelWiring(build_project()), ModelWiring(build_project(network={"dropout": 0.5}))
    assert default.model_settings(build_wildcards(model="network")) != changed.model_settings(build_wildcards(model="network"))
    for model in ("logistic", "forest", "single_feature", "shuffled_labels"):
        assert default.model_settings(build_wildcards(model=model)) == changed.model_settings(build_wildcards(model=model))


def test_tasks_have_a_control_and_models_have_repeats():
    wiring = ModelWiring(build_project(models=["logistic"], split={"repeats": 3}))
    assert wiring.model_names("call_quality") == ["logistic", "shuffled_labels"]
    assert len(wiring.prediction_files(build_wildcards())) == len(wiring.description_files(build_wildcards())) == 6
    assert wiring.prediction_files(build_wildcards())[0] == "results/p/model/call_quality/logistic/repeat0/predictions.parquet"


def build_table_wiring(tables=("mrna", "mirna"), **task):
    """Model wiring of a task on tables."""
    tables_config = {name: {"files": [f"{name}.csv"]} for name in tables}
    raw = {"project": "p", "tables": tables_config, "tasks": {"call_quality": {"source": "samples", "label": "subtype", **task}}}
    return ModelWiring(Project(parse_config(raw)))


def test_modalities_are_fused_and_compared_singly():
    wiring = build_table_wiring(models=["network", "elastic_net", "forest"])
    single = [f"{m}-on-{name}" for m in ("network", "elastic_net") for name in ("mrna", "mirna")]
    assert wiring.model_names("call_quality") == ["network", "elastic_net", "forest", *single, "shuffled_labels"]
    assert not [
        m
        for m in build_table_wiring(tables=["mrna"], models=["network", "elastic_net"]).model_names("call_quality")
        if "-on-" in m
    ]


def test_fusion_models_are_not_trained_on_one_modality():
    models = build_table_wiring(models=["late_fusion", "logistic"], attributions=["shap"]).model_names("call_quality")
    assert "logistic-on-mrna" in models and not [m for m in models if m.startswith("late_fusion-on")]


def test_balances_are_compared_by_first_and_linear_model():
    wiring = build_table_wiring(
        models=["network", "logistic"], tables=["mrna"], balance={"method": "smote", "compare": ["none", "smote"]}
    )
    assert wiring.model_names("call_quality") == [
        "network",
        "logistic",
        "network-with-none",
        "logistic-with-none",
        "shuffled_labels",
    ]
    balanced_file = wiring.fold_file(build_wildcards(model="logistic-with-none", repeat="1"))
    assert balanced_file == "results/p/dataset/call_quality/repeat1/balanced.none.h5"
    assert wiring.fold_file(build_wildcards(model="logistic", repeat="1")).endswith("repeat1/balanced.smote.h5")


def test_model_variants_share_settings():
    wiring = build_table_wiring(search={"trials": 7})
    assert wiring.model_settings(build_wildcards(model="network-on-mrna")) == wiring.model_settings(
        build_wildcards(model="network")
    )
    assert wiring.model_settings(build_wildcards(model="elastic_net-on-mrna")) == {}
    assert wiring.search_trials(build_wildcards(model="elastic_net-on-mrna")) == 7


def test_first_model_is_interpreted():
    wiring = InterpretWiring(build_project(models=["logistic", "network"]))
    assert wiring.model_files(build_wildcards())["tensors"] == "results/p/model/call_quality/logistic/repeat0/model.safetensors"
    assert InterpretWiring(build_project(attributions=[])).targets() == []


def test_gradients_of_a_forest_are_refused():
    with pytest.raises(InputError, match="integrated_gradients needs a model with gradients"):
        build_project(models=["forest"])
    assert build_project(models=["forest"], attributions=["shap"])


def test_project_without_tasks_has_no_targets():
    empty = Project(parse_config({"project": "p", "reference": {"fasta": "x.fa"}, "variants": {"vcf": "a.vcf"}}))
    for wiring in (DatasetWiring(empty), ModelWiring(empty), InterpretWiring(empty)):
        assert wiring.targets() == wiring.summaries() == [] and wiring.products() == {}
