import pytest
import torch

from ktg_mm.models.losses import FeatureCosine
from ktg_mm.structures import NodeOutput


def make():
    torch.manual_seed(0)
    loss = FeatureCosine(size=2)
    loss.set_shapes(*[[torch.Size([3, 2, 2])]] * 2)
    return loss.double()


def test_formula():
    loss = make()
    own, others = torch.randn(2, 12, 3, 2, 2, dtype=torch.float64)
    values = loss(*(NodeOutput(None, features=dict(map=maps)) for maps in (own, others)), None)
    for first, second, value in zip(own, others, values, strict=True):
        h, g = (loss.embed.weight @ map_.reshape(-1) + loss.embed.bias for map_ in (first, second))
        cosine = (h @ g / (h @ h).sqrt() / (g @ g).sqrt()).item()
        assert value.item() == pytest.approx(max(0.0, cosine), rel=1e-9)
    assert (values == 0).any() and (values > 0).any()


def test_a_map_of_another_size():
    said = NodeOutput(None, features=dict(map=torch.zeros(1, 3, 4, 4, dtype=torch.float64)))
    with pytest.raises(ValueError, match=r'^size must be that of the maps, 4 x 4, got 2'):
        make()(said, said, None)


def test_one_layer():
    with pytest.raises(ValueError, match=r'^layers must be one'):
        FeatureCosine(dict(target='map', source='backbone.layer2'))
