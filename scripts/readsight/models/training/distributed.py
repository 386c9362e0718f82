"""Training by several processes: on the devices of this machine, or of several nodes that Slurm gave.

Each is `python -m readsight.models.training.worker JOB RESULT`; what it is to do lies in JOB, with arrays that are mapped from files as
places in them. The first one's words go to the log, its result comes back in RESULT; where one fails the others are ended.
"""

import logging
import os
import pickle
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from readsight.dataset.fold_file import Fold
from readsight.errors import InputError, ToolError

log = logging.getLogger("readsight")

PAUSE = 0.2
TOLD = 15  # last lines of a process that failed


@dataclass(frozen=True)
class Place:
    """Where an array lies in a file."""

    path: str
    dtype: str
    offset: int
    shape: tuple[int, ...]

    def array(self) -> np.ndarray:
        return np.memmap(self.path, self.dtype, "r", self.offset, self.shape)


def shelved(fold: Fold | None) -> Fold | None:
    """A fold whose mapped arrays are places, to be sent."""
    if fold is None:
        return None
    return replace(fold, **{name: _place(getattr(fold, name)) for name in ("values", "labels")})


def fetched(fold: Fold | None) -> Fold | None:
    """What `shelved` sent."""
    if fold is None:
        return None
    own = {name: getattr(fold, name) for name in ("values", "labels")}
    return replace(fold, **{name: array.array() for name, array in own.items() if isinstance(array, Place)})


def _place(array: np.ndarray) -> Any:
    # A part of a mapped array says the place of the whole: only what stands in its file as it is can be told by its place.
    if isinstance(array, np.memmap) and array.flags.c_contiguous and not isinstance(array.base, np.memmap):
        return Place(str(Path(array.filename).resolve()), array.dtype.str, array.offset, array.shape)
    return np.asarray(array)


def launched(job: dict[str, Any], keep: Path | None) -> Any:
    """What `fitting.here` returns of this job, made by settings["devices"] × settings["nodes"] processes.

    job: the arguments of `fitting.here`. keep: a folder that all nodes see, where there are several.
    Raises InputError where there are several nodes and no Slurm, and what a process raised.
    """
    settings = job["settings"]
    if settings["nodes"] > 1 and ("SLURM_JOB_ID" not in os.environ or shutil.which("srun") is None):
        raise InputError(
            f"training.nodes: {settings['nodes']} nodes are reached by Slurm's srun, and this is no job of Slurm; use 1"
        )
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="processes-", dir=keep) as held:
        folder = Path(held)
        (folder / "job").write_bytes(
            pickle.dumps(job | {"train": shelved(job["train"]), "validation": shelved(job["validation"])})
        )
        _run(_commands(folder, settings), folder)
        return pickle.loads((folder / "result").read_bytes())


def _commands(folder: Path, settings: dict[str, Any]) -> list[tuple[list[str], dict[str, str]]]:
    """Command and environment of each process to start here."""
    own = [sys.executable, "-m", "readsight.models.training.worker", str(folder / "job"), str(folder / "result")]
    env = dict(os.environ) | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    if settings["nodes"] > 1:
        many = ["srun", f"--nodes={settings['nodes']}", f"--ntasks-per-node={settings['devices']}", "--kill-on-bad-exit=1"]
        return [(many + own, env)]
    meet = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(_free_port())}
    return [(own, env | meet | {"LOCAL_RANK": str(rank), "NODE_RANK": "0"}) for rank in range(settings["devices"])]


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def _run(commands: list[tuple[list[str], dict[str, str]]], folder: Path) -> None:
    """Run all to their end. Raises ToolError where one fails, or the InputError that it had."""
    running, said = [], []
    try:
        for command, env in commands:
            one = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            lines: list[str] = []
            threading.Thread(target=_listen, args=(one, lines, not running), daemon=True).start()
            running.append(one)
            said.append(lines)
        while any(one.poll() is None for one in running) and not any(one.poll() for one in running):
            time.sleep(PAUSE)
        failed = [number for number, one in enumerate(running) if one.poll()]
        if failed:
            _raise(
                folder, f"process {failed[0]} of the training ended with status {running[failed[0]].returncode}", said[failed[0]]
            )
    finally:
        for one in running:
            if one.poll() is None:
                one.kill()
            one.wait()


def _listen(process: subprocess.Popen, lines: list[str], first: bool) -> None:
    for line in process.stdout or ():
        lines.append(line.rstrip())
        del lines[:-TOLD]
        if first:
            log.info("%s", lines[-1])


def _raise(folder: Path, words: str, lines: list[str]) -> None:
    for file in sorted(folder.glob("result.error*")):
        raise pickle.loads(file.read_bytes())
    time.sleep(PAUSE)  # its last words may still be on their way
    raise ToolError("\n".join([words, *lines]))
