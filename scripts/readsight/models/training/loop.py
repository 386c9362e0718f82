"""Training loop: a Lightning module, and a callback that keeps the best weights, the history and the checkpoints."""

import logging
import math
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.plugins.environments import LightningEnvironment

from readsight.errors import ToolError
from readsight.models.losses import compute_loss, get_loss_mask
from readsight.models.training import devices, schedule
from readsight.models.training.batches import CodeBatches
from readsight.models.training.checkpoints import CheckpointStore, State
from readsight.models.training.inputs import to_network_input
from readsight.models.training.model_description import FLAT
from readsight.models.training.progress import Progress

log = logging.getLogger("readsight")

CHECK_INTERVAL = 50  # steps between loss checks on an accelerator, where each check synchronises


class SequenceLearner(LightningModule):
    """A network with the loss of its kind of outcome. make_batches: batches of a subset ("train", "validation") and an epoch.

    state: last checkpoint, if there is one. sums: per subset, loss sums and counts of the current epoch.
    """

    def __init__(
        self,
        net: torch.nn.Module,
        description: dict[str, Any],
        settings: dict[str, Any],
        seed: int,
        make_batches: Callable[..., Any],
    ):
        super().__init__()
        self.net = net
        self.description = description
        self.settings = settings
        self.seed = seed
        self.make_batches = make_batches
        self.state: State | None = None
        self.sums: dict[str, list[torch.Tensor]] = {"train": [], "validation": []}

    @property
    def epoch(self) -> int:
        """The current epoch, from 0, including those before a restart."""
        return self.current_epoch + (self.state["epoch"] + 1 if self.state else 0)

    def train_dataloader(self) -> CodeBatches:
        return self.make_batches("train", self.epoch, self.trainer.global_rank, self.trainer.world_size)

    def val_dataloader(self) -> Any:
        return self.make_batches("validation", self.epoch, self.trainer.global_rank, self.trainer.world_size)

    def on_train_epoch_start(self) -> None:
        # Dropout depends only on seed, epoch and process, so no random state is needed for a restart.
        torch.manual_seed((self.seed * 1_000_003 + self.epoch) * 1009 + self.trainer.global_rank)

    def _compute_loss(self, batch: Any, subset: str) -> torch.Tensor:
        inputs, target, weights = batch
        output = self.net(to_network_input(inputs, self.description))
        kind = self.description["kind"]
        output = (output.reshape(len(output)) if kind in FLAT else output).float()
        batch_loss = compute_loss(kind, output, target, weights)
        count = get_loss_mask(kind, target).sum().float()
        self.sums[subset].append(torch.stack([batch_loss.detach() * count, count]))
        if self.trainer.world_size > 1 and subset == "train":
            # Gradients are averaged over processes: weight each process by its number of counted elements.
            total = self.trainer.strategy.reduce(count.clone(), reduce_op="sum")
            batch_loss = batch_loss * (count * self.trainer.world_size / total)
        return batch_loss

    def training_step(self, batch: Any, number: int) -> torch.Tensor:
        batch_loss = self._compute_loss(batch, "train")
        interval = 1 if batch_loss.device.type == "cpu" else CHECK_INTERVAL
        if number % interval == interval - 1:
            self.check_losses("train", interval)
        return batch_loss

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        # Not by the trainer, which refuses clipping with fused optimisers, since some scale gradients (but not for bfloat16).
        if self.settings["clip"]:
            torch.nn.utils.clip_grad_norm_(self.parameters(), self.settings["clip"])

    def validation_step(self, batch: Any, _: int) -> None:
        self._compute_loss(batch, "validation")

    def check_losses(self, subset: str, last: int = 0) -> torch.Tensor:
        """Sums of the last batches, by default all: (batches, 2). Raises ToolError if one is not a number."""
        sums = self.sums[subset][-last:]
        values = torch.stack(sums).cpu().double()
        invalid = torch.nonzero(~torch.isfinite(values[:, 0]))
        if len(invalid):
            number = len(self.sums[subset]) - len(sums) + int(invalid[0]) + 1
            batches = len(self.make_batches(subset, self.epoch, 0, self.trainer.world_size))
            raise ToolError(
                f"the {subset} loss is not a number in epoch {self.epoch + 1}, batch {number} of {batches}; "
                f"lower training.learning_rate (it is {self.settings['learning_rate']:g})"
            )
        return values

    def mean_loss(self, subset: str) -> float | None:
        """Mean loss of a subset in the current epoch over all processes, None without batches. Resets the sums."""
        if not self.sums[subset]:
            return None
        total = self.check_losses(subset).sum(dim=0)
        self.sums[subset].clear()
        if self.trainer.world_size > 1:
            total = self.trainer.strategy.reduce(total.float().to(self.device), reduce_op="sum").cpu()
        return float(total[0] / total[1].clamp_min(1))

    def configure_optimizers(self) -> dict[str, Any]:
        steps = self.settings["epochs"] * len(self.make_batches("train", 0, 0, self.trainer.world_size))
        optimiser = schedule.make_optimiser(self.parameters(), self.settings, fused=self.settings["optimiser"] != "rmsprop")
        scheduler = torch.optim.lr_scheduler.LambdaLR(optimiser, schedule.make_schedule(self.settings["schedule"], steps))
        if self.state:
            optimiser.load_state_dict(self.state["optimiser"])
            scheduler.load_state_dict(self.state["schedule"])
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}


