"""DeepLIFT's rescale rule: against Captum and tangermeme on a plain network, and adding up on every network that it is defined on."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import networks
import sequenced
from readsight.interpret.sequence_attribution import deep_shap
from readsight.interpret.sequence_attribution.attribution import attribute, change_of
from readsight.interpret.sequence_attribution.attribution_file import own
from readsight.interpret.sequence_attribution.gradients import added
from readsight.interpret.sequence_attribution.query import Head, Question
from readsight.models.sequence import NETS
from readsight.models.training.ensemble import Together

SCORE = Head("score")
SPEC = {"baseline": "shuffled", "baselines": 3, "correction": True}


def question(
    about: dict[str, Any], net: Any, codes: np.ndarray, head: Head = SCORE, word: str = "cnn", at: Any = None
) -> Question:
    """About a network that no file holds."""
    found = Question(NETS[word], {}, about | {"average_strands": False}, codes, head, at)
    vars(found)["net"] = net
    return found


class Plain(nn.Module):
    """A network as Captum and tangermeme know it: each function a module of its own, used once."""

    def __init__(self, pools: bool) -> None:
        super().__init__()
        first, second = (nn.MaxPool1d(4, ceil_mode=True), nn.MaxPool1d(2)) if pools else (nn.AvgPool1d(2), nn.AvgPool1d(4))
        self.layers = nn.Sequential(
            nn.Conv1d(4, 12, 7, padding="same"), nn.ReLU(), first, nn.Conv1d(12, 8, 5, padding="same"), nn.ELU(), second,
            nn.Flatten(), nn.Linear(48, 16), nn.ReLU(), nn.Linear(16, 1),
        )  # fmt: skip

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        return self.layers(given)


class Ours(Plain):
    """The same layers, the maxima taken on images, as networks of this package do."""

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        held = given
        for layer in self.layers:
            if isinstance(layer, nn.MaxPool1d):
                held = nn.functional.max_pool2d(held.unsqueeze(2), (1, layer.kernel_size), ceil_mode=layer.ceil_mode).squeeze(2)
            else:
                held = layer(held)
        return held.flatten()


def plain(pools: bool) -> tuple[Plain, Question, np.ndarray]:
    torch.manual_seed(3)
    net, ours = Plain(pools).eval(), Ours(pools).eval()
    ours.load_state_dict(net.state_dict())
    asked = question(networks.about("cnn", length=50), ours, sequenced.random(6, 50, 4))
    return net, asked, np.eye(4, dtype=np.float32)[sequenced.random(6 * 3, 50, 5)].reshape(6, 3, 50, 4)


def test_on_a_plain_network_it_is_what_captum_finds():
    # Without maxima: across those the contributions that Captum 0.9 finds do not add up.
    captum = pytest.importorskip("captum.attr")
    net, asked, held = plain(pools=False)
    expected = []
    for codes, start in zip(asked.codes, torch.from_numpy(held).transpose(2, 3), strict=True):
        given = networks.one_hot(torch.from_numpy(codes[None])).expand_as(start).contiguous()
        expected.append(captum.DeepLift(net).attribute(given, start.contiguous(), target=0).detach().mean(0).sum(0).numpy())
    found = own(deep_shap.attribute(asked, held, SPEC, 1), asked.codes)
    np.testing.assert_allclose(found, np.stack(expected), atol=1e-6)


def test_on_a_plain_network_with_maxima_it_is_what_tangermeme_finds():
    peer = pytest.importorskip("tangermeme.deep_lift_shap")
    net, asked, held = plain(pools=True)
    given, start = networks.one_hot(torch.from_numpy(asked.codes)), torch.from_numpy(held).transpose(2, 3).contiguous()
    expected = peer.deep_lift_shap(net, given, references=start, hypothetical=True, device="cpu", warning_threshold=1)
    found = deep_shap.attribute(asked, held, SPEC, 1)
    np.testing.assert_allclose(found, expected.transpose(1, 2).numpy(), atol=1e-6)


CASES = [
    ("cnn", "binary", {"activation": word, "norm": norm})
    for word, norm in (("relu", "batch"), ("gelu", "layer"), ("silu", "none"), ("elu", "batch"), ("exponential", "layer"))
]
CASES += [("cnn", kind, {}) for kind in ("multiclass", "multilabel", "regression", "positions", "profile")]
CASES += [("dilated_resnet", kind, {}) for kind in ("binary", "positions", "profile")]
CASES += [("dilated_resnet", "binary", {"norm": "layer", "activation": "gelu"}), ("cnn", "binary", {"pair": True})]
CASES += [("dilated_resnet", "multiclass", {"pair": True})]


@pytest.mark.parametrize("word, kind, more", CASES)
def test_contributions_add_up_on_every_network(word, kind, more):
    about = networks.about(word, kind, 44 if kind != "profile" else 48, **more)
    codes = sequenced.random(5, about["length"] * (1 + about["pair"]), 2)
    codes[0, 3:6] = 4
    at = np.array([0, 5, 20, 40, 43]) if kind == "positions" else None
    asked = question(
        about, networks.built(about, word), codes, Head("x", None if kind in ("binary", "regression", "profile") else 1), word, at
    )
    found = own(attribute("deep_shap", asked, SPEC, 1), codes).sum(axis=1)
    change = change_of(asked, SPEC, 1)
    np.testing.assert_allclose(found, change, atol=1e-3 * np.abs(change).mean())


@pytest.mark.parametrize("kind", ["binary", "multiclass", "positions", "profile", "regression"])
def test_contributions_add_up_on_several_networks_whose_predictions_are_averaged(kind):
    about = networks.about("cnn", kind, 48)
    net = Together([networks.built(about, "cnn", seed) for seed in range(3)], kind).eval()
    codes, at = sequenced.random(4, 48, 2), np.array([3, 10, 24, 40]) if kind == "positions" else None
    asked = question(about, net, codes, Head("x", 1 if kind in ("multiclass", "positions") else None), at=at)
    change = change_of(asked, SPEC, 1)
    found = own(attribute("deep_shap", asked, SPEC, 1), codes).sum(axis=1)
    np.testing.assert_allclose(found, change, atol=1e-3 * np.abs(change).mean())


def test_multipliers_say_what_a_base_adds_in_place_of_the_references():
    multipliers = np.array([[[[1.0, 2.0, 4.0, 8.0]], [[0.0, 0.0, 1.0, 0.0]]]])
    held = np.zeros((1, 2, 1, 4))
    held[0, 0, 0, 1] = held[0, 1, 0, 2] = 1
    expected = [[[(-1 - 1) / 2, (0 - 1) / 2, (2 + 0) / 2, (6 - 1) / 2]]]
    assert added(multipliers, held).tolist() == expected
