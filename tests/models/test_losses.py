"""Losses of torch models: equal to those of the outcome, weighted by example, without uncounted targets."""

import numpy as np
import pytest
import torch

from readsight.dataset.outcome import Outcome
from readsight.models.losses import compute_loss, get_loss_mask, to_predictions

RNG = np.random.default_rng(1)
ONES = torch.ones(6)


def make_case(kind):
    """Outputs (float64) and a target of six examples."""
    outputs, target = {
        "binary": ((6,), RNG.integers(0, 2, 6)),
        "multiclass": ((6, 3), RNG.integers(0, 3, 6)),
        "multilabel": ((6, 2), RNG.integers(0, 2, (6, 2))),
        "regression": ((6,), RNG.normal(size=6)),
        "positions": ((6, 9, 3), RNG.integers(0, 3, (6, 9)).astype(np.uint8)),
        "profile": ((6, 5), RNG.poisson(3, (6, 5)).astype(float)),
    }[kind]
    return torch.as_tensor(RNG.normal(size=outputs)), target


KINDS = ("binary", "multiclass", "multilabel", "regression", "positions", "profile")


@pytest.mark.parametrize("kind", KINDS)
def test_loss_matches_the_predictions(kind):
    output, target = make_case(kind)
    outcome = Outcome(kind, ("a", "b", "c"))
    expected = outcome.compute_loss(to_predictions(kind, output).numpy(), target)
    assert float(compute_loss(kind, output, torch.as_tensor(target), ONES)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_weight_of_two_counts_twice(kind):
    output, target = make_case(kind)
    target = torch.as_tensor(target)
    weights = torch.tensor([2.0, 1, 1, 0, 1, 1])
    rows = torch.tensor([0, 0, 1, 2, 4, 5])
    assert float(compute_loss(kind, output, target, weights)) == pytest.approx(
        float(compute_loss(kind, output[rows], target[rows], ONES))
    )


@pytest.mark.parametrize("kind, nothing", [("positions", 255), ("profile", float("nan"))])
def test_uncounted_targets_are_ignored(kind, nothing):
    output, target = make_case(kind)
    target = torch.as_tensor(target)
    target[:, 2] = nothing
    output.requires_grad_()
    batch_loss = compute_loss(kind, output, target, ONES)
    batch_loss.backward()
    assert torch.isfinite(output.grad).all() and not output.grad[:, 2].any() and output.grad[:, 1].abs().min() > 0
    remaining = [i for i in range(target.shape[1]) if i != 2]
    assert float(batch_loss.detach()) == pytest.approx(
        float(compute_loss(kind, output[:, remaining].detach(), target[:, remaining], ONES))
    )
    assert int(get_loss_mask(kind, target).sum()) == 6 * len(remaining)
    target[:] = nothing
    assert float(compute_loss(kind, output, target, ONES)) == 0


def test_predictions_fit_the_outcome():
    for kind in ("multiclass", "positions"):
        predictions = to_predictions(kind, make_case(kind)[0])
        assert torch.allclose(predictions.sum(dim=-1), torch.ones(1, dtype=predictions.dtype))
    assert (to_predictions("profile", make_case("profile")[0] - 5) > 0).all()
    output = make_case("regression")[0]
    assert torch.equal(to_predictions("regression", output), output)


def test_profile_loss_is_minimal_at_the_signal():
    signal = torch.tensor([[0.5, 2.0, 7.0]], dtype=torch.float64)
    output = torch.log(torch.expm1(signal)).requires_grad_()
    compute_loss("profile", output, signal, torch.ones(1)).backward()
    assert output.grad.abs().max() < 1e-5
