"""Training of a network, or of several from different seeds."""

from pathlib import Path
from typing import Any

import numpy as np

from readsight.dataset.fold_file import Fold
from readsight.models.fitted_model import FittedModel
from readsight.models.training.model_description import ONE_HOT
from readsight.models.training.prediction import choose_precision
from readsight.models.training.weights import Build

SEED_STEP = 7919  # between the seeds of an ensemble's networks


def fit(
    build: Build,
    description: dict[str, Any],
    train: Fold,
    validation: Fold | None,
    settings: dict[str, Any],
    seed: int,
    threads: int,
    checkpoint_folder: Path | None = None,
    initial: dict[str, np.ndarray] | None = None,
) -> FittedModel:
    """Train what `build` gives, with early stopping on the validation loss; the best pass's weights are kept.

    description: as of `described`, with what `build` reads besides. validation None: exactly settings["epochs"] passes, and the
    last one's weights. settings: those of the config's `training`. checkpoint_folder: folder of checkpoints; a training that was
    broken off goes on from there, to the same weights, and one that was finished is not made again. Who gives it removes it.
    initial: arrays of the module that it starts from, by the names of torch. about gains best_epoch (from 0; of an ensemble
    the median), and predicts (the precision that is predicted in). history: of each network and pass epoch, train, validation
    (losses), learning_rate; and network, of an ensemble.

    Raises InputError where a device is asked for that is not there, ToolError where the loss is not a number.
    """
    from readsight.models.training.devices import count_processes, select_accelerator

    select_accelerator(settings)
    job = {"build": build, "about": description, "train": train, "validation": validation, "settings": settings, "seed": seed}
    job |= {"threads": threads, "keep": checkpoint_folder, "start": initial or {}}
    if count_processes(settings) > 1:
        from readsight.models.training.distributed import launch_processes

        return launch_processes(job, checkpoint_folder)
    return fit_in_process(**job)


def fit_in_process(
    build: Build,
    description: dict[str, Any],
    train: Fold,
    validation: Fold | None,
    settings: dict[str, Any],
    seed: int,
    threads: int,
    checkpoint_folder: Path | None,
    initial: dict[str, np.ndarray],
    is_main: bool = True,
) -> FittedModel:
    """As `fit`, in this process, which may be one of several. is_main: whether it is the one that tells and keeps."""
    import torch

    from readsight.models.training.single_network import NetworkTraining, train_network

    torch.set_num_threads(threads)
    encoding = train.encoding or ONE_HOT
    arrays = {f"encoding.{name}": array for name, array in encoding.arrays.items()}
    history, best_epochs = [], []
    for number in range(settings["ensemble"]):
        network = NetworkTraining(build, description, train, validation, settings, seed + SEED_STEP * number, initial, is_main)
        state = train_network(network, None if checkpoint_folder is None else checkpoint_folder / f"network{number}")
        arrays |= {f"{number}.{name}": tensor.cpu().numpy().copy() for name, tensor in state["best"].items()}
        best_epochs.append(state["best_epoch"])
        history += [row | ({"network": number} if settings["ensemble"] > 1 else {}) for row in state["history"]]
    description = description | {"best_epoch": round(float(np.median(best_epochs)))}
    monitored = validation if validation is not None and len(validation) else train
    return FittedModel(
        arrays, description | (choose_precision(build, arrays, description, monitored, threads) if is_main else {}), history
    )
