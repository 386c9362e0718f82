"""The quick dropout drops as torch's does: its part, at random, with the mean kept."""

import pytest
import torch

from readsight.models.training.fast_layers import Dropout


@pytest.mark.parametrize("layout", [(6, 500), (4, 8, 1, 90)])
def test_dropout_drops_its_part_and_keeps_the_mean(layout):
    drop, values = Dropout(0.2), torch.ones(layout).contiguous().requires_grad_()
    if len(layout) == 4:
        values = values.detach().to(memory_format=torch.channels_last).requires_grad_()
    torch.manual_seed(1)
    found = torch.stack([drop(values) for _ in range(100)])
    assert float((found == 0).double().mean()) == pytest.approx(0.2, abs=0.005)
    assert float(found.detach().mean()) == pytest.approx(1, abs=0.01)
    assert torch.allclose(found[found > 0], torch.tensor(1.25), atol=1e-4)
    own = drop(values)
    own.sum().backward()
    assert torch.equal(values.grad, own.detach()) and own.stride() == values.stride()
    assert drop.eval()(values) is values
    torch.manual_seed(3)
    one = drop.train()(values)
    torch.manual_seed(3)
    assert torch.equal(one, drop(values))


def test_dropout_of_a_view_and_of_everything():
    values = torch.ones(10, 7)[:, ::2]
    assert set(Dropout(0.5)(values).unique().tolist()) <= {0.0, 2.0}
    assert not Dropout(1.0)(values).any()
