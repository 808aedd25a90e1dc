"""A stack is trained as its graphs alone would be."""

import copy
import importlib.util
from pathlib import Path

import pytest
import torch
from mmpretrain.structures import DataSample
from sklearn.datasets import load_digits

from ktg_mm.apis import load_config
from ktg_mm.errors import ConfigError, UserError
from ktg_mm.models.stack import StackedGraphs, check_stackable
from ktg_mm.registry import GATES, LOSSES

CONFIGS = Path(__file__).parents[3] / 'configs'


def load_replay():
    place = Path(__file__).parents[1] / 'replay.py'
    spec = importlib.util.spec_from_file_location('stack_replay', place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


replay = load_replay()


def pairs(toys, stacks, edges, double=True, nodes=None, **options):
    """Graphs with their optimisers, and copies of both."""
    nodes = stacks.nodes() if nodes is None else nodes
    graphs = [toys.build(nodes, some, seed=i, double=double) for i, some in enumerate(edges)]
    alone = copy.deepcopy(graphs)
    return graphs, [stacks.sgd(graph, **options) for graph in graphs], alone, [stacks.sgd(g, **options) for g in alone]


def train(stack, alone, others, data, progress=1.0, compare=True, **tolerance):
    """A step of the stack and of the graphs alone, which must say the same."""
    for graph in (*stack._graphs.values(), *alone.values()):
        graph.progress = progress
    found = stack.step(copy.deepcopy(data))
    for i, graph in alone.items():
        log = graph.train_step(copy.deepcopy(data), others[i])
        if compare:
            own = stack.log(i)
            expected = {key: torch.as_tensor(value, dtype=own[key].dtype) for key, value in log.items()}
            torch.testing.assert_close(own, expected, **tolerance)
            torch.testing.assert_close(found[i], expected['loss'], **tolerance)


def test_hundred_steps_are_those_of_the_graphs_alone(toys, stacks) -> None:
    graphs, wrappers, alone, others = pairs(toys, stacks, [stacks.random_edges(i, paper=True) for i in range(5)])
    stack, left = StackedGraphs(graphs, wrappers), dict(enumerate(alone))
    for k in range(100):
        for wrapper in (*wrappers, *others):  # what a schedule does
            wrapper.optimizer.param_groups[0]['lr'] = 0.05 * (1 - k / 100)
        if k == 40:
            assert stack.remove(2) is graphs[2]
            assert stack.indices == [0, 1, 3, 4]
            left.pop(2)
        train(stack, left, others, toys.batch(side=8, seed=k), (k + 1) / 100, k % 10 == 9, rtol=0, atol=1e-9)
    images = toys.batch(side=8, seed=1000)['inputs']
    outputs = stack.outputs(images)
    assert list(outputs) == list(left)
    for i, graph in left.items():
        expected = graph.eval().node_outputs(images)
        assert list(outputs[i]) == list(expected)
        for name, output in expected.items():
            torch.testing.assert_close(outputs[i][name].logits, output.logits, rtol=0, atol=1e-9)
    for i in range(5):
        graph = graphs[i] if i == 2 else stack.unstack(i)
        assert graph is graphs[i]
        stacks.assert_same(graph, alone[i])
        ours, theirs = wrappers[i].optimizer.state_dict(), others[i].optimizer.state_dict()
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-9)


@pytest.mark.parametrize('seed', range(10, 14))
def test_any_gates_temperatures_weights_and_rates(toys, stacks, seed) -> None:
    graphs, wrappers, alone, others = pairs(toys, stacks, [stacks.random_edges(10 * seed + i) for i in range(3)])
    for i, wrapper in enumerate((*wrappers, *others)):
        options = dict(lr=0.02 * (1 + i % 3), weight_decay=0.01 * (i % 3), nesterov=i % 3 == 1)
        wrapper.optimizer.param_groups[0].update(options, momentum=0.8 if i % 3 == 1 else 0.5 * (i % 3))
    stack = StackedGraphs(graphs, wrappers)
    for k in range(3):
        train(stack, dict(enumerate(alone)), others, toys.batch(side=8, seed=k), 0.3 * (k + 1), rtol=0, atol=1e-10)
    for i, graph in enumerate(alone):
        stacks.assert_same(stack.unstack(i), graph, 1e-10)
        torch.testing.assert_close(
            wrappers[i].optimizer.state_dict(), others[i].optimizer.state_dict(), rtol=0, atol=1e-10
        )


