import math

import numpy as np
import pytest
import torch

from ktg_mm.models.losses import AttentionTransfer
from ktg_mm.structures import NodeOutput

STAGES = ['backbone.layer1', 'backbone.layer2', 'backbone.layer3']


def attention(feature, side):
    """The map of one image's feature (C, H, W), brought to a side by means over blocks, as a unit vector."""
    channels, height, _ = feature.shape
    step = height // side
    cells = []
    for i in range(side):
        for j in range(side):
            block = [feature[c, i * step : (i + 1) * step, j * step : (j + 1) * step].mean() for c in range(channels)]
            cells.append(sum(value**2 for value in block) / channels)
    length = max(math.sqrt(sum(cell**2 for cell in cells)), 1e-12)
    return [cell / length for cell in cells]


@pytest.mark.parametrize(('target_side', 'source_side'), [(8, 8), (8, 4), (4, 8), (6, 2)])
def test_formula(target_side, source_side, random):
    target = {layer: random.normal(size=(3, 4, target_side, target_side)) for layer in STAGES}
    source = {layer: random.normal(size=(3, 7, source_side, source_side)) for layer in STAGES}
    expected = []
    for i in range(3):
        total = 0.0
        for layer in STAGES:
            side = min(target_side, source_side)
            own, others = attention(target[layer][i], side), attention(source[layer][i], side)
            total += sum((a - b) ** 2 for a, b in zip(own, others, strict=True)) / side**2
        expected.append(total)
    ends = [
        NodeOutput(torch.zeros(3, 2), features={layer: torch.tensor(value) for layer, value in end.items()})
        for end in (target, source)
    ]
    np.testing.assert_allclose(AttentionTransfer()(*ends, None).numpy(), expected, rtol=1e-12)


def test_nothing_is_learnt_of_its_own():
    loss = AttentionTransfer()
    assert loss.layers == dict(target=tuple(STAGES), source=tuple(STAGES))
    loss.set_shapes([torch.Size([2, 8, 8])] * 3, [torch.Size([5, 4, 4])] * 3)
    assert not list(loss.parameters())


def test_an_embedding_has_no_map():
    loss = AttentionTransfer(['map', 'embedding'])
    with pytest.raises(ValueError, match=r"^'embedding' of the source gives features of shape \(3,\), but Attention"):
        loss.set_shapes([torch.Size([2, 8, 8])] * 2, [torch.Size([2, 8, 8]), torch.Size([3])])
