"""Losses of torch models, and what makes predictions of their outputs, by the kind of outcome.

The numbers are those of `readsight.outcome`: logits (n,) for two classes, (n, K) for several, (n, L)
for several labels at once, and the log relative hazard (n,) for survival.
"""

import torch
from torch.nn import functional


def loss(kind: str, output: torch.Tensor, target: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Mean negative log likelihood of a batch, nats; examples count as their weights (n,) say.

    target: as the kind shapes it. Survival: `cox`.
    """
    if kind == "survival":
        return cox(output, target[:, 0], target[:, 1], weights)
    if kind == "multiclass":
        return (functional.cross_entropy(output, target.long(), reduction="none") * weights).mean()
    weights = weights[:, None] if kind == "multilabel" else weights
    return functional.binary_cross_entropy_with_logits(output, target.to(output.dtype), weight=weights)


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
    """Predictions from outputs: probabilities, or for survival the log relative hazard as it is."""
    if kind == "survival":
        return output
    return torch.softmax(output, dim=1) if kind == "multiclass" else torch.sigmoid(output)
