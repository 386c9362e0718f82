"""Training of networks of sequence: reproducible, with and without interruption; validation data are not trained on."""

import logging
import re
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
import torch

import trainings
from readsight.dataset import fold_file
from readsight.dataset.fold_file import Encoding, SequenceLayout
from readsight.dataset.outcome import Outcome
from readsight.errors import InputError, ToolError
from readsight.genome.codes import reverse_complement
from readsight.models import training
from readsight.models.training import checkpoints, loop, schedule, single_network
from readsight.models.training.batches import CodeBatches
from readsight.models.training.progress import Progress

KINDS = ("binary", "multiclass", "multilabel", "regression", "positions", "profile")
CHANGED = {"reverse_complement": True, "shift": 2, "substitutions": 0.05, "indels": 0.2}


@pytest.fixture(scope="module")
def folds():
    return trainings.make_fold(seed=1), trainings.make_fold(n=60, seed=2)


@pytest.fixture(scope="module")
def reference_fit(folds):
    """A training without interruption."""
    return trainings.fit(*folds, augment=CHANGED)


class InterruptedTraining(Exception):
    pass


def interrupt_after(monkeypatch, epochs):
    """Interrupt training after a number of epochs."""
    epochs_done = []

    def end(self, row, better):
        epochs_done.append(row)
        if len(epochs_done) == epochs:
            raise InterruptedTraining

    monkeypatch.setattr(Progress, "end", end)


def test_seed_determines_the_weights(folds, reference_fit):
    assert trainings.is_identical(trainings.fit(*folds, augment=CHANGED), reference_fit)
    assert not trainings.is_identical(trainings.fit(*folds, seed=2, augment=CHANGED), reference_fit)


@pytest.mark.parametrize("epochs", [1, 3])
def test_interrupted_training_ends_with_equal_weights(folds, reference_fit, tmp_path, epochs):
    with pytest.MonkeyPatch.context() as patch:
        interrupt_after(patch, epochs)
        with pytest.raises(InterruptedTraining):
            trainings.fit(*folds, checkpoint_folder=tmp_path, augment=CHANGED)
    assert trainings.is_identical(trainings.fit(*folds, checkpoint_folder=tmp_path, augment=CHANGED), reference_fit)


def test_interrupted_ensemble_resumes(folds, tmp_path):
    with pytest.MonkeyPatch.context() as patch:
        interrupt_after(patch, 6)
        with pytest.raises(InterruptedTraining):
            trainings.fit(*folds, checkpoint_folder=tmp_path, ensemble=2)
    assert trainings.is_identical(
        trainings.fit(*folds, checkpoint_folder=tmp_path, ensemble=2), trainings.fit(*folds, ensemble=2)
    )


def test_finished_training_is_not_repeated(folds, reference_fit, tmp_path, monkeypatch):
    trainings.fit(*folds, checkpoint_folder=tmp_path, augment=CHANGED)
    monkeypatch.setattr(loop, "Trainer", None)
    assert trainings.is_identical(trainings.fit(*folds, checkpoint_folder=tmp_path, augment=CHANGED), reference_fit)


def test_unreadable_checkpoint_falls_back_to_the_previous(folds, reference_fit, tmp_path, caplog):
    trainings.fit(*folds, checkpoint_folder=tmp_path, augment=CHANGED)
    last = tmp_path / "network0/epoch000004.pt"
    last.write_bytes(last.read_bytes()[:1000])
    with caplog.at_level(logging.INFO):
        assert trainings.is_identical(trainings.fit(*folds, checkpoint_folder=tmp_path, augment=CHANGED), reference_fit)
    assert f"checkpoint {last} cannot be read" in caplog.text and "resumes after epoch 3 of 4" in caplog.text
    assert last.with_suffix(".aside").exists() and last.exists()


