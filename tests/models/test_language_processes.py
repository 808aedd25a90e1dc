"""Training of language models by two processes, each with half of every batch's chunks."""

import pytest
import torch
from mmengine.optim import OptimWrapper
from mmengine.registry import DefaultScope
from mmpretrain.structures import DataSample

from ktg_mm.models import GraphDistributedDataParallel, KnowledgeTransferGraph

pytestmark = pytest.mark.slow
V, L = 7, 4


def node(**arguments):
    network = dict(type='LanguageModel', vocab_size=V, length=L, dims=6, layers=2, dropout=0.0)
    return dict(type='NetworkNode', network=network | arguments)


def train(rank, world_size):
    label = dict(loss=dict(type='CrossEntropy'))
    torch.manual_seed(0)
    spelled = node(encoder=dict(type='CharacterEncoder', widths=(1, 2), channels=(3, 4)))
    model = graph = KnowledgeTransferGraph(
        nodes=dict(net1=node(tied=True), net2=spelled, old=dict(node(), allow_random=True)),
        edges={
            'label->net1': label,
            'label->net2': label,
            'net2->net1': dict(loss=dict(type='KLDivergence'), gate=dict(type='CorrectGate')),
            'old->net2': dict(loss=dict(type='KLDivergence', temperature=2.0)),
        },
        target='net1',
        data_preprocessor=dict(type='TokenPreprocessor'),
    )
    graph.double().train()
    if world_size > 1:
        model = GraphDistributedDataParallel(graph, device_ids=None, broadcast_buffers=False)
    groups = [dict(params=parameters) for _, parameters in graph.parameter_groups()]
    clip = dict(max_norm=0.05)
    wrapper = OptimWrapper(torch.optim.SGD(groups, lr=0.5, momentum=0.9), clip_grad=clip)
    generator = torch.Generator().manual_seed(1)
    for _ in range(4):
        text = torch.randint(V, (6, 3 + L + 1), generator=generator)
        letters = torch.randint(259, (6, 3 + L, 5), generator=generator)
        inputs = torch.cat([text[:, :-1, None], letters], dim=2)
        part = slice(rank, None, world_size)
        samples = [DataSample().set_gt_label(row[-L:].clone()) for row in text[part]]
        model.train_step(dict(inputs=inputs[part], data_samples=samples), wrapper)
    return graph.state_dict()


def train_all(rank, world_size):
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        return train(rank, world_size)


def test_two_processes_equal_one_with_the_whole_batch(two_processes):
    alone, (first, second) = train_all(0, 1), two_processes(train_all)
    torch.testing.assert_close(second, first, rtol=0, atol=0)
    torch.testing.assert_close(first, alone, rtol=1e-9, atol=1e-9)
    name = 'nodes.net1.network.classifier.weight'
    assert torch.equal(first[name], first['nodes.net1.network.backbone.encoder.weight'])
