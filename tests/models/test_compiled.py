import copy
import functools

import pytest
import torch
import torch._inductor.config
from mmpretrain.registry import MODELS
from torch import nn

from ktg_mm.models.compiled import CompiledNetworks, compiled_run

STEPS = 3


@MODELS.register_module()
class OneConvolution(nn.Sequential):
    """A backbone that is compiled soon."""

    def __init__(self):
        super().__init__(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU())

    def forward(self, images):
        return (super().forward(images),)


def graphs(toys):
    """A graph for each thing that could be lost where a network is compiled."""
    node, label, kl = toys.node, toys.label, toys.kl
    two = dict(net1=node(), net2=node())
    taught = {'label->net1': label(), 'label->net2': label()}
    features = dict(loss=[dict(type='FitNets', layers=['backbone.layer2', 'backbone.layer2']), dict(type='PKT')])
    maps = dict(loss=[dict(type='AttentionMSE'), dict(type='KLDivergence')])
    ensemble = dict(type='EnsembleNode', members=['net1', 'net2'])
    frozen = node(allow_random=True)
    return dict(
        mutual=dict(nodes=two, edges=taught | {'net1->net2': kl(dict(type='CorrectGate')), 'net2->net1': kl()}),
        ensemble=dict(nodes=two | dict(all=ensemble), edges=taught | {'all->net1': kl()}),
        frozen=dict(nodes=dict(net1=node(), net2=frozen), edges={'label->net1': label(), 'net2->net1': kl()}),
        average=dict(nodes=two, edges={'label->net1': label(), 'net1->net2': dict(type='EMAEdge', decay=0.5)}),
        features=dict(nodes=dict(net1=node(), net2=frozen), edges={'label->net1': label(), 'net2->net1': features}),
        attention=dict(nodes=dict(net1=node('abn'), net2=node('abn')), edges=taught | {'net2->net1': maps}),
        maps=dict(nodes=two, edges=taught | {'net2->net1': maps}),
        surgery=dict(nodes=two, edges=taught | {'net2->net1': kl()}, update=dict(type='PCGradUpdate')),
    )


NAMES = ('mutual', 'ensemble', 'frozen', 'average', 'features', 'attention', 'maps', 'surgery')


@pytest.fixture(autouse=True)
def fresh():
    """Nothing is compiled yet, and nothing stays so."""
    compiled_run.cache_clear()
    torch.compiler.reset()
    yield
    compiled_run.cache_clear()
    torch.compiler.reset()


def compiled(graph):
    """Has a graph's networks compiled."""
    graph.compiled = CompiledNetworks([node for node in graph.nodes.values() if hasattr(node, 'network')])
    return graph


def trained(graph, toys, **batch):
    """What some steps log, and the state that they leave."""
    wrapper = toys.sgd(graph)
    logs = []
    for step in range(STEPS):
        data = toys.batch(seed=step, double=graph.nodes['net1'].network.head.fc.weight.dtype == torch.float64, **batch)
        logs.append({key: torch.as_tensor(value).double() for key, value in graph.train_step(data, wrapper).items()})
    return logs, graph.state_dict()


@pytest.fixture
def calls(monkeypatch):
    """What would run compiled: the networks, and the shapes of what they are given."""
    calls = []

    def compile_(function, **options):
        return lambda network, inputs: calls.append((network, tuple(inputs.shape))) or function(network, inputs)

    monkeypatch.setattr(torch, 'compile', compile_)
    return calls


def test_what_runs_compiled(toys, calls):
    graph = compiled(toys.build(**graphs(toys)['ensemble']))
    networks = [graph.nodes[name].network for name in ('net1', 'net2')]
    wrapper = toys.sgd(graph)
    graph.train_step(toys.batch(6), wrapper)
    assert calls == [(network, (6, 1, 16, 16)) for network in networks]
    # An epoch's last batch, and all that is no training, is not worth to be compiled for.
    graph.train_step(toys.batch(4), wrapper)
    graph.val_step(toys.batch(6))
    graph(toys.batch(6)['inputs'])
    assert len(calls) == 2
    graph.train_step(toys.batch(6), wrapper)
    assert len(calls) == 4


def test_networks_are_eager_after_a_step_that_fails(toys, calls):
    graph = compiled(toys.build(**graphs(toys)['mutual']))
    with pytest.raises(RuntimeError, match='channels'):
        graph.train_step(toys.batch(6) | dict(inputs=torch.zeros(6, 2, 16, 16).double()), toys.sgd(graph))
    graph(toys.batch(6)['inputs'])
    assert len(calls) == 1


def test_a_copy_of_a_graph_runs_its_own_weights(toys, calls):
    graph = compiled(toys.build(**graphs(toys)['mutual']))
    other = copy.deepcopy(graph)
    other.train_step(toys.batch(6), toys.sgd(other))
    assert [network for network, _ in calls] == [other.nodes[name].network for name in ('net1', 'net2')]


@pytest.mark.long
# A pool of processes would start first, and a header be compiled for kernels to come.
@torch._inductor.config.patch(compile_threads=1, cpp_cache_precompile_headers=False)
def test_a_step_with_kernels_is_the_eager_one(toys):
    network = dict(
        type='ImageClassifier',
        backbone=dict(type='OneConvolution'),
        neck=dict(type='GlobalAveragePooling'),
        head=dict(type='LinearClsHead', num_classes=toys.classes, in_channels=4),
    )
    nodes = {name: dict(type='NetworkNode', network=network) for name in ('net1', 'net2')}
    edges = {'label->net1': toys.label(), 'label->net2': toys.label(), 'net2->net1': toys.kl()}
    one = toys.build(nodes, edges, double=False)
    other = compiled(copy.deepcopy(one))
    assert_alike(other, one, toys, rtol=1e-4)


@pytest.mark.long
@pytest.mark.parametrize('double', [True, False], ids=['double', 'float'])
@pytest.mark.parametrize('name', NAMES)
def test_steps_with_kernels_are_the_eager_ones(name, double, toys):
    one = toys.build(**graphs(toys)[name], double=double)
    other = compiled(copy.deepcopy(one))
    assert_alike(other, one, toys, rtol=1e-9 if double else 1e-4)


@pytest.mark.long
@pytest.mark.parametrize('name', NAMES)
def test_networks_are_compiled_in_one_piece(name, toys, monkeypatch):
    pieces = []
    backend = functools.partial(torch.compile, backend=lambda module, inputs: pieces.append(module) or module)
    monkeypatch.setattr(torch, 'compile', backend)
    graph = compiled(toys.build(**graphs(toys)[name]))
    trained(graph, toys)
    # Networks of one architecture are one; a frozen teacher's is another.
    assert len(pieces) == (2 if name in ('frozen', 'features') else 1)


def assert_alike(one, other, toys, rtol):
    """Compares what two graphs log, and their states."""
    (logs, state), (expected, expected_state) = trained(one, toys), trained(other, toys)
    torch.testing.assert_close(logs, expected, rtol=rtol, atol=rtol * 1e-2)
    assert state.keys() == expected_state.keys()
    for key, value in state.items():
        # A bias before batch norm has no gradient but for rounding, whatever its own size.
        rounding = 1e-12 if value.dtype == torch.float64 else 1e-6
        scale = expected_state[key].double().abs().max()
        assert (value.double() - expected_state[key].double()).abs().max() <= rtol * scale + rounding, key
