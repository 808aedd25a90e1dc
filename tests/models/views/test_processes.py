"""Two processes, each with half of the labelled and half of the unlabelled samples, train with VAT as one does."""

import pytest
import torch
from mmengine.optim import OptimWrapper
from mmengine.registry import DefaultScope
from mmpretrain.structures import DataSample

import ktg_mm.datasets  # noqa: F401  registers
from ktg_mm.models import GraphDistributedDataParallel, KnowledgeTransferGraph

pytestmark = pytest.mark.slow
UPDATES = ['SimultaneousUpdate', 'SequentialUpdate', 'PCGradUpdate']
LABELED, UNLABELED = 4, 6


def graph(update):
    norm = dict(type='GN', num_groups=2)
    network = dict(
        type='ImageClassifier',
        backbone=dict(type='CIFARResNet', depth=8, base_channels=4, in_channels=1, norm_cfg=norm),
        neck=dict(type='GlobalAveragePooling'),
        head=dict(type='LinearClsHead', num_classes=5, in_channels=16),
    )
    views = dict(source='weak', target='adversarial')
    torch.manual_seed(0)
    built = KnowledgeTransferGraph(
        nodes={name: dict(type='NetworkNode', network=network) for name in ('net1', 'net2')},
        edges={
            'label->net1': dict(loss=dict(type='CrossEntropy'), views=dict(target='weak')),
            'label->net2': dict(loss=dict(type='CrossEntropy'), views=dict(target='weak')),
            'net1->net1:vat': dict(loss=dict(type='KLDivergence'), views=views, samples='unlabeled'),
            'net1->net2:vat': dict(loss=dict(type='KLDivergence'), views=views, samples='unlabeled'),
        },
        views=dict(adversarial=dict(type='AdversarialView', node='net1', of='weak', eps=2.0)),
        target='net1',
        update=dict(type=update),
        data_preprocessor=dict(type='BaseDataPreprocessor'),
    )
    return built.double().train()


def train(update, rank, world_size):
    built = graph(update)
    model = GraphDistributedDataParallel(built, broadcast_buffers=False) if world_size > 1 else built
    groups = [dict(params=parameters) for _, parameters in built.parameter_groups()]
    wrapper = OptimWrapper(torch.optim.SGD(groups, lr=0.05, momentum=0.9))
    generator = torch.Generator().manual_seed(1)
    log = {}
    for step in range(3):
        images = torch.rand(LABELED + UNLABELED, 1, 16, 16, generator=generator, dtype=torch.float64)
        labels = [*torch.randint(5, (LABELED,), generator=generator).tolist(), *[-1] * UNLABELED]
        mine = [
            i
            for first, number in ((0, LABELED), (LABELED, UNLABELED))
            for i in range(first + number * rank // world_size, first + number * (rank + 1) // world_size)
        ]
        samples = [DataSample().set_gt_label(labels[i]) for i in mine]
        built.progress = (step + 1) / 3
        log = model.train_step(dict(inputs=dict(weak=images[mine]), data_samples=samples), wrapper)
    return built.state_dict() | {f'log/{key}': value for key, value in log.items() if key.startswith('edge/')}


def train_all(rank, world_size):
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        return {update: train(update, rank, world_size) for update in UPDATES}


@pytest.fixture(scope='module')
def states(two_processes):
    return [train_all(0, 1), *two_processes(train_all)]


@pytest.mark.parametrize('update', UPDATES)
def test_two_processes_equal_one_with_the_whole_batch(update, states):
    alone, first, second = (state[update] for state in states)
    assert float(alone['log/edge/net1->net1:vat']) > 1e-4
    for name, value in alone.items():
        if name.startswith('log/'):
            torch.testing.assert_close((first[name] + second[name]) / 2, value, rtol=1e-6, atol=1e-9)
        else:
            torch.testing.assert_close(second[name], first[name], rtol=0, atol=0)
            torch.testing.assert_close(first[name], value, rtol=1e-6, atol=1e-9)
