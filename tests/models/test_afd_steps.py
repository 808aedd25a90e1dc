"""Adversarial feature distillation out of its configs makes the steps of document 002, written directly in float64.

The graphs and both optimisers are the configs'; the networks are small.
"""

import copy
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from ktg_mm.apis.config import load_config
from ktg_mm.engine.optimizers import NodeOptimWrapperConstructor

CONFIGS = Path(__file__).parents[2] / 'configs/afd'
TWO, THREE = 'afd_2node_fashion_mnist_3000', 'afd_3node_cifar100'
# The config, the networks' widths, the images' side, and what SGD does beside a momentum of 0.9.
CASES = {
    'two alike': (TWO, (4, 4), 16, dict(decay=5e-4, nesterov=True, adam=2e-4)),
    'two of other channels': (TWO, (4, 6), 16, dict(decay=5e-4, nesterov=True, adam=2e-4)),
    'three in a circle': (THREE, (4, 4, 6), 32, dict(decay=1e-4, nesterov=False, adam=2e-5)),
}
every_case = pytest.mark.parametrize('case', CASES)


@pytest.fixture(autouse=True)
def scope(mmpretrain_scope):
    return mmpretrain_scope


def build(toys, case):
    name, widths, _, _ = CASES[case]
    config = load_config(CONFIGS / f'{name}.py').to_dict()
    model, wrapper = config['model'], config['optim_wrapper']
    for i, width in enumerate(widths, 1):
        network = toys.network(base_channels=width)
        network['head']['in_channels'] = 4 * width
        model['nodes'][f'net{i}']['network'] = network
    graph = toys.build(model['nodes'], model['edges'], model['target'], update=model['update'])
    assert wrapper.pop('constructor') == 'NodeOptimWrapperConstructor'
    return graph, NodeOptimWrapperConstructor(wrapper)(graph)


def circle(case):
    """Who learns from whom: net1 -> net2 -> ... -> net1."""
    names = [f'net{i + 1}' for i in range(len(CASES[case][1]))]
    return dict(zip([*names[1:], names[0]], names, strict=True))


def normed(x, scale, shift):
    mean = x.mean((0, 2, 3), keepdim=True)
    var = ((x - mean) ** 2).mean((0, 2, 3), keepdim=True)
    return (x - mean) / (var + 1e-5).sqrt() * scale[:, None, None] + shift[:, None, None]


def discriminate(part, x):
    x = F.conv2d(x, part['discriminator.0.weight'], stride=2, padding=1)
    x = normed(x, part['discriminator.1.weight'], part['discriminator.1.bias'])
    x = torch.where(x > 0, x, 0.2 * x)
    return torch.sigmoid((x * part['discriminator.3.weight']).sum((1, 2, 3)) + part['discriminator.3.bias'])


def transferred(part, x):
    if 'transfer.conv.weight' not in part:
        return x
    return F.relu(
        normed(F.conv2d(x, part['transfer.conv.weight']), part['transfer.bn.weight'], part['transfer.bn.bias'])
    )


def divergence(told, taught, temperature=3.0):
    p, q = ((logits / temperature).softmax(1) for logits in (told.detach(), taught))
    return temperature**2 * (p * (p.log() - q.log())).sum(1).mean()


