import pytest
import torch

from ktg_mm.models.gates import LinearGate, NegativeLinearGate
from ktg_mm.structures import TransferContext


@pytest.mark.parametrize('k_end', [1, 7, 100])
def test_weight_is_what_remains_of_the_run(k_end):
    losses = [0.25, 3.0]
    for k in range(1, k_end + 1):
        context = TransferContext(torch.zeros(2), k / k_end)
        gated, weight = NegativeLinearGate()(torch.tensor(losses, dtype=torch.float64), None, None, context)
        assert gated.tolist() == pytest.approx([(k_end - k) / k_end * a for a in losses], rel=1e-12, abs=1e-15)
        assert weight + LinearGate().weight(None, None, None, context) == pytest.approx(1)


def test_first_and_last_iteration():
    first, last = (NegativeLinearGate().weight(None, None, None, TransferContext(None, k / 50)) for k in (1, 50))
    assert first == pytest.approx(0.98) and last == 0
