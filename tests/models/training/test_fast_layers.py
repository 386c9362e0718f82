"""Fast dropout matches that of torch: fraction, randomness, mean."""

import pytest
import torch

from readsight.models.training.fast_layers import FastDropout


@pytest.mark.parametrize("layout", [(6, 500), (4, 8, 1, 90)])
def test_dropout_keeps_the_mean(layout):
    drop, values = FastDropout(0.2), torch.ones(layout).contiguous().requires_grad_()
    if len(layout) == 4:
        values = values.detach().to(memory_format=torch.channels_last).requires_grad_()
    torch.manual_seed(1)
    draws = torch.stack([drop(values) for _ in range(100)])
    assert float((draws == 0).double().mean()) == pytest.approx(0.2, abs=0.005)
    assert float(draws.detach().mean()) == pytest.approx(1, abs=0.01)
    assert torch.allclose(draws[draws > 0], torch.tensor(1.25), atol=1e-4)
    dropped = drop(values)
    dropped.sum().backward()
    assert torch.equal(values.grad, dropped.detach()) and dropped.stride() == values.stride()
    assert drop.eval()(values) is values
    torch.manual_seed(3)
    expected = drop.train()(values)
    torch.manual_seed(3)
    assert torch.equal(expected, drop(values))


def test_dropout_of_views_and_of_everything():
    values = torch.ones(10, 7)[:, ::2]
    assert set(FastDropout(0.5)(values).unique().tolist()) <= {0.0, 2.0}
    assert not FastDropout(1.0)(values).any()
