"""How far a training is: a bar where someone looks on, and a line a pass in the log."""

import logging
import sys
import time
from typing import Any

log = logging.getLogger("readsight")

WIDTH, PAUSE = 30, 0.2


class Progress:
    """name: what is trained. epochs: most passes. quiet: nothing is said (all but the first of several processes)."""

    def __init__(self, name: str, epochs: int, quiet: bool = False):
        self.name = name
        self.epochs = epochs
        self.quiet = quiet
        self.bar = not quiet and sys.stderr.isatty()
        self.took: list[float] = []
        self.since = self.drawn = 0.0
        self.epoch = self.steps = 0

    def resumed(self, epoch: int, finished: bool) -> None:
        """Passes up to this one (from 0) were made before; finished: and those were all."""
        if not self.quiet:
            log.info(
                "%s: %s epoch %d of %d", self.name, "was finished with" if finished else "goes on behind", epoch + 1, self.epochs
            )

    def begin(self, epoch: int, steps: int) -> None:
        """A pass (from 0) of so many steps begins."""
        self.epoch, self.steps, self.since = epoch, int(steps), time.monotonic()

    def step(self, number: int) -> None:
        """A step (from 0) is done."""
        now = time.monotonic()
        if self.bar and now - self.drawn > PAUSE:
            self.drawn = now
            full = WIDTH * (number + 1) // self.steps
            left = (now - self.since) / (number + 1) * (self.steps - number - 1)
            head = f"\r{self.name}: epoch {self.epoch + 1}/{self.epochs} [{'█' * full}{' ' * (WIDTH - full)}]"
            print(f"{head} {number + 1}/{self.steps}, {_span(left)} left ", end="", file=sys.stderr, flush=True)

    def end(self, row: dict[str, Any], better: bool) -> None:
        """A pass is over. row: its line of the history."""
        if self.quiet:
            return
        if self.bar:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
        self.took.append(time.monotonic() - self.since)
        left = sum(self.took) / len(self.took) * (self.epochs - self.epoch - 1)
        losses = ", ".join(f"{part} loss {row[part]:.4f}" for part in ("train", "validation") if part in row)
        log.info(
            "%s: epoch %d of %d: %s, %s%s; at most %s left",
            self.name, self.epoch + 1, self.epochs, losses, _span(self.took[-1]), ", best so far" * better, _span(left),
        )  # fmt: skip


def _span(seconds: float) -> str:
    """Seconds in words."""
    if seconds < 100:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
