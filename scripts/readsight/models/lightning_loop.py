"""The training loop of torch models: Lightning module, batches, and a callback that keeps the best weights."""

from typing import Any

import numpy as np
import torch
from lightning.pytorch import Callback, LightningModule
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, SequentialSampler, TensorDataset

from readsight.errors import ToolError
from readsight.foldfile import Fold


def batches(fold: Fold, size: int, seed: int | None) -> DataLoader:
    """Batches of (values, labels, weights), in an order drawn by the seed, or as they stand where it is None."""
    data = TensorDataset(
        torch.as_tensor(fold.values),
        torch.as_tensor(fold.labels, dtype=torch.float32),
        torch.as_tensor(fold.weights.astype(np.float32)),
    )
    order = SequentialSampler(data) if seed is None else RandomSampler(data, generator=torch.Generator().manual_seed(seed))
    return DataLoader(data, sampler=BatchSampler(order, size, drop_last=False), batch_size=None)


class Classifier(LightningModule):
    """A module of logits under weighted cross-entropy and AdamW. settings: learning_rate, weight_decay."""

    def __init__(self, net: torch.nn.Module, settings: dict[str, Any]):
        super().__init__()
        self.net = net
        self.settings = settings
        self.losses: dict[str, list[torch.Tensor]] = {"train": [], "validation": []}

    def _loss(self, batch: Any, part: str) -> torch.Tensor:
        values, labels, weights = batch
        loss = torch.nn.functional.binary_cross_entropy_with_logits(self.net(values), labels, weight=weights)
        self.losses[part].append(loss.detach())
        return loss

    def training_step(self, batch: Any, _: int) -> torch.Tensor:
        return self._loss(batch, "train")

    def validation_step(self, batch: Any, _: int) -> None:
        self._loss(batch, "validation")

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.AdamW(self.parameters(), lr=self.settings["learning_rate"], weight_decay=self.settings["weight_decay"])


class Best(Callback):
    """Keep the weights of the epoch with the lowest validation loss, and stop after `patience` epochs without a better one.

    Raises ToolError, with the epoch, where a loss is not a number.
    """

    def __init__(self, patience: int):
        self.patience = patience
        self.epoch = -1
        self.lowest = np.inf
        self.weights: dict[str, torch.Tensor] = {}
        self.history: list[dict[str, float]] = []

    def on_train_epoch_end(self, trainer: Any, module: Any) -> None:
        row = {"epoch": trainer.current_epoch}
        for part, losses in module.losses.items():
            row[part] = float(torch.stack(losses).mean())
            losses.clear()
        if not np.isfinite([row["train"], row["validation"]]).all():
            raise ToolError(f"network: the loss is not a number after epoch {row['epoch']}; lower network.learning_rate")
        self.history.append(row)
        if row["validation"] < self.lowest:
            self.lowest, self.epoch = row["validation"], row["epoch"]
            self.weights = {name: tensor.detach().clone() for name, tensor in module.net.state_dict().items()}
        elif row["epoch"] - self.epoch >= self.patience:
            trainer.should_stop = True
