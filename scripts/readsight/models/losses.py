"""Losses of torch models by kind of outcome, and the conversion of outputs to predictions.

Values match `readsight.dataset.outcome`. Outputs are logits (n,) for two classes, (n, K) for several, (n, L) for several
labels; the log relative hazard (n,) for survival; a number (n,) for regression; logits (n, length, K) for positions; and
for profiles (n, bins), which `softplus` converts to a signal.
"""

import torch
from torch.nn import functional

from readsight.dataset.outcome import UNCOUNTED

EDGE = 1e-6  # lower limit of a profile signal


def compute_loss(kind: str, output: torch.Tensor, target: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Mean negative log likelihood of a batch in nats, with example weights (n,).

    target: shaped by kind. Survival: `cox_loss`. Regression: squared error. Positions: mean over counted positions. Profile:
    Poisson, mean over bins with a signal, without the terms that do not depend on the output.
    """
    if kind == "survival":
        return cox_loss(output, target[:, 0], target[:, 1], weights)
    if kind == "regression":
        return ((output - target) ** 2 * weights).mean()
    if kind in ("positions", "profile"):
        mask = get_loss_mask(kind, target)
        losses = (_positions_loss if kind == "positions" else _profile_loss)(output, target, mask)
        return (losses * weights[:, None] * mask).sum() / mask.sum().clamp_min(1)
    if kind == "multiclass":
        return (functional.cross_entropy(output, target.long(), reduction="none") * weights).mean()
    weights = weights[:, None] if kind == "multilabel" else weights
    return functional.binary_cross_entropy_with_logits(output, target.to(output.dtype), weight=weights)


def get_loss_mask(kind: str, target: torch.Tensor) -> torch.Tensor:
    """Boolean mask of the elements that the loss averages over: examples, counted positions, or bins with a signal."""
    if kind == "positions":
        return target != UNCOUNTED
    if kind == "profile":
        return ~torch.isnan(target)
    return torch.ones(len(target), dtype=torch.bool, device=target.device)


def _positions_loss(output: torch.Tensor, target: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of each position, (n, length)."""
    return functional.cross_entropy(output.transpose(1, 2), torch.where(mask, target, 0).long(), reduction="none")


def _profile_loss(output: torch.Tensor, target: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Poisson loss of each bin, (n, bins)."""
    signal = functional.softplus(output)
    return signal - torch.where(mask, target, 0) * torch.log(signal + EDGE)


def cox_loss(risk: torch.Tensor, time: torch.Tensor, event: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Negative log partial likelihood per event, ties by Breslow (Cox 1972; weighted as in Binder 1992).

    risk: log relative hazard; all arguments are (n,). Risk sets use an n × n comparison, since cumulative sums are not
    deterministic on every device. Without an event the loss is 0.
    """
    has_event = event > 0
    if not bool(has_event.any()):
        return risk.sum() * 0
    at_risk = time[None, :] >= time[has_event, None]
    # Examples with weight 0 are in no risk set: their logarithm is −inf, which does not affect gradients.
    weighted_risk = torch.where(at_risk & (weights > 0), risk + torch.log(weights.clamp_min(1e-30)), -torch.inf)
    event_weights = weights[has_event]
    is_weighted = event_weights > 0
    losses = (torch.logsumexp(weighted_risk[is_weighted], dim=1) - risk[has_event][is_weighted]) * event_weights[is_weighted]
    return losses.sum() / event_weights.sum().clamp_min(1e-30)


def to_predictions(kind: str, output: torch.Tensor) -> torch.Tensor:
    """Predictions from outputs: probabilities; the log relative hazard for survival; the number for regression; the signal for
    profiles.
    """
    if kind in ("survival", "regression"):
        return output
    if kind == "profile":
        return functional.softplus(output)
    return torch.softmax(output, dim=-1) if kind in ("multiclass", "positions") else torch.sigmoid(output)
