"""Progress of a training: a bar on a terminal, and one line per epoch in the log."""

import logging
import sys
import time
from typing import Any

log = logging.getLogger("readsight")

WIDTH, PAUSE = 30, 0.2


class Progress:
    """name: of the training. epochs: maximum number. is_quiet: no output (all but the first of several processes)."""

    def __init__(self, name: str, epochs: int, is_quiet: bool = False):
        self.name = name
        self.epochs = epochs
        self.is_quiet = is_quiet
        self.bar = not is_quiet and sys.stderr.isatty()
        self.durations: list[float] = []
        self.epoch_start = self.last_drawn = 0.0
        self.epoch = self.steps = 0

    def log_resumption(self, epoch: int, is_finished: bool) -> None:
        """Log that epochs up to this one (from 0) were run before; is_finished: no epochs remain."""
        if not self.is_quiet:
            log.info(
                "%s: %s epoch %d of %d",
                self.name,
                "was complete at" if is_finished else "resumes after",
                epoch + 1,
                self.epochs,
            )

    def begin(self, epoch: int, steps: int) -> None:
        """Start of an epoch (from 0) with a number of steps."""
        self.epoch, self.steps, self.epoch_start = epoch, int(steps), time.monotonic()

    def step(self, number: int) -> None:
        """End of a step (from 0)."""
        now = time.monotonic()
        if self.bar and now - self.last_drawn > PAUSE:
            self.last_drawn = now
            filled = WIDTH * (number + 1) // self.steps
            remaining = (now - self.epoch_start) / (number + 1) * (self.steps - number - 1)
            prefix = f"\r{self.name}: epoch {self.epoch + 1}/{self.epochs} [{'█' * filled}{' ' * (WIDTH - filled)}]"
            print(
                f"{prefix} {number + 1}/{self.steps}, {_format_duration(remaining)} remaining ",
                end="",
                file=sys.stderr,
                flush=True,
            )

    def end(self, row: dict[str, Any], is_best: bool) -> None:
        """End of an epoch. row: its row of the history."""
        if self.is_quiet:
            return
        if self.bar:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
        self.durations.append(time.monotonic() - self.epoch_start)
        remaining = sum(self.durations) / len(self.durations) * (self.epochs - self.epoch - 1)
        losses = ", ".join(f"{subset} loss {row[subset]:.4f}" for subset in ("train", "validation") if subset in row)
        log.info(
            "%s: epoch %d of %d: %s, %s%s; at most %s remaining",
            self.name, self.epoch + 1, self.epochs, losses, _format_duration(self.durations[-1]), ", best so far" * is_best, _format_duration(remaining),
        )  # fmt: skip


def _format_duration(seconds: float) -> str:
    """Duration with a suitable unit."""
    if seconds < 100:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
