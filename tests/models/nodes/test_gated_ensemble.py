"""ONE's ensemble."""

import numpy as np
import pytest
import torch

from ktg_mm.models.nodes import GatedEnsembleNode
from ktg_mm.structures import NodeOutput


@pytest.mark.parametrize('shape', [(5, 2, 2), (5,)], ids=['map', 'embedding'])
@pytest.mark.parametrize('training', [True, False])
def test_the_gates_weights(random, shape, training):
    node = GatedEnsembleNode(['a', 'b', 'c'], 'map')
    node.set_shapes(dict(a=dict(map=torch.Size(shape))))
    node.double().train(training)
    for tensor in node.state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(torch.tensor(random.random(tensor.shape)))
    linear, norm, _ = node.gate
    weight, bias, scale, shift, mean, var = (
        tensor.detach().numpy().copy()
        for tensor in (linear.weight, linear.bias, norm.weight, norm.bias, norm.running_mean, norm.running_var)
    )
    logits, features = random.normal(size=(3, 4, 6)), random.normal(size=(3, 4, *shape))
    said = [
        NodeOutput(torch.tensor(values), features=dict(map=torch.tensor(feature)))
        for values, feature in zip(logits, features, strict=True)
    ]
    # Only the first member's feature counts.
    pooled = features[0].reshape(4, 5, -1).mean(axis=2)
    scores = np.array([[sum(weight[m, c] * row[c] for c in range(5)) + bias[m] for m in range(3)] for row in pooled])
    if training:
        mean, var = scores.mean(axis=0), ((scores - scores.mean(axis=0)) ** 2).mean(axis=0)
    scores = np.maximum(0, (scores - mean) / np.sqrt(var + 1e-5) * scale + shift)
    weights = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    expected = [[sum(weights[i, m] * logits[m, i, c] for m in range(3)) for c in range(6)] for i in range(4)]
    torch.testing.assert_close(node(said).logits, torch.tensor(expected, dtype=torch.float64))


def test_what_it_reads():
    node = GatedEnsembleNode(('a', 'b'), layer='backbone.layer1')
    assert node.reads() == dict(a=('backbone.layer1',), b=()) and node.inputs == ['a', 'b']
    assert node.ordered and not node.detach
