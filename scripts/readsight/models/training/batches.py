"""Batches of codes in random order per epoch, prefetched by a thread; only batches are in memory."""

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from readsight.dataset.fold_file import Encoding, Fold
from readsight.models.training.augment import augment_batch
from readsight.models.training.inputs import encode_batch

STEPS, MIN_BATCH = 5, 8
Batch = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


def limit_batch_size(examples: int, batch_limit: int) -> int:
    """Batch size: as requested, but in a small training set reduced to give at least five steps per epoch."""
    return min(batch_limit, max(MIN_BATCH, examples // STEPS))


@dataclass(frozen=True)
class CodeBatches:
    """(codes or tokens, target, weights) of one epoch of a fold, in batches of nearly equal size.

    size: maximum examples per batch and device. order: seed and epoch, which determine order and augmentation; None: in the order
    of the fold, without augmentation. augment: its settings. rank, world: index and number of processes; each takes its
    share of a batch of `size × world`.
    """

    fold: Fold
    description: dict[str, Any]
    encoding: Encoding
    size: int
    order: tuple[int, int] | None = None
    augment: dict[str, Any] | None = None
    rank: int = 0
    world: int = 1

    def __len__(self) -> int:
        return max(1, math.ceil(len(self.fold) / (self.size * self.world)))

    def __iter__(self) -> Iterator[Batch]:
        rows = self.batch_rows()
        with ThreadPoolExecutor(1) as executor:
            pending = executor.submit(self.make_batch, 0, rows[0])
            for number in range(len(rows)):
                ready = pending.result()
                if number + 1 < len(rows):
                    pending = executor.submit(self.make_batch, number + 1, rows[number + 1])
                yield ready

    def batch_rows(self) -> list[np.ndarray]:
        """Rows of each batch for this process, in ascending order, so that a file is read sequentially."""
        examples = np.arange(len(self.fold))
        if self.order is not None:
            examples = np.random.default_rng(self.order).permutation(examples)
        return [np.sort(chunk[self.rank :: self.world]) for chunk in np.array_split(examples, len(self))]

    def make_batch(self, number: int, rows: np.ndarray) -> Batch:
        """One batch. number: its index in the epoch."""
        codes = np.asarray(self.fold.values)[rows]
        target = np.asarray(self.fold.labels)[rows]
        if self.order is not None and self.augment is not None:
            rng = np.random.default_rng([*self.order, number, self.rank])
            codes, target = augment_batch(codes, target, self.description, self.augment, rng)
        if target.dtype.kind == "f":
            target = target.astype(np.float32)
        weights = self.fold.weights[rows].astype(np.float32)
        return encode_batch(codes, self.description, self.encoding), torch.from_numpy(target), torch.from_numpy(weights)