class BestCheckpoint(Callback):
    """Keep the weights of the epoch with the lowest validation loss; stop after `patience` epochs without improvement.

    Without validation data the weights of the last epoch are kept. The state is saved and logged after each epoch.
    """

    def __init__(self, store: CheckpointStore, progress: Progress, patience: int):
        self.store = store
        self.progress = progress
        self.patience = patience
        self.state: State = {"epoch": -1, "best_epoch": -1, "lowest": math.inf, "history": [], "best": {}, "finished": False}

    def on_train_epoch_start(self, trainer: Any, module: SequenceLearner) -> None:
        self.progress.begin(module.epoch, trainer.num_training_batches)

    def on_train_batch_end(self, trainer: Any, module: SequenceLearner, outputs: Any, batch: Any, number: int) -> None:
        self.progress.step(number)

    def on_train_epoch_end(self, trainer: Any, module: SequenceLearner) -> None:
        epoch = module.epoch
        losses = {subset: module.mean_loss(subset) for subset in ("train", "validation")}
        row = {"epoch": epoch} | {subset: value for subset, value in losses.items() if value is not None}
        row["learning_rate"] = trainer.optimizers[0].param_groups[0]["lr"]
        state = self.state
        state["history"].append(row)
        state["epoch"] = epoch
        is_best = row.get("validation", -math.inf) < state["lowest"]
        if is_best:
            state["best_epoch"], state["lowest"] = epoch, row.get("validation", math.inf)
            state["best"] = {name: tensor.detach().clone() for name, tensor in module.net.state_dict().items()}
        is_exhausted = epoch - state["best_epoch"] >= self.patience
        state["finished"] = is_exhausted or epoch + 1 >= module.settings["epochs"]
        trainer.should_stop = is_exhausted
        if self.store.folder and self.store.is_main:
            self.store.save(epoch, state | _resume_state(trainer, module))
        self.progress.end(row, is_best)


def _resume_state(trainer: Any, module: SequenceLearner) -> State:
    """Additional state for a restart: current weights, optimiser and schedule."""
    scheduler_state = trainer.lr_scheduler_configs[0].scheduler.state_dict()
    return {
        "weights": module.net.state_dict(),
        "optimiser": trainer.optimizers[0].state_dict(),
        "schedule": {key: value for key, value in scheduler_state.items() if key != "lr_lambdas"} | {"lr_lambdas": [None]},
    }


@contextmanager
def use_deterministic_algorithms() -> Iterator[None]:
    """Deterministic algorithms where the device supports them; previous settings are restored afterwards.

    Uninitialised memory is not filled, as torch does in this mode by default: that takes a tenth of the time.
    """
    module = torch.utils.deterministic
    mode, previous_fill = torch.get_deterministic_debug_mode(), module.fill_uninitialized_memory
    try:
        torch.use_deterministic_algorithms(True, warn_only=True)
        module.fill_uninitialized_memory = False
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        yield
    finally:
        torch.set_deterministic_debug_mode(mode)
        module.fill_uninitialized_memory = previous_fill


def run_training(learner: SequenceLearner, best: BestCheckpoint, accelerator: str, processes: int) -> State:
    """Train in place from the state of the learner, and return the final state. processes: number that train together."""
    settings, state = learner.settings, learner.state
    if state:
        best.state = {key: state[key] for key in best.state}
        learner.net.load_state_dict(state["weights"])
    first_epoch = best.state["epoch"] + 1
    if best.state["finished"]:
        return best.state
    for name in ("lightning.pytorch", "lightning.fabric", "lightning.pytorch.utilities.rank_zero"):
        logging.getLogger(name).setLevel(logging.ERROR)
    with warnings.catch_warnings(), use_deterministic_algorithms():
        warnings.simplefilter("ignore")
        # barebones: no logger, checkpoints, progress bar, summary or sanity validation by Lightning, since many fits are tiny
        trainer = Trainer(
            accelerator=accelerator,
            devices=settings["devices"],
            num_nodes=settings["nodes"],
            strategy="ddp" if processes > 1 else "auto",
            sync_batchnorm=processes > 1 and accelerator == "gpu",
            # With one node, ignore the cluster: in a Slurm job Lightning would expect a distributed training.
            plugins=[LightningEnvironment()] if settings["nodes"] == 1 else None,
            precision=devices.select_precision(settings["precision"], accelerator),
            max_epochs=settings["epochs"] - first_epoch,
            use_distributed_sampler=False,
            reload_dataloaders_every_n_epochs=1,
            barebones=True,
            callbacks=[best],
        )
        trainer.fit(learner)
    return best.state
