"""Feature fusion learning's classifier."""

import math

import numpy as np
import pytest
import torch

from ktg_mm.errors import ConfigError
from ktg_mm.models.nodes import FusionClassifierNode
from ktg_mm.structures import NodeOutput


def made(channels=4, classes=6):
    node = FusionClassifierNode(['a', 'b'])
    node.set_num_classes(classes)
    node.set_shapes({name: dict(map=torch.Size([channels, 3, 2])) for name in 'ab'})
    return node


def test_the_logits_of_fused_maps(random):
    node = made().double().eval()
    with torch.no_grad():
        for parameter in node.parameters():
            parameter.copy_(torch.tensor(random.normal(size=parameter.shape)))
        for module in (node.fusion[0].bn, node.fusion[1].bn):
            module.running_mean.copy_(torch.tensor(random.normal(size=module.running_mean.shape)))
            module.running_var.copy_(torch.tensor(random.random(module.running_var.shape)))
    own = {name: value.numpy() for name, value in node.fusion.state_dict().items()}

    def normed(x, key):
        mean, var, scale, shift = (
            own[f'{key}.bn.{what}'][:, None, None] for what in ('running_mean', 'running_var', 'weight', 'bias')
        )
        return np.maximum(0, (x - mean) / np.sqrt(var + 1e-5) * scale + shift)

    maps = random.random((2, 5, 4, 3, 2))
    x, out = np.pad(np.concatenate(list(maps), axis=1), ((0, 0), (0, 0), (1, 1), (1, 1))), np.zeros((5, 8, 3, 2))
    for i in range(3):
        for j in range(2):  # each channel on its own
            out[:, :, i, j] = (x[:, :, i : i + 3, j : j + 3] * own['0.conv.weight'][:, 0]).sum(axis=(2, 3))
    out = normed(np.einsum('bchw,oc->bohw', normed(out, '0'), own['1.conv.weight'][:, :, 0, 0]), '1')
    expected = out.mean(axis=(2, 3)) @ own['4.weight'].T + own['4.bias']
    said = [NodeOutput(torch.zeros(5, 6), features=dict(map=torch.tensor(values))) for values in maps]
    torch.testing.assert_close(node(said).logits, torch.tensor(expected))
    assert node.reads() == dict(a=('map',), b=('map',))


def test_convolutions_begin_as_in_the_authors_code():
    torch.manual_seed(0)
    node = made(channels=128)
    depthwise, pointwise = (node.fusion[i].conv for i in (0, 1))
    assert depthwise.bias is None and depthwise.groups == 256 and pointwise.weight.shape == (128, 256, 1, 1)
    assert float(depthwise.weight.detach().std()) == pytest.approx(math.sqrt(2 / (9 * 256)), rel=0.05)
    assert float(pointwise.weight.detach().std()) == pytest.approx(math.sqrt(2 / 128), rel=0.05)


def test_it_needs_the_number_of_classes(toys):
    node = FusionClassifierNode(['a', 'b'])
    with pytest.raises(ValueError, match=r'^needs the number of classes; give data_preprocessor\.num_classes$'):
        node.set_shapes({name: dict(map=torch.Size([4, 3, 2])) for name in 'ab'})
    networks = toys.network()
    networks['head'] = dict(type='ClsHead')
    nodes = {name: dict(type='NetworkNode', network=networks) for name in ('net1', 'net2')}
    nodes['e'] = dict(type='FusionClassifierNode', members=['net1', 'net2'])
    with pytest.raises(ConfigError, match=r'^model\.nodes\.e: needs the number of classes; give data_preprocessor\.'):
        toys.build(nodes, {f'label->{name}': toys.label() for name in nodes})


def test_its_classifier_may_be_kept_apart_from_others(toys):
    nodes = {name: toys.node() for name in ('net1', 'net2')}
    nodes['e'] = dict(type='FusionClassifierNode', members=['net1', 'net2'])
    apart = dict(loss=dict(type='ClassifierDiversity'), detach=False)
    graph = toys.build(nodes, {f'label->{name}': toys.label() for name in nodes} | {'e->net1:apart': apart})
    loss = graph(**toys.batch(), mode='loss')['e->net1:apart'].loss
    fused, own = graph.nodes['e'].fusion[-1].weight, graph.nodes['net1'].network.head.fc.weight
    torch.testing.assert_close(loss, (fused.T @ own).abs().sum())
    loss.backward()
    assert set(toys.gradients(graph)) == {'nodes.e.fusion.4.weight', 'nodes.net1.network.head.fc.weight'}
