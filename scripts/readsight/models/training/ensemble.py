"""An ensemble of networks as one module, with outputs that correspond to the mean prediction."""

import torch
from torch import nn

from readsight.models.losses import to_predictions

TINY = 1e-12


class EnsembleModule(nn.Module):
    """nets: modules of one architecture. kind: of outcome."""

    def __init__(self, nets: list[nn.Module], kind: str):
        super().__init__()
        self.nets = nn.ModuleList(nets)
        self.kind = kind

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        mean = torch.stack([to_predictions(self.kind, net(batch)) for net in self.nets]).mean(dim=0)
        return to_outputs(self.kind, mean)


def to_outputs(kind: str, mean: torch.Tensor) -> torch.Tensor:
    """Outputs from predictions: inverse of `to_predictions`."""
    if kind in ("regression", "survival"):
        return mean
    if kind == "profile":
        return mean + torch.log(-torch.expm1(-mean.clamp_min(TINY)))
    if kind in ("multiclass", "positions"):
        return torch.log(mean.clamp_min(TINY))
    return torch.logit(mean, eps=TINY if mean.dtype == torch.float64 else 1e-7)
