"""Training of one network, from its initial weights or from a checkpoint."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from readsight.dataset.fold_file import Fold
from readsight.models.training.batch_size import choose_batch_size
from readsight.models.training.batches import CodeBatches, limit_batch_size
from readsight.models.training.checkpoints import CheckpointStore, State, compute_digest
from readsight.models.training.devices import count_processes, select_accelerator
from readsight.models.training.fast_layers import use_fast_layers
from readsight.models.training.loop import BestCheckpoint, SequenceLearner, run_training
from readsight.models.training.model_description import ONE_HOT
from readsight.models.training.progress import Progress
from readsight.models.training.weights import Build

IGNORED_SETTINGS = ("device",)  # settings that do not change the identity of a training


@dataclass(frozen=True)
class NetworkTraining:
    """Definition of the training of one network.

    settings: section `training` of the config. initial: arrays that replace initial weights. is_main: whether this process
    logs progress and writes checkpoints.
    """

    build: Build
    description: dict[str, Any]
    train: Fold
    validation: Fold | None
    settings: dict[str, Any]
    seed: int
    initial: dict[str, np.ndarray]
    is_main: bool = True

    def make_batches(self, subset: str, epoch: int, rank: int, world: int) -> Any:
        """Batches of a subset (`train`, `validation`) in an epoch, for one of `world` processes."""
        encoding = self.train.encoding or ONE_HOT
        if subset == "train":
            size = limit_batch_size(len(self.train) // world, self.settings["batch_size"])
            order = (self.seed, epoch)
            return CodeBatches(self.train, self.description, encoding, size, order, self.settings["augment"], rank, world)
        if self.validation is None or not len(self.validation):
            return []
        return CodeBatches(
            self.validation,
            self.description,
            encoding,
            choose_batch_size(self.description, select_accelerator(self.settings)),
            None,
            None,
            rank,
            world,
        )

    def describe_training(self) -> dict[str, Any]:
        """Identity of the training as plain values: equal identities give equal weights."""
        examples = {}
        for name, fold in (("train", self.train), ("validation", self.validation)):
            if fold is not None and len(fold):
                arrays_of_fold = {"names": np.char.encode(fold.names.astype(str), "utf-8"), "weights": np.asarray(fold.weights)}
                arrays_of_fold |= {} if fold.outcome.is_positional else {"labels": np.asarray(fold.labels)}
                examples[name] = {"mark": fold.digest, "examples": len(fold), "content": compute_digest(arrays_of_fold)}
        arrays = compute_digest((self.train.encoding.arrays if self.train.encoding else {}) | self.initial)
        settings, network = (
            {key: value for key, value in options.items() if key not in IGNORED_SETTINGS}
            for options in (self.settings, self.description)
        )
        return {"network": network, "training": settings, "seed": self.seed, "examples": examples, "arrays": arrays}


def train_network(training: NetworkTraining, folder: Path | None) -> State:
    """Final state: best (weights), best_epoch, history. folder: of its checkpoints, from which training continues."""
    device = select_accelerator(training.settings)
    torch.manual_seed(training.seed)
    net = training.build(training.description)
    net.load_state_dict({name: torch.as_tensor(array) for name, array in training.initial.items()}, strict=False)
    learner = SequenceLearner(
        use_fast_layers(net, device), training.description, training.settings, training.seed, training.make_batches
    )
    store = CheckpointStore(folder, training.describe_training(), training.is_main)
    learner.state = store.load_last()
    progress = Progress(_display_name(folder), training.settings["epochs"], is_quiet=not training.is_main)
    if learner.state:
        progress.log_resumption(learner.state["epoch"], learner.state["finished"])
    return run_training(
        learner, BestCheckpoint(store, progress, training.settings["patience"]), device, count_processes(training.settings)
    )


def _display_name(folder: Path | None) -> str:
    """Name of a network in the log, from the folders of its checkpoints: `fold0 trial0 pair0 network0`."""
    if folder is None:
        return "network"
    parts = folder.parts
    start = next((i + 1 for i, part in enumerate(parts) if part == "checkpoints"), len(parts) - 1)
    return " ".join(parts[start:])
