"""Losses of torch models: those of the outcome, weighed by example, and blind to what is not counted."""

import numpy as np
import pytest
import torch

from readsight.dataset.outcome import Outcome
from readsight.models.losses import counted, loss, predicted

DRAW = np.random.default_rng(1)
ONES = torch.ones(6)


def case(kind):
    """Outputs (float64) and a target of six examples."""
    outputs, target = {
        "binary": ((6,), DRAW.integers(0, 2, 6)),
        "multiclass": ((6, 3), DRAW.integers(0, 3, 6)),
        "multilabel": ((6, 2), DRAW.integers(0, 2, (6, 2))),
        "regression": ((6,), DRAW.normal(size=6)),
        "positions": ((6, 9, 3), DRAW.integers(0, 3, (6, 9)).astype(np.uint8)),
        "profile": ((6, 5), DRAW.poisson(3, (6, 5)).astype(float)),
    }[kind]
    return torch.as_tensor(DRAW.normal(size=outputs)), target


KINDS = ("binary", "multiclass", "multilabel", "regression", "positions", "profile")


@pytest.mark.parametrize("kind", KINDS)
def test_a_loss_is_that_of_the_predictions(kind):
    output, target = case(kind)
    outcome = Outcome(kind, ("a", "b", "c"))
    expected = outcome.loss(predicted(kind, output).numpy(), target)
    assert float(loss(kind, output, torch.as_tensor(target), ONES)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_an_example_of_weight_two_counts_twice(kind):
    output, target = case(kind)
    target = torch.as_tensor(target)
    weights = torch.tensor([2.0, 1, 1, 0, 1, 1])
    rows = torch.tensor([0, 0, 1, 2, 4, 5])
    assert float(loss(kind, output, target, weights)) == pytest.approx(float(loss(kind, output[rows], target[rows], ONES)))


@pytest.mark.parametrize("kind, nothing", [("positions", 255), ("profile", float("nan"))])
def test_what_is_not_counted_teaches_nothing(kind, nothing):
    output, target = case(kind)
    target = torch.as_tensor(target)
    target[:, 2] = nothing
    output.requires_grad_()
    found = loss(kind, output, target, ONES)
    found.backward()
    assert torch.isfinite(output.grad).all() and not output.grad[:, 2].any() and output.grad[:, 1].abs().min() > 0
    rest = [i for i in range(target.shape[1]) if i != 2]
    assert float(found.detach()) == pytest.approx(float(loss(kind, output[:, rest].detach(), target[:, rest], ONES)))
    assert int(counted(kind, target).sum()) == 6 * len(rest)
    target[:] = nothing
    assert float(loss(kind, output, target, ONES)) == 0


def test_predictions_are_shaped_as_the_outcome_says():
    for kind in ("multiclass", "positions"):
        guess = predicted(kind, case(kind)[0])
        assert torch.allclose(guess.sum(dim=-1), torch.ones(1, dtype=guess.dtype))
    assert (predicted("profile", case("profile")[0] - 5) > 0).all()
    output = case("regression")[0]
    assert torch.equal(predicted("regression", output), output)


def test_the_least_loss_of_a_profile_is_at_its_signal():
    signal = torch.tensor([[0.5, 2.0, 7.0]], dtype=torch.float64)
    output = torch.log(torch.expm1(signal)).requires_grad_()
    loss("profile", output, signal, torch.ones(1)).backward()
    assert output.grad.abs().max() < 1e-5
