"""How far a training is: a bar where someone looks on, and a line a pass in the log."""

import logging
import sys
import time
from typing import Any

log = logging.getLogger("readsight")

WIDTH, PAUSE = 30, 0.2


class Progress:
    """name: what is trained. epochs: most passes. is_quiet: nothing is said (all but the first of several processes)."""

    def __init__(self, name: str, epochs: int, is_quiet: bool = False):
        self.name = name
        self.epochs = epochs
        self.is_quiet = is_quiet
        self.bar = not is_quiet and sys.stderr.isatty()
        self.durations: list[float] = []
        self.epoch_start = self.last_drawn = 0.0
        self.epoch = self.steps = 0

    def log_resumption(self, epoch: int, is_finished: bool) -> None:
        """Passes up to this one (from 0) were made before; is_finished: and those were all."""
        if not self.is_quiet:
            log.info(
                "%s: %s epoch %d of %d",
                self.name,
                "was finished with" if is_finished else "goes on behind",
                epoch + 1,
                self.epochs,
            )

    def begin(self, epoch: int, steps: int) -> None:
        """A pass (from 0) of so many steps begins."""
        self.epoch, self.steps, self.epoch_start = epoch, int(steps), time.monotonic()

    def step(self, number: int) -> None:
        """A step (from 0) is done."""
        now = time.monotonic()
        if self.bar and now - self.last_drawn > PAUSE:
            self.last_drawn = now
            filled = WIDTH * (number + 1) // self.steps
            remaining = (now - self.epoch_start) / (number + 1) * (self.steps - number - 1)
            prefix = f"\r{self.name}: epoch {self.epoch + 1}/{self.epochs} [{'█' * filled}{' ' * (WIDTH - filled)}]"
            print(f"{prefix} {number + 1}/{self.steps}, {_format_duration(remaining)} left ", end="", file=sys.stderr, flush=True)

    def end(self, row: dict[str, Any], is_best: bool) -> None:
        """A pass is over. row: its line of the history."""
        if self.is_quiet:
            return
        if self.bar:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
        self.durations.append(time.monotonic() - self.epoch_start)
        remaining = sum(self.durations) / len(self.durations) * (self.epochs - self.epoch - 1)
        losses = ", ".join(f"{subset} loss {row[subset]:.4f}" for subset in ("train", "validation") if subset in row)
        log.info(
            "%s: epoch %d of %d: %s, %s%s; at most %s left",
            self.name, self.epoch + 1, self.epochs, losses, _format_duration(self.durations[-1]), ", best so far" * is_best, _format_duration(remaining),
        )  # fmt: skip


def _format_duration(seconds: float) -> str:
    """Seconds in words."""
    if seconds < 100:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