@pytest.mark.parametrize("change, difference", [({"learning_rate": 0.02}, "training.learning_rate"), ({"seed": 3}, "seed")])
def test_checkpoint_of_another_training_is_ignored(folds, tmp_path, caplog, change, difference):
    trainings.fit(*folds, checkpoint_folder=tmp_path, epochs=2)
    fitted = trainings.fit(*folds, checkpoint_folder=tmp_path, **({"epochs": 2} | change))
    assert f"belongs to a different training ({difference})" in caplog.text
    assert trainings.is_identical(fitted, trainings.fit(*folds, **({"epochs": 2} | change)))


def test_checkpoint_identity_covers_examples_and_architecture(folds):
    description = training.describe_model(folds[0], trainings.SETTINGS)
    identities = [
        single_network.NetworkTraining(trainings.build, variant, train, folds[1], trainings.SETTINGS, 1, {}).describe_training()
        for variant, train in (
            (description, folds[0]),
            (description | {"filters": 7}, folds[0]),
            (description, replace(folds[0], weights=folds[0].weights * 2)),
            (description, replace(folds[0], digest="other")),
        )
    ]
    differences = [checkpoints.list_differences(identities[0], identity) for identity in identities]
    assert differences == [[], ["network.filters"], ["examples.train.content"], ["examples.train.mark"]]


def test_nan_loss_stops_and_keeps_the_checkpoint(folds, tmp_path, monkeypatch):
    real, calls = loop.compute_loss, []

    def spoil_loss(kind, output, target, weights):
        calls.append(len(calls))
        return real(kind, output, target, weights) * (float("nan") if len(calls) == 9 else 1)

    monkeypatch.setattr(loop, "compute_loss", spoil_loss)
    message = "the train loss is not a number in epoch 2, batch 3 of 5; lower training.learning_rate (it is 0.01)"
    with pytest.raises(ToolError, match=re.escape(message)):
        trainings.fit(*folds, checkpoint_folder=tmp_path)
    assert [file.name for file in (tmp_path / "network0").iterdir()] == ["epoch000001.pt"]


def test_divergence_is_reported(folds):
    with pytest.raises(ToolError, match="lower training.learning_rate"):
        trainings.fit(*folds, learning_rate=1e30, optimiser="sgd", clip=0.0)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is one")
