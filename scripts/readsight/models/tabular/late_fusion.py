"""Late fusion: one linear model per modality, with votes weighted by out-of-fold performance."""

from dataclasses import replace
from typing import Any

import numpy as np

from readsight.dataset.fold_file import Fold
from readsight.models.fitted_model import FittedModel
from readsight.models.linear_base import compute_logits, describe_outcome, to_probabilities
from readsight.models.tabular import elastic_net, torch_base

KINDS = ("binary", "multiclass", "multilabel")
NEEDS_MODALITIES = True
GRID = [{"l1_ratio": 0.2, "strength": strength} for strength in (0.1, 0.03, 0.01)]
MAX_SPLITS = 4  # of the training set, for out-of-fold predictions
SHRINKAGE = 1.0  # strength of shrinkage towards equal weights, in examples


def search_space(trial: Any) -> dict[str, Any]:
    """Settings of an Optuna trial: those of the elastic net of each modality."""
    return elastic_net.search_space(trial)


def train(train: Fold, validation: Fold | None, settings: dict[str, Any], seed: int, threads: int) -> FittedModel:
    """One elastic net per modality on the examples that have it, with these settings; vote weights by stacking (Wolpert 1992).

    Weights are non-negative and minimise the log loss of out-of-fold predictions within the training set, where groups are not
    divided. Synthetic examples are excluded from this step, since they are interpolated between examples of different groups.
    """
    blocks = torch_base.locate_modalities(train)
    arrays, kept = {}, {}
    for name in blocks:
        modality_fold = _select_present(train.select_modality(name))
        fit = elastic_net.train(modality_fold, None, settings, seed, threads)
        arrays |= {f"{name}/{key}": array for key, array in fit.arrays.items()}
        kept[name] = fit.description["features_kept"]
    arrays["vote"] = fit_votes(*_predict_out_of_fold(train, list(blocks), settings, seed, threads))
    description = {"modalities": blocks, "features_kept": kept} | {name: settings[name] for name in ("l1_ratio", "strength")}
    return FittedModel(arrays, describe_outcome(train.outcome) | description)


def _select_present(fold: Fold) -> Fold:
    """Examples that have this modality: a missing modality is 0 in all features."""
    return _select_rows(fold, np.flatnonzero((fold.values != 0).any(axis=1)))


def _select_rows(fold: Fold, rows: np.ndarray) -> Fold:
    fields = {name: getattr(fold, name)[rows] for name in ("values", "labels", "weights", "names", "groups")}
    return replace(fold, **fields)


def _predict_out_of_fold(
    train: Fold, names: list[str], settings: dict[str, Any], seed: int, threads: int
) -> tuple[Fold, np.ndarray, np.ndarray]:
    """Real training examples; out-of-fold logits of each modality (modalities, n, outputs); mask of available logits.

    The mask, (modalities, n), is also False if there are too few groups or classes for out-of-fold predictions.
    """
    real_fold = _select_rows(train, np.flatnonzero(train.groups != ""))
    logits = np.zeros((len(names), len(real_fold), train.outcome.output_count))
    is_available = np.zeros((len(names), len(real_fold)), bool)
    for train_rows, test_rows in _split_groups(real_fold, seed):
        for i, name in enumerate(names):
            modality_fold = _select_present(_select_rows(real_fold, train_rows).select_modality(name))
            values = real_fold.values[test_rows][:, real_fold.modalities[name]]
            is_present = (values != 0).any(axis=1)
            if train.outcome.kind != "multilabel" and len(np.unique(modality_fold.labels)) < 2:
                continue
            fit = elastic_net.train(modality_fold, None, settings, seed, threads)
            logits[i, test_rows], is_available[i, test_rows] = (
                np.where(is_present[:, None], compute_logits(fit.arrays, values), 0),
                is_present,
            )
    return real_fold, logits, is_available


