"""Training of a network, or of several from different seeds."""

from pathlib import Path
from typing import Any

import numpy as np

from readsight.dataset.fold_file import Fold
from readsight.models.fitted_model import Fitted
from readsight.models.training.model_description import ONE_HOT
from readsight.models.training.prediction import agreed
from readsight.models.training.weights import Build

ASUNDER = 7919  # between the seeds of an ensemble's networks


def fit(
    build: Build,
    about: dict[str, Any],
    train: Fold,
    validation: Fold | None,
    settings: dict[str, Any],
    seed: int,
    threads: int,
    keep: Path | None = None,
    start: dict[str, np.ndarray] | None = None,
) -> Fitted:
    """Train what `build` gives, with early stopping on the validation loss; the best pass's weights are kept.

    about: as of `described`, with what `build` reads besides. validation None: exactly settings["epochs"] passes, and the
    last one's weights. settings: those of the config's `training`. keep: folder of checkpoints; a training that was
    broken off goes on from there, to the same weights, and one that was finished is not made again. Who gives it removes it.
    start: arrays of the module that it starts from, by the names of torch. about gains best_epoch (from 0; of an ensemble
    the median), and predicts (the precision that is predicted in). history: of each network and pass epoch, train, validation
    (losses), learning_rate; and network, of an ensemble.

    Raises InputError where a device is asked for that is not there, ToolError where the loss is not a number.
    """
    from readsight.models.training.devices import accelerator, processes

    accelerator(settings)
    job = {"build": build, "about": about, "train": train, "validation": validation, "settings": settings, "seed": seed}
    job |= {"threads": threads, "keep": keep, "start": start or {}}
    if processes(settings) > 1:
        from readsight.models.training.distributed import launched

        return launched(job, keep)
    return here(**job)


def here(
    build: Build,
    about: dict[str, Any],
    train: Fold,
    validation: Fold | None,
    settings: dict[str, Any],
    seed: int,
    threads: int,
    keep: Path | None,
    start: dict[str, np.ndarray],
    first: bool = True,
) -> Fitted:
    """As `fit`, in this process, which may be one of several. first: whether it is the one that tells and keeps."""
    import torch

    from readsight.models.training.single_network import One, train_one

    torch.set_num_threads(threads)
    encoding = train.encoding or ONE_HOT
    arrays = {f"encoding.{name}": array for name, array in encoding.arrays.items()}
    history, best = [], []
    for number in range(settings["ensemble"]):
        one = One(build, about, train, validation, settings, seed + ASUNDER * number, start, first)
        state = train_one(one, None if keep is None else keep / f"network{number}")
        arrays |= {f"{number}.{name}": tensor.cpu().numpy().copy() for name, tensor in state["best"].items()}
        best.append(state["best_epoch"])
        history += [row | ({"network": number} if settings["ensemble"] > 1 else {}) for row in state["history"]]
    about = about | {"best_epoch": round(float(np.median(best)))}
    told = validation if validation is not None and len(validation) else train
    return Fitted(arrays, about | (agreed(build, arrays, about, told, threads) if first else {}), history)
