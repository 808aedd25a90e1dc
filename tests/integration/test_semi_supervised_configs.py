"""Every config of configs/semi: the recipe that its header says, data that fit its graph, and a step of training."""

import functools
import re
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import OptimWrapper
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

from ktg_mm.apis import load_config
from ktg_mm.apis.check_config import check_config
from ktg_mm.apis.stages import stage_config
from ktg_mm.config import EdgeConfig
from ktg_mm.config.stages import is_staged, resolve_stages

CONFIGS = Path(__file__).parents[2] / 'configs'
NAMES = sorted(path.stem for path in (CONFIGS / 'semi').glob('*.py'))
IMAGES = dict(cifar10=50_000, cifar100=50_000, fashion_mnist=10_000)

# Labelled and unlabelled samples of a batch: of weak augmentation alone, of Dual Student's code, of the thesis.
WEAK = dict(cifar10=(64, 64), cifar100=(64, 64), fashion_mnist=(16, 16))
PAIRS = dict(cifar10=(50, 50), cifar100=(31, 97), fashion_mnist=(16, 112))
FIXMATCH = dict(cifar10=(64, 448), cifar100=(64, 448), fashion_mnist=(16, 112))
ALONE = dict(cifar10=(64, 0), cifar100=(64, 0), fashion_mnist=(16, 0))
BATCHES = {
    'supervised': ALONE,
    'dual_student': PAIRS,
    'multiple_student': PAIRS,
    'consistency_': PAIRS,
    'remixmatch': WEAK,
    'graph_diverse': PAIRS,
}
FOUND = {
    'graph_400_cifar100': {
        'label->net1': ('CrossEntropy', 'NegativeLinearGate'),
        'net1->net1': ('PseudoLabel 0.95', 'ThroughGate'),
    },
    'graph_2500_cifar100': {
        'label->net1': ('CrossEntropy', 'ThroughGate'),
        'net1->net1': ('PseudoLabel 0.95', 'ThroughGate'),
        'ema->net1': ('PseudoLabel 0.95', 'NegativeLinearGate'),
    },
    'graph_10000_cifar100': {
        'label->net1': ('CrossEntropy', 'NegativeLinearGate'),
        'net1->net1': ('KLDivergence', 'NegativeLinearGate'),
        'ema->net1': ('PseudoLabel', 'ThroughGate'),
    },
    'graph_diverse_10000_cifar100': {
        'label->net1': ('CrossEntropy', 'ThroughGate'),
        'net1->net1': ('KLDivergence', 'NegativeLinearGate'),
        'net2->net1': ('PseudoLabel', 'LinearGate'),
    },
    'graph_diverse_6000_cifar100': {
        'label->net1': ('CrossEntropy', 'ThroughGate'),
        'label->net2': ('CrossEntropy', 'ThroughGate'),
        'net1->net1': ('KLDivergence', 'LinearGate'),
        'net2->net2': ('KLDivergence', 'LinearGate'),
        'net2->net1': ('KLDivergence', 'LinearGate'),
    },
}


@functools.cache
def config(name: str) -> Config:
    """A config; of stages, the last one."""
    cfg = load_config(CONFIGS / f'semi/{name}.py')
    return stage_config(cfg, [*resolve_stages(cfg, 'work')][-1]) if is_staged(cfg) else cfg


def data_of(name: str) -> str:
    return re.search('cifar100|cifar10|fashion_mnist', name).group()


def header(name: str) -> str:
    lines = (CONFIGS / f'semi/{name}.py').read_text().splitlines()
    return ' '.join(line[2:] for line in lines if line.startswith('# '))


def views(cfg: Config) -> set[str]:
    """The views that the pipeline makes."""
    (step,) = (step for step in cfg.train_dataloader.dataset.pipeline if step['type'] == 'Views')
    return set(step) - {'type'}


@pytest.mark.parametrize('name', NAMES)
def test_recipe(name: str) -> None:
    cfg, data, text = config(name), data_of(name), header(name)
    check_config(cfg)
    assert f'python tools/train.py configs/semi/{name}.py' in text
    loader = cfg.train_dataloader
    labels = int(re.search(r'(\d[\d,]*) labels', text).group(1).replace(',', ''))
    assert loader.dataset.num_labels == labels
    if number := re.search(r'_(\d+)(_cifar100)?$', name):
        assert labels == int(number.group(1))

    method = name.split(f'_{data}')[0]
    sampler = loader.sampler
    batch = next((batch for start, batch in BATCHES.items() if method.startswith(start)), None)
    weak_alone = 'strong' not in views(cfg)
    found = (sampler.labeled, sampler.unlabeled)
    assert loader.batch_size == sum(found)
    assert found in ([batch[data]] if batch else [WEAK[data], FIXMATCH[data]] if weak_alone else [FIXMATCH[data]])
    # Dual Student and the thesis know a labelled image as nothing else.
    thesis = batch is PAIRS or method.startswith('graph_')
    assert loader.dataset.labeled_as_unlabeled == (not thesis or data == 'fashion_mnist')
    assert cfg.data_preprocessor.num_classes == (100 if data == 'cifar100' else 10)


