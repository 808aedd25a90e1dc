"""Document 003's feature fusion module."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from ktg_mm.models.nodes import FusionEnsembleNode
from ktg_mm.models.nodes.fusion_ensemble import fused_channels
from ktg_mm.structures import NodeOutput


def normed(x, scale, shift):
    """Batch norm of a batch (B, C, H, W), and ReLU."""
    mean, var = x.mean(axis=(0, 2, 3), keepdims=True), x.var(axis=(0, 2, 3), keepdims=True)
    return np.maximum(0, (x - mean) / np.sqrt(var + 1e-5) * scale[:, None, None] + shift[:, None, None])


def convolved(x, weight):
    """A 3 x 3 convolution, place by place."""
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    out = np.zeros((len(x), len(weight), *x.shape[2:]))
    for i in range(x.shape[2]):
        for j in range(x.shape[3]):
            out[:, :, i, j] = np.einsum('bcij,ocij->bo', padded[:, :, i : i + 3, j : j + 3], weight)
    return out


def test_the_weights_of_fused_maps(random):
    node = FusionEnsembleNode(['a', 'b', 'c'])
    node.set_shapes({name: dict(map=torch.Size([4, 3, 2])) for name in 'abc'})
    node.double().train()
    with torch.no_grad():
        for parameter in node.parameters():
            parameter.copy_(torch.tensor(random.normal(size=parameter.shape)))
    own = {name: value.detach().numpy() for name, value in node.fusion.named_parameters()}
    logits, maps = random.normal(size=(3, 5, 6)), random.random((3, 5, 4, 3, 2))
    x = np.concatenate(list(maps), axis=1)
    for i in range(2):
        x = normed(convolved(x, own[f'{i}.conv.weight']), own[f'{i}.bn.weight'], own[f'{i}.bn.bias'])
    scores = x.mean(axis=(2, 3)) @ own['4.weight'].T + own['4.bias']
    weights = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    expected = np.einsum('bm,mbc->bc', weights, logits)
    said = [
        NodeOutput(torch.tensor(values), features=dict(map=torch.tensor(feature)))
        for values, feature in zip(logits, maps, strict=True)
    ]
    torch.testing.assert_close(node(said).logits, torch.tensor(expected))
    assert [tuple(own[f'{i}.conv.weight'].shape) for i in range(2)] == [(4, 12, 3, 3), (4, 4, 3, 3)]


def test_the_width_of_what_is_fused():
    assert fused_channels(dict(a=torch.Size([8, 4, 4]), b=torch.Size([16, 4, 4]))) == (24, 16)
    for wrong in ([8, 2, 4], [8]):
        with pytest.raises(
            ValueError, match=r'^layer: members must have feature maps of one height and width .*; a 8 x'
        ):
            fused_channels(dict(a=torch.Size([8, 4, 4]), b=torch.Size(wrong)))


def test_maps_of_half_precision_give_weights_of_float32(random):
    node = FusionEnsembleNode(['a', 'b'])
    node.set_shapes({name: dict(map=torch.Size([4, 3, 3])) for name in 'ab'})
    with torch.autocast('cpu', torch.bfloat16):
        scores = F.conv2d(torch.ones(1, 1, 1, 1), torch.ones(1, 1, 1, 1))
        weights = node.weights([NodeOutput(None, features=dict(map=torch.rand(5, 4, 3, 3))) for _ in 'ab'])
    assert scores.dtype == torch.bfloat16 and weights.dtype == torch.float32
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(5))