def test_missing_gpu_is_reported_first(folds, tmp_path):
    with pytest.raises(InputError, match="training.device: gpu, and training.devices is 1, but this machine has 0 GPUs; use cpu"):
        trainings.fit(*folds, checkpoint_folder=tmp_path / "keep", device="gpu")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_outcome_can_be_trained(kind):
    layout = {"bin": 8} if kind == "profile" else {}
    train, validation = trainings.make_fold(kind, 240, seed=1, **layout), trainings.make_fold(kind, 60, seed=2, **layout)
    fitted = trainings.fit(train, validation, epochs=10, learning_rate=0.03)
    before, after = (fitted.history[i]["validation"] for i in (0, fitted.description["best_epoch"]))
    assert after < before and len(fitted.history) <= 10
    predictions = trainings.predict(fitted, validation.values)
    plain = np.broadcast_to(np.asarray(train.labels, float).mean(axis=0), np.shape(validation.labels))
    if kind in ("regression", "profile", "multilabel", "binary"):
        assert (
            validation.outcome.compute_loss(predictions, validation.labels)
            < validation.outcome.compute_loss(plain, validation.labels) * 0.97
        )
    else:
        assert (predictions.argmax(-1) == validation.labels).mean() > {"multiclass": 0.6, "positions": 0.95}[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_validation_loss_uses_unaugmented_sequences(kind):
    """Validation is not augmented, and the weights of the best epoch are kept."""
    layout = {"bin": 8} if kind == "profile" else {}
    train, validation = trainings.make_fold(kind, **layout), trainings.make_fold(kind, 50, seed=2, **layout)
    fitted = trainings.fit(train, validation, augment=CHANGED, average_strands=False)
    best = min(fitted.history, key=lambda row: row["validation"])
    assert best["epoch"] == fitted.description["best_epoch"]
    expected = validation.outcome.compute_loss(trainings.predict(fitted, validation.values), validation.labels)
    assert best["validation"] == pytest.approx(expected, rel=1e-4)


def test_patience_stops_training(folds):
    noise = replace(folds[1], labels=1 - folds[1].labels)
    fitted = trainings.fit(folds[0], noise, epochs=40, patience=2, learning_rate=0.05)
    assert len(fitted.history) == fitted.description["best_epoch"] + 3 < 40


def test_all_epochs_run_without_validation(folds):
    fitted = trainings.fit(folds[0], None, epochs=3, patience=1)
    assert fitted.description["best_epoch"] == 2 and [row["epoch"] for row in fitted.history] == [0, 1, 2]
    assert all("validation" not in row and row["learning_rate"] > 0 for row in fitted.history)


def test_zero_weight_examples_teach_nothing(folds):
    """Flipping labels of examples with weight 0 changes no bit of the model; flipping those of different examples does."""
    is_silent = np.arange(len(folds[0])) % 3 == 0
    weighted = replace(folds[0], weights=np.where(is_silent, 0.0, 1.5))
    flipped = [replace(weighted, labels=np.where(rows, 1 - weighted.labels, weighted.labels)) for rows in (is_silent, ~is_silent)]
    reference, unchanged, changed = (
        trainings.fit(fold, folds[1], augment=trainings.SETTINGS["augment"]) for fold in (weighted, *flipped)
    )
    assert all(np.array_equal(reference.arrays[name], unchanged.arrays[name]) for name in reference.arrays)
    assert not np.array_equal(reference.arrays["0.conv.weight"], changed.arrays["0.conv.weight"])


def test_ensemble_predicts_the_mean(folds):
    fitted = trainings.fit(*folds, ensemble=3)
    single = []
    for number in range(3):
        arrays = {f"0.{name.removeprefix(f'{number}.')}": a for name, a in fitted.arrays.items() if name.startswith(f"{number}.")}
        single.append(training.predict(trainings.build, arrays, fitted.description | {"ensemble": 1}, folds[1].values))
    assert not np.allclose(single[0], single[1])
    together = trainings.predict(fitted, folds[1].values)
    assert together == pytest.approx(np.mean(single, axis=0), abs=1e-12)
    assert {row["network"] for row in fitted.history} == {0, 1, 2}


@pytest.mark.parametrize("kind", KINDS)
def test_torch_module_gives_the_outputs_of_predictions(kind):
    """For one network and for an ensemble; with gradients per base."""
    from readsight.models.losses import to_predictions

    layout = {"bin": 8} if kind == "profile" else {}
    train = trainings.make_fold(kind, **layout)
    fitted = trainings.fit(train, None, epochs=1, ensemble=2, average_strands=False)
    module = training.load_module(trainings.build, fitted.arrays, fitted.description)
    inputs = torch.eye(5)[torch.as_tensor(train.values[:7]).long()][..., :4].transpose(1, 2).contiguous().requires_grad_()
    outputs = module(inputs)
    predictions = to_predictions(kind, outputs.double()).detach().numpy()
    expected = trainings.predict(fitted, train.values[:7])
    assert predictions.reshape(expected.shape) == pytest.approx(expected, abs=1e-5)
    outputs.sum().backward()
    assert inputs.grad.abs().sum() > 0


@pytest.mark.parametrize("kind", KINDS)
def test_strands_get_equal_predictions(kind):
    layout = {"bin": 8} if kind == "profile" else {}
    train = trainings.make_fold(kind, **layout)
    fitted = trainings.fit(train, None, epochs=1)
    predictions, reverse = (trainings.predict(fitted, codes) for codes in (train.values, reverse_complement(train.values)))
    assert predictions == pytest.approx(reverse[:, ::-1] if kind in ("positions", "profile") else reverse, abs=1e-6)
    stranded = trainings.fit(trainings.make_fold(kind, stranded=True, **layout), None, epochs=1)
    assert stranded.description["average_strands"] is False
    predictions, reverse = (trainings.predict(stranded, codes) for codes in (train.values, reverse_complement(train.values)))
    assert np.abs(predictions - (reverse[:, ::-1] if kind in ("positions", "profile") else reverse)).max() > 1e-3


def test_predictions_do_not_depend_on_the_batch(folds, reference_fit):
    together = trainings.predict(reference_fit, folds[1].values)
    single = np.concatenate([trainings.predict(reference_fit, row[None]) for row in folds[1].values])
    reversed_order = trainings.predict(reference_fit, folds[1].values[::-1])[::-1]
    assert together == pytest.approx(single, abs=1e-5) and together == pytest.approx(reversed_order, abs=1e-5)


def test_empty_input_gives_empty_predictions():
    for kind, shape in (("binary", (0,)), ("multiclass", (0, 3)), ("positions", (0, 40, 2)), ("profile", (0, 5))):
        train = trainings.make_fold(kind, **({"bin": 8} if kind == "profile" else {}))
        assert trainings.predict(trainings.fit(train, None, epochs=1), train.values[:0]).shape == shape


def test_bfloat16_is_used_only_if_predictions_agree(folds, monkeypatch):
    from readsight.models.training import devices, prediction

    monkeypatch.setattr(devices, "has_bfloat16", lambda device: True)
    fitted = trainings.fit(*folds, precision="auto")
    if fitted.description["predicts"] == "bfloat16":
        assert 0 < fitted.description["off"] <= prediction.TOLERANCE
    monkeypatch.setattr(prediction, "TOLERANCE", -1.0)
    assert trainings.fit(*folds, precision="auto").description["predicts"] == "float32"
    assert trainings.fit(*folds, precision="float32").description["predicts"] == "float32"


def test_pair_windows_are_reversed_separately_in_float32(monkeypatch):
    from readsight.models.training import devices
    from readsight.models.training.inputs import reverse_strand

    first, second = trainings.make_fold(seed=1), trainings.make_fold(seed=2)
    pairs = replace(first, values=np.hstack([first.values, second.values]), sequence=SequenceLayout(40, pair=True))
    description = training.describe_model(pairs, trainings.SETTINGS)
    reversed_codes = reverse_strand(pairs.values, description)
    assert np.array_equal(reversed_codes, np.hstack([reverse_complement(first.values), reverse_complement(second.values)]))
    monkeypatch.setattr(devices, "has_bfloat16", lambda device: True)
    assert trainings.fit(pairs, None, epochs=1, precision="auto").description["predicts"] == "float32"


@pytest.mark.parametrize("name", ["adamw", "adam", "rmsprop", "sgd"])
def test_every_optimiser_learns(folds, name):
    rate = {"sgd": 0.05, "rmsprop": 3e-3}.get(name, 1e-2)
    fitted = trainings.fit(*folds, optimiser=name, learning_rate=rate, epochs=6)
    assert fitted.history[-1]["train"] < fitted.history[0]["train"] - 0.02


def test_schedules_match_torch():
    steps = 50
    for name, reference in (
        (
            "one_cycle",
            lambda optimiser: torch.optim.lr_scheduler.OneCycleLR(
                optimiser, 1.0, total_steps=steps, div_factor=25, final_div_factor=1e4 / 25
            ),
        ),
        ("cosine", lambda optimiser: torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)),
        ("constant", lambda optimiser: torch.optim.lr_scheduler.ConstantLR(optimiser, 1.0)),
    ):
        optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0, momentum=0.9)
        scheduler = reference(optimiser)
        factor = schedule.make_schedule(name, steps)
        for step in range(steps):
            assert factor(step) == pytest.approx(optimiser.param_groups[0]["lr"], abs=1e-6)
            optimiser.step(), scheduler.step()
    cycle = [schedule.make_schedule("one_cycle", steps)(step) for step in range(steps)]
    assert cycle[0] == pytest.approx(1 / 25) and int(np.argmax(cycle)) == 14 and cycle[-1] == pytest.approx(1e-4)
    assert all(0 < schedule.make_schedule("one_cycle", few)(step) <= 1 for few in (1, 2, 3, 4) for step in range(few))


