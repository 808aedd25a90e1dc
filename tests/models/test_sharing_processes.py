"""Training of networks that share, of undetached edges and of an ensemble that learns, by two processes."""

import pytest
import torch
from mmengine.registry import DefaultScope
from mmpretrain.structures import DataSample
from torch import nn

import ktg_mm.datasets  # noqa: F401  registers
from ktg_mm.engine.optimizers import NodeOptimWrapperConstructor
from ktg_mm.models import GraphDistributedDataParallel, KnowledgeTransferGraph
from ktg_mm.models.nodes import Node
from ktg_mm.registry import NODES
from ktg_mm.structures import NodeOutput

pytestmark = pytest.mark.slow
UPDATES = ['SimultaneousUpdate', 'SequentialUpdate', 'PCGradUpdate', 'SuccessiveUpdate']
PHASES = [dict(name='label', edges='label->*'), dict(name='taught', edges=['net1->*', 'wise->*', 'trunk->*'])]


class LearnedMean(Node):
    """A toy ensemble with a weight for each member."""

    def __init__(self, members, detach=True):
        super().__init__(inputs=members, detach=detach)
        self.weight = nn.Parameter(torch.ones(len(members)))

    def forward(self, inputs):
        return NodeOutput(sum(weight * each.logits for weight, each in zip(self.weight, inputs, strict=True)))


def graph(update, norm):
    backbone = dict(type='CIFARResNet', depth=8, base_channels=4, in_channels=1, norm_cfg=norm)
    network = dict(
        type='ImageClassifier',
        backbone=backbone,
        neck=dict(type='GlobalAveragePooling'),
        head=dict(type='LinearClsHead', num_classes=5, in_channels=16),
    )
    node = dict(type='NetworkNode', network=network)
    label = dict(loss=dict(type='CrossEntropy'))
    torch.manual_seed(0)
    built = KnowledgeTransferGraph(
        nodes=dict(
            # Only its trunk learns, so that torch's wrapper must expect a head without gradients.
            trunk=dict(node, allow_random=True),
            net1=dict(node, share=dict(node='trunk', until='backbone.layer1')),
            net2=dict(node, share=dict(node='net1', until='backbone.layer2')),
            other=node,
            wise=dict(type='LearnedMean', members=['net1', 'net2', 'other'], detach=False),
            mean=node,
        ),
        edges={
            'label->net1': label,
            'label->net2': label,
            'label->wise': label,
            'net1->net2': dict(loss=dict(type='KLDivergence', temperature=2.0), detach=False),
            'wise->net1': dict(loss=dict(type='KLDivergence')),
            'trunk->other': dict(loss=dict(type='KLDivergence')),
            'net2->mean': dict(type='EMAEdge', decay=0.5),
        },
        target='net1',
        update=dict(type=update, **(dict(phases=PHASES) if update == 'SuccessiveUpdate' else {})),
        data_preprocessor=dict(type='BaseDataPreprocessor'),
    )
    return built.double().train()


def train(update, rank, world_size, norm):
    model = built = graph(update, norm)
    if world_size > 1:
        if rank:  # another start, which the wrapper must replace by the first process's
            for parameter in built.parameters():
                parameter.data.add_(1.0)
        model = GraphDistributedDataParallel(built, device_ids=None, broadcast_buffers=False)
    optimizer = dict(optimizer=dict(type='SGD', lr=0.1, momentum=0.9, weight_decay=1e-3))
    names = [phase['name'] for phase in PHASES]
    wrapper = NodeOptimWrapperConstructor(
        dict.fromkeys(names, optimizer) if update == 'SuccessiveUpdate' else optimizer
    )(built)
    generator = torch.Generator().manual_seed(1)
    for _ in range(3):
        images = torch.rand(8, 1, 16, 16, generator=generator, dtype=torch.float64)
        labels = torch.randint(5, (8,), generator=generator)
        part = slice(rank, None, world_size)
        samples = [DataSample().set_gt_label(int(label)) for label in labels[part]]
        model.train_step(dict(inputs=images[part], data_samples=samples), wrapper)
    return built.state_dict()


def train_all(rank, world_size):
    NODES.register_module(module=LearnedMean, force=True)
    norms = dict(groups=dict(type='GN', num_groups=2), batch=dict(type='BN'))
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        states = {
            f'{update} {name}': train(update, rank, world_size, norm)
            for update in UPDATES
            for name, norm in norms.items()
        }
    NODES.module_dict.pop('LearnedMean')
    return states


@pytest.fixture(scope='module')
def states(two_processes):
    """Weights after training alone, and those of two processes, each with half of every batch."""
    return [train_all(0, 1), *two_processes(train_all)]


@pytest.mark.parametrize('update', UPDATES)
def test_two_processes_equal_one_with_the_whole_batch(update, states):
    alone, first, second = (state[f'{update} groups'] for state in states)
    torch.testing.assert_close(second, first, rtol=0, atol=0)
    torch.testing.assert_close(first, alone, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize('update', UPDATES)
def test_weights_are_the_same_with_batch_norm(update, states):
    """Its statistics are each process's own until the end of the epoch, and so is what an average takes of them."""
    first, second = (state[f'{update} batch'] for state in states[1:])
    weights = [name for name in first if 'running' not in name]
    for name in weights:
        torch.testing.assert_close(second[name], first[name], rtol=0, atol=0, msg=name)
    assert any(not torch.equal(first[name], second[name]) for name in first)


def test_the_updates_differ_and_all_learn(states):
    alone = [states[0][f'{update} groups'] for update in UPDATES]
    for state in alone:
        assert not torch.equal(state['nodes.wise.weight'], torch.ones(3, dtype=torch.float64))
        assert torch.equal(
            state['nodes.net2.network.backbone.conv1.weight'], state['nodes.trunk.network.backbone.conv1.weight']
        )
    name = 'nodes.net2.network.backbone.conv1.weight'
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert not torch.allclose(alone[one][name], alone[other][name], rtol=1e-6)
