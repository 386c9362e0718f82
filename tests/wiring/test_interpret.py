"""Wiring of the interpretation of tables: pathways if there are gene sets, heat maps for samples."""

from types import SimpleNamespace

import pytest

from readsight.wiring.interpret import InterpretWiring
from readsight.wiring.project import Project


@pytest.fixture
def build_wiring():
    def build(**task) -> InterpretWiring:
        tasks = {"t": {"source": "samples", "label": "x"} | task}
        return InterpretWiring(Project.from_raw({"project": "p", "tables": {"mrna": {"files": ["m.csv"]}}, "tasks": tasks}))

    return build


def target_names(wiring: InterpretWiring) -> set[str]:
    return {path.removeprefix("results/p/interpret/t/") for path in wiring.targets()}


def test_pathways_need_gene_sets(build_wiring):
    without, with_sets = build_wiring(), build_wiring(pathways="sets.gmt")
    assert target_names(with_sets) - target_names(without) == {"pathways.tsv", "pathways.svg"}
    assert len(with_sets.summaries()) == len(without.summaries()) + 1
    assert with_sets.gene_sets(SimpleNamespace(task="t")) == "sets.gmt"


def test_sample_tasks_have_a_heat_map(build_wiring):
    assert {"heatmap.svg", "waterfall.svg", "stability.svg", "importance.svg", "beeswarm.svg"} < target_names(build_wiring())


def test_task_without_attributions_has_no_targets(build_wiring):
    assert build_wiring(attributions=[]).targets() == []


def test_predictions_come_from_the_first_model(build_wiring):
    path = build_wiring(models=["logistic", "forest"]).predictions_file(SimpleNamespace(task="t"))
    assert path == "results/p/model/t/logistic/repeat0/predictions.parquet"


def test_resplits_are_used_only_with_given_splits(build_wiring):
    wildcards = SimpleNamespace(task="t")
    given = build_wiring(models=["network"], split={"by": "given"}).resplit_files(wildcards)
    assert set(given) == {"again_test", "again_train", "again_tensors", "again_about"}
    assert all("repeat1" in path for path in given.values())
    assert (
        build_wiring().resplit_files(wildcards)
        == {}
        == build_wiring(split={"by": "given", "resplits": 0}).resplit_files(wildcards)
    )
