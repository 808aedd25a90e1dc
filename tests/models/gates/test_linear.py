import pytest
import torch

from ktg_mm.models.gates import LinearGate
from ktg_mm.structures import TransferContext


@pytest.mark.parametrize('k_end', [1, 7, 100])
def test_weight_is_k_over_k_end(k_end):
    losses = [0.25, 3.0]
    for k in range(1, k_end + 1):
        context = TransferContext(torch.zeros(2), k / k_end)
        gated, weight = LinearGate()(torch.tensor(losses, dtype=torch.float64), None, None, context)
        assert gated.tolist() == pytest.approx([k / k_end * a for a in losses], rel=1e-12)
        assert weight == pytest.approx(k / k_end)


def test_first_and_last_iteration():
    first, last = (LinearGate().weight(None, None, None, TransferContext(None, k / 50)) for k in (1, 50))
    assert first == pytest.approx(0.02) and last == 1
