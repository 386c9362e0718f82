"""Late fusion: a linear model of each modality by itself, and their votes, weighed by what each knows of unseen examples."""

from dataclasses import replace
from typing import Any

import numpy as np

from readsight.dataset.fold_file import Fold
from readsight.models.fitted_model import Fitted
from readsight.models.linear_base import probabilities, scores, told
from readsight.models.tabular import elastic_net, torch_base

KINDS = ("binary", "multiclass", "multilabel")
NEEDS_MODALITIES = True
GRID = [{"l1_ratio": 0.2, "strength": strength} for strength in (0.1, 0.03, 0.01)]
PARTS = 4  # of the training part, for predictions of what a modality's model did not see
PULL = 1.0  # towards equal weights, in examples


def space(trial: Any) -> dict[str, Any]:
    """Settings of an Optuna trial: those of each modality's elastic net."""
    return elastic_net.space(trial)


def train(train: Fold, validation: Fold | None, settings: dict[str, Any], seed: int, threads: int) -> Fitted:
    """An elastic net a modality (its settings), of the examples that have it; weights by stacking (Wolpert 1992).

    Weights are not negative, and minimise the log loss of predictions of examples that were left out, whole
    groups, within the training part. Synthetic examples are not left out, and not trained on there: they lie
    between others that may be.
    """
    blocks = torch_base.blocks(train)
    arrays, kept = {}, {}
    for name in blocks:
        own = _having(train.on(name))
        fitted = elastic_net.train(own, None, settings, seed, threads)
        arrays |= {f"{name}/{key}": array for key, array in fitted.arrays.items()}
        kept[name] = fitted.about["features_kept"]
    arrays["vote"] = stacked(*_unseen(train, list(blocks), settings, seed, threads))
    about = {"modalities": blocks, "features_kept": kept} | {name: settings[name] for name in ("l1_ratio", "strength")}
    return Fitted(arrays, told(train.outcome) | about)


def _having(fold: Fold) -> Fold:
    """The examples that have this modality: one that lacks it is 0 throughout."""
    return _rows(fold, np.flatnonzero((fold.values != 0).any(axis=1)))


def _rows(fold: Fold, rows: np.ndarray) -> Fold:
    own = {name: getattr(fold, name)[rows] for name in ("values", "labels", "weights", "names", "groups")}
    return replace(fold, **own)


def _unseen(
    train: Fold, names: list[str], settings: dict[str, Any], seed: int, threads: int
) -> tuple[Fold, np.ndarray, np.ndarray]:
    """Real training examples; logits of each modality's model that did not see them (modalities, n, outputs); who has what.

    The last, (modalities, n), is False also where there were too few groups or classes to leave any out.
    """
    real = _rows(train, np.flatnonzero(train.groups != ""))
    logits = np.zeros((len(names), len(real), train.outcome.outputs))
    has = np.zeros((len(names), len(real)), bool)
    for learned, left in _parts(real, seed):
        for i, name in enumerate(names):
            own = _having(_rows(real, learned).on(name))
            values = real.values[left][:, real.modalities[name]]
            there = (values != 0).any(axis=1)
            if train.outcome.kind != "multilabel" and len(np.unique(own.labels)) < 2:
                continue
            fitted = elastic_net.train(own, None, settings, seed, threads)
            logits[i, left], has[i, left] = np.where(there[:, None], scores(fitted.arrays, values), 0), there
    return real, logits, has


def _parts(fold: Fold, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Rows to train on and rows left out, whole groups, the classes spread as evenly as they go."""
    from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

    parts = min(PARTS, len(np.unique(fold.groups)))
    if parts < 2:
        return []
    if fold.outcome.kind == "multilabel":
        return list(GroupKFold(parts, shuffle=True, random_state=seed).split(fold.values, groups=fold.groups))
    rarest = np.unique(fold.labels, return_counts=True)[1].min()
    if rarest < parts:
        return list(GroupKFold(parts, shuffle=True, random_state=seed).split(fold.values, groups=fold.groups))
    cut = StratifiedGroupKFold(parts, shuffle=True, random_state=seed)
    return list(cut.split(fold.values, fold.labels, fold.groups))


def stacked(fold: Fold, logits: np.ndarray, has: np.ndarray) -> np.ndarray:
    """Weights (modalities,), not negative, that minimise the log loss of the votes together; equal ones where nothing is known."""
    from scipy.optimize import minimize

    equal = np.full(len(logits), 1 / len(logits))
    rows = has.any(axis=0)
    if not rows.any():
        return equal
    labels, outcome = fold.labels[rows], fold.outcome

    def loss(vote: np.ndarray) -> float:
        guess = probabilities(outcome.kind, poll(vote, logits[:, rows], has[:, rows]))
        return outcome.loss(guess, labels) + PULL * float(((vote - equal) ** 2).sum()) / len(labels)

    found = minimize(loss, equal, method="L-BFGS-B", bounds=[(0.0, 10.0)] * len(logits))
    return found.x if found.x.sum() > 0 else equal


def poll(vote: np.ndarray, logits: np.ndarray, has: np.ndarray) -> np.ndarray:
    """Logits (n, outputs) of all modalities together, from those of each (modalities, n, outputs).

    A modality that an example lacks has no vote, and the others together weigh what all would.
    """
    cast = vote[:, None] * has
    total = cast.sum(axis=0)
    scale = np.where(total > 0, vote.sum() / np.where(total > 0, total, 1), 0)
    return (cast[:, :, None] * logits).sum(axis=0) * scale[:, None]


def predict(arrays: dict[str, np.ndarray], about: dict[str, Any], values: np.ndarray) -> np.ndarray:
    """Probabilities, shaped as `outcome` says, of values (n, features of all modalities)."""
    logits, has = [], []
    for name, (start, end) in about["modalities"].items():
        block = values[:, start:end]
        logits.append(scores({key: arrays[f"{name}/{key}"] for key in ("weight", "bias")}, block))
        has.append((block != 0).any(axis=1))
    return probabilities(about["kind"], poll(arrays["vote"], np.array(logits), np.array(has)))


def module(arrays: dict[str, np.ndarray], about: dict[str, Any]) -> Any:
    """Torch module, (n, features of all modalities) → (n,) logits of one output, else (n, outputs).

    Its `presence(values)`, (n, modalities) bool, tells who has what; forward takes another as its second argument.
    """
    import torch

    vote = torch.as_tensor(arrays["vote"], dtype=torch.float64)
    spans = list(about["modalities"].items())
    own = [[torch.as_tensor(np.atleast_2d(arrays[f"{name}/{key}"])).double() for key in ("weight", "bias")] for name, _ in spans]
    single = about["kind"] == "binary"

    class Poll(torch.nn.Module):
        def presence(self, values: Any) -> Any:
            return torch.stack([(values[:, a:b] != 0).any(dim=1) for _, (a, b) in spans], dim=1)

        def forward(self, values: Any, present: Any = None) -> Any:
            cast = vote * (self.presence(values) if present is None else present)
            total = cast.sum(dim=1, keepdim=True)
            share = torch.where(total > 0, cast * vote.sum() / torch.where(total > 0, total, 1), 0)
            parts = [values[:, a:b] @ weight.T + bias for (_, (a, b)), (weight, bias) in zip(spans, own, strict=True)]
            found = (share.unsqueeze(2) * torch.stack(parts, dim=1)).sum(dim=1)
            return found[:, 0] if single else found

    return Poll().eval()
