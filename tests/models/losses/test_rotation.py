import pytest
import torch

from ktg_mm.models.losses import Rotation
from ktg_mm.structures import NodeOutput, TransferContext


@pytest.mark.parametrize('hidden', [True, False])
@pytest.mark.parametrize('layer', ['embedding', 'map'])
def test_formula(hidden, layer):
    torch.manual_seed(0)
    loss = Rotation(layer, hidden=hidden)
    loss.set_shapes(*[[torch.Size([3] if layer == 'embedding' else [3, 2, 2])]] * 2)
    loss.double()
    feature = torch.randn(4, *([3] if layer == 'embedding' else [3, 2, 2]), dtype=torch.float64)
    said, turns = NodeOutput(None, features={layer: feature}), torch.tensor([3, 0, 2, 1])
    values = loss(said, said, TransferContext(None, turns=turns))
    for row, turn, value in zip(feature, turns.tolist(), values, strict=True):
        vector = row if layer == 'embedding' else row.mean(dim=(1, 2))
        layers = loss.classifier
        if hidden:
            vector = (layers[0].weight @ vector + layers[0].bias).clamp(min=0)
        scores = layers[-1].weight @ vector + layers[-1].bias
        torch.testing.assert_close(value, scores.exp().sum().log() - scores[turn], rtol=1e-9, atol=1e-12)


def test_one_layer():
    with pytest.raises(ValueError, match=r'^layers must be one'):
        Rotation(['map', 'embedding'])
