"""Edited sequences: partial recomputation equals evaluation of the complete sequence."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import networks
from readsight.config.sequence_tasks import Architectures
from readsight.dataset.outcome import POSITIONAL_KINDS
from readsight.models.incremental import strategy
from readsight.models.incremental.engine import IncrementalNetwork

KINDS = ("binary", "regression", "multiclass", "multilabel", "positions", "profile")
LAYER_OPTIONS = st.sampled_from(("batch", "layer", "none")), st.sampled_from(("relu", "gelu", "silu", "elu", "exponential"))
LENGTHS = st.sampled_from((24, 56, 104))
BASES = st.sampled_from((1, 1, 1, 2, 5, 18))


@pytest.fixture(autouse=True, scope="module")
def always_partial():
    """Recompute edits of most of a short sequence partially as well."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(strategy, "MAX_WORK_FRACTION", np.inf)
        yield


@st.composite
def cnn_descriptions(draw) -> dict[str, Any]:
    layer_count = draw(st.integers(1, 3))
    sizes = {
        name: [draw(st.integers(1, largest)) for _ in range(layer_count)]
        for name, largest in (("filters", 9), ("widths", 11), ("pools", 5))
    }
    hidden = draw(st.lists(st.integers(2, 8), max_size=2))
    return draw_description("cnn", draw, **sizes, hidden=hidden)


@st.composite
def resnet_descriptions(draw) -> dict[str, Any]:
    layer_count = draw(st.integers(1, 5))
    sizes = {
        name: [draw(st.integers(1, largest)) for _ in range(layer_count)] for name, largest in (("widths", 7), ("dilations", 6))
    }
    return draw_description("dilated_resnet", draw, filters=draw(st.integers(2, 8)), **sizes)


def draw_description(model_name: str, draw: Any, **options: Any) -> dict[str, Any]:
    norm, activation = (draw(options_strategy) for options_strategy in LAYER_OPTIONS)
    return networks.describe_network(
        model_name, draw(st.sampled_from(KINDS)), draw(LENGTHS), norm=norm, activation=activation, dropout=0.3, **options
    )


def build_network(description: dict[str, Any], model_name: str, seed: int = 0) -> torch.nn.Module:
    """A network with normalisation scales of either sign."""
    net = networks.build_network(description, model_name, seed)
    for layer in net.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            torch.nn.init.normal_(layer.weight)
            torch.nn.init.normal_(layer.bias)
    return net


def sample_edits(description: dict[str, Any], bases: int = 1, count: int = 24, seed: int = 1) -> tuple[np.ndarray, ...]:
    """Codes with some N, and edits of them: row, start, new; some at either end."""
    rng, length = np.random.default_rng(seed), description["length"] * (1 + description["pair"])
    start = rng.integers(0, length - bases + 1, count)
    start[:4] = [0, 0, length - bases, length - bases]
    codes = rng.integers(0, 5, (3, length), dtype=np.uint8)
    return codes, rng.integers(0, 3, count), start, rng.integers(0, 5, (count, bases), dtype=np.uint8)


def apply_edits(codes: np.ndarray, row: np.ndarray, start: np.ndarray, new: np.ndarray) -> np.ndarray:
    edited_codes = codes[row]
    edited_codes[np.arange(len(row))[:, None], start[:, None] + np.arange(new.shape[1])] = new
    return edited_codes


