"""What cannot be trained in a stack is refused by one line that says where it is."""

import sys

import pytest
import torch
from mmengine.optim import AmpOptimWrapper, OptimWrapper
from torch import nn

from ktg_mm.errors import ConfigError
from ktg_mm.models.gates import Gate
from ktg_mm.models.stack import StackedGraphs, check_alike, check_stackable

LABEL = dict(loss=dict(type='CrossEntropy'))
KL = dict(loss=dict(type='KLDivergence'))
EDGES = {'label->net1': LABEL, 'label->net2': LABEL, 'net2->net1': KL}


def build(toys, stacks, edges=EDGES, nodes=None, more=None, **arguments):
    tiny = {name: stacks.node() for name in ('net1', 'net2')} if nodes is None else nodes
    return toys.build(tiny | (more or {}), edges, **arguments)


def between(**entries):
    return EDGES | {'net2->net1': KL | entries}


CASES = {
    'views': (
        dict(edges=between(views=dict(source='weak', target='weak'))),
        "model.edges['net2->net1'].views: a stack",
    ),
    'samples': (dict(edges=between(samples='unlabeled')), "model.edges['net2->net1'].samples: a stack has one view"),
    'align': (
        dict(edges=between(align=dict(type='DistributionAlignment')), data_preprocessor=dict(num_classes=5)),
        "model.edges['net2->net1'].align: a stack has one view",
    ),
    'loss': (
        dict(edges=EDGES | {'net2->net1': dict(loss=[dict(type='KLDivergence'), dict(type='RKD')])}),
        "model.edges['net2->net1'].loss: RKD looks at more than logits and labels",
    ),
    'draws': (
        dict(edges=EDGES | {'net2->net1': dict(loss=dict(type='DKPP'))}),
        "model.edges['net2->net1'].loss: DKPP looks at more than logits and labels, or keeps a state",
    ),
    'gate': (
        dict(edges=between(gate=dict(type='DashGate'))),
        "model.edges['net2->net1'].gate: DashGate looks at more than logits and labels, or keeps a state",
    ),
    'average': (
        dict(edges=EDGES | {'net1->net3': dict(type='EMAEdge')}, with_third=True),
        "model.edges['net1->net3']: is a moving average",
    ),
    'ensemble': (
        dict(edges=EDGES | {'ens->net1': KL}, more=dict(ens=dict(type='EnsembleNode', members=['net1', 'net2']))),
        "model.edges['ens->net1']: 'ens' is no network",
    ),
    'node': (
        dict(
            edges=EDGES | {'label->ens': LABEL},
            more=dict(ens=dict(type='GatedEnsembleNode', members=['net1', 'net2'])),
        ),
        'model.nodes.ens.type: must be NetworkNode in a stack, got GatedEnsembleNode',
    ),
    'update': (dict(update=dict(type='PCGradUpdate')), 'model.update: PCGradUpdate is no SimultaneousUpdate'),
    'dropout': (dict(dropout=0.2), 'model.nodes.net1.network: backbone.3 draws at random'),
    'share': (
        dict(share=dict(node='net1', until='backbone.2')),
        'model.nodes.net2.share: a network of a stack shares no modules',
    ),
}


@pytest.mark.parametrize('name', CASES)
def test_graphs(toys, stacks, name) -> None:
    arguments, message = CASES[name]
    arguments = dict(arguments)
    nodes = {key: stacks.node() for key in ('net1', 'net2')}
    if arguments.pop('with_third', False):
        nodes['net3'] = stacks.node()
    if dropout := arguments.pop('dropout', 0):
        nodes['net1'] = stacks.node(dropout=dropout)
    if share := arguments.pop('share', None):
        nodes['net2']['share'] = share
    graph = build(toys, stacks, nodes=nodes, **arguments)
    with pytest.raises(ConfigError) as found:
        check_stackable(graph, stacks.sgd(graph))
    assert str(found.value).startswith(message)
    assert str(found.value).endswith('train it alone')
    assert '\n' not in str(found.value)


def test_views_that_the_graph_makes(toys, stacks) -> None:
    graph = build(toys, stacks)
    graph.views['adversarial'] = nn.Identity()
    with pytest.raises(ConfigError, match=r'^model\.views: a stack makes no views; train it alone$'):
        check_stackable(graph, stacks.sgd(graph))


def test_batch_augments(toys, stacks) -> None:
    augments = dict(augments=dict(type='Mixup', alpha=0.8))
    preprocessor = dict(type='GraphDataPreprocessor', num_classes=5, batch_augments=augments)
    graph = build(toys, stacks, data_preprocessor=preprocessor)
    with pytest.raises(ConfigError, match=r'^data_preprocessor\.batch_augments: draws at random'):
        check_stackable(graph, stacks.sgd(graph))


def test_attention_branch(toys, stacks) -> None:
    nodes = {name: toys.node('abn') for name in ('net1', 'net2')}
    graph = build(toys, stacks, nodes=nodes)
    with pytest.raises(ConfigError, match=r'^model\.nodes\.net1\.network\.backbone: has an attention branch'):
        check_stackable(graph, stacks.sgd(graph))


def test_networks_that_do_not_run_in_a_stack(toys, stacks) -> None:
    graph = build(toys, stacks)
    for module in graph.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None  # asks for the number of batches
    with pytest.raises(
        ConfigError, match=r'^model\.nodes\.net1\.network: does not run in a stack \(.*; train it alone$'
    ):
        check_stackable(graph, stacks.sgd(graph))


