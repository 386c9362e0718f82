"""Snakemake's scheduler is woken once per time span, independent of the number of finished jobs."""

import subprocess

import projects

MANY = """
import time
from types import SimpleNamespace
import threading
import wakeups

released = []
scheduler = SimpleNamespace(_open_jobs=SimpleNamespace(release=lambda: released.append(time.monotonic())))
for _ in range(50):
    wakeups.wake_once(scheduler, 0.05)
time.sleep(0.15)
assert len(released) == 1, len(released)
wakeups.wake_once(scheduler, 0.05)
time.sleep(0.15)
assert len(released) == 2, len(released)
from snakemake.scheduling.job_scheduler import JobScheduler
assert getattr(JobScheduler, wakeups.REEVALUATE) is wakeups.wake_once
"""


def test_many_calls_wake_the_scheduler_once():
    python = projects.ROOT / ".venv/bin/python"
    run = subprocess.run([python, "-c", MANY], cwd=projects.ROOT / "workflow", capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
