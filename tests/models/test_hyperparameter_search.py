"""Settings are chosen by predictions of validation examples."""

from types import SimpleNamespace

import numpy as np
import pytest

import planted
from readsight.errors import InputError, ToolError
from readsight.models.fitted_model import FittedModel
from readsight.models.hyperparameter_search import search_settings
from readsight.models.tabular import elastic_net


def make_model(loss, **attributes):
    """A model with one setting, x; `loss` gives its predicted probability of class 1."""
    return SimpleNamespace(
        train=lambda train, validation, settings, seed, threads: FittedModel({}, {"p": loss(settings["x"])} | settings),
        predict=lambda arrays, description, values: np.full(len(values), description["p"]),
        **attributes,
    )


@pytest.fixture
def fold_pairs():
    fold = planted.make_fold("binary", 90, 20)
    position = np.arange(90)
    return [
        (planted.select_rows(fold, position[position % 3 != j]), planted.select_rows(fold, position[position % 3 == j]))
        for j in range(3)
    ]


def test_grid_search_minimises_the_mean_loss(fold_pairs):
    result = search_settings(elastic_net, fold_pairs, {}, 0, 1, 1)
    losses = [
        np.mean(
            [
                validation.outcome.compute_loss(
                    elastic_net.predict(f.arrays, f.description, validation.values), validation.labels
                )
                for f, validation in (
                    (elastic_net.train(train, validation, settings, 1, 1), validation) for train, validation in fold_pairs
                )
            ]
        )
        for settings in elastic_net.GRID
    ]
    assert result.settings == elastic_net.GRID[int(np.argmin(losses))]
    assert [row["loss"] for row in result.trials] == pytest.approx(losses)
    assert [len(g) for g in result.predictions] == [30, 30, 30] and len(result.fits) == 3


def test_ties_go_to_the_first_candidate(fold_pairs):
    grid = [{"x": 3}, {"x": 1}, {"x": 2}]
    assert search_settings(make_model(lambda x: 0.5, GRID=grid), fold_pairs, {}, 0, 1, 1).settings == {"x": 3}


def test_settings_stay_without_a_grid(fold_pairs):
    model = make_model(lambda x: 0.5)
    result = search_settings(model, fold_pairs, {"x": 7}, 0, 1, 1)
    assert result.settings == {"x": 7} and len(result.trials) == 1
    assert search_settings(model, fold_pairs, {"x": 7}, 5, 1, 1).settings == {"x": 7}, (
        "without a search space there is a single candidate"
    )
    both = search_settings(make_model(lambda x: 0.5, GRID=[{"x": 1}]), fold_pairs, {"x": 7, "y": 2}, 0, 1, 1)
    assert both.settings == {"x": 1, "y": 2}


def test_search_is_reproducible(fold_pairs):
    rate = float(np.mean([validation.labels.mean() for _, validation in fold_pairs]))
    model = make_model(lambda x: x, search_space=lambda trial: {"x": trial.suggest_float("x", 0.01, 0.99)}, GRID=[{"x": 0.01}])
    first, second, third = (search_settings(model, fold_pairs, {}, 25, seed, 1) for seed in (1, 1, 2))
    assert first.trials == second.trials and first.trials != third.trials and len(first.trials) == 25
    assert first.settings["x"] == pytest.approx(rate, abs=0.08)


def test_failed_candidates_are_recorded_and_skipped(fold_pairs):
    def fail_or_rate(x):
        if x == 1:
            raise ToolError("no convergence")
        return float("nan") if x == 2 else 0.5

    result = search_settings(make_model(fail_or_rate, GRID=[{"x": 1}, {"x": 2}, {"x": 3}]), fold_pairs, {}, 0, 1, 1)
    assert result.settings == {"x": 3}
    assert [(row["loss"] is None, row["note"]) for row in result.trials] == [
        (True, "no convergence"),
        (True, "a prediction is not a number"),
        (False, ""),
    ]
    model = make_model(fail_or_rate, search_space=lambda trial: {"x": trial.suggest_int("x", 1, 3)})
    assert search_settings(model, fold_pairs, {}, 12, 1, 1).settings == {"x": 3}


@pytest.mark.parametrize("trials", [0, 4])
def test_all_reasons_are_reported_if_all_fail(fold_pairs, trials):
    def fail(x):
        raise ToolError(f"no convergence at {x}")

    model = make_model(fail, GRID=[{"x": 1}, {"x": 2}], search_space=lambda trial: {"x": trial.suggest_int("x", 1, 2)})
    with pytest.raises(ToolError, match="none of . settings could be trained: no convergence at"):
        search_settings(model, fold_pairs, {}, trials, 1, 1)


def test_input_errors_are_not_skipped(fold_pairs):
    def fail(x):
        raise InputError("no feature")

    with pytest.raises(InputError, match="no feature"):
        search_settings(make_model(fail, GRID=[{"x": 1}]), fold_pairs, {}, 0, 1, 1)


def test_folds_without_events_are_ignored():
    fold = planted.make_fold("survival", 60, 4)
    censored = planted.select_rows(fold, np.arange(20), labels=np.column_stack([fold.labels[:20, 0], np.zeros(20)]))
    uncensored = planted.select_rows(fold, np.arange(20, 60))
    model = make_model(lambda x: x, GRID=[{"x": 0.0}])
    assert np.isfinite(search_settings(model, [(uncensored, censored), (uncensored, uncensored)], {}, 0, 1, 1).trials[0]["loss"])
    with pytest.raises(ToolError, match="none has an event"):
        search_settings(model, [(uncensored, censored)], {}, 0, 1, 1)
