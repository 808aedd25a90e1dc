"""Training by two processes."""

import pytest
import torch
from mmengine.optim import OptimWrapper
from mmpretrain.structures import DataSample

from ktg_mm.models import GraphDistributedDataParallel, KnowledgeTransferGraph


def train(update, rank, world_size):
    torch.manual_seed(0)
    network = dict(type='ImageClassifier', backbone=dict(type='LeNet5', num_classes=5), head=dict(type='ClsHead'))
    graph = KnowledgeTransferGraph(
        nodes={
            name: dict(type='NetworkNode', network=network, allow_random=True)
            for name in ('net1', 'net2', 'teacher', 'mean')
        },
        edges={
            'label->net1': dict(loss=dict(type='CrossEntropy')),
            'label->net2': dict(loss=dict(type='CrossEntropy')),
            'net2->net1': dict(loss=dict(type='KLDivergence'), gate=dict(type='CorrectGate')),
            'net1->net2': dict(loss=dict(type='KLDivergence')),
            'teacher->net1': dict(loss=dict(type='KLDivergence', temperature=2.0)),
            'net1->mean': dict(type='EMAEdge', decay=0.5),
        },
        target='net1',
        update=dict(type=update),
        data_preprocessor=dict(type='BaseDataPreprocessor'),
    ).double()
    model = graph
    if world_size > 1:
        if rank:  # another start, which the wrapper must replace by the first process's
            for parameter in graph.parameters():
                parameter.data.add_(1.0)
        model = GraphDistributedDataParallel(graph, device_ids=None, broadcast_buffers=False)
    groups = [dict(params=parameters) for _, parameters in graph.parameter_groups()]
    wrapper = OptimWrapper(torch.optim.SGD(groups, lr=0.1, momentum=0.9, weight_decay=1e-3))
    generator = torch.Generator().manual_seed(1)
    for _ in range(3):
        images = torch.rand(8, 1, 32, 32, generator=generator, dtype=torch.float64)
        labels = torch.randint(5, (8,), generator=generator)
        part = slice(rank, None, world_size)
        samples = [DataSample().set_gt_label(int(label)) for label in labels[part]]
        model.train_step(dict(inputs=images[part], data_samples=samples), wrapper)
    return graph.state_dict()


def train_all(rank, world_size):
    return {update: train(update, rank, world_size) for update in ('SimultaneousUpdate', 'SequentialUpdate')}


@pytest.fixture(scope='module')
def states(two_processes):
    """Weights after training alone, and those of two processes, each with half of every batch; by update."""
    return [train_all(0, 1), *two_processes(train_all)]


@pytest.mark.parametrize('update', ['SimultaneousUpdate', 'SequentialUpdate'])
def test_two_processes_equal_one_with_the_whole_batch(update, states):
    alone, first, second = (state[update] for state in states)
    torch.testing.assert_close(second, first, rtol=0, atol=0)
    torch.testing.assert_close(first, alone, rtol=1e-9, atol=1e-9)


def test_the_updates_differ(states):
    one, other = states[0].values()
    assert not torch.allclose(
        one['nodes.net2.network.backbone.classifier.0.weight'],
        other['nodes.net2.network.backbone.classifier.0.weight'],
        rtol=1e-6,
    )