def test_learning_rate_follows_the_settings(folds):
    fitted = trainings.fit(*folds, schedule="constant")
    assert {row["learning_rate"] for row in fitted.history} == {trainings.SETTINGS["learning_rate"]}
    rates = [row["learning_rate"] for row in trainings.fit(*folds, schedule="cosine").history]
    assert rates == sorted(rates, reverse=True) and rates[-1] == pytest.approx(0, abs=1e-9)


def list_epochs(fold, world=1, epochs=(0, 1), seed=1):
    description = training.describe_model(fold, trainings.SETTINGS)
    return [
        [
            CodeBatches(fold, description, Encoding("one_hot", {}, {}), 24, (seed, epoch), None, rank, world).batch_rows()
            for rank in range(world)
        ]
        for epoch in epochs
    ]


@pytest.mark.parametrize("world", [1, 3])
def test_epoch_covers_each_example_once_in_new_order(folds, world):
    first, second = list_epochs(folds[0], world)
    for epoch in (first, second):
        assert sorted(np.concatenate([rows for rank in epoch for rows in rank])) == list(range(len(folds[0])))
        sizes = [sum(len(rows) for rows in step) for step in zip(*epoch, strict=True)]
        assert max(sizes) - min(sizes) <= 1 and max(sizes) <= 24 * world
    assert str(first) != str(second) and str(list_epochs(folds[0], world)) == str([first, second])


