"""Deep models by kind of outcome: planted patterns are recovered, losses match the outcome, the best epoch is kept."""

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


def fit_network(model, kind, n=200, seed=1, **settings):
    train, validation = cohorts.make_fold(kind, n, {"a": 12, "b": 12}), cohorts.make_fold(kind, n, {"a": 12, "b": 12}, seed=2)
    member = MEMBERS[model]
    return train, validation, member.train(train, validation, cohorts.SETTINGS[model] | settings, seed, 1)


@each_kind
def test_loss_matches_the_outcome(kind):
    fold = cohorts.make_fold(kind, 60)
    if kind == "survival":
        fold.labels[:, 0] = np.ceil(fold.labels[:, 0] * 4)  # many ties
    output = np.random.default_rng(3).normal(size=(60, fold.outcome.output_count)).squeeze()
    tensor = torch.as_tensor(output)
    batch_loss = losses.compute_loss(kind, tensor, torch.as_tensor(fold.labels), torch.ones(60, dtype=torch.float64))
    predictions = losses.to_predictions(kind, tensor).numpy()
    assert float(batch_loss) == pytest.approx(fold.outcome.compute_loss(predictions, fold.labels), abs=1e-9)


@each_kind
def test_weights_act_as_repeats(kind):
    rng = np.random.default_rng(4)
    fold = cohorts.make_fold(kind, 30)
    output, target = torch.as_tensor(rng.normal(size=(30, fold.outcome.output_count)).squeeze()), torch.as_tensor(fold.labels)
    counts = torch.as_tensor(rng.integers(0, 3, 30))
    weighted = losses.compute_loss(kind, output, target, counts.double())
    repeated = torch.repeat_interleave(torch.arange(30), counts)
    plain = losses.compute_loss(kind, output[repeated], target[repeated], torch.ones(len(repeated), dtype=torch.float64))
    factor = 1 if kind == "survival" else len(repeated) / 30
    assert float(weighted) == pytest.approx(float(plain) * factor, rel=1e-9)


def test_batch_without_events_has_no_gradient():
    risk = torch.zeros(5, requires_grad=True)
    losses.cox_loss(risk, torch.arange(5.0), torch.zeros(5), torch.ones(5)).backward()
    assert torch.equal(risk.grad, torch.zeros(5))


@each_kind
@each_model
def test_planted_pattern_is_recovered(model, kind):
    train, validation, fitted = fit_network(model, kind)
    test = cohorts.make_fold(kind, 300, {"a": 12, "b": 12}, seed=3)
    predictions = MEMBERS[model].predict(fitted.arrays, fitted.description, test.values)
    assert fitted.description["kind"] == kind and fitted.description["outputs"] == test.outcome.output_count
    shape = {"binary": (300,), "survival": (300,), "multiclass": (300, 3), "multilabel": (300, 2)}[kind]
    assert predictions.shape == shape
    if kind == "survival":
        time, event = test.labels.T
        before = (event[:, None] > 0) & (time[:, None] < time[None, :])
        assert (predictions[:, None] > predictions[None, :])[before].mean() > 0.7, "concordance"
        return
    # baseline: class frequencies
    rate = np.bincount(train.labels) / len(train) if kind == "multiclass" else train.labels.mean(axis=0)
    baseline = np.broadcast_to(rate, shape)
    assert test.outcome.compute_loss(predictions, test.labels) < test.outcome.compute_loss(baseline, test.labels) - 0.15
    if kind == "multiclass":
        assert np.allclose(predictions.sum(axis=1), 1)


@each_kind
@each_model
def test_torch_module_gives_the_outputs_of_predictions(model, kind):
    train, _, fitted = fit_network(model, kind, n=40, epochs=3)
    output = MEMBERS[model].load_module(fitted.arrays, fitted.description)(torch.as_tensor(train.values, dtype=torch.float64))
    assert output.dtype == torch.float64
    predictions = MEMBERS[model].predict(fitted.arrays, fitted.description, train.values)
    assert np.allclose(losses.to_predictions(kind, output).detach().numpy(), predictions, atol=1e-12)
    singly = np.concatenate(
        [MEMBERS[model].predict(fitted.arrays, fitted.description, train.values[i : i + 1]) for i in range(10)]
    )
    assert np.allclose(predictions[:10], singly, atol=1e-12), "neighbours in the batch do not matter"


@each_model
def test_seed_determines_the_weights(model):
    first, second, third = (fit_network(model, "multiclass", n=60, seed=seed, epochs=4)[2] for seed in (1, 1, 2))
    assert all(np.array_equal(first.arrays[name], second.arrays[name]) for name in first.arrays)
    assert any(not np.array_equal(first.arrays[name], third.arrays[name]) for name in first.arrays)
    assert first.history == second.history


@each_model
def test_randomised_weights_keep_their_shapes(model):
    _, validation, fitted = fit_network(model, "binary", n=40, epochs=3)
    fresh = MEMBERS[model].randomise_weights(fitted.arrays, fitted.description, 5)
    assert {n: a.shape for n, a in fresh.items()} == {n: a.shape for n, a in fitted.arrays.items()}
    guesses = [MEMBERS[model].predict(arrays, fitted.description, validation.values) for arrays in (fresh, fitted.arrays)]
    assert not np.allclose(*guesses)


