"""Edited sequences: what is recomputed in part is what the network says of them when they are put through whole."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import networks
from readsight.config.sequence_tasks import Architectures
from readsight.dataset.outcome import ALONG
from readsight.models.incremental import strategy
from readsight.models.incremental.engine import Edited

KINDS = ("binary", "regression", "multiclass", "multilabel", "positions", "profile")
WORDS = st.sampled_from(("batch", "layer", "none")), st.sampled_from(("relu", "gelu", "silu", "elu", "exponential"))
LENGTHS = st.sampled_from((24, 56, 104))
BASES = st.sampled_from((1, 1, 1, 2, 5, 18))


@pytest.fixture(autouse=True, scope="module")
def always_in_part():
    """Edits that touch most of a short sequence are recomputed in part as well."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(strategy, "WORTH", np.inf)
        yield


@st.composite
def cnns(draw) -> dict[str, Any]:
    several = draw(st.integers(1, 3))
    sizes = {
        name: [draw(st.integers(1, most)) for _ in range(several)]
        for name, most in (("filters", 9), ("widths", 11), ("pools", 5))
    }
    hidden = draw(st.lists(st.integers(2, 8), max_size=2))
    return about("cnn", draw, **sizes, hidden=hidden)


@st.composite
def resnets(draw) -> dict[str, Any]:
    several = draw(st.integers(1, 5))
    sizes = {name: [draw(st.integers(1, most)) for _ in range(several)] for name, most in (("widths", 7), ("dilations", 6))}
    return about("dilated_resnet", draw, filters=draw(st.integers(2, 8)), **sizes)


def about(word: str, draw: Any, **own: Any) -> dict[str, Any]:
    normed, act = (draw(words) for words in WORDS)
    return networks.about(word, draw(st.sampled_from(KINDS)), draw(LENGTHS), norm=normed, activation=act, dropout=0.3, **own)


def net_of(about: dict[str, Any], word: str, seed: int = 0) -> torch.nn.Module:
    """A network whose normalisations scale by numbers of either sign."""
    net = networks.built(about, word, seed)
    for layer in net.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            torch.nn.init.normal_(layer.weight)
            torch.nn.init.normal_(layer.bias)
    return net


def edits_of(about: dict[str, Any], bases: int = 1, many: int = 24, seed: int = 1) -> tuple[np.ndarray, ...]:
    """Codes with some N, and edits of them: row, start, new; some at either end."""
    draw, length = np.random.default_rng(seed), about["length"] * (1 + about["pair"])
    start = draw.integers(0, length - bases + 1, many)
    start[:4] = [0, 0, length - bases, length - bases]
    codes = draw.integers(0, 5, (3, length), dtype=np.uint8)
    return codes, draw.integers(0, 3, many), start, draw.integers(0, 5, (many, bases), dtype=np.uint8)


def applied(codes: np.ndarray, row: np.ndarray, start: np.ndarray, new: np.ndarray) -> np.ndarray:
    found = codes[row]
    found[np.arange(len(row))[:, None], start[:, None] + np.arange(new.shape[1])] = new
    return found


def whole(net: torch.nn.Module, codes: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        return net(networks.one_hot(torch.from_numpy(codes))).numpy()


def close(found: np.ndarray, expected: np.ndarray) -> bool:
    """To 1e-4 of a logit; where an exponential makes them large, of that."""
    return np.allclose(found, expected, rtol=0, atol=1e-4 * max(1, np.abs(expected).max() / 10))


def agrees(word: str, about: dict[str, Any], bases: int, wide: int) -> None:
    net, given = net_of(about, word), edits_of(about, bases)
    edited, expected = Edited.of(net, about), whole(net, applied(*given))
    assert close(edited.outputs(*given), expected)
    assert edited.ran["part"] > 0 and not edited.ran["whole"]
    before, after = edited.before_and_after(*given)
    assert close(before, whole(net, given[0])[given[1]]) and close(after, expected)
    if about["kind"] in ALONG:
        near = np.random.default_rng(2).integers(-4, expected.shape[1] + 2, len(expected))
        at = near[:, None] + np.arange(wide)
        there = (at >= 0) & (at < expected.shape[1])
        found = edited.outputs(*given, near, wide)
        assert np.isnan(found[~there]).all() and not np.isnan(found[there]).any()
        assert not there.any() or close(found[there], expected[np.nonzero(there)[0], at[there]])


@given(cnns(), BASES, st.integers(1, 9))
@settings(max_examples=150, deadline=None)
def test_convolutions_and_pools(about, bases, wide):
    agrees("cnn", about, bases, wide)


@given(resnets(), BASES, st.integers(1, 9))
@settings(max_examples=120, deadline=None)
def test_dilated_convolutions(about, bases, wide):
    agrees("dilated_resnet", about, bases, wide)


@pytest.mark.parametrize("length", (520, 601))
def test_neighbours_that_are_averaged_for_the_dense_layers(length):
    about = networks.about("cnn", length=length, filters=[5, 6], widths=[7, 5], pools=[3, 2])
    net = net_of(about, "cnn")
    assert net.trunk.condense.by > 1
    agrees("cnn", about, 1, 1)
    agrees("cnn", about, 40, 1)


@pytest.mark.parametrize("word, kind", [("cnn", "multilabel"), ("dilated_resnet", "positions")])
def test_the_sizes_of_the_config(word, kind):
    """As wide as they are used: of more channels the machine may convolve in another way."""
    about = networks.about(word, kind, 200) | getattr(Architectures(), word).model_dump()
    net, given = net_of(about, word), edits_of(about, many=40)
    assert close(Edited.of(net, about).outputs(*given), whole(net, applied(*given)))


@pytest.mark.parametrize("word, kind", [("cnn", "binary"), ("dilated_resnet", "profile")])
def test_saturation_is_each_base_at_each_place(word, kind):
    about = networks.about(word, kind, 32)
    net, codes = net_of(about, word), edits_of(about)[0][:2]
    edited = Edited.of(net, about)
    found = edited.saturation(codes)
    row, place, base = (part.reshape(-1) for part in np.indices((2, 32, 4)))
    expected = whole(net, applied(codes, row, place, base[:, None].astype(np.uint8)))
    assert close(found.reshape(expected.shape), expected)
    unedited = edited.outputs(codes, np.arange(2), np.zeros(2, int), codes[:, :1])
    own = codes[row, place] == base
    assert np.array_equal(found.reshape(expected.shape)[own], unedited[row[own]]), "its own base changes nothing at all"


def test_saturation_of_one_place_of_an_outcome_along_the_sequence():
    about = networks.about("dilated_resnet", "positions", 64)
    net, codes = net_of(about, "dilated_resnet"), edits_of(about)[0]
    edited, near = Edited.of(net, about), np.array([0, 20, 63])
    assert close(edited.saturation(codes, near)[..., 0, :], edited.saturation(codes)[np.arange(3), :, :, near])
