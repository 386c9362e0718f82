"""Attention rollout: attention of a transformer traced through all layers (Abnar & Zuidema 2020).

Each layer counts half as its attention (mean over heads) and half as the residual connection; layers are multiplied. The output is a
mean and a maximum over tokens; only the mean is traced. Attention tells where the model looks, not the direction of an effect.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from readsight.errors import InputError
from readsight.interpret.sequence_attribution.grad_cam import list_networks
from readsight.interpret.sequence_attribution.gradients import freeze_network, max_batch_size
from readsight.interpret.sequence_attribution.query import AttributionQuery
from readsight.interpret.sequence_attribution.token_positions import spread_over_bases

if TYPE_CHECKING:
    import torch

SUPPORTED_NETWORKS = ("transformer",)
IS_POSITION_LEVEL = True
SUPPORTS_TOKENS = True


def attribute(query: AttributionQuery, references: np.ndarray | None, spec: dict[str, Any], seed: int) -> np.ndarray:
    """Attributions (n, positions, 4), ≥ 0: weights of the tokens, each spread evenly over its bases."""

    from readsight.models.training.inputs import encode_batch, split_windows, to_network_input
    from readsight.models.training.model_description import restore_encoding

    description, codes = query.description, np.asarray(query.codes)
    encoding, batch_size = restore_encoding(query.arrays, description), max_batch_size(codes.shape[1])
    per_base = []
    with freeze_network(query.net):
        for i in range(0, len(codes), batch_size):
            batch = codes[i : i + batch_size]
            inputs = to_network_input(encode_batch(batch, description, encoding), description)
            window_shares = np.split(roll_attention(query.net, inputs), len(split_windows(batch, description)))
            per_base.append(
                np.hstack(
                    [
                        spread_over_bases(shares, window, encoding, description)
                        for shares, window in zip(window_shares, split_windows(batch, description), strict=True)
                    ]
                )
            )
    return np.repeat(np.concatenate(per_base)[..., None], 4, axis=-1)


def roll_attention(net: Any, inputs: "torch.Tensor") -> np.ndarray:
    """Weight of each token in the output, (windows, tokens) float32; reference windows of pairs first; mean over ensemble members."""
    import torch

    with torch.no_grad():
        return np.mean([_roll_network(member, inputs) for member in list_networks(net)], axis=0)


def _roll_network(net: Any, inputs: "torch.Tensor") -> np.ndarray:
    import torch
    from torch.overrides import TorchFunctionMode

    attentions: list[torch.Tensor] = []

    class AttentionRecorder(TorchFunctionMode):
        def __torch_function__(self, func: Callable, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
            if getattr(func, "__name__", "") == "scaled_dot_product_attention":
                attentions.append(attention_weights(*args, **(kwargs or {})).mean(dim=1))
            return func(*args, **(kwargs or {}))

    averaged = _token_mask(net, inputs)
    with AttentionRecorder():
        net(inputs)
    if not attentions:
        raise InputError("attributions: attention cannot be read from this encoder's custom code; use shap or mutagenesis")
    rollout = torch.eye(attentions[0].shape[-1]).expand_as(attentions[0])
    for attention in attentions:
        rollout = (attention + torch.eye(attention.shape[-1])) / 2 @ rollout
    rows = torch.ones(rollout.shape[:2]) if averaged is None else averaged.to(rollout.dtype)
    return ((rows.unsqueeze(1) @ rollout).squeeze(1) / rows.sum(1, keepdim=True).clamp_min(1)).numpy()


def _token_mask(net: Any, inputs: "torch.Tensor") -> "torch.Tensor | None":
    """Tokens that enter the mean of the output, (windows, tokens) bool; None if all do."""
    import torch

    windows = inputs.chunk(net.windows, -1) if net.windows > 1 else (inputs,)
    return net.reader(torch.cat(windows))[1]


def attention_weights(
    query: "torch.Tensor", key: "torch.Tensor", value: "torch.Tensor", attn_mask: Any = None, *more: Any, **options: Any
) -> Any:
    """Attention weights, (n, heads, tokens, tokens), as computed by `scaled_dot_product_attention`."""
    import torch

    scale = options.get("scale") or query.shape[-1] ** -0.5
    if key.shape[1] != query.shape[1]:  # several heads share keys
        key = key.repeat_interleave(query.shape[1] // key.shape[1], dim=1)
    logits = query.float() @ key.float().transpose(-2, -1) * scale
    if attn_mask is not None:
        logits = logits.masked_fill(~attn_mask, -torch.inf) if attn_mask.dtype == torch.bool else logits + attn_mask
    return logits.softmax(-1)