def two_edges(loss=None, gate=None):
    """Edges of two networks, of which one learns by a part that is tried."""
    label, between = dict(loss=dict(type='CrossEntropy')), dict(loss=dict(type='KLDivergence'))
    edges = {'label->net1': label, 'label->net2': label, 'net2->net1': dict(between)}
    edges['net2->net1'] |= dict(loss=loss) if loss else {}
    edges['net2->net1'] |= dict(gate=gate) if gate else {}
    return edges


ARGUMENTS = dict(
    CRD=dict(num_samples=12), FlexMatchGate=dict(num_samples=6), SineGate=dict(frequency=0.7, phase=1.0),
    StabilityGate=dict(threshold=0.3, other_view='other'), ThresholdGate=dict(threshold=0.25), AFD=dict(size=5),
)  # fmt: skip
PARTS = [('loss', name) for name in sorted(LOSSES.module_dict) if 'node' in LOSSES.get(name).sources]
PARTS += [('gate', name) for name in sorted(GATES.module_dict)]
# Those that must fit; others may, if they are computed as alone.
FIT = {
    'CWTM', 'CorrectGate', 'CutoffGate', 'KLDivergence', 'LinearGate', 'NegativeLinearGate', 'ProbabilityCosine',
    'ProbabilityMSE', 'PseudoLabel', 'RampUpGate', 'SineGate', 'ThresholdGate', 'ThroughGate',
}  # fmt: skip


@pytest.mark.parametrize(('entry', 'name'), PARTS, ids=[name for _, name in PARTS])
def test_every_part_is_as_alone_or_refused(toys, stacks, entry, name) -> None:
    part = dict(type=name, **ARGUMENTS.get(name, {}))
    try:
        nodes = {key: stacks.node(classes=5) for key in ('net1', 'net2')}
        built = pairs(toys, stacks, [two_edges(**{entry: part}), two_edges()], nodes=nodes)
    except (ConfigError, ValueError):
        assert name not in FIT  # of other networks, data or edges
        return
    graphs, wrappers, alone, others = built
    try:
        stack = StackedGraphs(graphs, wrappers)
    except ConfigError as error:
        assert name not in FIT
        assert str(error).startswith("model.edges['net2->net1']")
        assert str(error).endswith('train it alone')
        return
    for k in range(2):
        train(stack, dict(enumerate(alone)), others, toys.batch(side=8, seed=k), 0.4, rtol=0, atol=1e-11)


def test_who_learns_nothing_and_who_is_not_asked_stays_as_it_is(toys, stacks) -> None:
    kl = dict(loss=dict(type='KLDivergence'))
    edges = [
        {'label->net1': dict(loss=dict(type='CrossEntropy')), 'net2->net1': kl},  # net2 is a frozen teacher
        {'label->net1': dict(loss=dict(type='CrossEntropy')), 'net1->net2': kl},  # net3 is not asked
    ]
    graphs, wrappers, alone, others = pairs(toys, stacks, edges)
    before = copy.deepcopy(graphs)
    stack = StackedGraphs(graphs, wrappers)
    for k in range(3):
        train(stack, dict(enumerate(alone)), others, toys.batch(side=8, seed=k), rtol=0, atol=1e-11)
    for i, names in enumerate((('net2', 'net3'), ('net3',))):
        stacks.assert_same(stack.unstack(i), alone[i], 1e-11)
        for name in names:
            stacks.assert_same(graphs[i].nodes[name], before[i].nodes[name], 0)


def test_gradients_reach_a_source_that_is_not_detached(toys, stacks) -> None:
    edges = two_edges() | {'net1->net2': dict(loss=dict(type='ProbabilityMSE'), detach=False)}
    graphs, wrappers, alone, others = pairs(toys, stacks, [edges, stacks.random_edges(1)])
    stack = StackedGraphs(graphs, wrappers)
    for k in range(2):
        train(stack, dict(enumerate(alone)), others, toys.batch(side=8, seed=k), 0.5, rtol=0, atol=1e-11)
    stacks.assert_same(stack.unstack(0), alone[0], 1e-11)


def test_goes_on_from_the_momenta_of_the_graphs(toys, stacks) -> None:
    graphs, wrappers, alone, others = pairs(toys, stacks, map(stacks.random_edges, range(2)))
    for k in range(3):
        for graph, wrapper in zip((*graphs, *alone), (*wrappers, *others), strict=True):
            graph.train_step(toys.batch(side=8, seed=k), wrapper)
    for wrapper in wrappers:  # as a checkpoint does it
        wrapper.load_state_dict(copy.deepcopy(wrapper.state_dict()))
    stack = StackedGraphs(graphs, wrappers)
    for k in range(3):
        train(stack, dict(enumerate(alone)), others, toys.batch(side=8, seed=k), 0.5, rtol=0, atol=1e-11)
    for wrapper in wrappers:  # and while it is in the stack, as one that is resumed
        wrapper.load_state_dict(copy.deepcopy(wrapper.state_dict()))
        for group in wrapper.optimizer.param_groups:
            group['lr'] = 0.0
    before = copy.deepcopy(stack.unstack(0))
    stack.step(toys.batch(side=8))
    for after, parameter in zip(stack.unstack(0).parameters(), before.parameters(), strict=True):
        assert torch.equal(after, parameter)


