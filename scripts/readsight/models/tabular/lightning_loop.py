"""Training loop of torch models of tables: Lightning module, batches, and a callback that keeps the best weights."""

import logging
import math
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from readsight.dataset.fold_file import Fold
from readsight.errors import ToolError
from readsight.models.losses import compute_loss

STEPS, MIN_BATCH = 5, 8
LARGE_BATCH = 2048  # risk sets are computed within a batch, so survival uses large batches


class TensorBatches:
    """Batches of (values, target, weights) of nearly equal size, in a new random order in each epoch.

    seed: of the random order; None: in the order of the fold.
    """

    def __init__(self, fold: Fold, size: int, seed: int | None):
        target = np.asarray(fold.labels)
        self.tensors = (
            torch.as_tensor(np.ascontiguousarray(fold.values), dtype=torch.float32),
            torch.as_tensor(target if target.ndim == 1 and target.dtype.kind in "iu" else target.astype(np.float32)),
            torch.as_tensor(fold.weights.astype(np.float32)),
        )
        self.count = max(1, math.ceil(len(fold) / size))
        self.generator = None if seed is None else torch.Generator().manual_seed(seed)

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[tuple[torch.Tensor, ...]]:
        n = len(self.tensors[0])
        order = torch.arange(n) if self.generator is None else torch.randperm(n, generator=self.generator)
        for rows in torch.tensor_split(order, self.count):
            yield tuple(tensor[rows] for tensor in self.tensors)


class TabularLearner(LightningModule):
    """A module with the loss of its kind of outcome and AdamW. settings: learning_rate, weight_decay."""

    def __init__(self, net: torch.nn.Module, kind: str, settings: dict[str, Any]):
        super().__init__()
        self.net = net
        self.kind = kind
        self.settings = settings
        self.losses: dict[str, list[tuple[torch.Tensor, int]]] = {"train": [], "validation": []}

    def _compute_loss(self, batch: Any, subset: str) -> torch.Tensor:
        values, target, weights = batch
        batch_loss = compute_loss(self.kind, self.net(values), target, weights)
        self.losses[subset].append((batch_loss.detach(), len(values)))
        return batch_loss

    def training_step(self, batch: Any, _: int) -> torch.Tensor:
        return self._compute_loss(batch, "train")

    def validation_step(self, batch: Any, _: int) -> None:
        self._compute_loss(batch, "validation")

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.AdamW(self.parameters(), lr=self.settings["learning_rate"], weight_decay=self.settings["weight_decay"])


class BestWeights(Callback):
    """Keep the weights of the epoch with the lowest validation loss, and stop after `patience` epochs without improvement.

    Without validation data the weights of the last epoch are kept. Raises ToolError if a loss is
    not a number, with epoch and batch (both from 1).
    """

    def __init__(self, patience: int):
        self.patience = patience
        self.epoch = -1
        self.lowest = np.inf
        self.weights: dict[str, torch.Tensor] = {}
        self.history: list[dict[str, float]] = []

    def on_train_epoch_end(self, trainer: Any, module: Any) -> None:
        row: dict[str, float] = {"epoch": trainer.current_epoch}
        for subset, losses in module.losses.items():
            if not losses:
                continue
            # Read once per epoch: on an accelerator each access to a value waits for all queued operations.
            values = torch.stack([batch_loss for batch_loss, _ in losses]).cpu().double().numpy()
            invalid = np.flatnonzero(~np.isfinite(values))
            if len(invalid):
                raise ToolError(
                    f"the {subset} loss is not a number after epoch {row['epoch'] + 1}, batch {invalid[0] + 1} of {len(values)}; "
                    "lower network.learning_rate"
                )
            row[subset] = float(np.average(values, weights=[size for _, size in losses]))
            losses.clear()
        self.history.append(row)
        if row.get("validation", -np.inf) < self.lowest:
            self.epoch = int(row["epoch"])
            self.lowest = row.get("validation", np.inf)
            self.weights = {name: tensor.detach().clone() for name, tensor in module.net.state_dict().items()}
        elif row["epoch"] - self.epoch >= self.patience:
            trainer.should_stop = True


def has_loss(fold: Fold | None) -> bool:
    """Whether a loss is defined on this fold: survival needs an event."""
    return fold is not None and len(fold) > 0 and (fold.outcome.kind != "survival" or bool((fold.labels[:, 1] > 0).any()))


def limit_batch_size(examples: int, batch_limit: int) -> int:
    """Batch size: as requested, but in a small training set reduced to give at least STEPS steps per epoch.

    A cohort of a hundred samples in a single batch would have one step per epoch.
    """
    return min(batch_limit, max(MIN_BATCH, examples // STEPS))


def run_training(
    net: torch.nn.Module, train: Fold, validation: Fold | None, settings: dict[str, Any], seed: int, threads: int
) -> BestWeights:
    """Train a module in place and return the callback with the best weights.

    settings: learning_rate, weight_decay, batch_size, epochs, patience. Without validation data that define a loss,
    exactly `epochs` epochs are run.
    """
    kind = train.outcome.kind
    torch.set_num_threads(threads)
    size = (
        max(settings["batch_size"], LARGE_BATCH) if kind == "survival" else limit_batch_size(len(train), settings["batch_size"])
    )
    best = BestWeights(settings["patience"])
    validation_batches = (
        TensorBatches(validation, LARGE_BATCH if kind != "survival" else len(validation), None) if has_loss(validation) else None
    )
    for name in ("lightning.pytorch", "lightning.fabric", "lightning.pytorch.utilities.rank_zero"):
        logging.getLogger(name).setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # barebones: no logger, checkpoints, progress bar, summary or sanity validation, since many fits are tiny
        trainer = Trainer(
            accelerator="auto", devices=1, max_epochs=settings["epochs"], deterministic=True, barebones=True, callbacks=[best]
        )
        trainer.fit(TabularLearner(net, kind, settings), TensorBatches(train, size, seed), validation_batches)
    return best
