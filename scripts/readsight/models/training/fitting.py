"""Training of a network, or of an ensemble with different seeds."""

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
    """Train the module of `build` with early stopping on the validation loss; the weights of the best epoch are kept.

    Parameters
    ----------
    description : from `describe_model`, with the additional values that `build` reads. It gains best_epoch (from 0; for an
        ensemble the median) and predicts (precision of predictions).
    validation : None: exactly settings["epochs"] epochs, and the weights of the last one.
    settings : those of the section `training` of the config.
    checkpoint_folder : an interrupted training continues from it with identical weights, and a finished one is not
        repeated. The caller deletes it.
    initial : arrays that replace initial weights, by torch name.

    Returns
    -------
    FittedModel; history has, per network and epoch: epoch, train, validation (losses), learning_rate; for ensembles network.

    Raises
    ------
    InputError if a requested device is missing; ToolError if the loss is not a number.
    """
    from readsight.models.training.devices import count_processes, select_accelerator

    select_accelerator(settings)
    job = {
        "build": build,
        "description": description,
        "train": train,
        "validation": validation,
        "settings": settings,
        "seed": seed,
    }
    job |= {"threads": threads, "checkpoint_folder": checkpoint_folder, "initial": initial or {}}
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
    """As `fit`, in this process, which may be one of several. is_main: whether this one logs and writes checkpoints."""
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
