"""Settings are chosen by what a model says of examples that it did not see."""

from types import SimpleNamespace

import numpy as np
import pytest

import planted
from readsight.errors import InputError, ToolError
from readsight.models.fitted_model import Fitted
from readsight.models.hyperparameter_search import choose
from readsight.models.tabular import elastic_net


def member(loss, **more):
    """A model of one setting, x, whose probability of class 1 is what `loss` gives."""
    return SimpleNamespace(
        train=lambda train, held, settings, seed, threads: Fitted({}, {"p": loss(settings["x"])} | settings),
        predict=lambda arrays, about, values: np.full(len(values), about["p"]),
        **more,
    )


@pytest.fixture
def pairs():
    whole = planted.fold("binary", 90, 20)
    place = np.arange(90)
    return [(planted.rows(whole, place[place % 3 != j]), planted.rows(whole, place[place % 3 == j])) for j in range(3)]


def test_the_best_of_the_grid_is_chosen_by_its_mean_loss(pairs):
    found = choose(elastic_net, pairs, {}, 0, 1, 1)
    losses = [
        np.mean(
            [
                held.outcome.loss(elastic_net.predict(f.arrays, f.about, held.values), held.labels)
                for f, held in ((elastic_net.train(train, held, settings, 1, 1), held) for train, held in pairs)
            ]
        )
        for settings in elastic_net.GRID
    ]
    assert found.settings == elastic_net.GRID[int(np.argmin(losses))]
    assert [row["loss"] for row in found.trials] == pytest.approx(losses)
    assert [len(g) for g in found.guesses] == [30, 30, 30] and len(found.fits) == 3


def test_of_equals_the_first_is_chosen(pairs):
    grid = [{"x": 3}, {"x": 1}, {"x": 2}]
    assert choose(member(lambda x: 0.5, GRID=grid), pairs, {}, 0, 1, 1).settings == {"x": 3}


def test_without_a_grid_settings_stay_and_given_ones_are_kept(pairs):
    plain = member(lambda x: 0.5)
    found = choose(plain, pairs, {"x": 7}, 0, 1, 1)
    assert found.settings == {"x": 7} and len(found.trials) == 1
    assert choose(plain, pairs, {"x": 7}, 5, 1, 1).settings == {"x": 7}, "without a space nothing is tried more than once"
    both = choose(member(lambda x: 0.5, GRID=[{"x": 1}]), pairs, {"x": 7, "y": 2}, 0, 1, 1)
    assert both.settings == {"x": 1, "y": 2}


def test_a_search_finds_what_the_seed_says(pairs):
    rate = float(np.mean([held.labels.mean() for _, held in pairs]))
    tried = member(lambda x: x, space=lambda trial: {"x": trial.suggest_float("x", 0.01, 0.99)}, GRID=[{"x": 0.01}])
    one, same, other = (choose(tried, pairs, {}, 25, seed, 1) for seed in (1, 1, 2))
    assert one.trials == same.trials and one.trials != other.trials and len(one.trials) == 25
    assert one.settings["x"] == pytest.approx(rate, abs=0.08)


def test_what_fails_is_noted_and_passed_over(pairs):
    def rate(x):
        if x == 1:
            raise ToolError("no convergence")
        return float("nan") if x == 2 else 0.5

    found = choose(member(rate, GRID=[{"x": 1}, {"x": 2}, {"x": 3}]), pairs, {}, 0, 1, 1)
    assert found.settings == {"x": 3}
    assert [(row["loss"] is None, row["note"]) for row in found.trials] == [
        (True, "no convergence"),
        (True, "a prediction is not a number"),
        (False, ""),
    ]
    searched = member(rate, space=lambda trial: {"x": trial.suggest_int("x", 1, 3)})
    assert choose(searched, pairs, {}, 12, 1, 1).settings == {"x": 3}


@pytest.mark.parametrize("trials", [0, 4])
def test_where_all_fail_each_reason_is_said(pairs, trials):
    def rate(x):
        raise ToolError(f"no convergence at {x}")

    failing = member(rate, GRID=[{"x": 1}, {"x": 2}], space=lambda trial: {"x": trial.suggest_int("x", 1, 2)})
    with pytest.raises(ToolError, match="none of . settings could be trained: no convergence at"):
        choose(failing, pairs, {}, trials, 1, 1)


def test_a_fault_of_the_input_is_not_passed_over(pairs):
    def rate(x):
        raise InputError("no feature")

    with pytest.raises(InputError, match="no feature"):
        choose(member(rate, GRID=[{"x": 1}]), pairs, {}, 0, 1, 1)


def test_parts_without_an_event_do_not_count():
    whole = planted.fold("survival", 60, 4)
    censored = planted.rows(whole, np.arange(20), labels=np.column_stack([whole.labels[:20, 0], np.zeros(20)]))
    seen = planted.rows(whole, np.arange(20, 60))
    plain = member(lambda x: x, GRID=[{"x": 0.0}])
    assert np.isfinite(choose(plain, [(seen, censored), (seen, seen)], {}, 0, 1, 1).trials[0]["loss"])
    with pytest.raises(ToolError, match="none holds an event"):
        choose(plain, [(seen, censored)], {}, 0, 1, 1)
