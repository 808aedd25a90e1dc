"""Adversarial feature distillation by two processes, each with half of every batch."""

import pytest
import torch
from mmengine.registry import DefaultScope
from mmpretrain.structures import DataSample

import ktg_mm.datasets  # noqa: F401  registers
from ktg_mm.engine.optimizers import NodeOptimWrapperConstructor
from ktg_mm.models import GraphDistributedDataParallel, KnowledgeTransferGraph

pytestmark = pytest.mark.slow
GROUPS = dict(type='GN', num_groups=2)
CASES = {
    'each batch': dict(),
    'two batches together, and one that is left': dict(accumulative_counts=2),
    'clipped': dict(clip_grad=dict(max_norm=0.1)),
}
WITH_BATCH_NORM = ['each batch', 'clipped']  # mmengine warns of it beside accumulation


def node(width, norm):
    backbone = dict(type='CIFARResNet', depth=8, base_channels=width, in_channels=1, norm_cfg=norm)
    head = dict(type='LinearClsHead', num_classes=5, in_channels=4 * width)
    neck = dict(type='GlobalAveragePooling')
    return dict(type='NetworkNode', network=dict(type='ImageClassifier', backbone=backbone, neck=neck, head=head))


def graph(norm):
    """Two networks of unlike channels that learn one another's logits and, each by a discriminator, maps."""
    edges = {f'label->net{i}': dict(loss=dict(type='CrossEntropy')) for i in (1, 2)}
    for end in ('net2->net1', 'net1->net2'):
        edges[end] = dict(loss=dict(type='KLDivergence', temperature=3.0))
        edges[f'{end}:features'] = dict(loss=dict(type='AFD', size=4, norm_cfg=norm))
    torch.manual_seed(0)
    built = KnowledgeTransferGraph(
        nodes=dict(net1=node(4, norm), net2=node(6, norm)),
        edges=edges,
        target='net1',
        update=dict(
            type='SuccessiveUpdate',
            phases=[dict(name='logits', edges='*'), dict(name='features', edges='*:features')],
        ),
        data_preprocessor=dict(type='BaseDataPreprocessor'),
    )
    return built.double().train()


def train(rank, world_size, norm, common):
    model = built = graph(norm)
    if world_size > 1:
        if rank:  # another start, which the wrapper must replace by the first process's
            for parameter in built.parameters():
                parameter.data.add_(1.0)
        model = GraphDistributedDataParallel(built, device_ids=None, broadcast_buffers=False)
    wrapper = NodeOptimWrapperConstructor(
        dict(
            common,
            logits=dict(optimizer=dict(type='SGD', lr=0.1, momentum=0.9, weight_decay=1e-3)),
            features=dict(optimizer=dict(type='Adam', lr=1e-3, weight_decay=0.1)),
        )
    )(model)
    if 'accumulative_counts' in common:
        wrapper.initialize_count_status(built, 0, 3)
    generator = torch.Generator().manual_seed(1)
    for _ in range(3):
        images = torch.rand(8, 1, 16, 16, generator=generator, dtype=torch.float64)
        labels = torch.randint(5, (8,), generator=generator)
        part = slice(rank, None, world_size)
        samples = [DataSample().set_gt_label(int(label)) for label in labels[part]]
        model.train_step(dict(inputs=images[part], data_samples=samples), wrapper)
    return built.state_dict()


def train_all(rank, world_size):
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        states = {f'{case} groups': train(rank, world_size, GROUPS, common) for case, common in CASES.items()}
        return states | {
            f'{case} batch': train(rank, world_size, dict(type='BN'), CASES[case]) for case in WITH_BATCH_NORM
        }


@pytest.fixture(scope='module')
def states(two_processes):
    """Weights after training alone, and those of two processes."""
    return [train_all(0, 1), *two_processes(train_all)]


@pytest.mark.parametrize('case', CASES)
def test_two_processes_equal_one_with_the_whole_batch(case, states):
    alone, first, second = (state[f'{case} groups'] for state in states)
    torch.testing.assert_close(second, first, rtol=0, atol=0)
    # Adam divides by the gradient: what is nothing but its last bits, of a bias before a norm, may be of another sign.
    torch.testing.assert_close(first, alone, rtol=1e-6, atol=1e-6)
    assert not any('running' in name for name in alone)


@pytest.mark.parametrize('case', WITH_BATCH_NORM)
def test_weights_are_the_same_with_batch_norm(case, states):
    first, second = (state[f'{case} batch'] for state in states[1:])
    weights = [name for name in first if 'running' not in name]
    for name in weights:
        torch.testing.assert_close(second[name], first[name], rtol=0, atol=0, msg=name)
    assert any(not torch.equal(first[name], second[name]) for name in first)


def test_the_cases_differ_and_discriminators_learn(states):
    start = graph(GROUPS).state_dict()
    for case in CASES:
        state = states[0][f'{case} groups']
        learnt = [name for name in state if '.discriminator.' in name or '.transfer.' in name]
        assert learnt and not any(torch.equal(state[name], start[name]) for name in learnt)
    weight = 'nodes.net1.network.backbone.conv1.weight'
    one, two, three = (states[0][f'{case} groups'][weight] for case in CASES)
    assert not torch.allclose(one, two, rtol=1e-4) and not torch.allclose(one, three, rtol=1e-4)