def test_a_graph_that_diverges_touches_no_other(toys, stacks) -> None:
    graphs, wrappers, alone, others = pairs(toys, stacks, map(stacks.random_edges, range(3)))
    for group in wrappers[1].optimizer.param_groups:
        group['lr'] = 1e200
    stack = StackedGraphs(graphs, wrappers)
    left = {0: alone[0], 2: alone[2]}
    for k in range(5):
        train(stack, left, others, toys.batch(side=8, seed=k), 0.5, rtol=0, atol=1e-11)
    assert not stack.step(toys.batch(side=8))[1].isfinite()


def test_float32(toys, stacks) -> None:
    graphs, wrappers, alone, others = pairs(toys, stacks, map(stacks.random_edges, range(3)), double=False)
    stack = StackedGraphs(graphs, wrappers)
    for k in range(3):
        data = toys.batch(side=8, seed=k, double=False)
        train(stack, dict(enumerate(alone)), others, data, 0.3 * (k + 1), rtol=1e-4, atol=1e-5)
    assert stack.step(data)[0].dtype == torch.float32
    assert {value.dtype for value in stack.unstack(0).state_dict().values()} == {torch.float32, torch.int64}


def test_networks_come_back_only_when_they_are_unstacked(toys, stacks) -> None:
    graphs, wrappers, alone, _ = pairs(toys, stacks, map(stacks.random_edges, range(2)))
    stack = StackedGraphs(graphs, wrappers)
    stack.step(toys.batch(side=8))
    stacks.assert_same(graphs[0], alone[0], 0)
    assert not wrappers[0].optimizer.state
    stack.unstack(0)
    assert not torch.equal(
        graphs[0].nodes['net1'].network.head.fc.weight, alone[0].nodes['net1'].network.head.fc.weight
    )
    stacks.assert_same(graphs[1], alone[1], 0)


def test_soft_labels(toys, stacks) -> None:
    edges = two_edges()
    graphs, wrappers, alone, others = pairs(toys, stacks, [edges, two_edges(gate=dict(type='LinearGate'))])
    data = toys.batch(side=8)
    scores = torch.rand(6, 5, dtype=torch.float64).softmax(dim=1)
    data['data_samples'] = [DataSample().set_gt_score(score) for score in scores]
    train(StackedGraphs(graphs, wrappers), dict(enumerate(alone)), others, data, 0.3, rtol=0, atol=1e-11)
    graphs, wrappers, *_ = pairs(toys, stacks, [edges, two_edges(gate=dict(type='CorrectGate'))])
    with pytest.raises(ConfigError, match='CorrectGate asks for the one true class'):
        StackedGraphs(graphs, wrappers).step(data)


def test_wrong_batches_and_numbers_are_refused(toys, stacks) -> None:
    graphs, wrappers, *_ = pairs(toys, stacks, [two_edges(), two_edges()])
    stack, data = StackedGraphs(graphs, wrappers), toys.batch(side=8)
    views = dict(data, inputs=dict(weak=data['inputs'], strong=data['inputs']))
    with pytest.raises(UserError, match='a stack trains on one view of the images, not on weak, strong'):
        stack.step(views)
    data['data_samples'][2].set_gt_label(-1)
    with pytest.raises(UserError, match='some of the batch have no label'):
        stack.step(data)
    with pytest.raises(ValueError, match=r'index: the stack has the graphs \[0, 1\], got 5'):
        stack.unstack(5)
    stack.remove(0)
    with pytest.raises(ValueError, match=r'the stack has the graphs \[1\], got 0'):
        stack.remove(0)
    with pytest.raises(ValueError, match='the last graph cannot leave'):
        stack.remove(1)


def test_checks_change_nothing(toys, stacks) -> None:
    graph, state = (pairs(toys, stacks, [two_edges()])[0][0] for _ in range(2))
    torch.manual_seed(3)
    before = torch.get_rng_state()
    check_stackable(graph, stacks.sgd(graph))
    assert torch.equal(before, torch.get_rng_state())
    assert graph.training
    stacks.assert_same(graph, state, 0)


