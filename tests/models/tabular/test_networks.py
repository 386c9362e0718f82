"""Deep models of every kind of outcome: what is planted is learned, the loss is the outcome's, the best epoch is kept."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import cohorts
from readsight.errors import ToolError
from readsight.models import losses
from readsight.models.tabular import attention_fusion, cnn, lightning_loop, mlp, torch_base

MEMBERS = {"network": mlp, "cnn": cnn, "attention_fusion": attention_fusion}
KINDS = list(cohorts.OUTCOMES)
each_model = pytest.mark.parametrize("model", list(MEMBERS))
each_kind = pytest.mark.parametrize("kind", KINDS)


def fit(model, kind, n=200, seed=1, **settings):
    train, held = cohorts.fold(kind, n, {"a": 12, "b": 12}), cohorts.fold(kind, n, {"a": 12, "b": 12}, seed=2)
    member = MEMBERS[model]
    return train, held, member.train(train, held, cohorts.SETTINGS[model] | settings, seed, 1)


@each_kind
def test_the_loss_is_the_outcomes(kind):
    fold = cohorts.fold(kind, 60)
    if kind == "survival":
        fold.labels[:, 0] = np.ceil(fold.labels[:, 0] * 4)  # many ties
    output = np.random.default_rng(3).normal(size=(60, fold.outcome.outputs)).squeeze()
    tensor = torch.as_tensor(output)
    found = losses.loss(kind, tensor, torch.as_tensor(fold.labels), torch.ones(60, dtype=torch.float64))
    guess = losses.predicted(kind, tensor).numpy()
    assert float(found) == pytest.approx(fold.outcome.loss(guess, fold.labels), abs=1e-9)


@each_kind
def test_a_weight_of_two_is_the_example_twice_and_of_none_is_its_absence(kind):
    draw = np.random.default_rng(4)
    fold = cohorts.fold(kind, 30)
    output, target = torch.as_tensor(draw.normal(size=(30, fold.outcome.outputs)).squeeze()), torch.as_tensor(fold.labels)
    counts = torch.as_tensor(draw.integers(0, 3, 30))
    weighted = losses.loss(kind, output, target, counts.double())
    told = torch.repeat_interleave(torch.arange(30), counts)
    plain = losses.loss(kind, output[told], target[told], torch.ones(len(told), dtype=torch.float64))
    by = 1 if kind == "survival" else len(told) / 30
    assert float(weighted) == pytest.approx(float(plain) * by, rel=1e-9)


def test_a_batch_without_an_event_teaches_nothing():
    risk = torch.zeros(5, requires_grad=True)
    losses.cox(risk, torch.arange(5.0), torch.zeros(5), torch.ones(5)).backward()
    assert torch.equal(risk.grad, torch.zeros(5))


@each_kind
@each_model
def test_what_is_planted_is_learned(model, kind):
    train, held, fitted = fit(model, kind)
    test = cohorts.fold(kind, 300, {"a": 12, "b": 12}, seed=3)
    guess = MEMBERS[model].predict(fitted.arrays, fitted.about, test.values)
    assert fitted.about["kind"] == kind and fitted.about["outputs"] == test.outcome.outputs
    shape = {"binary": (300,), "survival": (300,), "multiclass": (300, 3), "multilabel": (300, 2)}[kind]
    assert guess.shape == shape
    if kind == "survival":
        time, event = test.labels.T
        before = (event[:, None] > 0) & (time[:, None] < time[None, :])
        assert (guess[:, None] > guess[None, :])[before].mean() > 0.7, "concordance"
        return
    # one who knows nothing but how often each class comes
    share = np.bincount(train.labels) / len(train) if kind == "multiclass" else train.labels.mean(axis=0)
    blank = np.broadcast_to(share, shape)
    assert test.outcome.loss(guess, test.labels) < test.outcome.loss(blank, test.labels) - 0.15
    if kind == "multiclass":
        assert np.allclose(guess.sum(axis=1), 1)


@each_kind
@each_model
def test_the_module_gives_the_outputs_that_predictions_are_made_of(model, kind):
    train, _, fitted = fit(model, kind, n=40, epochs=3)
    output = MEMBERS[model].module(fitted.arrays, fitted.about)(torch.as_tensor(train.values, dtype=torch.float64))
    assert output.dtype == torch.float64
    guess = MEMBERS[model].predict(fitted.arrays, fitted.about, train.values)
    assert np.allclose(losses.predicted(kind, output).detach().numpy(), guess, atol=1e-12)
    singly = np.concatenate([MEMBERS[model].predict(fitted.arrays, fitted.about, train.values[i : i + 1]) for i in range(10)])
    assert np.allclose(guess[:10], singly, atol=1e-12), "neighbours in the batch do not matter"


@each_model
def test_same_seed_same_weights_another_seed_others(model):
    one, same, other = (fit(model, "multiclass", n=60, seed=seed, epochs=4)[2] for seed in (1, 1, 2))
    assert all(np.array_equal(one.arrays[name], same.arrays[name]) for name in one.arrays)
    assert any(not np.array_equal(one.arrays[name], other.arrays[name]) for name in one.arrays)
    assert one.history == same.history


@each_model
def test_weights_drawn_anew_are_others_and_of_the_same_shapes(model):
    _, held, fitted = fit(model, "binary", n=40, epochs=3)
    fresh = MEMBERS[model].redrawn(fitted.arrays, fitted.about, 5)
    assert {n: a.shape for n, a in fresh.items()} == {n: a.shape for n, a in fitted.arrays.items()}
    guesses = [MEMBERS[model].predict(arrays, fitted.about, held.values) for arrays in (fresh, fitted.arrays)]
    assert not np.allclose(*guesses)


@each_kind
def test_the_best_epoch_is_kept(kind):
    _, held, fitted = fit("network", kind, n=80, learning_rate=0.05, epochs=40, patience=8)
    told = [row["validation"] for row in fitted.history]
    assert fitted.about["best_epoch"] == int(np.argmin(told))
    assert len(told) <= fitted.about["best_epoch"] + 1 + 8
    guess = mlp.predict(fitted.arrays, fitted.about, held.values)
    assert held.outcome.loss(guess, held.labels) == pytest.approx(min(told), abs=1e-3)


@each_model
def test_a_final_fit_runs_as_many_epochs_as_the_inner_fits_found_best(model):
    member = MEMBERS[model]
    train = cohorts.fold("binary", 60, {"a": 8, "b": 8})
    inner = [replace(fit(model, "binary", n=30, epochs=2)[2], about={"best_epoch": e}) for e in (3, 30, 5)]
    settings = member.settled(inner, cohorts.SETTINGS[model])
    assert settings == cohorts.SETTINGS[model] | {"epochs": 6}
    fitted = member.train(train, None, settings, 1, 1)
    assert [row["epoch"] for row in fitted.history] == list(range(6))
    assert fitted.about["best_epoch"] == 5 and "validation" not in fitted.history[0]


def test_a_validation_part_without_events_stops_nothing():
    train, held = cohorts.fold("survival", 60), cohorts.fold("survival", 20, seed=2)
    held.labels[:, 1] = 0
    fitted = mlp.train(train, held, cohorts.NETWORK | {"epochs": 5}, 1, 1)
    assert len(fitted.history) == 5


def test_weights_of_examples_reach_the_loss():
    train, held = cohorts.fold("binary", 100), cohorts.fold("binary", 100, seed=2)
    heavy = replace(train, weights=np.where(train.labels == 1, 20.0, 1.0))
    means = []
    for fold in (train, heavy):
        fitted = mlp.train(fold, None, cohorts.NETWORK | {"epochs": 15}, 1, 1)
        means.append(mlp.predict(fitted.arrays, fitted.about, held.values).mean())
    assert means[1] > means[0] + 0.05


def test_a_loss_that_is_not_a_number_is_told_by_epoch_and_batch():
    train = cohorts.fold("binary", 60)
    train.values[7, 3] = np.nan
    with pytest.raises(ToolError, match=r"train loss is not a number after epoch 1, batch \d of 5; lower network.learning_rate"):
        mlp.train(train, None, cohorts.NETWORK | {"batch_size": 20}, 1, 1)


def test_batches_are_of_like_size_and_hold_each_example_once():
    from readsight.models.tabular.lightning_loop import Batches

    fold = cohorts.fold("multilabel", 150)
    sizes = [len(values) for values, _, _ in Batches(fold, 128, 1)]
    assert sizes == [75, 75]
    one, other = (torch.cat([v for v, _, _ in Batches(fold, 64, seed)]).sort(dim=0).values for seed in (1, 2))
    assert torch.equal(one, other)


def test_a_profile_of_a_thousand_genes_of_forty_samples_is_learned_with_the_default_settings():
    from readsight.config.tasks import Network

    draw = np.random.default_rng(1)
    train, test = (cohorts.fold("binary", n, {"rna": 1000}, seed=seed) for n, seed in ((40, 1), (200, 2)))
    shift = np.where(np.arange(1000) < 60, 0.8, 0) * np.sign(draw.normal(size=1000))  # sixty genes differ by 0.8 deviations
    for fold in (train, test):
        fold.labels[:] = draw.integers(0, 2, len(fold))
        fold.values[:] += np.where(fold.labels[:, None] == 1, shift, -shift) / 2
    settings = Network().model_dump()
    inner = [np.arange(40) % 3 == i for i in range(3)]
    fits = [mlp.train(cohorts.rows(train, ~part), cohorts.rows(train, part), settings, 1, 1) for part in inner]
    fitted = mlp.train(train, None, mlp.settled(fits, settings), 1, 1)
    right = (mlp.predict(fitted.arrays, fitted.about, test.values) > 0.5) == test.labels
    assert right.mean() > 0.75


@each_model
def test_the_search_draws_settings_that_train(model):
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    member, train = MEMBERS[model], cohorts.fold("binary", 30, {"a": 10, "b": 6})

    def objective(trial):
        settings = cohorts.SETTINGS[model] | member.space(trial) | {"epochs": 1}
        assert {"hidden", "dropout", "learning_rate", "weight_decay"} <= set(member.space(trial)), "a trial repeats its own"
        return member.train(train, None, settings, 1, 1).history[0]["train"]

    optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1)).optimize(objective, n_trials=2)


def test_settings_of_the_grid_are_settings():
    assert all(set(candidate) <= set(cohorts.NETWORK) for candidate in torch_base.GRID)


@pytest.mark.parametrize(
    ("examples", "most", "size"), [(40, 128, 8), (80, 128, 16), (200, 128, 40), (5000, 128, 128), (200, 16, 16)]
)
def test_a_small_cohort_is_not_taken_at_once(examples, most, size):
    assert lightning_loop.batch_size(examples, most) == size
