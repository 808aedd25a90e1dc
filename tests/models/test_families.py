"""Every method whose ensembles learn makes the step of an independent one, written directly from its paper.

The graphs, and what the optimiser does with which node, are those of the shipped configs; the networks are small.
"""

import functools
from itertools import combinations
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from mmengine.registry import DefaultScope
from mmengine.runner import load_checkpoint
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

from ktg_mm.apis.config import load_config
from ktg_mm.engine.optimizers import NodeOptimWrapperConstructor
from ktg_mm.models import GraphDistributedDataParallel, KnowledgeTransferGraph
from ktg_mm.models.nodes import NetworkNode

CONFIGS = Path(__file__).parents[2] / 'configs'
TRUNK = ['conv1', 'bn1', 'layer1.0.conv1', 'layer1.0.bn1', 'layer1.0.conv2', 'layer1.0.bn2']
REST = [f'layer{i}.0.{layer}' for i in (2, 3) for layer in ('conv1', 'bn1', 'conv2', 'bn2')]
PROGRESS = (0.1, 0.25, 0.9)  # the ramp ends at 80 of 300 epochs
LEARNING_RATE, MOMENTUM, DECAY = 0.1, 0.9, 5e-4


def divergence(taught, told, temperature=3.0):
    """T^2 KL(told || taught) of logits, the batch's mean."""
    total = 0.0
    for z, t in zip(taught, told, strict=True):
        p, q = (z / temperature).softmax(0), (t / temperature).softmax(0)
        total = total + (q * (q.log() - p.log())).sum()
    return temperature**2 * total / len(taught)


def ramp(progress):
    """exp(-5 (1 - min(epoch / 80, 1))^2) of 300 epochs."""
    return torch.tensor(-5 * (1 - min(300 * progress / 80, 1)) ** 2, dtype=torch.float64).exp()


class Nets:
    """Weights and buffers by the graph's names, and what the networks make of a batch."""

    def __init__(self, state, names, trunk):
        self.values, self.names, self.trunk = {key: value.clone() for key, value in state.items()}, names, trunk
        if trunk:
            for name in names[1:]:
                for key in [key for key in self.values if key.startswith(f'nodes.{name}.network.backbone.')]:
                    if key.split('.backbone.')[1].startswith(('conv1.', 'bn1.', 'layer1.')):
                        del self.values[key]
        self.parameters = {key: v for key, v in self.values.items() if key.endswith(('weight', 'bias'))}

    def norm(self, key, x):
        value = self.values
        value[f'{key}.num_batches_tracked'] += 1
        mean, var = value[f'{key}.running_mean'], value[f'{key}.running_var']
        return F.batch_norm(x, mean, var, value[f'{key}.weight'], value[f'{key}.bias'], training=True)

    def block(self, key, x, stride):
        out = F.conv2d(x, self.values[f'{key}.conv1.weight'], stride=stride, padding=1)
        out = F.conv2d(F.relu(self.norm(f'{key}.bn1', out)), self.values[f'{key}.conv2.weight'], padding=1)
        if stride > 1:
            x = x[:, :, ::stride, ::stride]
            x = torch.cat([x, torch.zeros_like(x)], dim=1)
        return F.relu(self.norm(f'{key}.bn2', out) + x)

    def run(self, images):
        """Sets ``stage1``, ``map``, ``embedding`` and ``logits`` of each network."""
        self.stage1, self.map, self.embedding, self.logits = {}, {}, {}, {}
        for name in self.names:
            key = f'nodes.{name}.network'
            if name == self.names[0] or not self.trunk:
                x = F.conv2d(images, self.values[f'{key}.backbone.conv1.weight'], padding=1)
                stage1 = self.block(f'{key}.backbone.layer1.0', F.relu(self.norm(f'{key}.backbone.bn1', x)), 1)
            x = self.block(f'{key}.backbone.layer2.0', stage1, 2)
            self.stage1[name], self.map[name] = stage1, self.block(f'{key}.backbone.layer3.0', x, 2)
            self.embedding[name] = self.map[name].mean((2, 3))
            self.logits[name] = self.linear(f'{key}.head.fc', self.embedding[name])

    def linear(self, key, x):
        return x @ self.values[f'{key}.weight'].T + self.values.get(f'{key}.bias', 0.0)

    def fuse(self, key, x, **convolution):
        return F.relu(self.norm(f'{key}.bn', F.conv2d(x, self.values[f'{key}.conv.weight'], **convolution)))


