"""A killed training resumes, and ends with the same weights as an undisturbed one."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

import trainings
from readsight.config.sequence_tasks import SequenceCnn

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
CNN = SequenceCnn(filters=[16, 16], widths=[9, 5], pools=[2, 2], hidden=[16], dropout=0.2).model_dump()
SETTINGS = trainings.SETTINGS | CNN | {"epochs": 8, "patience": 8}
RUN = """
import json, logging, sys
from pathlib import Path
import model_train
logging.basicConfig(level=logging.INFO, format="%(message)s")
given, out = json.loads(sys.argv[1]), Path(sys.argv[2])
paths = [Path(given[name]) for name in ("balanced", "validation", "certificate")]
learned = (Path(given["representation"]), Path(given["representation_about"]))
model_train.main(*paths, "cnn", given["settings"], 1, 1, out / "model.safetensors", out / "model.json", 0, learned, out / "checkpoints")
"""


def start_training(files, out):
    """`model_train` in a separate process."""
    out.mkdir(exist_ok=True)
    arguments = json.dumps({name: str(path) for name, path in files.items()} | {"settings": SETTINGS})
    env = os.environ | {"PYTHONPATH": str(SCRIPTS), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", RUN, arguments, str(out)]
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.fixture(scope="module")
def fold_files(tmp_path_factory):
    return trainings.write_folds(tmp_path_factory.mktemp("folds"), trainings.make_fold(n=800, length=120), folds=2)


def test_killed_training_resumes_to_identical_weights(fold_files, tmp_path):
    reference, killed = tmp_path / "calm", tmp_path / "killed"
    reference_process, victim = start_training(fold_files, reference), start_training(fold_files, killed)
    checkpoint = killed / "checkpoints/fold1/trial0/pair0/network0/epoch000003.pt"
    while not checkpoint.exists():
        assert victim.poll() is None, victim.stdout.read()
        time.sleep(0.002)
    os.kill(victim.pid, signal.SIGKILL)
    victim.wait()
    assert not (killed / "model.safetensors").exists()
    resumed = start_training(fold_files, killed)
    output, _ = resumed.communicate(timeout=120)
    assert resumed.returncode == 0, output
    assert "fold0 trial0 pair0 network0: was complete at epoch" in output
    assert "fold1 trial0 pair0 network0: resumes after epoch" in output
    assert "epoch 1 of 8" not in output, "neither the first fold nor the first epochs of the second are repeated"
    assert reference_process.wait(timeout=120) == 0
    expected, actual = (load_file(folder / "model.safetensors") for folder in (reference, killed))
    assert expected.keys() == actual.keys() and all(np.array_equal(expected[name], actual[name]) for name in expected)
    assert (reference / "model.json").read_bytes() == (killed / "model.json").read_bytes()
    assert sorted(path.name for path in killed.iterdir()) == ["model.json", "model.safetensors"]
