"""The training loop: a Lightning module, and a callback that keeps the best weights, the history and the checkpoints."""

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
from readsight.models.losses import counted, loss
from readsight.models.training import devices, schedule
from readsight.models.training.batches import Batches
from readsight.models.training.checkpoints import Keep, State
from readsight.models.training.inputs import made
from readsight.models.training.model_description import FLAT
from readsight.models.training.progress import Progress

log = logging.getLogger("readsight")

LOOKS = 50  # steps between looks at the loss on a device that each look waits for


class Learner(LightningModule):
    """A network under the loss of its kind of outcome. make: the batches of a part ("train", "validation") and a pass.

    done: passes that were made before. Losses of a pass stand in `sums`: of each part the sum, and what it is over.
    """

    def __init__(
        self, net: torch.nn.Module, about: dict[str, Any], settings: dict[str, Any], seed: int, make: Callable[..., Any]
    ):
        super().__init__()
        self.net = net
        self.about = about
        self.own = settings
        self.seed = seed
        self.make = make
        self.state: State | None = None
        self.sums: dict[str, list[torch.Tensor]] = {"train": [], "validation": []}

    @property
    def epoch(self) -> int:
        """The pass under way, from 0, those of an earlier start counted."""
        return self.current_epoch + (self.state["epoch"] + 1 if self.state else 0)

    def train_dataloader(self) -> Batches:
        return self.make("train", self.epoch, self.trainer.global_rank, self.trainer.world_size)

    def val_dataloader(self) -> Any:
        return self.make("validation", self.epoch, self.trainer.global_rank, self.trainer.world_size)

    def on_train_epoch_start(self) -> None:
        # What is dropped hangs on the seed, the pass and the process alone: nothing of it has to be kept for a later start.
        torch.manual_seed((self.seed * 1_000_003 + self.epoch) * 1009 + self.trainer.global_rank)

    def _loss(self, batch: Any, part: str) -> torch.Tensor:
        given, target, weights = batch
        output = self.net(made(given, self.about))
        kind = self.about["kind"]
        output = (output.reshape(len(output)) if kind in FLAT else output).float()
        found = loss(kind, output, target, weights)
        told = counted(kind, target).sum().float()
        self.sums[part].append(torch.stack([found.detach() * told, told]))
        if self.trainer.world_size > 1 and part == "train":
            # Gradients are averaged over processes: a process with more to count has to weigh more.
            everyone = self.trainer.strategy.reduce(told.clone(), reduce_op="sum")
            found = found * (told * self.trainer.world_size / everyone)
        return found

    def training_step(self, batch: Any, number: int) -> torch.Tensor:
        found = self._loss(batch, "train")
        often = 1 if found.device.type == "cpu" else LOOKS
        if number % often == often - 1:
            self.check("train", often)
        return found

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        # Not by the trainer, which does not clip for fused optimisers: some scale gradients themselves, but not of bfloat16.
        if self.own["clip"]:
            torch.nn.utils.clip_grad_norm_(self.parameters(), self.own["clip"])

    def validation_step(self, batch: Any, _: int) -> None:
        self._loss(batch, "validation")

    def check(self, part: str, last: int = 0) -> torch.Tensor:
        """The sums of the last batches, of all by default: (batches, 2). Raises ToolError where one is not a number."""
        held = self.sums[part][-last:]
        found = torch.stack(held).cpu().double()
        bad = torch.nonzero(~torch.isfinite(found[:, 0]))
        if len(bad):
            number = len(self.sums[part]) - len(held) + int(bad[0]) + 1
            batches = len(self.make(part, self.epoch, 0, self.trainer.world_size))
            raise ToolError(
                f"the {part} loss is not a number in epoch {self.epoch + 1}, batch {number} of {batches}; "
                f"lower training.learning_rate (it is {self.own['learning_rate']:g})"
            )
        return found

    def mean(self, part: str) -> float | None:
        """The mean loss of a part in the pass that ends, over all processes; None where there is none. Forgets it."""
        if not self.sums[part]:
            return None
        total = self.check(part).sum(dim=0)
        self.sums[part].clear()
        if self.trainer.world_size > 1:
            total = self.trainer.strategy.reduce(total.float().to(self.device), reduce_op="sum").cpu()
        return float(total[0] / total[1].clamp_min(1))

    def configure_optimizers(self) -> dict[str, Any]:
        steps = self.own["epochs"] * len(self.make("train", 0, 0, self.trainer.world_size))
        found = schedule.optimiser(self.parameters(), self.own, fused=self.own["optimiser"] != "rmsprop")
        rate = torch.optim.lr_scheduler.LambdaLR(found, schedule.factor(self.own["schedule"], steps))
        if self.state:
            found.load_state_dict(self.state["optimiser"])
            rate.load_state_dict(self.state["schedule"])
        return {"optimizer": found, "lr_scheduler": {"scheduler": rate, "interval": "step"}}