FOUR = ('net1', 'net2', 'net3', 'leader')


def one(nets, progress):
    scores = nets.linear('nodes.teacher.gate.0', nets.stage1['net1'].mean((2, 3)))
    weights = F.relu(nets.norm('nodes.teacher.gate.1', scores)).softmax(1)
    together = sum(weights[:, i, None] * nets.logits[name] for i, name in enumerate(FOUR))
    told = together.detach()
    yield 'label->teacher', together
    for name in FOUR:
        yield f'teacher->{name}', ramp(progress) * divergence(nets.logits[name], told)


def okddip(nets, progress):
    auxiliary = FOUR[:3]
    query, key = (
        {name: nets.linear(f'nodes.peers.{which}', nets.embedding[name]) for name in auxiliary}
        for which in ('query', 'key')
    )
    for i in auxiliary:
        scores = torch.stack([(query[i] * key[j]).sum(1) for j in auxiliary], dim=1)
        told = sum(a[:, None] * nets.logits[j] for a, j in zip(scores.softmax(1).T, auxiliary, strict=True))
        yield f'peers->{i}', ramp(progress) * divergence(nets.logits[i], told)
    mean = sum(nets.logits[name] for name in auxiliary).detach() / 3
    yield 'average->leader', ramp(progress) * divergence(nets.logits['leader'], mean)


def ffm(nets, progress):
    auxiliary = FOUR[:3]
    x = nets.fuse('nodes.fusion.fusion.0', torch.cat([nets.map[name] for name in auxiliary], dim=1), padding=1)
    x = nets.fuse('nodes.fusion.fusion.1', x, padding=1).mean((2, 3))
    weights = nets.linear('nodes.fusion.fusion.4', x).softmax(1)
    together = sum(weights[:, i, None] * nets.logits[name] for i, name in enumerate(auxiliary))
    for name in auxiliary:
        yield f'fusion->{name}', divergence(nets.logits[name], together)
    mean = sum(nets.logits[name] for name in FOUR).detach() / 4
    yield 'ensemble->leader', 2 * divergence(nets.logits['leader'], mean)


def ffm_cd(nets, progress):
    yield from ffm(nets, progress)
    matrix = {name: nets.values[f'nodes.{name}.network.head.fc.weight'] for name in FOUR}
    for i, j in combinations(FOUR, 2):
        product = torch.einsum('kd,ke->de', matrix[i], matrix[j])
        yield f'{i}->{j}:diversity', 5e-8 * product.abs().sum()


def ffl(nets, progress):
    both = [nets.map[name] for name in ('net1', 'net2')]
    x = nets.fuse('nodes.fusion.fusion.0', torch.cat(both, dim=1), padding=1, groups=32)
    fused = nets.linear('nodes.fusion.fusion.4', nets.fuse('nodes.fusion.fusion.1', x).mean((2, 3)))
    yield 'label->fusion', fused
    for name in ('net1', 'net2'):
        yield f'fusion->{name}', ramp(progress) * divergence(nets.logits[name], fused.detach())
    mean = (nets.logits['net1'] + nets.logits['net2']).detach() / 2
    yield 'ensemble->fusion', ramp(progress) * divergence(fused, mean)


def song_chai(nets, progress):
    for name in FOUR:
        others = sum(nets.logits[other] for other in FOUR if other != name).detach() / 3
        yield f'all_but_{name}->{name}', ramp(progress) * divergence(nets.logits[name], others)


