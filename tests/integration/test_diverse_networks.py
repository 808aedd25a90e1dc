"""The thesis's diverse networks (document 000, ch. 5): its methods as overlays, KL as distance, and frozen teachers."""

import copy
import re
from pathlib import Path

import pytest
import torch
from mmengine.optim import OptimWrapper
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch.nn.functional import cross_entropy, kl_div

from ktg_mm.apis import load_config
from ktg_mm.apis.check_config import check_config
from ktg_mm.apis.stages import stage_config
from ktg_mm.config import GraphConfig
from ktg_mm.config.stages import resolve_stages
from ktg_mm.search import Candidates
from ktg_mm.search.space.candidates import PRETRAINED
from ktg_mm.search.space.check_space import check_space

CONFIGS = Path(__file__).parents[2] / 'configs'
LABELS, OTHERS, LR, PROGRESS = 4, 6, 0.1, 0.25
TINY = dict(
    type='ImageClassifier',
    backbone=dict(type='CIFARResNet', depth=8, base_channels=2),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(type='LinearClsHead', num_classes=5, in_channels=8),
)


def config(name, *overlays):
    return load_config(CONFIGS / f'{name}.py', overlays=[str(CONFIGS / f'_base_/{overlay}.py') for overlay in overlays])


def build(model):
    """A graph of tiny networks; one that is to come with weights stays as it was initialised."""
    torch.manual_seed(0)
    nodes = {
        name: dict(type='NetworkNode', network=TINY, **(dict(allow_random=True) if 'checkpoint' in node else {}))
        for name, node in model['nodes'].items()
    }
    graph = MODELS.build(dict(model, nodes=nodes, data_preprocessor=dict(num_classes=5, mean=[0.0] * 3, std=[1.0] * 3)))
    graph.init_weights()
    for node in graph.nodes.values():
        node.network.head.fc.weight.data.mul_(300.0)  # predictions that differ, some of them sure
    graph.train()
    graph.progress = PROGRESS
    return graph


def data():
    torch.manual_seed(1)
    views = {view: torch.rand(LABELS + OTHERS, 3, 32, 32) for view in ('weak', 'weak2')}
    samples = [DataSample().set_gt_label(i) for i in range(LABELS)] + [DataSample().set_gt_label(-1)] * OTHERS
    return views, samples


def train_a_step(graph):
    views, samples = data()
    parameters = [parameter for _, group in graph.parameter_groups() for parameter in group]
    graph.train_step(dict(inputs=views, data_samples=samples), OptimWrapper(torch.optim.SGD(parameters, lr=LR)))


def divergence(target, source):
    return kl_div(target.log_softmax(1), source.softmax(1), reduction='batchmean')


def pseudo_label(target, source, threshold=0.0):
    confidence, label = source.softmax(1).max(1)
    sure = confidence > threshold
    assert sure.any() and (not threshold or not sure.all())
    return (cross_entropy(target, label, reduction='none') * sure).mean()


def written(before, teachers):
    """The parameters of net1 after a step on the label and on what each teacher, by its loss, says of another view."""
    views, _ = data()
    student = copy.deepcopy(before['net1'])
    logits = student(views['weak'][: None if teachers else LABELS])  # batch norm sees what an edge looks at
    loss = cross_entropy(logits[:LABELS], torch.arange(LABELS))
    for name, distance in teachers.items():
        with torch.no_grad():
            told = before[name](views['weak2'][LABELS:])
        loss = loss + distance(logits[LABELS:], told)
    loss.backward()
    return [parameter.detach() - LR * parameter.grad for parameter in student.parameters()]


def networks(graph):
    return {name: copy.deepcopy(node.network) for name, node in graph.nodes.items()}


