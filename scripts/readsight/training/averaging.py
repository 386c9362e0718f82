"""Predictions of a batch, of one strand or of both."""

from typing import Any

import numpy as np
import torch

from readsight.foldfile import Encoding
from readsight.models.losses import predicted
from readsight.outcome import ALONG
from readsight.training.about import FLAT
from readsight.training.inputs import carried, made, other_strand


def averaged(net: torch.nn.Module, codes: np.ndarray, about: dict[str, Any], encoding: Encoding) -> np.ndarray:
    """Predictions of codes, float64; the mean of both strands where about["average_strands"] says so."""
    found = _of(net, codes, about, encoding)
    if not about["average_strands"]:
        return found
    other = _of(net, other_strand(codes, about), about, encoding)
    return (found + (other[:, ::-1] if about["kind"] in ALONG else other)) / 2


def _of(net: torch.nn.Module, codes: np.ndarray, about: dict[str, Any], encoding: Encoding) -> np.ndarray:
    kind = about["kind"]
    output = net(made(carried(codes, about, encoding), about))
    output = output.reshape(len(output)) if kind in FLAT else output
    return predicted(kind, output.double()).numpy()