class Best(Callback):
    """Keep the weights of the pass with the lowest validation loss; stop after `patience` passes without a better one.

    Without a validation part the last pass's are kept. After each pass the state is written, and told.
    """

    def __init__(self, keep: Keep, progress: Progress, patience: int):
        self.keep = keep
        self.progress = progress
        self.patience = patience
        self.state: State = {"epoch": -1, "best_epoch": -1, "lowest": math.inf, "history": [], "best": {}, "finished": False}

    def on_train_epoch_start(self, trainer: Any, module: Learner) -> None:
        self.progress.begin(module.epoch, trainer.num_training_batches)

    def on_train_batch_end(self, trainer: Any, module: Learner, outputs: Any, batch: Any, number: int) -> None:
        self.progress.step(number)

    def on_train_epoch_end(self, trainer: Any, module: Learner) -> None:
        epoch = module.epoch
        found = {part: module.mean(part) for part in ("train", "validation")}
        row = {"epoch": epoch} | {part: value for part, value in found.items() if value is not None}
        row["learning_rate"] = trainer.optimizers[0].param_groups[0]["lr"]
        state = self.state
        state["history"].append(row)
        state["epoch"] = epoch
        better = row.get("validation", -math.inf) < state["lowest"]
        if better:
            state["best_epoch"], state["lowest"] = epoch, row.get("validation", math.inf)
            state["best"] = {name: tensor.detach().clone() for name, tensor in module.net.state_dict().items()}
        waited = epoch - state["best_epoch"] >= self.patience
        state["finished"] = waited or epoch + 1 >= module.own["epochs"]
        trainer.should_stop = waited
        if self.keep.folder and self.keep.first:
            self.keep.save(epoch, state | _running(trainer, module))
        self.progress.end(row, better)


def _running(trainer: Any, module: Learner) -> State:
    """What a later start needs besides: the weights as they are, the optimiser and the schedule."""
    rate = trainer.lr_scheduler_configs[0].scheduler.state_dict()
    return {
        "weights": module.net.state_dict(),
        "optimiser": trainer.optimizers[0].state_dict(),
        "schedule": {key: value for key, value in rate.items() if key != "lr_lambdas"} | {"lr_lambdas": [None]},
    }


@contextmanager
def repeatable() -> Iterator[None]:
    """The same numbers each time, where a device has a way to them; all is as before afterwards.

    Memory that is not read before it is written is not filled, as torch does in this mode: that is a tenth of the time.
    """
    own = torch.utils.deterministic
    mode, fills = torch.get_deterministic_debug_mode(), own.fill_uninitialized_memory
    try:
        torch.use_deterministic_algorithms(True, warn_only=True)
        own.fill_uninitialized_memory = False
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        yield
    finally:
        torch.set_deterministic_debug_mode(mode)
        own.fill_uninitialized_memory = fills


def run(learner: Learner, best: Best, accelerator: str, processes: int) -> State:
    """Train from where the learner's state says, in place, and return the last state. processes: how many train together."""
    settings, state = learner.own, learner.state
    if state:
        best.state = {key: state[key] for key in best.state}
        learner.net.load_state_dict(state["weights"])
    first = best.state["epoch"] + 1
    if best.state["finished"]:
        return best.state
    for name in ("lightning.pytorch", "lightning.fabric", "lightning.pytorch.utilities.rank_zero"):
        logging.getLogger(name).setLevel(logging.ERROR)
    with warnings.catch_warnings(), repeatable():
        warnings.simplefilter("ignore")
        # barebones: no logger, checkpoints, progress bar, summary or trial validation of Lightning's own; many fits are tiny
        trainer = Trainer(
            accelerator=accelerator,
            devices=settings["devices"],
            num_nodes=settings["nodes"],
            strategy="ddp" if processes > 1 else "auto",
            sync_batchnorm=processes > 1 and accelerator == "gpu",
            # Of one node nobody is asked for others: a job of Slurm would be taken for a part of a larger training.
            plugins=[LightningEnvironment()] if settings["nodes"] == 1 else None,
            precision=devices.precision(settings["precision"], accelerator),
            max_epochs=settings["epochs"] - first,
            use_distributed_sampler=False,
            reload_dataloaders_every_n_epochs=1,
            barebones=True,
            callbacks=[best],
        )
        trainer.fit(learner)
    return best.state
