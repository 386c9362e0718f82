"""Cox regression: the partial likelihood, compared with lifelines, and planted hazards."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import planted
from readsight.dataset.outcome import partial_loss
from readsight.errors import InputError
from readsight.models import linear_base
from readsight.models.tabular import cox, elastic_net_solver

SETTINGS = {"l1_ratio": 0.5, "strength": 0.1}


def compute_concordance(risk, labels):
    """Fraction of comparable pairs in which the example with the higher risk had the event first."""
    time, event = labels.T
    first = (time[:, None] < time[None]) & (event[:, None] > 0)
    return ((risk[:, None] > risk[None]) & first).sum() / first.sum()


def test_loss_and_gradient_are_correct():
    rng = np.random.default_rng(1)
    time, event, weights = np.round(rng.exponential(5, 40)), rng.integers(0, 2, 40), rng.uniform(0.5, 2, 40)
    risk = rng.normal(size=(40, 1))
    plain = elastic_net_solver.make_cox_loss(time, event, np.ones(40))(risk)[0]
    assert plain * 40 / event.sum() == pytest.approx(partial_loss(risk[:, 0], time, event))
    loss = elastic_net_solver.make_cox_loss(time, event, weights)
    for i in (0, 7, 33):
        nudge = np.zeros((40, 1))
        nudge[i] = 1e-5
        slope = (loss(risk + nudge)[0] - loss(risk - nudge)[0]) / 2e-5
        assert loss(risk)[1][i, 0] == pytest.approx(slope, abs=1e-8)
    assert loss(risk + 300)[0] == pytest.approx(loss(risk)[0]), "hazards are relative"


@pytest.mark.parametrize("ratio, close", [(0.0, 1e-4), (0.5, 5e-3)])
def test_coefficients_match_lifelines(ratio, close):
    """lifelines smooths the absolute value, so its lasso agrees less closely."""
    lifelines = pytest.importorskip("lifelines")
    fold = planted.make_fold("survival", 150, 5)
    values = fold.values.astype(float)
    values = (values - values.mean(axis=0)) / values.std(axis=0, ddof=1)
    frame = pd.DataFrame(values).assign(time=fold.labels[:, 0], event=fold.labels[:, 1])
    model = lifelines.CoxPHFitter(penalizer=0.1, l1_ratio=ratio).fit(frame, "time", "event")
    loss = elastic_net_solver.make_cox_loss(*fold.labels.T, np.ones(150))
    solution = elastic_net_solver.solve_at_penalty(values, loss, 1, np.array([0.1]), ratio, bias=False, tolerance=1e-7)
    assert np.abs(solution.weight[0] - model.params_.to_numpy()).max() < close


def test_planted_hazard_is_recovered():
    train, test = planted.make_fold("survival", 200, 60), planted.make_fold("survival", 200, 60, seed=2)
    fitted = cox.train(train, None, SETTINGS, 1, 1)
    assert int(np.abs(fitted.arrays["weight"]).argmax()) == 0, "the first feature drives it"
    assert compute_concordance(cox.predict(fitted.arrays, fitted.description, test.values), test.labels) > 0.7


def test_thousands_of_genes_are_fast():
    fold = planted.make_fold("survival", 80, 3000)
    fitted = cox.train(fold, None, SETTINGS, 1, 1)
    assert 0 < fitted.description["features_kept"] < 300


def test_reversed_time_reverses_the_hazard():
    fold = planted.make_fold("survival", 200, 5)
    fold = replace(fold, labels=np.column_stack([fold.labels[:, 0], np.ones(200)]))
    reversed_fold = replace(fold, labels=np.column_stack([-fold.labels[:, 0], np.ones(200)]))
    forward, backward = (cox.train(f, None, SETTINGS, 1, 1).arrays["weight"][0] for f in (fold, reversed_fold))
    assert forward > 0.1 and backward < -0.1


def test_weight_of_two_equals_a_repeat():
    fold = planted.make_fold("survival", 60, 6)
    twice = planted.select_rows(fold, np.concatenate([np.arange(60), np.arange(30)]))
    weighed = replace(fold, weights=np.where(np.arange(60) < 30, 2.0, 1.0))
    expected, actual = (cox.train(f, None, SETTINGS, 1, 1).arrays["weight"] for f in (twice, weighed))
    assert np.abs(expected - actual).max() < 1e-3


def test_torch_module_gives_the_log_hazard():
    torch = pytest.importorskip("torch")
    fold = planted.make_fold("survival", 60, 6)
    fitted = cox.train(fold, None, SETTINGS, 1, 1)
    risk = cox.predict(fitted.arrays, fitted.description, fold.values)
    assert risk.shape == (60,) and np.allclose(risk, linear_base.compute_logits(fitted.arrays, fold.values)[:, 0])
    assert np.allclose(
        cox.load_module(fitted.arrays, fitted.description)(torch.as_tensor(fold.values).double()).detach().numpy(), risk
    )


def test_training_without_events_is_refused():
    fold = planted.make_fold("survival", 30, 4)
    with pytest.raises(InputError, match="none of 30 examples of a training set has an event"):
        cox.train(replace(fold, labels=fold.labels * [1, 0]), None, SETTINGS, 1, 1)
