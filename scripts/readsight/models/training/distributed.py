"""Training by several processes, on the devices of one machine or of several Slurm nodes.

Each process is `python -m readsight.models.training.worker JOB RESULT`. JOB has the arguments; memory-mapped arrays are passed
as file locations. Output of the first process goes to the log, and its result to RESULT; if one fails, all are ended.
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
LAST_LINES = 15  # last output lines of a failed process to report


@dataclass(frozen=True)
class MappedArray:
    """Location of an array in a file."""

    path: str
    dtype: str
    offset: int
    shape: tuple[int, ...]

    def open_array(self) -> np.ndarray:
        return np.memmap(self.path, self.dtype, "r", self.offset, self.shape)


def pack_fold(fold: Fold | None) -> Fold | None:
    """A fold with memory-mapped arrays replaced by locations, to be sent."""
    if fold is None:
        return None
    return replace(fold, **{name: _pack_array(getattr(fold, name)) for name in ("values", "labels")})


def unpack_fold(fold: Fold | None) -> Fold | None:
    """Inverse of `pack_fold`."""
    if fold is None:
        return None
    arrays = {name: getattr(fold, name) for name in ("values", "labels")}
    return replace(fold, **{name: array.open_array() for name, array in arrays.items() if isinstance(array, MappedArray)})


def _pack_array(array: np.ndarray) -> Any:
    # A slice of a mapped array has the offset of the full array: only an unsliced array can be sent by location.
    if isinstance(array, np.memmap) and array.flags.c_contiguous and not isinstance(array.base, np.memmap):
        return MappedArray(str(Path(array.filename).resolve()), array.dtype.str, array.offset, array.shape)
    return np.asarray(array)


def launch_processes(job: dict[str, Any], checkpoint_folder: Path | None) -> Any:
    """Result of `fitting.fit_in_process`, computed by settings["devices"] × settings["nodes"] processes.

    job: arguments of `fitting.fit_in_process`. checkpoint_folder: visible to all nodes, if there are several.
    Raises InputError for several nodes without Slurm, and any error of a process.
    """
    settings = job["settings"]
    if settings["nodes"] > 1 and ("SLURM_JOB_ID" not in os.environ or shutil.which("srun") is None):
        raise InputError(f"training.nodes: {settings['nodes']} nodes need Slurm's srun, but this is not a Slurm job; use 1")
    if checkpoint_folder is not None:
        checkpoint_folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="processes-", dir=checkpoint_folder) as temporary:
        folder = Path(temporary)
        (folder / "job").write_bytes(
            pickle.dumps(job | {"train": pack_fold(job["train"]), "validation": pack_fold(job["validation"])})
        )
        _run_processes(_build_commands(folder, settings), folder)
        return pickle.loads((folder / "result").read_bytes())


def _build_commands(folder: Path, settings: dict[str, Any]) -> list[tuple[list[str], dict[str, str]]]:
    """Command and environment of each process to start here."""
    worker = [sys.executable, "-m", "readsight.models.training.worker", str(folder / "job"), str(folder / "result")]
    env = dict(os.environ) | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    if settings["nodes"] > 1:
        slurm = ["srun", f"--nodes={settings['nodes']}", f"--ntasks-per-node={settings['devices']}", "--kill-on-bad-exit=1"]
        return [(slurm + worker, env)]
    rendezvous = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(_find_free_port())}
    return [(worker, env | rendezvous | {"LOCAL_RANK": str(rank), "NODE_RANK": "0"}) for rank in range(settings["devices"])]


def _find_free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def _run_processes(commands: list[tuple[list[str], dict[str, str]]], folder: Path) -> None:
    """Run all processes to their end. Raises ToolError if one fails, or its InputError."""
    processes, outputs = [], []
    try:
        for command, env in commands:
            process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            lines: list[str] = []
            threading.Thread(target=_collect_output, args=(process, lines, not processes), daemon=True).start()
            processes.append(process)
            outputs.append(lines)
        while any(process.poll() is None for process in processes) and not any(process.poll() for process in processes):
            time.sleep(PAUSE)
        failed = [number for number, process in enumerate(processes) if process.poll()]
        if failed:
            _raise_failure(
                folder,
                f"process {failed[0]} of the training ended with status {processes[failed[0]].returncode}",
                outputs[failed[0]],
            )
    finally:
        for process in processes:
            if process.poll() is None:
                process.kill()
            process.wait()


def _collect_output(process: subprocess.Popen, lines: list[str], is_main: bool) -> None:
    for line in process.stdout or ():
        lines.append(line.rstrip())
        del lines[:-LAST_LINES]
        if is_main:
            log.info("%s", lines[-1])


def _raise_failure(folder: Path, message: str, lines: list[str]) -> None:
    for file in sorted(folder.glob("result.error*")):
        raise pickle.loads(file.read_bytes())
    time.sleep(PAUSE)  # its last output may still be in the pipe
    raise ToolError("\n".join([message, *lines]))
