"""Training of networks of sequence: the same seed gives the same weights, broken off or not; nothing is learned from what is held out."""

import logging
import re
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
import torch

import trainings
from readsight.dataset import fold_file
from readsight.dataset.fold_file import Encoding, Sequence
from readsight.dataset.outcome import Outcome
from readsight.errors import InputError, ToolError
from readsight.genome.codes import reverse_complement
from readsight.models import training
from readsight.models.training import checkpoints, loop, schedule, single_network
from readsight.models.training.batches import Batches
from readsight.models.training.progress import Progress

KINDS = ("binary", "multiclass", "multilabel", "regression", "positions", "profile")
CHANGED = {"reverse_complement": True, "shift": 2, "substitutions": 0.05, "indels": 0.2}


@pytest.fixture(scope="module")
def parts():
    return trainings.part(seed=1), trainings.part(n=60, seed=2)


@pytest.fixture(scope="module")
def whole(parts):
    """A training that nothing broke."""
    return trainings.fit(*parts, augment=CHANGED)


class Broken(Exception):
    pass


def broken_after(monkeypatch, epochs):
    """Every training breaks off after so many passes of one start."""
    made = []

    def end(self, row, better):
        made.append(row)
        if len(made) == epochs:
            raise Broken

    monkeypatch.setattr(Progress, "end", end)


def test_the_same_seed_gives_the_same_weights_and_another_gives_others(parts, whole):
    assert trainings.same(trainings.fit(*parts, augment=CHANGED), whole)
    assert not trainings.same(trainings.fit(*parts, seed=2, augment=CHANGED), whole)


@pytest.mark.parametrize("epochs", [1, 3])
def test_a_training_that_was_broken_off_ends_with_the_same_weights(parts, whole, tmp_path, epochs):
    with pytest.MonkeyPatch.context() as patch:
        broken_after(patch, epochs)
        with pytest.raises(Broken):
            trainings.fit(*parts, keep=tmp_path, augment=CHANGED)
    assert trainings.same(trainings.fit(*parts, keep=tmp_path, augment=CHANGED), whole)


def test_an_ensemble_goes_on_with_the_network_that_was_under_way(parts, tmp_path):
    with pytest.MonkeyPatch.context() as patch:
        broken_after(patch, 6)
        with pytest.raises(Broken):
            trainings.fit(*parts, keep=tmp_path, ensemble=2)
    assert trainings.same(trainings.fit(*parts, keep=tmp_path, ensemble=2), trainings.fit(*parts, ensemble=2))


def test_what_was_finished_is_not_made_again(parts, whole, tmp_path, monkeypatch):
    trainings.fit(*parts, keep=tmp_path, augment=CHANGED)
    monkeypatch.setattr(loop, "Trainer", None)
    assert trainings.same(trainings.fit(*parts, keep=tmp_path, augment=CHANGED), whole)


def test_a_checkpoint_that_cannot_be_read_is_named_and_the_one_before_it_is_taken(parts, whole, tmp_path, caplog):
    trainings.fit(*parts, keep=tmp_path, augment=CHANGED)
    last = tmp_path / "network0/epoch000004.pt"
    last.write_bytes(last.read_bytes()[:1000])
    with caplog.at_level(logging.INFO):
        assert trainings.same(trainings.fit(*parts, keep=tmp_path, augment=CHANGED), whole)
    assert f"checkpoint {last} cannot be read" in caplog.text and "goes on behind epoch 3 of 4" in caplog.text
    assert last.with_suffix(".aside").exists() and last.exists()


@pytest.mark.parametrize("change, word", [({"learning_rate": 0.02}, "training.learning_rate"), ({"seed": 3}, "seed")])
def test_a_checkpoint_of_another_training_is_not_taken(parts, tmp_path, caplog, change, word):
    trainings.fit(*parts, keep=tmp_path, epochs=2)
    other = trainings.fit(*parts, keep=tmp_path, **({"epochs": 2} | change))
    assert f"is of another training ({word})" in caplog.text
    assert trainings.same(other, trainings.fit(*parts, **({"epochs": 2} | change)))


def test_a_checkpoint_of_other_examples_or_another_architecture_is_not_taken(parts):
    about = training.described(parts[0], trainings.SETTINGS)
    made = [
        single_network.One(trainings.build, said, train, parts[1], trainings.SETTINGS, 1, {}).made_by()
        for said, train in (
            (about, parts[0]),
            (about | {"filters": 7}, parts[0]),
            (about, replace(parts[0], weights=parts[0].weights * 2)),
            (about, replace(parts[0], mark="other")),
        )
    ]
    found = [checkpoints.differences(made[0], other) for other in made]
    assert found == [[], ["network.filters"], ["examples.train.content"], ["examples.train.mark"]]