FAMILIES = dict(one=one, okddip=okddip, ffm=ffm, ffm_cd=ffm_cd, ffl=ffl, song_chai=song_chai)
NETWORKS = dict.fromkeys(FAMILIES, FOUR) | dict(ffl=('net1', 'net2'))
LEARNS = {
    'one': [f'nodes.teacher.gate.{i}.{what}' for i in (0, 1) for what in ('weight', 'bias')],
    'okddip': ['nodes.peers.query.weight', 'nodes.peers.key.weight'],
    'ffm': [
        *(f'nodes.fusion.fusion.{i}.{what}' for i in (0, 1) for what in ('conv.weight', 'bn.weight', 'bn.bias')),
        *(f'nodes.fusion.fusion.4.{what}' for what in ('weight', 'bias')),
    ],
    'song_chai': [],
}
LEARNS |= dict(ffm_cd=LEARNS['ffm'], ffl=LEARNS['ffm'])

# Whom each edge teaches besides its target network: only these, and what is listed in LEARNS where it says 'learns'.
# 'maps' are the networks without their classifiers.
REACH = {
    'one': {'label->teacher': ('learns', *FOUR)},
    'okddip': {f'peers->{name}': ('learns', *FOUR[:3]) for name in FOUR[:3]},
    'ffm': {f'fusion->{name}': ('learns', *FOUR[:3]) for name in FOUR[:3]},
    'ffl': dict.fromkeys(('label->fusion', 'ensemble->fusion'), ('learns', 'maps')),
    'song_chai': {},
}
REACH['ffm_cd'] = REACH['ffm'] | {f'{i}->{j}:diversity': ('heads',) for i, j in combinations(FOUR, 2)}


def parameters_of(name, owner):
    """The names of a network's parameters; the trunk's are its owner's."""
    for layer in [*TRUNK, *REST]:
        for what in ('weight', 'bias') if 'bn' in layer else ('weight',):
            yield f'nodes.{owner if layer in TRUNK else name}.network.backbone.{layer}.{what}'


def head_of(name):
    return [f'nodes.{name}.network.head.fc.{what}' for what in ('weight', 'bias')]


def reached(family, trunk, key):
    """The names of the parameters that an edge of a method trains."""
    source, target = key.partition(':')[0].split('->')
    names = set()
    for who in REACH[family].get(key, (target,)):
        if who == 'learns':
            names |= set(LEARNS[family])
        elif who == 'heads':
            names |= {head_of(source)[0], head_of(target)[0]}
        else:
            for name in NETWORKS[family] if who == 'maps' else (who,):
                names |= {*parameters_of(name, 'net1' if trunk else name)}
                names |= set() if who == 'maps' else {*head_of(name)}
    return names


@functools.cache
def read(path, *overlays):
    return load_config(path, overlays=overlays)


def config_of(family, trunk, norm_cfg=None):
    """A method's config with small networks, of whatever norm layers."""
    overlays = [] if trunk else [CONFIGS / '_base_' / 'networks' / 'no_trunk.py']
    config = read(CONFIGS / 'multi_branch' / f'{family}_digits.py', *overlays).to_dict()
    nodes = config['model']['nodes']
    for name in NETWORKS[family]:
        assert bool(nodes[name].get('share')) == (trunk and name != 'net1')
        nodes[name]['network'] = dict(
            type='ImageClassifier',
            backbone=dict(type='CIFARResNet', depth=8, base_channels=4, in_channels=1, norm_cfg=norm_cfg),
            neck=dict(type='GlobalAveragePooling'),
            head=dict(type='LinearClsHead', num_classes=5, in_channels=16),
        )
    for node in nodes.values():
        if node['type'] in ('GatedEnsembleNode', 'FusionEnsembleNode', 'FusionClassifierNode'):
            node['norm_cfg'] = norm_cfg
    return config


