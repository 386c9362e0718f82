"""Losses of torch models, and what makes predictions of their outputs, by the kind of outcome.

The numbers are those of `readsight.dataset.outcome`: logits (n,) for two classes, (n, K) for several, (n, L)
for several labels at once, and the log relative hazard (n,) for survival; a number (n,) for regression; logits
(n, length, K) for positions; and for profiles (n, bins) what `softplus` makes a signal of.
"""

import torch
from torch.nn import functional

from readsight.dataset.outcome import UNCOUNTED

EDGE = 1e-6  # least signal that a profile's likelihood is told of


def loss(kind: str, output: torch.Tensor, target: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Mean negative log likelihood of a batch, nats; examples count as their weights (n,) say.

    target: as the kind shapes it. Survival: `cox`. Regression: the squared error. Positions: the mean over those that are
    counted. Profile: Poisson, per bin that has a signal, less what does not hang on the output.
    """
    if kind == "survival":
        return cox(output, target[:, 0], target[:, 1], weights)
    if kind == "regression":
        return ((output - target) ** 2 * weights).mean()
    if kind in ("positions", "profile"):
        told = counted(kind, target)
        found = (_of_positions if kind == "positions" else _of_profile)(output, target, told)
        return (found * weights[:, None] * told).sum() / told.sum().clamp_min(1)
    if kind == "multiclass":
        return (functional.cross_entropy(output, target.long(), reduction="none") * weights).mean()
    weights = weights[:, None] if kind == "multilabel" else weights
    return functional.binary_cross_entropy_with_logits(output, target.to(output.dtype), weight=weights)


def counted(kind: str, target: torch.Tensor) -> torch.Tensor:
    """What of a target the loss is a mean over, as true and false: examples, counted positions, bins that have a signal."""
    if kind == "positions":
        return target != UNCOUNTED
    if kind == "profile":
        return ~torch.isnan(target)
    return torch.ones(len(target), dtype=torch.bool, device=target.device)


def _of_positions(output: torch.Tensor, target: torch.Tensor, told: torch.Tensor) -> torch.Tensor:
    """(n, length): cross-entropy of each position."""
    return functional.cross_entropy(output.transpose(1, 2), torch.where(told, target, 0).long(), reduction="none")


def _of_profile(output: torch.Tensor, target: torch.Tensor, told: torch.Tensor) -> torch.Tensor:
    """(n, bins): Poisson loss of each bin."""
    signal = functional.softplus(output)
    return signal - torch.where(told, target, 0) * torch.log(signal + EDGE)


def cox(risk: torch.Tensor, time: torch.Tensor, event: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Negative log partial likelihood per event, ties by Breslow (Cox 1972; weighted as in Binder 1992).

    risk: log relative hazard. All of (n,). Those at risk are told by an n × n comparison rather than by
    running sums, which have no deterministic form on every device. Without an event it is 0.
    """
    seen = event > 0
    if not bool(seen.any()):
        return risk.sum() * 0
    at_risk = time[None, :] >= time[seen, None]
    # Who weighs nothing is in no risk set; the logarithm says so by −inf, which has no gradient to spoil.
    shifted = torch.where(at_risk & (weights > 0), risk + torch.log(weights.clamp_min(1e-30)), -torch.inf)
    share = weights[seen]
    kept = share > 0
    found = (torch.logsumexp(shifted[kept], dim=1) - risk[seen][kept]) * share[kept]
    return found.sum() / share.sum().clamp_min(1e-30)


def predicted(kind: str, output: torch.Tensor) -> torch.Tensor:
    """Predictions from outputs: probabilities; for survival the log relative hazard and for regression the number as it is;
    for profiles the signal.
    """
    if kind in ("survival", "regression"):
        return output
    if kind == "profile":
        return functional.softplus(output)
    return torch.softmax(output, dim=-1) if kind in ("multiclass", "positions") else torch.sigmoid(output)