def test_only_batches_are_in_memory(tmp_path):
    """Reading a fold of 40 MB takes a tenth of that memory."""
    codes = np.zeros((100_000, 400), np.uint8)
    codes[:, ::2] = 2
    template = trainings.make_fold(n=4)
    obs = {"label": np.zeros(len(codes), int), "group": np.array(["a"] * len(codes))}
    import pandas as pd

    table = pd.DataFrame(obs, index=np.arange(len(codes)).astype(str))
    data = fold_file.pack_sequences(codes, table, {"certificate": "m"}, Outcome("binary", ("a", "b")), SequenceLayout(400))
    fold_file.write(tmp_path / "f.h5", [("fold0", data)])
    del codes, data
    fold = fold_file.read(tmp_path / "f.h5", 0)
    assert isinstance(fold.values, np.memmap)
    description = training.describe_model(template, trainings.SETTINGS) | {"length": 400}
    batches = CodeBatches(fold, description, Encoding("one_hot", {}, {}), 128, (1, 0), CHANGED)
    rows = batches.batch_rows()
    tracemalloc.start()
    for number in range(50):
        batches.make_batch(number, rows[number])
    assert tracemalloc.get_traced_memory()[1] < 4e6
    tracemalloc.stop()


def test_randomised_weights_keep_only_buffers(folds, reference_fit):
    arrays = training.randomise_weights(trainings.build, reference_fit.arrays, reference_fit.description, 5)
    assert arrays.keys() == reference_fit.arrays.keys()
    assert not np.array_equal(arrays["0.conv.weight"], reference_fit.arrays["0.conv.weight"])
    assert np.array_equal(arrays["0.norm.running_mean"], reference_fit.arrays["0.norm.running_mean"])


def test_final_fit_uses_the_median_best_epoch(reference_fit):
    fits = [replace(reference_fit, description={"best_epoch": epoch}) for epoch in (3, 9, 5)]
    assert training.choose_settings(fits, {"epochs": 30, "x": 1}) == {"epochs": 6, "x": 1}


def test_tables_are_refused(folds):
    with pytest.raises(InputError, match="needs sequences"):
        training.describe_model(replace(folds[0], sequence=None), trainings.SETTINGS)


def test_progress_logs_each_epoch(folds, caplog):
    with caplog.at_level(logging.INFO, "readsight"):
        trainings.fit(*folds, epochs=2)
    assert re.search(
        r"epoch 1 of 2: train loss \d\.\d{4}, validation loss \d\.\d{4}, [\d.]+ s, best so far; at most [\d.]+ s remaining",
        caplog.text,
    )
