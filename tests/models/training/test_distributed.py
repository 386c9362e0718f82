"""Training by several processes: their gradients are those of one, and one that fails ends all."""

import numpy as np
import pytest

import trainings
from readsight.errors import InputError, ToolError
from readsight.models import training
from readsight.models.training import distributed

SAME = {"reverse_complement": False, "shift": 0, "substitutions": 0.0, "indels": 0.0}


def test_two_processes_train_as_one(tmp_path):
    """Without what hangs on a batch's own examples (normalisation, dropout), gradients of shares are those of the whole batch,
    be the shares equal or not."""
    plain = {"precision": "float32", "augment": SAME, "optimiser": "sgd", "epochs": 2, "clip": 0.0}
    train, held = trainings.part(n=101, seed=3), trainings.part(n=31, seed=2)
    about = training.described(train, trainings.SETTINGS)
    made = []
    for devices, size in ((1, 20), (2, 10)):
        settings = trainings.SETTINGS | plain | {"devices": devices, "batch_size": size}
        made.append(training.fit(trainings.build_plain, about, train, held, settings, 1, 1, tmp_path / str(devices)))
    one, two = made
    assert one.arrays.keys() == two.arrays.keys() and one.about == two.about
    for name in one.arrays:
        assert one.arrays[name] == pytest.approx(two.arrays[name], abs=1e-5)
    for row, other in zip(one.history, two.history, strict=True):
        assert row == pytest.approx(other, rel=1e-4)


def test_a_process_that_fails_ends_the_others_and_says_why():
    with pytest.raises(ToolError, match="lower training.learning_rate"):
        trainings.fit(trainings.part(), None, devices=2, learning_rate=1e30, optimiser="sgd", clip=0.0)


def test_nodes_need_slurm(monkeypatch):
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    with pytest.raises(InputError, match="training.nodes: 2 nodes are reached by Slurm's srun"):
        trainings.fit(trainings.part(), None, nodes=2)


def test_nodes_are_reached_by_slurm(tmp_path, monkeypatch):
    """One command, a process a device of each node."""
    (command, env), *more = distributed._commands(tmp_path, {"nodes": 3, "devices": 4})
    assert not more and command[:4] == ["srun", "--nodes=3", "--ntasks-per-node=4", "--kill-on-bad-exit=1"]
    assert command[-4:-2] == ["-m", "readsight.models.training.worker"] and "LOCAL_RANK" not in env


def test_what_is_mapped_is_sent_as_its_place(tmp_path):
    codes = np.memmap(tmp_path / "codes", np.uint8, "w+", 3, (120, 40))
    codes[:] = trainings.part().values
    fold = trainings.part()
    for values, place in ((codes, True), (codes[:60], False), (np.asarray(codes), False)):
        sent = distributed.shelved(trainings.replace(fold, values=values))
        assert isinstance(sent.values, distributed.Place) == place
        assert np.array_equal(distributed.fetched(sent).values, values)