def optim_wrapper_of(graph, config):
    """The optimiser of a config."""
    wrapper = config['optim_wrapper']
    assert wrapper.pop('constructor') == 'NodeOptimWrapperConstructor'
    by_node = wrapper.pop('paramwise_cfg', None)
    return NodeOptimWrapperConstructor(wrapper, by_node)(graph)


def build(toys, family, trunk):
    """A method's graph and optimiser, out of its config."""
    config = config_of(family, trunk)
    model = config['model']
    graph = toys.build(model['nodes'], model['edges'], model['target'])
    return graph, optim_wrapper_of(graph, config)


def direct_step(nets, family, data, labels, progress, momentum):
    """Makes a step of SGD; returns the value of each edge."""
    for key, value in nets.parameters.items():
        nets.values[key] = value.detach().requires_grad_()
    nets.run(data['inputs'])
    losses = {f'label->{name}': F.cross_entropy(nets.logits[name], labels) for name in NETWORKS[family]}
    for key, value in FAMILIES[family](nets, progress):
        losses[key] = F.cross_entropy(value, labels) if value.dim() else value
    sum(losses.values()).backward()
    for key in nets.parameters:
        weight = nets.values[key]
        decay = 1e-5 if family == 'ffl' and '.fusion.' in key else DECAY
        change = weight.grad + decay * weight.detach()
        momentum[key] = MOMENTUM * momentum[key] + change if key in momentum else change
        nets.parameters[key] = weight.detach() - LEARNING_RATE * (change + MOMENTUM * momentum[key])
        nets.values[key] = nets.parameters[key]
    return losses


@pytest.mark.parametrize('trunk', [True, False], ids=['trunk', 'full networks'])
@pytest.mark.parametrize('family', FAMILIES)
def test_a_graph_steps_as_the_paper_says(toys, family, trunk):
    graph, optim_wrapper = build(toys, family, trunk)
    nets, momentum = Nets(graph.state_dict(), NETWORKS[family], trunk), {}
    for step, progress in enumerate(PROGRESS):
        data = toys.batch(seed=step)
        expected = direct_step(nets, family, data, toys.labels_of(data), progress, momentum)
        graph.progress = progress
        log = graph.train_step(data, optim_wrapper)
        assert {key for key in log if key.startswith('edge/')} == {f'edge/{key}' for key in expected}
        for key, value in expected.items():
            torch.testing.assert_close(log[f'edge/{key}'], value.detach(), rtol=1e-9, atol=0)
        torch.testing.assert_close(log['loss'], sum(expected.values()).detach(), rtol=1e-9, atol=0)
    state = graph.state_dict()
    for key, value in nets.values.items():
        torch.testing.assert_close(state[key], value, rtol=1e-9, atol=1e-12)
    if trunk:
        for name in NETWORKS[family][1:]:
            alike = state[f'nodes.{name}.network.backbone.layer1.0.bn1.running_mean']
            assert torch.equal(alike, state['nodes.net1.network.backbone.layer1.0.bn1.running_mean'])


@pytest.mark.parametrize('trunk', [True, False], ids=['trunk', 'full networks'])
@pytest.mark.parametrize('family', FAMILIES)
def test_gradients_reach_what_the_method_trains(toys, family, trunk):
    graph, _ = build(toys, family, trunk)
    data, trained = toys.batch(), set()
    for key, value in graph(**data, mode='loss').items():
        graph.zero_grad()
        value.loss.backward(retain_graph=True)
        assert set(toys.gradients(graph)) == reached(family, trunk, key), key
        trained |= reached(family, trunk, key)
    assert trained == {name for name, _ in graph.named_parameters()}
    assert trained == {*LEARNS[family]}.union(
        *({*parameters_of(name, 'net1' if trunk else name), *head_of(name)} for name in NETWORKS[family])
    )


