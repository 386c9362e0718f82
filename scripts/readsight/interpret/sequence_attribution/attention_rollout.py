"""Where a transformer's output takes its values from, through all layers: attention rollout (Abnar & Zuidema 2020).

A layer's attention, the mean of its heads, and what passes by it count half each; layers are multiplied. The output is the mean over
tokens, and its maximum, of which the latter is not followed. Attention says where the model looks, not what for.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from readsight.errors import InputError
from readsight.interpret.sequence_attribution.grad_cam import nets
from readsight.interpret.sequence_attribution.gradients import at_once, still
from readsight.interpret.sequence_attribution.query import Question
from readsight.interpret.sequence_attribution.token_positions import shared

if TYPE_CHECKING:
    import torch

ON = ("transformer",)
PLACES = True
TOKENS = True


def attribute(question: Question, references: np.ndarray | None, spec: dict[str, Any], seed: int) -> np.ndarray:
    """Attributions (n, places, 4), ≥ 0: shares of the tokens, each shared out evenly among its bases."""

    from readsight.models.training.inputs import carried, made, windows
    from readsight.models.training.model_description import encoding_of

    about, codes = question.about, np.asarray(question.codes)
    encoding, size = encoding_of(question.arrays, about), at_once(codes.shape[1])
    found = []
    with still(question.net):
        for i in range(0, len(codes), size):
            own = codes[i : i + size]
            given = made(carried(own, about, encoding), about)
            parts = np.split(rolled(question.net, given), len(windows(own, about)))
            found.append(
                np.hstack([shared(part, side, encoding, about) for part, side in zip(parts, windows(own, about), strict=True)])
            )
    return np.repeat(np.concatenate(found)[..., None], 4, axis=-1)


def rolled(net: Any, given: "torch.Tensor") -> np.ndarray:
    """Each token's share of the output, (windows, tokens) float32, of a pair the reference's windows first; of several networks the mean."""
    import torch

    with torch.no_grad():
        return np.mean([_of_one(one, given) for one in nets(net)], axis=0)


def _of_one(net: Any, given: "torch.Tensor") -> np.ndarray:
    import torch
    from torch.overrides import TorchFunctionMode

    kept: list[torch.Tensor] = []

    class Watching(TorchFunctionMode):
        def __torch_function__(self, func: Callable, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
            if getattr(func, "__name__", "") == "scaled_dot_product_attention":
                kept.append(weights(*args, **(kwargs or {})).mean(dim=1))
            return func(*args, **(kwargs or {}))

    told = _told(net, given)
    with Watching():
        net(given)
    if not kept:
        raise InputError("attributions: the attention of this encoder's own code cannot be read; use shap or mutagenesis")
    roll = torch.eye(kept[0].shape[-1]).expand_as(kept[0])
    for attention in kept:
        roll = (attention + torch.eye(attention.shape[-1])) / 2 @ roll
    rows = torch.ones(roll.shape[:2]) if told is None else told.to(roll.dtype)
    return ((rows.unsqueeze(1) @ roll).squeeze(1) / rows.sum(1, keepdim=True).clamp_min(1)).numpy()


def _told(net: Any, given: "torch.Tensor") -> "torch.Tensor | None":
    """Which tokens the output is a mean over, (windows, tokens); None where all are."""
    import torch

    parts = given.chunk(net.windows, -1) if net.windows > 1 else (given,)
    return net.reader(torch.cat(parts))[1]


def weights(
    query: "torch.Tensor", key: "torch.Tensor", value: "torch.Tensor", attn_mask: Any = None, *more: Any, **named: Any
) -> Any:
    """What attention goes where, (n, heads, tokens, tokens): what `scaled_dot_product_attention` weighs values by."""
    import torch

    scale = named.get("scale") or query.shape[-1] ** -0.5
    if key.shape[1] != query.shape[1]:  # heads that share keys
        key = key.repeat_interleave(query.shape[1] // key.shape[1], dim=1)
    found = query.float() @ key.float().transpose(-2, -1) * scale
    if attn_mask is not None:
        found = found.masked_fill(~attn_mask, -torch.inf) if attn_mask.dtype == torch.bool else found + attn_mask
    return found.softmax(-1)