@each_kind
def test_best_epoch_is_kept(kind):
    _, validation, fitted = fit_network("network", kind, n=80, learning_rate=0.05, epochs=40, patience=8)
    losses_by_epoch = [row["validation"] for row in fitted.history]
    assert fitted.description["best_epoch"] == int(np.argmin(losses_by_epoch))
    assert len(losses_by_epoch) <= fitted.description["best_epoch"] + 1 + 8
    predictions = mlp.predict(fitted.arrays, fitted.description, validation.values)
    assert validation.outcome.compute_loss(predictions, validation.labels) == pytest.approx(min(losses_by_epoch), abs=1e-3)


@each_model
def test_final_fit_uses_the_median_best_epoch(model):
    member = MEMBERS[model]
    train = cohorts.make_fold("binary", 60, {"a": 8, "b": 8})
    inner = [replace(fit_network(model, "binary", n=30, epochs=2)[2], description={"best_epoch": e}) for e in (3, 30, 5)]
    settings = member.choose_settings(inner, cohorts.SETTINGS[model])
    assert settings == cohorts.SETTINGS[model] | {"epochs": 6}
    fitted = member.train(train, None, settings, 1, 1)
    assert [row["epoch"] for row in fitted.history] == list(range(6))
    assert fitted.description["best_epoch"] == 5 and "validation" not in fitted.history[0]


def test_validation_without_events_stops_nothing():
    train, validation = cohorts.make_fold("survival", 60), cohorts.make_fold("survival", 20, seed=2)
    validation.labels[:, 1] = 0
    fitted = mlp.train(train, validation, cohorts.NETWORK | {"epochs": 5}, 1, 1)
    assert len(fitted.history) == 5


def test_example_weights_reach_the_loss():
    train, validation = cohorts.make_fold("binary", 100), cohorts.make_fold("binary", 100, seed=2)
    heavy = replace(train, weights=np.where(train.labels == 1, 20.0, 1.0))
    means = []
    for fold in (train, heavy):
        fitted = mlp.train(fold, None, cohorts.NETWORK | {"epochs": 15}, 1, 1)
        means.append(mlp.predict(fitted.arrays, fitted.description, validation.values).mean())
    assert means[1] > means[0] + 0.05


def test_nan_loss_names_epoch_and_batch():
    train = cohorts.make_fold("binary", 60)
    train.values[7, 3] = np.nan
    with pytest.raises(ToolError, match=r"train loss is not a number after epoch 1, batch \d of 5; lower network.learning_rate"):
        mlp.train(train, None, cohorts.NETWORK | {"batch_size": 20}, 1, 1)


def test_batches_are_even_and_complete():
    from readsight.models.tabular.lightning_loop import TensorBatches

    fold = cohorts.make_fold("multilabel", 150)
    sizes = [len(values) for values, _, _ in TensorBatches(fold, 128, 1)]
    assert sizes == [75, 75]
    first, second = (torch.cat([v for v, _, _ in TensorBatches(fold, 64, seed)]).sort(dim=0).values for seed in (1, 2))
    assert torch.equal(first, second)


def test_default_settings_learn_from_forty_samples():
    from readsight.config.tasks import NetworkConfig

    rng = np.random.default_rng(1)
    train, test = (cohorts.make_fold("binary", n, {"rna": 1000}, seed=seed) for n, seed in ((40, 1), (200, 2)))
    shift = np.where(np.arange(1000) < 60, 0.8, 0) * np.sign(rng.normal(size=1000))  # sixty genes differ by 0.8 deviations
    for fold in (train, test):
        fold.labels[:] = rng.integers(0, 2, len(fold))
        fold.values[:] += np.where(fold.labels[:, None] == 1, shift, -shift) / 2
    settings = NetworkConfig().model_dump()
    inner = [np.arange(40) % 3 == i for i in range(3)]
    fits = [
        mlp.train(cohorts.select_rows(train, ~is_validation), cohorts.select_rows(train, is_validation), settings, 1, 1)
        for is_validation in inner
    ]
    fitted = mlp.train(train, None, mlp.choose_settings(fits, settings), 1, 1)
    is_correct = (mlp.predict(fitted.arrays, fitted.description, test.values) > 0.5) == test.labels
    assert is_correct.mean() > 0.75


@each_model
def test_searched_settings_can_be_trained(model):
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    member, train = MEMBERS[model], cohorts.make_fold("binary", 30, {"a": 10, "b": 6})

    def objective(trial):
        settings = cohorts.SETTINGS[model] | member.search_space(trial) | {"epochs": 1}
        assert {"hidden", "dropout", "learning_rate", "weight_decay"} <= set(member.search_space(trial)), (
            "a trial repeats its settings"
        )
        return member.train(train, None, settings, 1, 1).history[0]["train"]

    optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1)).optimize(objective, n_trials=2)


def test_grid_contains_known_settings():
    assert all(set(candidate) <= set(cohorts.NETWORK) for candidate in torch_base.GRID)


@pytest.mark.parametrize(
    ("examples", "most", "size"), [(40, 128, 8), (80, 128, 16), (200, 128, 40), (5000, 128, 128), (200, 16, 16)]
)
def test_small_cohort_gets_small_batches(examples, most, size):
    assert lightning_loop.limit_batch_size(examples, most) == size