def test_a_loss_that_is_not_a_number_stops_it_and_the_last_good_checkpoint_stays(parts, tmp_path, monkeypatch):
    real, calls = loop.loss, []

    def spoiled(kind, output, target, weights):
        calls.append(len(calls))
        return real(kind, output, target, weights) * (float("nan") if len(calls) == 9 else 1)

    monkeypatch.setattr(loop, "loss", spoiled)
    words = "the train loss is not a number in epoch 2, batch 3 of 5; lower training.learning_rate (it is 0.01)"
    with pytest.raises(ToolError, match=re.escape(words)):
        trainings.fit(*parts, keep=tmp_path)
    assert [file.name for file in (tmp_path / "network0").iterdir()] == ["epoch000001.pt"]


def test_steps_that_are_too_large_are_told(parts):
    with pytest.raises(ToolError, match="lower training.learning_rate"):
        trainings.fit(*parts, learning_rate=1e30, optimiser="sgd", clip=0.0)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is one")
def test_a_gpu_that_is_not_there_is_told_before_anything(parts, tmp_path):
    with pytest.raises(
        InputError, match="training.device: gpu, but this machine shows 0 GPUs, and training.devices is 1; use cpu"
    ):
        trainings.fit(*parts, keep=tmp_path / "keep", device="gpu")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_outcome_is_learned(kind):
    said = {"bin": 8} if kind == "profile" else {}
    train, held = trainings.part(kind, 240, seed=1, **said), trainings.part(kind, 60, seed=2, **said)
    fitted = trainings.fit(train, held, epochs=10, learning_rate=0.03)
    before, after = (fitted.history[i]["validation"] for i in (0, fitted.about["best_epoch"]))
    assert after < before and len(fitted.history) <= 10
    guess = trainings.predict(fitted, held.values)
    plain = np.broadcast_to(np.asarray(train.labels, float).mean(axis=0), np.shape(held.labels))
    if kind in ("regression", "profile", "multilabel", "binary"):
        assert held.outcome.loss(guess, held.labels) < held.outcome.loss(plain, held.labels) * 0.97
    else:
        assert (guess.argmax(-1) == held.labels).mean() > {"multiclass": 0.6, "positions": 0.95}[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_the_held_out_loss_is_that_of_the_model_on_sequences_as_they_stand(kind):
    """So nothing of it is augmented, and the best pass's weights are those that are kept."""
    said = {"bin": 8} if kind == "profile" else {}
    train, held = trainings.part(kind, **said), trainings.part(kind, 50, seed=2, **said)
    fitted = trainings.fit(train, held, augment=CHANGED, average_strands=False)
    best = min(fitted.history, key=lambda row: row["validation"])
    assert best["epoch"] == fitted.about["best_epoch"]
    own = held.outcome.loss(trainings.predict(fitted, held.values), held.labels)
    assert best["validation"] == pytest.approx(own, rel=1e-4)


def test_patience_stops_it(parts):
    noise = replace(parts[1], labels=1 - parts[1].labels)
    fitted = trainings.fit(parts[0], noise, epochs=40, patience=2, learning_rate=0.05)
    assert len(fitted.history) == fitted.about["best_epoch"] + 3 < 40


def test_without_a_held_out_part_all_passes_are_made(parts):
    fitted = trainings.fit(parts[0], None, epochs=3, patience=1)
    assert fitted.about["best_epoch"] == 2 and [row["epoch"] for row in fitted.history] == [0, 1, 2]
    assert all("validation" not in row and row["learning_rate"] > 0 for row in fitted.history)


def test_what_weighs_nothing_teaches_nothing(parts):
    """The labels of examples of weight 0 turned around change no bit of the model; those of others do."""
    silent = np.arange(len(parts[0])) % 3 == 0
    given = replace(parts[0], weights=np.where(silent, 0.0, 1.5))
    turned = [replace(given, labels=np.where(rows, 1 - given.labels, given.labels)) for rows in (silent, ~silent)]
    one, same, other = (trainings.fit(fold, parts[1], augment=trainings.SETTINGS["augment"]) for fold in (given, *turned))
    assert all(np.array_equal(one.arrays[name], same.arrays[name]) for name in one.arrays)
    assert not np.array_equal(one.arrays["0.conv.weight"], other.arrays["0.conv.weight"])


def test_an_ensemble_predicts_the_mean_of_its_networks(parts):
    fitted = trainings.fit(*parts, ensemble=3)
    alone = []
    for number in range(3):
        arrays = {f"0.{name.removeprefix(f'{number}.')}": a for name, a in fitted.arrays.items() if name.startswith(f"{number}.")}
        alone.append(training.predict(trainings.build, arrays, fitted.about | {"ensemble": 1}, parts[1].values))
    assert not np.allclose(alone[0], alone[1])
    together = trainings.predict(fitted, parts[1].values)
    assert together == pytest.approx(np.mean(alone, axis=0), abs=1e-12)
    assert {row["network"] for row in fitted.history} == {0, 1, 2}


@pytest.mark.parametrize("kind", KINDS)
def test_the_module_gives_the_outputs_behind_the_predictions(kind):
    """Of one network and of several; and it has gradients by base."""
    from readsight.models.losses import predicted

    said = {"bin": 8} if kind == "profile" else {}
    train = trainings.part(kind, **said)
    fitted = trainings.fit(train, None, epochs=1, ensemble=2, average_strands=False)
    module = training.module(trainings.build, fitted.arrays, fitted.about)
    given = torch.eye(5)[torch.as_tensor(train.values[:7]).long()][..., :4].transpose(1, 2).contiguous().requires_grad_()
    outputs = module(given)
    guess = predicted(kind, outputs.double()).detach().numpy()
    expected = trainings.predict(fitted, train.values[:7])
    assert guess.reshape(expected.shape) == pytest.approx(expected, abs=1e-5)
    outputs.sum().backward()
    assert given.grad.abs().sum() > 0


@pytest.mark.parametrize("kind", KINDS)
def test_both_strands_of_a_sequence_are_predicted_alike(kind):
    said = {"bin": 8} if kind == "profile" else {}
    train = trainings.part(kind, **said)
    fitted = trainings.fit(train, None, epochs=1)
    guess, other = (trainings.predict(fitted, codes) for codes in (train.values, reverse_complement(train.values)))
    assert guess == pytest.approx(other[:, ::-1] if kind in ("positions", "profile") else other, abs=1e-6)
    stranded = trainings.fit(trainings.part(kind, stranded=True, **said), None, epochs=1)
    assert stranded.about["average_strands"] is False
    guess, other = (trainings.predict(stranded, codes) for codes in (train.values, reverse_complement(train.values)))
    assert np.abs(guess - (other[:, ::-1] if kind in ("positions", "profile") else other)).max() > 1e-3


def test_a_prediction_does_not_hang_on_its_neighbours(parts, whole):
    together = trainings.predict(whole, parts[1].values)
    alone = np.concatenate([trainings.predict(whole, row[None]) for row in parts[1].values])
    turned = trainings.predict(whole, parts[1].values[::-1])[::-1]
    assert together == pytest.approx(alone, abs=1e-5) and together == pytest.approx(turned, abs=1e-5)


def test_nothing_is_predicted_of_nothing():
    for kind, shape in (("binary", (0,)), ("multiclass", (0, 3)), ("positions", (0, 40, 2)), ("profile", (0, 5))):
        train = trainings.part(kind, **({"bin": 8} if kind == "profile" else {}))
        assert trainings.predict(trainings.fit(train, None, epochs=1), train.values[:0]).shape == shape


def test_bfloat16_is_predicted_in_where_it_makes_no_difference(parts, monkeypatch):
    from readsight.models.training import devices, prediction

    monkeypatch.setattr(devices, "multiplies_bfloat16", lambda device: True)
    fitted = trainings.fit(*parts, precision="auto")
    if fitted.about["predicts"] == "bfloat16":
        assert 0 < fitted.about["off"] <= prediction.ALIKE
    monkeypatch.setattr(prediction, "ALIKE", -1.0)
    assert trainings.fit(*parts, precision="auto").about["predicts"] == "float32"
    assert trainings.fit(*parts, precision="float32").about["predicts"] == "float32"


def test_windows_of_a_pair_are_turned_over_each_by_itself_and_predicted_in_float32(monkeypatch):
    from readsight.models.training import devices
    from readsight.models.training.inputs import other_strand

    one, other = trainings.part(seed=1), trainings.part(seed=2)
    pairs = replace(one, values=np.hstack([one.values, other.values]), sequence=Sequence(40, pair=True))
    about = training.described(pairs, trainings.SETTINGS)
    turned = other_strand(pairs.values, about)
    assert np.array_equal(turned, np.hstack([reverse_complement(one.values), reverse_complement(other.values)]))
    monkeypatch.setattr(devices, "multiplies_bfloat16", lambda device: True)
    assert trainings.fit(pairs, None, epochs=1, precision="auto").about["predicts"] == "float32"


@pytest.mark.parametrize("word", ["adamw", "adam", "rmsprop", "sgd"])
def test_every_optimiser_learns(parts, word):
    rate = {"sgd": 0.05, "rmsprop": 3e-3}.get(word, 1e-2)
    fitted = trainings.fit(*parts, optimiser=word, learning_rate=rate, epochs=6)
    assert fitted.history[-1]["train"] < fitted.history[0]["train"] - 0.02


def test_schedules_go_as_torch_has_them():
    steps = 50
    for word, reference in (
        (
            "one_cycle",
            lambda own: torch.optim.lr_scheduler.OneCycleLR(
                own, 1.0, total_steps=steps, div_factor=25, final_div_factor=1e4 / 25
            ),
        ),
        ("cosine", lambda own: torch.optim.lr_scheduler.CosineAnnealingLR(own, steps)),
        ("constant", lambda own: torch.optim.lr_scheduler.ConstantLR(own, 1.0)),
    ):
        own = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0, momentum=0.9)
        held = reference(own)
        factor = schedule.factor(word, steps)
        for step in range(steps):
            assert factor(step) == pytest.approx(own.param_groups[0]["lr"], abs=1e-6)
            own.step(), held.step()
    cycle = [schedule.factor("one_cycle", steps)(step) for step in range(steps)]
    assert cycle[0] == pytest.approx(1 / 25) and int(np.argmax(cycle)) == 14 and cycle[-1] == pytest.approx(1e-4)
    assert all(0 < schedule.factor("one_cycle", few)(step) <= 1 for few in (1, 2, 3, 4) for step in range(few))


