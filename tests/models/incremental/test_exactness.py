"""Invariances of outputs of edited sequences, receptive fields, and networks that are recomputed fully."""

from copy import deepcopy

import numpy as np
import pytest
import torch

import networks
import sequenced
from readsight.config.sequence_tasks import TrainingConfig
from readsight.errors import InputError
from readsight.models import training
from readsight.models.incremental import strategy
from readsight.models.incremental.engine import IncrementalNetwork
from readsight.models.sequence import NETWORKS, dilated_resnet
from readsight.models.training.ensemble import EnsembleModule

LENGTH = 96
BOTH = [("cnn", "multilabel"), ("cnn", "profile"), ("dilated_resnet", "positions"), ("dilated_resnet", "binary")]


def sample_edits(count: int = 60, bases: int = 1, length: int = LENGTH, seed: int = 1) -> tuple[np.ndarray, ...]:
    """Codes, and edits of them: row, start, new."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 4, (7, length), dtype=np.uint8)
    row, start = rng.integers(0, 7, count), rng.integers(0, length - bases + 1, count)
    return codes, row, start, rng.integers(0, 4, (count, bases), dtype=np.uint8)


def build_network(model_name: str, kind: str, **options: object) -> tuple[torch.nn.Module, dict, IncrementalNetwork]:
    description = networks.describe_network(model_name, kind, LENGTH, **options)
    net = networks.build_network(description, model_name)
    return net, description, IncrementalNetwork.from_network(net, description)


@pytest.mark.parametrize("model_name, kind", BOTH)
def test_batched_equals_single(model_name, kind):
    _, _, incremental = build_network(model_name, kind)
    codes, *edits = sample_edits()
    batched = incremental.compute_outputs(codes, *edits)
    single = [incremental.compute_outputs(codes, *(field[i : i + 1] for field in edits))[0] for i in range(len(batched))]
    assert np.abs(batched - np.stack(single)).max() < 1e-6
    order = np.random.default_rng(3).permutation(len(batched))
    assert np.abs(incremental.compute_outputs(codes, *(field[order] for field in edits)) - batched[order]).max() < 1e-6


@pytest.mark.parametrize("model_name, kind", BOTH)
def test_batch_size_does_not_change_outputs(model_name, kind, monkeypatch):
    _, _, incremental = build_network(model_name, kind)
    edits = sample_edits()
    expected, batch_sizes = incremental.compute_before_and_after(*edits), []
    monkeypatch.setattr(strategy, "MAX_STATE_BYTES", 1)
    monkeypatch.setattr(strategy, "MAX_EDITS", 5)
    compute_edited = incremental.partial.compute_edited
    monkeypatch.setattr(
        incremental.partial,
        "compute_edited",
        lambda batch, *more: batch_sizes.append(len(batch.row)) or compute_edited(batch, *more),
    )
    actual = incremental.compute_before_and_after(*edits)
    assert max(batch_sizes) <= 5 and len(batch_sizes) > 7, "one row and at most five edits per batch"
    assert all(np.abs(first - second).max() < 1e-6 for first, second in zip(actual, expected, strict=True))


@pytest.mark.parametrize("worth", (strategy.MAX_WORK_FRACTION, 0.0))
@pytest.mark.parametrize("bases", (1, 3))
def test_outputs_beyond_the_receptive_field_are_unchanged(bases, worth, monkeypatch):
    """Outputs that do not depend on an edit are bit-identical, with partial and full recomputation."""
    monkeypatch.setattr(strategy, "MAX_WORK_FRACTION", worth)
    _, description, incremental = build_network("dilated_resnet", "positions")
    codes, row, start, new = sample_edits(bases=bases)
    new = (codes[row[:, None], start[:, None] + np.arange(bases)] + 1) % 4
    before, after = incremental.compute_before_and_after(codes, row, start, new)
    assert incremental.counts["full" if worth == 0 else "partial"] == len(row)
    radius = dilated_resnet.receptive_field(description) // 2
    positions = np.arange(LENGTH)
    is_inside = (positions >= start[:, None] - radius) & (positions < start[:, None] + bases + radius)
    assert not (after - before)[~is_inside].any()
    assert (after - before)[is_inside].any(axis=1).mean() > 0.9
    before, after = incremental.compute_before_and_after(codes, row, start, new, start - radius - 1)
    assert np.array_equal(before, after, equal_nan=True), "just beyond it"


@pytest.mark.parametrize("model_name, kind", BOTH)
def test_reverting_an_edit_gives_the_negative_effect(model_name, kind):
    _, _, incremental = build_network(model_name, kind)
    codes, row, start, new = sample_edits(bases=2)
    edited_codes = codes[row]
    edited_codes[np.arange(len(row))[:, None], start[:, None] + np.arange(2)] = new
    before, after = incremental.compute_before_and_after(codes, row, start, new)
    old = codes[row[:, None], start[:, None] + np.arange(2)]
    reverted = incremental.compute_before_and_after(edited_codes, np.arange(len(row)), start, old)
    assert np.abs((after - before) + (reverted[1] - reverted[0])).max() < 1e-5


def test_unsupported_networks_are_recomputed_fully():
    codes, *edit = sample_edits(12)
    for model_name in ("lstm", "transformer", "cnn_lstm"):
        net, _, incremental = build_network(model_name, "multiclass")
        assert incremental.partial is None
        assert_full_recomputation(net, incremental, codes, edit)
    description = networks.describe_network("cnn", length=LENGTH, ensemble=2)
    ensemble = EnsembleModule([networks.build_network(description, "cnn", seed) for seed in (1, 2)], "binary").eval()
    assert_full_recomputation(ensemble, IncrementalNetwork.from_network(ensemble, description), codes, edit)


def test_pair_models_are_recomputed_fully():
    description = networks.describe_network("cnn", length=LENGTH // 2, pair=True)
    net, (codes, *edit) = networks.build_network(description, "cnn"), sample_edits(12)
    assert_full_recomputation(net, IncrementalNetwork.from_network(net, description), codes, edit)


def assert_full_recomputation(
    net: torch.nn.Module, incremental: IncrementalNetwork, codes: np.ndarray, edit: list[np.ndarray]
) -> None:
    row, start, new = edit
    edited_codes = codes[row]
    edited_codes[np.arange(len(row)), start] = new[:, 0]
    with torch.inference_mode():
        expected = net(networks.encode_one_hot(torch.from_numpy(edited_codes))).numpy()
    assert np.abs(incremental.compute_outputs(codes, *edit) - expected).max() < 1e-5
    assert incremental.counts["full"] and not incremental.counts["partial"]


def test_edited_sequences_are_tokenised():
    codes, row, start, new = sample_edits(8)
    fold = networks.encode_fold(sequenced.make_fold(codes, np.arange(7) % 2), "kmer")
    settings = TrainingConfig().model_dump() | networks.small_settings("lstm")
    description = training.describe_model(fold, settings) | settings
    net = NETWORKS["lstm"].build(description).eval()
    edited_codes = codes[row]
    edited_codes[np.arange(8), start] = new[:, 0]
    with torch.inference_mode():
        expected = net(torch.from_numpy(networks.encode_tokens(fold.encoding, edited_codes).astype(np.int64))).numpy()
    assert (
        np.abs(
            IncrementalNetwork.from_network(net, description, fold.encoding).compute_outputs(codes, row, start, new) - expected
        ).max()
        < 1e-5
    )


def test_large_edits_are_recomputed_fully():
    net, _, incremental = build_network("cnn", "binary")
    codes, row, start, new = sample_edits(6, LENGTH)
    with torch.inference_mode():
        expected = net(networks.encode_one_hot(torch.from_numpy(new))).numpy()
    assert np.abs(incremental.compute_outputs(codes, row, start, new) - expected).max() < 1e-5
    assert incremental.counts == {"full": 6, "unaffected": 0}


def test_network_state_is_restored():
    description = networks.describe_network("cnn", "positions", LENGTH, dropout=0.5)
    net = networks.build_network(description, "cnn").train()
    net.head.eval()
    before, modes = deepcopy(net.state_dict()), [module.training for module in net.modules()]
    incremental = IncrementalNetwork.from_network(net, description)
    outputs = incremental.compute_outputs(*sample_edits())
    assert [module.training for module in net.modules()] == modes
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert torch.is_grad_enabled() and all(parameter.requires_grad and parameter.grad is None for parameter in net.parameters())
    assert np.array_equal(outputs, IncrementalNetwork.from_network(net.eval(), description).compute_outputs(*sample_edits())), (
        "as in evaluation"
    )
    batch = networks.make_batch(description).requires_grad_()
    net(batch).sum().backward()
    assert batch.grad.abs().sum() > 0, "and has its gradients"


@pytest.mark.parametrize("kind, shape", [("binary", ()), ("multiclass", (3,)), ("positions", (LENGTH, 3)), ("profile", (12,))])
def test_no_edits_give_no_outputs(kind, shape):
    _, _, incremental = build_network("cnn", kind)
    codes, *edit = sample_edits(0)
    assert incremental.compute_outputs(codes, *edit).shape == (0, *shape)


def test_invalid_edits_are_reported():
    _, _, incremental = build_network("cnn", "binary")
    codes, row, start, new = sample_edits(4, 2)
    row[1], start[2], new[3, 0] = 7, LENGTH - 1, 5
    with pytest.raises(InputError) as error:
        incremental.compute_outputs(codes, row, start, new, output_start=start)
    assert [
        expected in fault
        for expected, fault in zip(("edit 1 (row 7", "edit 2", "edit 3", "output_start"), error.value.faults, strict=True)
    ]
    assert "beyond its sequence of 96 bases" in str(error.value) and "code" in str(error.value)
    with pytest.raises(InputError, match="the network expects 96"):
        incremental.compute_outputs(codes[:, 1:], *sample_edits(4)[1:])
    with pytest.raises(InputError, match="give .k,., .k,. and .k, w."):
        incremental.compute_outputs(codes, row[:2], start, new)