@pytest.mark.parametrize('name', ['resnet8', 'wrn10_1', 'densenet16_8', 'ban_wide_resnet1_1'])
def test_networks_that_come_along(toys, stacks, name) -> None:
    network = load_config(CONFIGS / '_base_/models/networks_small.py')[name].to_dict()
    nodes = {key: dict(type='NetworkNode', network=network) for key in ('net1', 'net2')}
    graphs, wrappers, alone, others = pairs(toys, stacks, [two_edges(), two_edges()], nodes=nodes)
    stack, data = StackedGraphs(graphs, wrappers), toys.batch(4, side=8)
    train(stack, dict(enumerate(alone)), others, data, rtol=0, atol=1e-10)
    for i, graph in enumerate(alone):
        stacks.assert_same(stack.unstack(i), graph, 1e-10)


def test_the_step_can_be_captured(toys, stacks) -> None:
    graphs, wrappers, alone, others = pairs(toys, stacks, map(stacks.random_edges, range(3)))
    stack, twins = StackedGraphs(graphs, wrappers), StackedGraphs(alone, others)
    for one in (stack, twins):  # momenta begin with the first step
        one.step(toys.batch(side=8, seed=9))
    batches = [stack.prepare(toys.batch(side=8, seed=seed)) for seed in range(4)]
    images, samples = copy.deepcopy(batches[0])
    known = [images, samples.labels, *replay.tensors_in([vars(stack), *map(vars, stack._stacks + stack._edges)])]
    known += replay.tensors_in([vars(edges._batch) for edges in stack._edges])
    known += [*stack._sgd._momenta, *(buffer for graph in graphs for buffer in graph.buffers())]
    progress = (0.2, 0.7, 1.0, 0.4)
    for graph in graphs:
        graph.progress = progress[0]
    with replay.Recording(known) as recording:
        stack.step_on(images, samples)
    for k, (other_images, other_samples) in enumerate(batches):
        for graph in (*graphs, *alone):
            graph.progress = progress[k]
        if k:
            replay.overwrite([images, samples.labels], [other_images, other_samples.labels])
            recording.replay()
        expected = twins.step_on(other_images, other_samples)
        for i, loss in expected.items():
            torch.testing.assert_close(stack.log(i)['loss'], loss, rtol=0, atol=1e-12)
    for i in range(3):
        stacks.assert_same(stack.unstack(i), twins.unstack(i), 1e-12)


@pytest.mark.long
def test_float32_scores_differ_no_more_than_those_of_two_seeds(toys, stacks) -> None:
    digits = load_digits()
    images = torch.tensor(digits.images[:, None] / 16, dtype=torch.float32)
    labels = torch.tensor(digits.target)
    nodes = stacks.nodes(classes=10)
    edges = [stacks.random_edges(i, paper=True) for i in range(20)]

    def built(seed):
        graphs = [toys.build(nodes, some, seed=seed, double=False) for some in edges]
        return graphs, [stacks.sgd(graph, lr=0.1) for graph in graphs]

    def batches(seed, epochs=10, size=64):
        generator = torch.Generator().manual_seed(seed)
        for _ in range(epochs):
            for rows in torch.randperm(1000, generator=generator).split(size)[:-1]:
                samples = [DataSample().set_gt_label(int(label)) for label in labels[rows]]
                yield dict(inputs=images[rows], data_samples=samples)

    def scores(outputs):
        return torch.stack([(output['net1'].logits.argmax(1) == labels[1000:]).double().mean() for output in outputs])

    def alone(seed):
        graphs, wrappers = built(seed)
        data = list(batches(seed))
        for graph, wrapper in zip(graphs, wrappers, strict=True):
            for k, batch in enumerate(data):
                graph.progress = (k + 1) / len(data)
                graph.train_step(copy.copy(batch), wrapper)
        return scores([graph.eval().node_outputs(images[1000:]) for graph in graphs])

    graphs, wrappers = built(0)
    stack, data = StackedGraphs(graphs, wrappers), list(batches(0))
    for k, batch in enumerate(data):
        for graph in graphs:
            graph.progress = (k + 1) / len(data)
        stack.step(copy.copy(batch))
    stacked = scores(stack.outputs(images[1000:]).values())
    first, second = alone(0), alone(1)
    assert first.mean() > 0.7  # they have learnt something
    assert (stacked - first).abs().mean() <= (second - first).abs().mean()
    assert (stacked.mean() - first.mean()).abs() <= (second.mean() - first.mean()).abs() + 0.005