def test_what_is_asked_of_the_learning_rate_is_what_is_taken(parts):
    fitted = trainings.fit(*parts, schedule="constant")
    assert {row["learning_rate"] for row in fitted.history} == {trainings.SETTINGS["learning_rate"]}
    rates = [row["learning_rate"] for row in trainings.fit(*parts, schedule="cosine").history]
    assert rates == sorted(rates, reverse=True) and rates[-1] == pytest.approx(0, abs=1e-9)


def passes(fold, world=1, epochs=(0, 1), seed=1):
    about = training.described(fold, trainings.SETTINGS)
    return [
        [Batches(fold, about, Encoding("one_hot", {}, {}), 24, (seed, epoch), None, rank, world).rows() for rank in range(world)]
        for epoch in epochs
    ]


@pytest.mark.parametrize("world", [1, 3])
def test_a_pass_takes_every_example_once_in_an_order_of_its_own(parts, world):
    one, other = passes(parts[0], world)
    for found in (one, other):
        assert sorted(np.concatenate([rows for rank in found for rows in rank])) == list(range(len(parts[0])))
        sizes = [sum(len(rows) for rows in step) for step in zip(*found, strict=True)]
        assert max(sizes) - min(sizes) <= 1 and max(sizes) <= 24 * world
    assert str(one) != str(other) and str(passes(parts[0], world)) == str([one, other])


