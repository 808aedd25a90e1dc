import pytest
import torch

from ktg_mm.models.updates import Update, total_loss
from ktg_mm.registry import UPDATES
from ktg_mm.structures import EdgeValue


def test_registered_updates_are_updates():
    assert set(UPDATES.module_dict) >= {'SimultaneousUpdate', 'SequentialUpdate'}
    assert all(issubclass(update, Update) for update in UPDATES.module_dict.values())


def test_total_loss_is_the_sum():
    losses = [torch.tensor(value, requires_grad=True) for value in (1.0, 2.5, -0.5)]
    total = total_loss({str(i): EdgeValue(loss, 1.0) for i, loss in enumerate(losses)})
    total.backward()
    assert total.shape == () and total.item() == 3 and [loss.grad.item() for loss in losses] == [1, 1, 1]


def test_total_loss_of_losses_in_mixed_precision():
    losses = torch.tensor(1.0, dtype=torch.bfloat16), torch.tensor(0.001, dtype=torch.float32)
    total = total_loss({str(i): EdgeValue(loss, 1.0) for i, loss in enumerate(losses)})
    assert total.dtype == torch.float32 and total.item() == pytest.approx(1.001)


def test_the_base_does_nothing():
    with pytest.raises(NotImplementedError):
        Update()(None, None, {}, None)
