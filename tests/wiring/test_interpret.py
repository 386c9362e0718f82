"""Which files interpretation asks for follows from the task: gene sets only where they are given, heat maps of samples."""

from types import SimpleNamespace

import pytest

from readsight.wiring.interpret import InterpretWiring
from readsight.wiring.project import Project


@pytest.fixture
def wiring():
    def build(**task) -> InterpretWiring:
        tasks = {"t": {"source": "samples", "label": "x"} | task}
        return InterpretWiring(Project.from_raw({"project": "p", "tables": {"mrna": {"files": ["m.csv"]}}, "tasks": tasks}))

    return build


def names(wiring: InterpretWiring) -> set[str]:
    return {path.removeprefix("results/p/interpret/t/") for path in wiring.targets()}


def test_gene_sets_are_tested_only_where_they_are_given(wiring):
    without, with_sets = wiring(), wiring(pathways="sets.gmt")
    assert names(with_sets) - names(without) == {"pathways.tsv", "pathways.svg"}
    assert len(with_sets.summaries()) == len(without.summaries()) + 1
    assert with_sets.pathways(SimpleNamespace(task="t")) == "sets.gmt"


def test_samples_have_a_heat_map_and_all_tasks_have_the_rest(wiring):
    assert {"heatmap.svg", "waterfall.svg", "stability.svg", "importance.svg", "beeswarm.svg"} < names(wiring())


def test_a_task_without_attributions_asks_for_nothing(wiring):
    assert wiring(attributions=[]).targets() == []


def test_predictions_are_those_of_the_first_model(wiring):
    path = wiring(models=["logistic", "forest"]).predictions(SimpleNamespace(task="t"))
    assert path == "results/p/model/t/logistic/repeat0/predictions.parquet"


def test_divisions_drawn_anew_are_asked_for_beside_a_given_split_alone(wiring):
    one = SimpleNamespace(task="t")
    given = wiring(models=["network"], split={"by": "given"}).again(one)
    assert set(given) == {"again_test", "again_train", "again_tensors", "again_about"}
    assert all("repeat1" in path for path in given.values())
    assert wiring().again(one) == {} == wiring(split={"by": "given", "resplits": 0}).again(one)
