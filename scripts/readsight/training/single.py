"""Training of one network, from its first weights or from a checkpoint."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from readsight.foldfile import Fold
from readsight.training.about import ONE_HOT
from readsight.training.batches import Batches, batch_size
from readsight.training.keeping import Keep, State, digest
from readsight.training.loop import Best, Learner, run
from readsight.training.progress import Progress
from readsight.training.quick import quickened
from readsight.training.rows import at_once
from readsight.training.weights import Build

ELSEWHERE = ("device",)  # settings that do not make it another training


def train_one(
    build: Build,
    about: dict[str, Any],
    parts: tuple[Fold, Fold | None],
    settings: dict[str, Any],
    seed: int,
    device: str,
    folder: Path | None,
    start: dict[str, np.ndarray],
) -> State:
    """The last state: best (weights), best_epoch, history. parts: train, validation. folder: of its checkpoints."""
    train, validation = parts
    torch.manual_seed(seed)
    net = build(about)
    net.load_state_dict({name: torch.as_tensor(array) for name, array in start.items()}, strict=False)
    quickened(net, device)
    encoding = train.encoding or ONE_HOT
    size = batch_size(len(train), settings["batch_size"])

    def make(part: str, epoch: int, rank: int, world: int) -> Any:
        if part == "train":
            return Batches(train, about, encoding, size, (seed, epoch), settings["augment"], rank, world)
        if validation is None or not len(validation):
            return []
        return Batches(validation, about, encoding, at_once(about), None, None, rank, world)

    learner = Learner(net, about, settings, seed, make)
    keep = Keep(folder, made_by(about, settings, seed, parts, start))
    learner.state = keep.last()
    best = Best(keep, Progress(folder.name if folder else "network", settings["epochs"]), settings["patience"])
    if learner.state:
        best.progress.resumed(learner.state["epoch"])
    return run(learner, best, device, "auto")


def made_by(
    about: dict[str, Any], settings: dict[str, Any], seed: int, parts: tuple[Fold, Fold | None], start: dict[str, np.ndarray]
) -> dict[str, Any]:
    """What makes a training what it is: of the same the weights are the same."""
    held = {}
    for name, fold in zip(("train", "validation"), parts, strict=True):
        if fold is not None and len(fold):
            own = {"names": np.char.encode(fold.names.astype(str), "utf-8"), "weights": np.asarray(fold.weights)}
            held[name] = {"mark": fold.mark, "examples": len(fold), "content": digest(own)}
    encoding = parts[0].encoding
    arrays = digest((encoding.arrays if encoding else {}) | start)
    own = {key: value for key, value in settings.items() if key not in ELSEWHERE}
    network = {key: value for key, value in about.items() if key not in ELSEWHERE}
    return {"network": network, "training": own, "seed": seed, "examples": held, "arrays": arrays}
