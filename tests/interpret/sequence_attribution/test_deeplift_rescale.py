"""DeepLIFT rescale rule: equal to Captum and tangermeme on plain networks, complete on every supported network."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import networks
import sequenced
from readsight.interpret.sequence_attribution import deep_shap
from readsight.interpret.sequence_attribution.attribution import attribute, score_change
from readsight.interpret.sequence_attribution.attribution_file import base_contributions
from readsight.interpret.sequence_attribution.gradients import hypothetical_contributions
from readsight.interpret.sequence_attribution.query import AttributionQuery, OutputHead
from readsight.models.sequence import NETWORKS
from readsight.models.training.ensemble import EnsembleModule

SCORE = OutputHead("score")
SPEC = {"baseline": "shuffled", "baselines": 3, "correction": True}


def make_query(
    description: dict[str, Any],
    net: Any,
    codes: np.ndarray,
    head: OutputHead = SCORE,
    network: str = "cnn",
    positions: Any = None,
) -> AttributionQuery:
    """Query for a network that is not stored in a file."""
    query = AttributionQuery(NETWORKS[network], {}, description | {"average_strands": False}, codes, head, positions)
    vars(query)["net"] = net
    return query


class PlainNetwork(nn.Module):
    """A network in the form required by Captum and tangermeme: each function is a module used once."""

    def __init__(self, pools: bool) -> None:
        super().__init__()
        first, second = (nn.MaxPool1d(4, ceil_mode=True), nn.MaxPool1d(2)) if pools else (nn.AvgPool1d(2), nn.AvgPool1d(4))
        self.layers = nn.Sequential(
            nn.Conv1d(4, 12, 7, padding="same"), nn.ReLU(), first, nn.Conv1d(12, 8, 5, padding="same"), nn.ELU(), second,
            nn.Flatten(), nn.Linear(48, 16), nn.ReLU(), nn.Linear(16, 1),
        )  # fmt: skip

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.layers(inputs)


class ImageNetwork(PlainNetwork):
    """The same layers with max pooling on images, as in the networks of this package."""

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        hidden = inputs
        for layer in self.layers:
            if isinstance(layer, nn.MaxPool1d):
                hidden = nn.functional.max_pool2d(hidden.unsqueeze(2), (1, layer.kernel_size), ceil_mode=layer.ceil_mode).squeeze(
                    2
                )
            else:
                hidden = layer(hidden)
        return hidden.flatten()


def build_plain(pools: bool) -> tuple[PlainNetwork, AttributionQuery, np.ndarray]:
    torch.manual_seed(3)
    net, image_net = PlainNetwork(pools).eval(), ImageNetwork(pools).eval()
    image_net.load_state_dict(net.state_dict())
    query = make_query(networks.describe_network("cnn", length=50), image_net, sequenced.random_codes(6, 50, 4))
    return net, query, np.eye(4, dtype=np.float32)[sequenced.random_codes(6 * 3, 50, 5)].reshape(6, 3, 50, 4)


def test_plain_network_equals_captum():
    # Without max pooling: contributions of Captum 0.9 do not add up across it.
    captum = pytest.importorskip("captum.attr")
    net, query, references = build_plain(pools=False)
    expected = []
    for codes, start in zip(query.codes, torch.from_numpy(references).transpose(2, 3), strict=True):
        inputs = networks.encode_one_hot(torch.from_numpy(codes[None])).expand_as(start).contiguous()
        expected.append(captum.DeepLift(net).attribute(inputs, start.contiguous(), target=0).detach().mean(0).sum(0).numpy())
    contributions = base_contributions(deep_shap.attribute(query, references, SPEC, 1), query.codes)
    np.testing.assert_allclose(contributions, np.stack(expected), atol=1e-6)


def test_plain_network_with_pooling_equals_tangermeme():
    peer = pytest.importorskip("tangermeme.deep_lift_shap")
    net, query, references = build_plain(pools=True)
    inputs, start = (
        networks.encode_one_hot(torch.from_numpy(query.codes)),
        torch.from_numpy(references).transpose(2, 3).contiguous(),
    )
    expected = peer.deep_lift_shap(net, inputs, references=start, hypothetical=True, device="cpu", warning_threshold=1)
    attributions = deep_shap.attribute(query, references, SPEC, 1)
    np.testing.assert_allclose(attributions, expected.transpose(1, 2).numpy(), atol=1e-6)


CASES = [
    ("cnn", "binary", {"activation": word, "norm": norm})
    for word, norm in (("relu", "batch"), ("gelu", "layer"), ("silu", "none"), ("elu", "batch"), ("exponential", "layer"))
]
CASES += [("cnn", kind, {}) for kind in ("multiclass", "multilabel", "regression", "positions", "profile")]
CASES += [("dilated_resnet", kind, {}) for kind in ("binary", "positions", "profile")]
CASES += [("dilated_resnet", "binary", {"norm": "layer", "activation": "gelu"}), ("cnn", "binary", {"pair": True})]
CASES += [("dilated_resnet", "multiclass", {"pair": True})]


@pytest.mark.parametrize("network, kind, more", CASES)
def test_contributions_add_up_on_every_network(network, kind, more):
    description = networks.describe_network(network, kind, 44 if kind != "profile" else 48, **more)
    codes = sequenced.random_codes(5, description["length"] * (1 + description["pair"]), 2)
    codes[0, 3:6] = 4
    positions = np.array([0, 5, 20, 40, 43]) if kind == "positions" else None
    query = make_query(
        description,
        networks.build_network(description, network),
        codes,
        OutputHead("x", None if kind in ("binary", "regression", "profile") else 1),
        network,
        positions,
    )
    totals = base_contributions(attribute("deep_shap", query, SPEC, 1), codes).sum(axis=1)
    change = score_change(query, SPEC, 1)
    np.testing.assert_allclose(totals, change, atol=1e-3 * np.abs(change).mean())


@pytest.mark.parametrize("kind", ["binary", "multiclass", "positions", "profile", "regression"])
def test_contributions_add_up_on_ensembles(kind):
    description = networks.describe_network("cnn", kind, 48)
    net = EnsembleModule([networks.build_network(description, "cnn", seed) for seed in range(3)], kind).eval()
    codes, positions = sequenced.random_codes(4, 48, 2), np.array([3, 10, 24, 40]) if kind == "positions" else None
    query = make_query(
        description, net, codes, OutputHead("x", 1 if kind in ("multiclass", "positions") else None), positions=positions
    )
    change = score_change(query, SPEC, 1)
    totals = base_contributions(attribute("deep_shap", query, SPEC, 1), codes).sum(axis=1)
    np.testing.assert_allclose(totals, change, atol=1e-3 * np.abs(change).mean())


def test_hypothetical_contributions_subtract_reference_base():
    multipliers = np.array([[[[1.0, 2.0, 4.0, 8.0]], [[0.0, 0.0, 1.0, 0.0]]]])
    references = np.zeros((1, 2, 1, 4))
    references[0, 0, 0, 1] = references[0, 1, 0, 2] = 1
    expected = [[[(-1 - 1) / 2, (0 - 1) / 2, (2 + 0) / 2, (6 - 1) / 2]]]
    assert hypothetical_contributions(multipliers, references).tolist() == expected