def _split_groups(fold: Fold, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Training and test rows of each split, without dividing groups, with classes distributed as evenly as possible."""
    from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

    number = min(MAX_SPLITS, len(np.unique(fold.groups)))
    if number < 2:
        return []
    if fold.outcome.kind == "multilabel":
        return list(GroupKFold(number, shuffle=True, random_state=seed).split(fold.values, groups=fold.groups))
    rarest = np.unique(fold.labels, return_counts=True)[1].min()
    if rarest < number:
        return list(GroupKFold(number, shuffle=True, random_state=seed).split(fold.values, groups=fold.groups))
    cut = StratifiedGroupKFold(number, shuffle=True, random_state=seed)
    return list(cut.split(fold.values, fold.labels, fold.groups))


def fit_votes(fold: Fold, logits: np.ndarray, is_available: np.ndarray) -> np.ndarray:
    """Non-negative weights (modalities,) that minimise the log loss of the combined votes; equal weights without any logits."""
    from scipy.optimize import minimize

    equal = np.full(len(logits), 1 / len(logits))
    rows = is_available.any(axis=0)
    if not rows.any():
        return equal
    labels, outcome = fold.labels[rows], fold.outcome

    def loss(vote: np.ndarray) -> float:
        predictions = to_probabilities(outcome.kind, combine_votes(vote, logits[:, rows], is_available[:, rows]))
        return outcome.compute_loss(predictions, labels) + SHRINKAGE * float(((vote - equal) ** 2).sum()) / len(labels)

    result = minimize(loss, equal, method="L-BFGS-B", bounds=[(0.0, 10.0)] * len(logits))
    return result.x if result.x.sum() > 0 else equal


def combine_votes(vote: np.ndarray, logits: np.ndarray, is_available: np.ndarray) -> np.ndarray:
    """Combined logits (n, outputs) from those of each modality (modalities, n, outputs).

    A missing modality has no vote; the remaining ones are rescaled to the total weight.
    """
    votes = vote[:, None] * is_available
    total = votes.sum(axis=0)
    scale = np.where(total > 0, vote.sum() / np.where(total > 0, total, 1), 0)
    return (votes[:, :, None] * logits).sum(axis=0) * scale[:, None]


def predict(arrays: dict[str, np.ndarray], description: dict[str, Any], values: np.ndarray) -> np.ndarray:
    """Probabilities, shaped as in `outcome`, of values (n, features of all modalities)."""
    logits, is_available = [], []
    for name, (start, end) in description["modalities"].items():
        block = values[:, start:end]
        logits.append(compute_logits({key: arrays[f"{name}/{key}"] for key in ("weight", "bias")}, block))
        is_available.append((block != 0).any(axis=1))
    return to_probabilities(description["kind"], combine_votes(arrays["vote"], np.array(logits), np.array(is_available)))


def load_module(arrays: dict[str, np.ndarray], description: dict[str, Any]) -> Any:
    """Torch module, (n, features of all modalities) → (n,) logits for one output, else (n, outputs).

    `presence(values)`, (n, modalities) bool, gives the available modalities; forward accepts a
    different mask as its second argument.
    """
    import torch

    vote = torch.as_tensor(arrays["vote"], dtype=torch.float64)
    spans = list(description["modalities"].items())
    models = [
        [torch.as_tensor(np.atleast_2d(arrays[f"{name}/{key}"])).double() for key in ("weight", "bias")] for name, _ in spans
    ]
    is_single = description["kind"] == "binary"

    class VoteModule(torch.nn.Module):
        def presence(self, values: Any) -> Any:
            return torch.stack([(values[:, a:b] != 0).any(dim=1) for _, (a, b) in spans], dim=1)

        def forward(self, values: Any, present: Any = None) -> Any:
            votes = vote * (self.presence(values) if present is None else present)
            total = votes.sum(dim=1, keepdim=True)
            share = torch.where(total > 0, votes * vote.sum() / torch.where(total > 0, total, 1), 0)
            modality_logits = [
                values[:, a:b] @ weight.T + bias for (_, (a, b)), (weight, bias) in zip(spans, models, strict=True)
            ]
            logits = (share.unsqueeze(2) * torch.stack(modality_logits, dim=1)).sum(dim=1)
            return logits[:, 0] if is_single else logits

    return VoteModule().eval()
