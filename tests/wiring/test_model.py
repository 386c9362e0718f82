"""Wiring of dataset, model and interpret: a rule reads only the keys that it names."""

from types import SimpleNamespace

import pytest

from readsight.config.schema import parse
from readsight.errors import InputError
from readsight.wiring.dataset import DatasetWiring
from readsight.wiring.interpret import InterpretWiring
from readsight.wiring.model import ModelWiring
from readsight.wiring.project import Project


def project(**task):
    raw = {
        "project": "p",
        "reference": {"fasta": "x.fa"},
        "variants": {"vcf": "a.vcf", "truth": {"vcf": "t.vcf"}},
        "tasks": {"call_quality": {"caller": "given", **task}},
    }
    return Project(parse(raw))


def wildcards(**named):
    return SimpleNamespace(task="call_quality", **named)


def test_settings_of_one_model_do_not_touch_another():
    one, other = ModelWiring(project()), ModelWiring(project(network={"dropout": 0.5}))
    assert one.settings(wildcards(model="network")) != other.settings(wildcards(model="network"))
    for model in ("logistic", "forest", "single_feature", "shuffled_labels"):
        assert one.settings(wildcards(model=model)) == other.settings(wildcards(model=model))


def test_every_task_has_its_control_and_every_model_its_repeats():
    wiring = ModelWiring(project(models=["logistic"], split={"repeats": 3}))
    assert wiring.models("call_quality") == ["logistic", "shuffled_labels"]
    assert len(wiring.predictions(wildcards())) == len(wiring.abouts(wildcards())) == 6
    assert wiring.predictions(wildcards())[0] == "results/p/model/call_quality/logistic/repeat0/predictions.parquet"


def cohort(tables=("mrna", "mirna"), **task):
    """Wiring of the models of a task on tables."""
    named = {name: {"files": [f"{name}.csv"]} for name in tables}
    raw = {"project": "p", "tables": named, "tasks": {"call_quality": {"source": "samples", "label": "subtype", **task}}}
    return ModelWiring(Project(parse(raw)))


def test_several_modalities_are_learned_from_together_and_the_first_and_the_linear_model_see_each_alone():
    wiring = cohort(models=["network", "elastic_net", "forest"])
    alone = [f"{m}-on-{name}" for m in ("network", "elastic_net") for name in ("mrna", "mirna")]
    assert wiring.models("call_quality") == ["network", "elastic_net", "forest", *alone, "shuffled_labels"]
    assert not [m for m in cohort(tables=["mrna"], models=["network", "elastic_net"]).models("call_quality") if "-on-" in m]


def test_a_fusion_is_not_asked_for_one_modality():
    models = cohort(models=["late_fusion", "logistic"], attributions=["shap"]).models("call_quality")
    assert "logistic-on-mrna" in models and not [m for m in models if m.startswith("late_fusion-on")]


def test_balances_are_compared_by_the_first_and_the_linear_model():
    wiring = cohort(models=["network", "logistic"], tables=["mrna"], balance={"method": "smote", "compare": ["none", "smote"]})
    assert wiring.models("call_quality") == ["network", "logistic", "network-with-none", "logistic-with-none", "shuffled_labels"]
    own = wiring.balanced(wildcards(model="logistic-with-none", repeat="1"))
    assert own == "results/p/dataset/call_quality/repeat1/balanced.none.h5"
    assert wiring.balanced(wildcards(model="logistic", repeat="1")).endswith("repeat1/balanced.smote.h5")


def test_a_variant_reads_the_settings_of_its_model():
    wiring = cohort(search={"trials": 7})
    assert wiring.settings(wildcards(model="network-on-mrna")) == wiring.settings(wildcards(model="network"))
    assert wiring.settings(wildcards(model="elastic_net-on-mrna")) == {}
    assert wiring.trials(wildcards(model="elastic_net-on-mrna")) == 7


def test_interpretation_is_of_the_first_model():
    wiring = InterpretWiring(project(models=["logistic", "network"]))
    assert wiring.trained(wildcards())["tensors"] == "results/p/model/call_quality/logistic/repeat0/model.safetensors"
    assert InterpretWiring(project(attributions=[])).targets() == []


def test_gradients_of_a_forest_are_refused_before_any_job():
    with pytest.raises(InputError, match="integrated_gradients needs a model with gradients"):
        project(models=["forest"])
    assert project(models=["forest"], attributions=["shap"])


def test_a_project_without_tasks_asks_for_nothing():
    empty = Project(parse({"project": "p", "reference": {"fasta": "x.fa"}, "variants": {"vcf": "a.vcf"}}))
    for wiring in (DatasetWiring(empty), ModelWiring(empty), InterpretWiring(empty)):
        assert wiring.targets() == wiring.summaries() == [] and wiring.products() == {}