class Direct:
    """Networks, and a discriminator and perhaps a transfer layer for each, with SGD and Adam."""

    def __init__(self, graph, case):
        self.learns_from, self.options = circle(case), CASES[case][3]
        self.networks = {name: copy.deepcopy(graph.nodes[name].network) for name in sorted(self.learns_from)}
        self.parts = {
            name: {
                key: parameter.detach().clone().requires_grad_()
                for key, parameter in graph.edges[f'{other}->{name}:features'].losses[0].named_parameters()
            }
            for name, other in self.learns_from.items()
        }
        self.weights = {
            f'{name}.{key}': parameter
            for name, network in self.networks.items()
            for key, parameter in network.named_parameters()
        }
        self.learnt = {f'{name}.{key}': part[key] for name, part in self.parts.items() for key in part}
        self.momentum, self.first, self.second, self.steps = {}, {}, {}, {}

    def step(self, images, labels):
        maps = {name: network.backbone(images)[-1] for name, network in self.networks.items()}
        logits = {name: network.head.fc(maps[name].mean((2, 3))) for name, network in self.networks.items()}
        values, of_features = {}, {}
        for name, other in self.learns_from.items():
            values[f'label->{name}'] = F.cross_entropy(logits[name], labels)
            values[f'{other}->{name}'] = divergence(logits[other], logits[name])
            part, real = self.parts[name], maps[other].detach()
            fake = transferred(part, maps[name])
            fixed = {key: value.detach() for key, value in part.items()}
            generator = ((1 - discriminate(fixed, fake)) ** 2).mean()
            told = (1 - discriminate(part, real)) ** 2 + discriminate(part, fake.detach()) ** 2
            of_features[f'{other}->{name}:features'] = generator + told.mean()
        parameters = self.weights | self.learnt
        by_logits, by_features = (
            dict(
                zip(
                    parameters,
                    torch.autograd.grad(
                        sum(losses.values()), list(parameters.values()), retain_graph=True, allow_unused=True
                    ),
                    strict=True,
                )
            )
            for losses in (values, of_features)
        )
        with torch.no_grad():
            for key, gradient in by_logits.items():
                if gradient is not None:
                    self.descend(key, parameters[key], gradient)
            for key, gradient in by_features.items():
                if gradient is not None:
                    self.adam(key, parameters[key], gradient)
        return values | of_features

    def descend(self, key, weight, gradient):
        gradient = gradient + self.options['decay'] * weight
        self.momentum[key] = 0.9 * self.momentum.get(key, 0.0) + gradient
        weight -= 0.1 * (gradient + 0.9 * self.momentum[key] if self.options['nesterov'] else self.momentum[key])

    def adam(self, key, weight, gradient):
        gradient = gradient + 0.1 * weight
        k = self.steps[key] = self.steps.get(key, 0) + 1
        self.first[key] = 0.9 * self.first.get(key, 0.0) + 0.1 * gradient
        self.second[key] = 0.999 * self.second.get(key, 0.0) + 0.001 * gradient**2
        mean, square = self.first[key] / (1 - 0.9**k), self.second[key] / (1 - 0.999**k)
        weight -= self.options['adam'] * mean / (square.sqrt() + 1e-8)


@every_case
def test_a_graph_steps_as_the_paper_says(toys, case):
    graph, wrapper = build(toys, case)
    direct, side = Direct(graph, case), CASES[case][2]
    start = {key: value.detach().clone() for key, value in direct.learnt.items()}
    for seed in range(3):
        data = toys.batch(seed=seed, side=side)
        expected = direct.step(data['inputs'], toys.labels_of(data))
        log = graph.train_step(data, wrapper)
        assert {key for key in log if key.startswith('edge/')} == {f'edge/{key}' for key in expected}
        for key, value in expected.items():
            torch.testing.assert_close(log[f'edge/{key}'], value.detach(), rtol=1e-9, atol=0)
    for name, network in direct.networks.items():
        state = graph.nodes[name].network.state_dict()
        torch.testing.assert_close(state, network.state_dict(), rtol=1e-9, atol=1e-12)
    for name, other in direct.learns_from.items():
        found = dict(graph.edges[f'{other}->{name}:features'].losses[0].named_parameters())
        torch.testing.assert_close(found, direct.parts[name], rtol=1e-9, atol=1e-12)
    assert not any(torch.equal(value, start[key]) for key, value in direct.learnt.items())
    widths = dict(zip(direct.networks, CASES[case][1], strict=True))
    for name, other in direct.learns_from.items():
        assert ('transfer.conv.weight' in direct.parts[name]) == (widths[name] != widths[other])


@every_case
def test_gradients_reach_what_the_method_trains(toys, case):
    graph, _ = build(toys, case)
    data = toys.batch(side=CASES[case][2])
    for key, value in graph(**data, mode='loss').items():
        graph.zero_grad()
        value.loss.backward(retain_graph=True)
        target = key.partition('->')[2].partition(':')[0]
        prefixes = (f'nodes.{target}.',)
        if key.endswith(':features'):
            prefixes = (f'nodes.{target}.network.backbone.', f'edges.{key}.')
        assert set(toys.gradients(graph)) == {n for n, _ in graph.named_parameters() if n.startswith(prefixes)}, key


@every_case
def test_what_is_deployed_has_no_discriminator(toys, case):
    graph, _ = build(toys, case)
    network = graph.nodes['net1'].network.state_dict()
    assert not any('discriminator' in key or 'transfer' in key for key in network)
    data = toys.batch(side=CASES[case][2])
    expected = graph.nodes['net1'].network.eval()(data['inputs'], mode='tensor')
    torch.testing.assert_close(graph.eval()(data['inputs']), expected, rtol=0, atol=0)