def run_network(net: torch.nn.Module, codes: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        return net(networks.encode_one_hot(torch.from_numpy(codes))).numpy()


def is_close(actual: np.ndarray, expected: np.ndarray) -> bool:
    """Within 1e-4 of a logit, relative to large values of exponential activations."""
    return np.allclose(actual, expected, rtol=0, atol=1e-4 * max(1, np.abs(expected).max() / 10))


def assert_agreement(model_name: str, description: dict[str, Any], bases: int, output_count: int) -> None:
    net, edits = build_network(description, model_name), sample_edits(description, bases)
    incremental, expected = IncrementalNetwork.from_network(net, description), run_network(net, apply_edits(*edits))
    assert is_close(incremental.compute_outputs(*edits), expected)
    assert incremental.counts["partial"] > 0 and not incremental.counts["full"]
    before, after = incremental.compute_before_and_after(*edits)
    assert is_close(before, run_network(net, edits[0])[edits[1]]) and is_close(after, expected)
    if description["kind"] in POSITIONAL_KINDS:
        output_start = np.random.default_rng(2).integers(-4, expected.shape[1] + 2, len(expected))
        positions = output_start[:, None] + np.arange(output_count)
        is_inside = (positions >= 0) & (positions < expected.shape[1])
        outputs = incremental.compute_outputs(*edits, output_start, output_count)
        assert np.isnan(outputs[~is_inside]).all() and not np.isnan(outputs[is_inside]).any()
        assert not is_inside.any() or is_close(outputs[is_inside], expected[np.nonzero(is_inside)[0], positions[is_inside]])


@given(cnn_descriptions(), BASES, st.integers(1, 9))
@settings(max_examples=150, deadline=None)
def test_cnn_outputs_of_edits_are_exact(about, bases, output_count):
    assert_agreement("cnn", about, bases, output_count)


@given(resnet_descriptions(), BASES, st.integers(1, 9))
@settings(max_examples=120, deadline=None)
def test_dilated_outputs_of_edits_are_exact(about, bases, output_count):
    assert_agreement("dilated_resnet", about, bases, output_count)


@pytest.mark.parametrize("length", (520, 601))
def test_binned_positions_before_dense_layers_are_exact(length):
    description = networks.describe_network("cnn", length=length, filters=[5, 6], widths=[7, 5], pools=[3, 2])
    net = build_network(description, "cnn")
    assert net.trunk.condense.by > 1
    assert_agreement("cnn", description, 1, 1)
    assert_agreement("cnn", description, 40, 1)


@pytest.mark.parametrize("model_name, kind", [("cnn", "multilabel"), ("dilated_resnet", "positions")])
def test_default_architectures_are_exact(model_name, kind):
    """With the default widths: the machine may convolve many channels differently."""
    description = networks.describe_network(model_name, kind, 200) | getattr(Architectures(), model_name).model_dump()
    net, edits = build_network(description, model_name), sample_edits(description, count=40)
    assert is_close(
        IncrementalNetwork.from_network(net, description).compute_outputs(*edits), run_network(net, apply_edits(*edits))
    )


@pytest.mark.parametrize("model_name, kind", [("cnn", "binary"), ("dilated_resnet", "profile")])
def test_saturation_equals_single_substitutions(model_name, kind):
    description = networks.describe_network(model_name, kind, 32)
    net, codes = build_network(description, model_name), sample_edits(description)[0][:2]
    incremental = IncrementalNetwork.from_network(net, description)
    outputs = incremental.compute_saturation(codes)
    row, position, base = (index.reshape(-1) for index in np.indices((2, 32, 4)))
    expected = run_network(net, apply_edits(codes, row, position, base[:, None].astype(np.uint8)))
    assert is_close(outputs.reshape(expected.shape), expected)
    unedited = incremental.compute_outputs(codes, np.arange(2), np.zeros(2, int), codes[:, :1])
    is_reference = codes[row, position] == base
    assert np.array_equal(outputs.reshape(expected.shape)[is_reference], unedited[row[is_reference]]), (
        "the reference base changes nothing"
    )


def test_saturation_of_one_output_position():
    description = networks.describe_network("dilated_resnet", "positions", 64)
    net, codes = build_network(description, "dilated_resnet"), sample_edits(description)[0]
    incremental, output_start = IncrementalNetwork.from_network(net, description), np.array([0, 20, 63])
    assert is_close(
        incremental.compute_saturation(codes, output_start)[..., 0, :],
        incremental.compute_saturation(codes)[np.arange(3), :, :, output_start],
    )
