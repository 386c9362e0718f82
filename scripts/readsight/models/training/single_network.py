"""Training of one network, from its first weights or from a checkpoint."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from readsight.dataset.fold_file import Fold
from readsight.models.training.batch_size import at_once
from readsight.models.training.batches import Batches, batch_size
from readsight.models.training.checkpoints import Keep, State, digest
from readsight.models.training.devices import accelerator, processes
from readsight.models.training.fast_layers import quickened
from readsight.models.training.loop import Best, Learner, run
from readsight.models.training.model_description import ONE_HOT
from readsight.models.training.progress import Progress
from readsight.models.training.weights import Build

ELSEWHERE = ("device",)  # settings that do not make it another training


@dataclass(frozen=True)
class One:
    """What one network is trained by. settings: those of the config's `training`. start: arrays that the module starts from.

    first: whether this process tells how far it is, and writes checkpoints.
    """

    build: Build
    about: dict[str, Any]
    train: Fold
    validation: Fold | None
    settings: dict[str, Any]
    seed: int
    start: dict[str, np.ndarray]
    first: bool = True

    def batches(self, part: str, epoch: int, rank: int, world: int) -> Any:
        """Batches of a part (`train`, `validation`) in a pass, for one of so many processes."""
        encoding = self.train.encoding or ONE_HOT
        if part == "train":
            size = batch_size(len(self.train) // world, self.settings["batch_size"])
            order = (self.seed, epoch)
            return Batches(self.train, self.about, encoding, size, order, self.settings["augment"], rank, world)
        if self.validation is None or not len(self.validation):
            return []
        return Batches(
            self.validation, self.about, encoding, at_once(self.about, accelerator(self.settings)), None, None, rank, world
        )

    def made_by(self) -> dict[str, Any]:
        """What makes the training what it is, as plain values: of the same the weights are the same."""
        held = {}
        for name, fold in (("train", self.train), ("validation", self.validation)):
            if fold is not None and len(fold):
                own = {"names": np.char.encode(fold.names.astype(str), "utf-8"), "weights": np.asarray(fold.weights)}
                own |= {} if fold.outcome.along else {"labels": np.asarray(fold.labels)}
                held[name] = {"mark": fold.mark, "examples": len(fold), "content": digest(own)}
        arrays = digest((self.train.encoding.arrays if self.train.encoding else {}) | self.start)
        training, network = (
            {key: value for key, value in given.items() if key not in ELSEWHERE} for given in (self.settings, self.about)
        )
        return {"network": network, "training": training, "seed": self.seed, "examples": held, "arrays": arrays}


def train_one(one: One, folder: Path | None) -> State:
    """The last state: best (weights), best_epoch, history. folder: of its checkpoints, from which it goes on."""
    device = accelerator(one.settings)
    torch.manual_seed(one.seed)
    net = one.build(one.about)
    net.load_state_dict({name: torch.as_tensor(array) for name, array in one.start.items()}, strict=False)
    learner = Learner(quickened(net, device), one.about, one.settings, one.seed, one.batches)
    keep = Keep(folder, one.made_by(), one.first)
    learner.state = keep.last()
    progress = Progress(_name(folder), one.settings["epochs"], quiet=not one.first)
    if learner.state:
        progress.resumed(learner.state["epoch"], learner.state["finished"])
    return run(learner, Best(keep, progress, one.settings["patience"]), device, processes(one.settings))


def _name(folder: Path | None) -> str:
    """What a network is called in the log, by the folders that lead to its checkpoints: `fold0 trial0 pair0 network0`."""
    if folder is None:
        return "network"
    parts = folder.parts
    begin = next((i + 1 for i, part in enumerate(parts) if part == "checkpoints"), len(parts) - 1)
    return " ".join(parts[begin:])