def train(family, trunk, norm_cfg, rank, world_size):
    """Weights and buffers after two steps; of two processes each has every other image."""
    config = config_of(family, trunk, norm_cfg)
    model = config['model']
    torch.manual_seed(0)
    graph = KnowledgeTransferGraph(
        model['nodes'], model['edges'], model['target'], data_preprocessor=dict(type='BaseDataPreprocessor')
    ).double()
    wrapper = optim_wrapper_of(graph, config)
    trained = graph
    if world_size > 1:
        for parameter in graph.parameters() if rank else ():  # another start, which the first process's replaces
            parameter.data.add_(1.0)
        trained = GraphDistributedDataParallel(graph, device_ids=None, broadcast_buffers=False)
    generator = torch.Generator().manual_seed(1)
    for progress in PROGRESS[1:]:
        images = torch.rand(8, 1, 16, 16, generator=generator, dtype=torch.float64)
        labels = torch.randint(5, (8,), generator=generator)
        part = slice(rank, None, world_size)
        graph.progress = progress
        samples = [DataSample().set_gt_label(int(label)) for label in labels[part]]
        trained.train_step(dict(inputs=images[part], data_samples=samples), wrapper)
    return graph.state_dict()


def train_all(rank, world_size):
    states = {f'{family} {trunk}': train(family, trunk, GROUPS, rank, world_size) for family, trunk in CASES}
    return states | {family: train(family, True, None, rank, world_size) for family in FAMILIES}


CASES = [*((family, True) for family in FAMILIES), ('one', False), ('okddip', False)]
GROUPS = dict(type='GN', num_groups=2)


@pytest.fixture(scope='module')
def states(two_processes):
    """After training by one process, and by each of two."""
    return [train_all(0, 1), *two_processes(train_all)]


@pytest.mark.slow
@pytest.mark.parametrize(('family', 'trunk'), CASES)
def test_two_processes_equal_one_with_the_whole_batch(family, trunk, states):
    alone, first, second = (state[f'{family} {trunk}'] for state in states)
    assert not any('running' in key for key in alone)
    torch.testing.assert_close(second, first, rtol=0, atol=0)
    torch.testing.assert_close(first, alone, rtol=1e-6, atol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize('family', FAMILIES)
def test_two_processes_with_batch_norm_have_the_same_weights(family, states):
    _, first, second = (state[family] for state in states)
    weights = [key for key in first if 'running' not in key]
    torch.testing.assert_close(
        {key: second[key] for key in weights}, {key: first[key] for key in weights}, rtol=0, atol=0
    )


@pytest.mark.parametrize('trunk', [True, False], ids=['trunk', 'full networks'])
@pytest.mark.parametrize('family', ['one', 'okddip', 'ffm_cd'])
def test_the_leader_alone_is_deployed(toys, tmp_path, family, trunk):
    graph, optim_wrapper = build(toys, family, trunk)
    assert graph.target == 'leader'
    graph.train_step(toys.batch(), optim_wrapper)
    torch.save(dict(state_dict=graph.state_dict()), tmp_path / 'graph.pth')
    images = toys.batch(seed=9)['inputs']
    expected = graph.eval()(images)
    config = config_of(family, trunk)['model']['nodes']['leader']['network']
    node = NetworkNode(config, checkpoint=str(tmp_path / 'graph.pth'), prefix='nodes.leader.network.').double()
    node.init_weights()
    torch.testing.assert_close(node.eval()(images).logits, expected, rtol=0, atol=0)
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        plain = MODELS.build(config).double().eval()
    weights = torch.load(tmp_path / 'graph.pth', weights_only=True)['state_dict']
    prefix = 'nodes.leader.network.'
    torch.save({key[len(prefix) :]: w for key, w in weights.items() if key.startswith(prefix)}, tmp_path / 'leader.pth')
    load_checkpoint(plain, str(tmp_path / 'leader.pth'), map_location='cpu', strict=True)
    torch.testing.assert_close(plain(images), expected, rtol=0, atol=0)