@pytest.mark.parametrize('name', NAMES)
def test_length_and_protocol(name: str) -> None:
    cfg, data = config(name), data_of(name)
    by_epoch = cfg.train_cfg.by_epoch
    last = cfg.train_cfg.max_epochs if by_epoch else cfg.train_cfg.max_iters
    assert last == (200 if by_epoch else 1500 if data == 'fashion_mnist' else 2**20)
    assert cfg.log_processor.get('by_epoch', True) == by_epoch
    assert cfg.default_hooks.checkpoint.get('by_epoch', True) == by_epoch
    assert cfg.train_dataloader.sampler.infinite == (not by_epoch)
    assert cfg.param_scheduler.get('T_max', cfg.param_scheduler.get('end')) == last
    assert cfg.optim_wrapper.optimizer.nesterov and cfg.optim_wrapper.optimizer.momentum == 0.9

    inner = cfg.train_dataloader.dataset.dataset
    assert inner.split == 'train' and cfg.test_dataloader.dataset.split == 'test'
    if cfg.val_dataloader.dataset == cfg.test_dataloader.dataset:  # the published protocol: one look, at the end
        assert data != 'fashion_mnist' and cfg.train_cfg.val_interval == last
    else:
        assert (inner.part, cfg.val_dataloader.dataset.part) == ('train', 'val')
        keys = ('of', 'split', 'train_size', 'val_size')
        assert all(inner[key] == cfg.val_dataloader.dataset[key] for key in keys)
    assert not cfg.default_hooks.checkpoint.get('save_best')


@pytest.mark.parametrize('name', NAMES)
def test_a_step(name: str, mmpretrain_scope: None) -> None:
    cfg = config(name)
    made = views(cfg)
    model = cfg.to_dict()['model']
    for key, edge in model['edges'].items():
        if not EdgeConfig(key, edge).is_cut:
            ends = ['target'] if key.startswith('label->') else ['source', 'target']
            named = [edge['views'][end] for end in ends]
            named += [edge['gate']['other_view']] if 'other_view' in edge.get('gate', {}) else []
            assert made.union(model.get('views', ())).issuperset(named)

    torch.manual_seed(0)
    networks = [node['network'] for node in model['nodes'].values()]
    assert all(network['head']['num_classes'] == cfg.data_preprocessor.num_classes for network in networks)
    frozen = {key for key, node in model['nodes'].items() if 'checkpoint' in node}
    for key, node in model['nodes'].items():
        if key in frozen:
            del node['checkpoint'], node['prefix']
            node['allow_random'] = True
        node['network'] = dict(
            type='ImageClassifier',
            backbone=dict(type='CIFARResNet', depth=8, base_channels=2),
            neck=dict(type='GlobalAveragePooling'),
            head=dict(type='LinearClsHead', num_classes=5, in_channels=8),
        )
    graph = MODELS.build(dict(model, data_preprocessor=dict(num_classes=5, mean=[0.5] * 3, std=[0.5] * 3)))
    graph.init_weights()
    graph.train()
    graph.progress = 0.5
    before = {name: [p.clone() for p in graph.nodes[name].parameters()] for name in graph.nodes}
    labeled, unlabeled = 4, 6 if cfg.train_dataloader.sampler.unlabeled else 0
    samples = [DataSample(metainfo=dict(sample_idx=i)).set_gt_label(i) for i in range(labeled)]
    samples += [
        DataSample(metainfo=dict(sample_idx=labeled + i, unlabeled_id=i)).set_gt_label(-1) for i in range(unlabeled)
    ]
    side = 14 if data_of(name) == 'fashion_mnist' else 32
    inputs = {view: torch.rand(labeled + unlabeled, 3, side, side) for view in sorted(made)}
    parameters = [parameter for _, group in graph.parameter_groups() for parameter in group]
    optimizer = OptimWrapper(torch.optim.SGD(parameters, lr=0.1))
    log = graph.train_step(dict(inputs=inputs, data_samples=samples), optimizer)
    assert {key.removeprefix('edge/') for key in log if key.startswith('edge/')} == set(graph.edges)
    assert all(torch.isfinite(torch.as_tensor(value)) for value in log.values())
    for name, parameters in before.items():  # the averages move, too
        moves = any((a != b).any() for a, b in zip(parameters, graph.nodes[name].parameters(), strict=True))
        assert moves == (name not in frozen)


@pytest.mark.parametrize('name', FOUND)
def test_found_graphs(name: str) -> None:
    cfg = config(name)
    found = {}
    for key, edge in cfg.model.edges.items():
        if not EdgeConfig(key, edge).is_cut:
            threshold = edge.loss.get('threshold')
            gate = edge.get('gate', dict(type='ThroughGate'))
            found[key] = (edge.loss.type + (f' {threshold}' if threshold else ''), gate['type'])
            if not key.startswith('label'):
                assert edge.samples == 'unlabeled'
                weak = ('weak2', 'weak') if 'diverse' in name else ('weak', 'strong')
                assert (edge.views.source, edge.views.target) == weak
    assert found == FOUND[name]
    averages = {key: edge for key, edge in cfg.model.edges.items() if edge.get('type') == 'EMAEdge'}
    if 'diverse' in name:
        assert not averages and cfg.model.target == 'net1'
        assert cfg.model.nodes.net1.network.backbone == dict(type='CIFARResNet', depth=32)
        assert cfg.model.nodes.net2.network.backbone == dict(type='CIFARWideResNet', depth=28, widen_factor=6)
        optimizer = dict(type='SGD', lr=0.2, momentum=0.9, weight_decay=2e-4, nesterov=True)
    else:
        assert averages == {'net1->ema': dict(type='EMAEdge', decay=0.999, mode='train')}
        for node in cfg.model.nodes.values():
            assert node.network.backbone == dict(type='CIFARWideResNet', depth=28, widen_factor=2)
        optimizer = dict(type='SGD', lr=0.03, momentum=0.9, weight_decay=1e-3, nesterov=True)
    assert cfg.optim_wrapper.optimizer == optimizer
    assert 'Published accuracy' in header(name)