def test_several_processes(toys, stacks, monkeypatch) -> None:
    monkeypatch.setattr(sys.modules[check_stackable.__module__], 'is_distributed', lambda: True)
    graph = build(toys, stacks)
    with pytest.raises(ConfigError, match=r'^launcher: a stack is trained by one process'):
        check_stackable(graph, stacks.sgd(graph))


OPTIMIZERS = {
    'type': (
        lambda p: OptimWrapper(torch.optim.Adam(p)),
        "optim_wrapper.optimizer.type: must be 'SGD' in a stack, got 'Adam'",
    ),
    'wrapper': (
        lambda p: AmpOptimWrapper(optimizer=torch.optim.SGD(p, lr=0.1)),
        "optim_wrapper.type: must be 'OptimWrapper' in a stack, got 'AmpOptimWrapper'",
    ),
    'clip': (
        lambda p: OptimWrapper(torch.optim.SGD(p, lr=0.1), clip_grad=dict(max_norm=1.0)),
        'optim_wrapper.clip_grad: a stack cuts no gradients off',
    ),
    'accumulate': (
        lambda p: OptimWrapper(torch.optim.SGD(p, lr=0.1), accumulative_counts=2),
        'optim_wrapper.accumulative_counts: must be 1 in a stack, got 2',
    ),
    'dampening': (
        lambda p: OptimWrapper(torch.optim.SGD(p, lr=0.1, momentum=0.9, dampening=0.1)),
        'optim_wrapper.optimizer.dampening: must be 0.0 in a stack, got 0.1',
    ),
    'maximize': (
        lambda p: OptimWrapper(torch.optim.SGD(p, lr=0.1, maximize=True)),
        'optim_wrapper.optimizer.maximize: must be False in a stack, got True',
    ),
}


@pytest.mark.parametrize('name', OPTIMIZERS)
def test_optimizers(toys, stacks, name, monkeypatch) -> None:
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)  # AmpOptimWrapper asks
    make, message = OPTIMIZERS[name]
    graph = build(toys, stacks)
    with pytest.raises(ConfigError) as found:
        check_stackable(graph, make(graph.parameters()))
    assert str(found.value).startswith(message)
    assert '\n' not in str(found.value)


def test_unlike_graphs(toys, stacks) -> None:
    first = build(toys, stacks)
    other = build(toys, stacks, nodes=dict(net1=stacks.node(), net2=stacks.node(channels=6)))
    message = r'^model\.nodes\.net2: is not of one architecture with that of the stack; train it alone$'
    with pytest.raises(ConfigError, match=message):
        check_alike(other, first)
    with pytest.raises(ConfigError, match=message):
        StackedGraphs([first, other], [stacks.sgd(first), stacks.sgd(other)])
    third = build(
        toys,
        stacks,
        nodes=dict(net1=stacks.node(), net3=stacks.node()),
        edges={'label->net1': LABEL, 'label->net3': LABEL},
    )
    with pytest.raises(ConfigError, match=r'^model\.nodes: are net1, net3, but those of the stack net1, net2; train'):
        check_alike(third, first)
    grey = build(toys, stacks, data_preprocessor=dict(mean=[1.0], std=[2.0]), double=False)
    for mean in (2.0, None):
        more = dict(mean=[mean], std=[2.0]) if mean else {}
        other = build(toys, stacks, data_preprocessor=more, double=False)
        with pytest.raises(ConfigError, match=r"^data_preprocessor: is not that of the stack's graphs"):
            check_alike(other, grey)
    check_alike(build(toys, stacks, data_preprocessor=dict(mean=[1.0], std=[2.0]), double=False), grey)


def test_frozen_and_trained_networks_are_alike(toys, stacks) -> None:
    nodes = dict(net1=stacks.node(), net2=stacks.node(allow_random=True))
    frozen = build(toys, stacks, nodes=nodes, edges={'label->net1': LABEL, 'net2->net1': KL})
    check_alike(frozen, build(toys, stacks))


class ReadsAgain(nn.Sequential):
    """A backbone whose ReLU changes what is added afterwards."""

    def forward(self, images):
        first = self[0](images)
        return (nn.functional.relu(first, inplace=True) + first,)


def test_networks_that_a_stack_would_change(toys, stacks) -> None:
    graph = build(toys, stacks)
    for node in graph.nodes.values():
        node.network.backbone = ReadsAgain(nn.Conv2d(1, 8, 3)).double()
    with pytest.raises(ConfigError, match=r'^model\.nodes\.net1\.network: something in it is overwritten in place'):
        check_stackable(graph, stacks.sgd(graph))


class LooksGate(Gate):
    """Looks at a value, which decides what happens next."""

    def weight(self, loss, target, source, context):
        return 1.0 if loss.sum() > 0 else 0.0


def test_parts_that_do_not_run_in_a_stack(toys, stacks) -> None:
    graph = build(toys, stacks)
    graph.edges['net2->net1'].gate = LooksGate()
    with pytest.raises(
        ConfigError, match=r"^model\.edges\['net2->net1'\]: does not run in a stack \(.*; train it alone$"
    ):
        check_stackable(graph, stacks.sgd(graph))