def assert_close(graph, expected, name='net1'):
    for found, right in zip(graph.nodes[name].parameters(), expected, strict=True):
        torch.testing.assert_close(found, right, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize('data', ['cifar10', 'cifar100'])
@pytest.mark.parametrize(
    ('method', 'teachers'),
    [
        ('supervised', {}),
        ('pi_model', dict(net1=divergence)),
        ('pseudo_label', dict(net1=pseudo_label)),
        ('fixmatch', dict(net1=lambda target, source: pseudo_label(target, source, 0.95))),
        ('mean_teacher', dict(net2=divergence)),
    ],
)
def test_methods_of_the_tables(data, method, teachers, mmpretrain_scope):
    """One network in the recipe of table 5.2, and a step that equals one written out."""
    below, cfg = (
        config(f'semi/consistency_2node_{data}'),
        config(f'semi/consistency_2node_{data}', f'graphs/diverse_{method}'),
    )
    check_config(cfg)
    for entry in ('train_dataloader', 'optim_wrapper', 'param_scheduler', 'train_cfg', 'test_dataloader'):
        assert cfg[entry] == below[entry]
    assert cfg.model.target == 'net1' and set(cfg.model.nodes) == {'net1', *teachers}
    assert {node.network.backbone.depth for node in cfg.model.nodes.values()} == {32}

    graph = build(cfg.model.to_dict())
    before = networks(graph)
    train_a_step(graph)
    expected = written(before, teachers)
    assert_close(graph, expected)
    if method == 'mean_teacher':
        old = before['net2'].parameters()
        averages = [0.999 * was + 0.001 * new for was, new in zip(old, expected, strict=True)]
        assert_close(graph, averages, 'net2')


def last_stage(cfg):
    """The first stage's config, and the last one's."""
    first, last = (stage_config(cfg, stage) for stage in resolve_stages(cfg, 'work'))
    check_config(first), check_config(last)
    return first.model, last.model


def test_the_frozen_teacher_of_figure_5_10b(mmpretrain_scope):
    """Consistency that fades, and the growing pseudo-labels of a network that has learnt the labels alone."""
    cfg = config('semi/graph_diverse_10000_cifar100')
    labels, graph_model = last_stage(cfg)
    assert labels.target == 'net2' and set(labels.edges) == {'label->net2'}
    assert graph_model.nodes.net2.network == labels.nodes.net2.network
    assert GraphConfig(graph_model.to_dict()).check().roles == dict(net1='trained', net2='frozen')

    graph = build(graph_model.to_dict())
    before, frozen = networks(graph), copy.deepcopy(graph.nodes['net2'].state_dict())
    before['net2'].eval()
    train_a_step(graph)
    teachers = dict(
        net1=lambda target, source: (1 - PROGRESS) * divergence(target, source),
        net2=lambda target, source: PROGRESS * pseudo_label(target, source),
    )
    assert_close(graph, written(before, teachers))
    assert all(torch.equal(frozen[name], value) for name, value in graph.nodes['net2'].state_dict().items())


def test_the_search_among_diverse_networks_has_frozen_teachers():
    """Fig. 5.10b's graph is one of its space: it trains net2, whom nobody teaches, on the labels first."""
    candidates = Candidates(config('search/semi_2node_diverse_cifar100', 'labels/10000_labels'))
    values = {parameter.name: next(iter(parameter.choices)) for parameter in candidates.space.parameters}
    values |= {f'model.edges.{edge}->net2.gate': 'cutoff' for edge in ('label', 'net1', 'net2')}
    values |= {
        'model.nodes.net2.network': 'wrn28_6',
        'model.edges.net1->net1.gate': 'negative_linear',
        'model.edges.net2->net1': 'pseudo_label',
        'model.edges.net2->net1.gate': 'linear',
    }
    found = candidates.make(values).config
    _, published = last_stage(config('semi/graph_diverse_10000_cifar100'))
    assert found['model']['nodes']['net2'].pop('checkpoint') == PRETRAINED
    for name in ('net1', 'net2'):
        assert found['model']['nodes'][name]['network'] == published.nodes[name].network
    edges = {key: {'gate': dict(type='ThroughGate'), **edge} for key, edge in published.to_dict()['edges'].items()}
    assert found['model']['edges'] == edges
    assert found['train_dataloader']['dataset']['num_labels'] == 10_000


@pytest.mark.parametrize(
    'name', ['consistency_2node_cifar100', 'consistency_3node_cifar10', 'consistency_2node_fashion_mnist_250']
)
def test_a_frozen_teacher_besides(name, mmpretrain_scope):
    """All networks learn from it what it says of the unlabelled images; else the graph is the same."""
    below, cfg = config(f'semi/{name}'), config(f'semi/{name}', 'graphs/frozen_teacher')
    labels, graph_model = last_stage(cfg)
    assert labels.nodes.teacher.network == below.model.nodes.net2.network and set(labels.nodes) == {'teacher'}
    assert set(labels.edges) == {'label->teacher'}
    nets = set(below.model.nodes)
    assert set(graph_model.edges) - set(below.model.edges) == {f'teacher->{net}' for net in nets}
    assert all(graph_model.edges[key] == edge for key, edge in below.model.edges.items())
    assert GraphConfig(graph_model.to_dict()).check().roles == dict.fromkeys(nets, 'trained') | dict(teacher='frozen')

    graph = build(graph_model.to_dict())
    before = networks(graph)
    before['teacher'].eval()
    train_a_step(graph)
    assert_close(graph, written(before, dict.fromkeys([*sorted(nets), 'teacher'], divergence)))


@pytest.mark.parametrize('name', ['semi_2node_diverse_cifar100', 'semi_2node_diverse_fashion_mnist_250'])
def test_a_space_with_a_frozen_teacher(name):
    below, cfg = Candidates(config(f'search/{name}')), Candidates(config(f'search/{name}', 'spaces/frozen_teacher'))
    check_space(cfg)
    assert cfg.space.size() == below.space.size() * (2 * 5) ** 2  # two losses and five gates for each of two networks
    values = {parameter.name: next(iter(parameter.choices)) for parameter in cfg.space.parameters}
    found = cfg.make(values | {'model.edges.teacher->net1': 'pseudo_label'}).config['model']
    assert found['nodes']['teacher']['checkpoint'] == PRETRAINED
    assert found['edges']['teacher->net1']['loss'] == dict(type='PseudoLabel')
    cut = {f'model.edges.teacher->net{i}.gate': 'cutoff' for i in (1, 2)}
    assert cfg.make(values | cut).config['model'] == below.make(values).config['model']


@pytest.mark.parametrize('path', sorted((CONFIGS / '_base_/labels').glob('[0-9]*.py')), ids=lambda path: path.stem)
def test_numbers_of_labels(path):
    number = int(re.match(r'\d+', path.stem).group())
    assert path.read_text().startswith(f'# An overlay: {number:,} of the training images have labels.\n')
    assert config('semi/fixmatch_cifar100', f'labels/{path.stem}').train_dataloader.dataset.num_labels == number


@pytest.mark.parametrize(('data', 'batch'), [('cifar10', 100), ('cifar100', 128)])
def test_all_labels(data, batch):
    cfg = config(f'semi/consistency_2node_{data}', 'graphs/diverse_supervised', 'labels/all_labels')
    check_config(cfg)
    loader = cfg.train_dataloader
    assert (loader.sampler.labeled, loader.sampler.unlabeled, loader.batch_size) == (batch, 0, batch)
    assert loader.dataset.num_labels == 50_000


@pytest.mark.parametrize(
    ('data', 'labels', 'iterations'),
    [('cifar100', 2000, 98_800), ('cifar100', 10_000, 82_400), ('cifar10', 1000, 196_000), ('cifar10', 4000, 184_000)],
)
def test_lengths_of_table_5_2(data, labels, iterations):
    """200 passes over the images without a label; of CIFAR-10 the table has the lengths of 2,000 and 10,000 labels."""
    cfg = config(f'semi/consistency_2node_{data}', f'labels/{labels}_labels')
    passes = (50_000 - cfg.train_dataloader.dataset.num_labels) // cfg.train_dataloader.sampler.unlabeled
    assert cfg.train_cfg.max_epochs * passes == iterations