def test_only_batches_are_in_memory(tmp_path):
    """A fold of 40 MB is gone through in a tenth of that."""
    codes = np.zeros((100_000, 400), np.uint8)
    codes[:, ::2] = 2
    whole = trainings.part(n=4)
    obs = {"label": np.zeros(len(codes), int), "group": np.array(["a"] * len(codes))}
    import pandas as pd

    table = pd.DataFrame(obs, index=np.arange(len(codes)).astype(str))
    data = fold_file.pack_sequences(codes, table, {"certificate": "m"}, Outcome("binary", ("a", "b")), Sequence(400))
    fold_file.write(tmp_path / "f.h5", [("fold0", data)])
    del codes, data
    fold = fold_file.read(tmp_path / "f.h5", 0)
    assert isinstance(fold.values, np.memmap)
    about = training.described(whole, trainings.SETTINGS) | {"length": 400}
    batches = Batches(fold, about, Encoding("one_hot", {}, {}), 128, (1, 0), CHANGED)
    rows = batches.rows()
    tracemalloc.start()
    for number in range(50):
        batches.batch(number, rows[number])
    assert tracemalloc.get_traced_memory()[1] < 4e6
    tracemalloc.stop()


def test_weights_drawn_anew_have_learned_nothing(parts, whole):
    arrays = training.redrawn(trainings.build, whole.arrays, whole.about, 5)
    assert arrays.keys() == whole.arrays.keys()
    assert not np.array_equal(arrays["0.conv.weight"], whole.arrays["0.conv.weight"])
    assert np.array_equal(arrays["0.norm.running_mean"], whole.arrays["0.norm.running_mean"])


def test_a_last_fit_takes_the_median_of_the_best_passes(whole):
    fits = [replace(whole, about={"best_epoch": epoch}) for epoch in (3, 9, 5)]
    assert training.settled(fits, {"epochs": 30, "x": 1}) == {"epochs": 6, "x": 1}


def test_examples_that_are_no_sequences_are_refused(parts):
    with pytest.raises(InputError, match="learns from sequences"):
        training.described(replace(parts[0], sequence=None), trainings.SETTINGS)


def test_progress_is_a_line_a_pass(parts, caplog):
    with caplog.at_level(logging.INFO, "readsight"):
        trainings.fit(*parts, epochs=2)
    assert re.search(
        r"epoch 1 of 2: train loss \d\.\d{4}, validation loss \d\.\d{4}, [\d.]+ s, best so far; at most [\d.]+ s left",
        caplog.text,
    )
