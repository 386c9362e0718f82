"""Training by several processes: gradients equal those of one process, and a failing process ends all."""

import numpy as np
import pytest

import trainings
from readsight.errors import InputError, ToolError
from readsight.models import training
from readsight.models.training import distributed

SAME = {"reverse_complement": False, "shift": 0, "substitutions": 0.0, "indels": 0.0}


def test_two_processes_match_one(tmp_path):
    """Without batch-dependent layers (normalisation, dropout), gradients of shares average to those of the full batch, even for
    unequal shares.
    """
    plain = {"precision": "float32", "augment": SAME, "optimiser": "sgd", "epochs": 2, "clip": 0.0}
    train, validation = trainings.make_fold(n=101, seed=3), trainings.make_fold(n=31, seed=2)
    description = training.describe_model(train, trainings.SETTINGS)
    fits = []
    for devices, size in ((1, 20), (2, 10)):
        settings = trainings.SETTINGS | plain | {"devices": devices, "batch_size": size}
        fits.append(training.fit(trainings.build_plain, description, train, validation, settings, 1, 1, tmp_path / str(devices)))
    single, double = fits
    assert single.arrays.keys() == double.arrays.keys() and single.description == double.description
    for name in single.arrays:
        assert single.arrays[name] == pytest.approx(double.arrays[name], abs=1e-5)
    for row, double_row in zip(single.history, double.history, strict=True):
        assert row == pytest.approx(double_row, rel=1e-4)


def test_failing_process_stops_all_with_its_error():
    with pytest.raises(ToolError, match="lower training.learning_rate"):
        trainings.fit(trainings.make_fold(), None, devices=2, learning_rate=1e30, optimiser="sgd", clip=0.0)


def test_several_nodes_need_slurm(monkeypatch):
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    with pytest.raises(InputError, match="training.nodes: 2 nodes need Slurm's srun"):
        trainings.fit(trainings.make_fold(), None, nodes=2)


def test_several_nodes_start_through_srun(tmp_path, monkeypatch):
    """One command, with one process per device of each node."""
    (command, env), *remaining = distributed._build_commands(tmp_path, {"nodes": 3, "devices": 4})
    assert not remaining and command[:4] == ["srun", "--nodes=3", "--ntasks-per-node=4", "--kill-on-bad-exit=1"]
    assert command[-4:-2] == ["-m", "readsight.models.training.worker"] and "LOCAL_RANK" not in env


def test_mapped_arrays_are_sent_by_location(tmp_path):
    codes = np.memmap(tmp_path / "codes", np.uint8, "w+", 3, (120, 40))
    codes[:] = trainings.make_fold().values
    fold = trainings.make_fold()
    for values, is_mapped in ((codes, True), (codes[:60], False), (np.asarray(codes), False)):
        sent = distributed.pack_fold(trainings.replace(fold, values=values))
        assert isinstance(sent.values, distributed.MappedArray) == is_mapped
        assert np.array_equal(distributed.unpack_fold(sent).values, values)
