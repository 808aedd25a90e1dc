"""A graph whose edges are computed as one learns what it learns with each alone."""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from ktg_mm.models.edge_batches import EdgeBatches
from ktg_mm.models.gates import Gate
from ktg_mm.structures import EdgeValue


class Count(TorchDispatchMode):
    def __init__(self):
        super().__init__()
        self.number = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.number += not func.is_view
        return func(*args, **(kwargs or {}))


def attention_graph(toys, number=5, gates=('ThroughGate', 'CorrectGate', 'LinearGate'), **arguments):
    nodes = {f'net{i}': toys.node('abn') for i in range(number)}
    edges = {f'label->{name}': toys.label() for name in nodes}
    attract = [dict(type='KLDivergence', temperature=2.0), dict(type='AttentionMSE')]
    repel = [dict(type='ProbabilityCosine'), dict(type='AttentionCosine')]
    for i, source in enumerate(nodes):
        for j, target in enumerate(nodes):
            if i != j:
                loss = attract if (i + j) % 2 else repel
                edges[f'{source}->{target}'] = dict(loss=loss, gate=dict(type=gates[i % len(gates)]), weight=1.0 + j)
    return toys.build(nodes, edges, target='net0', **arguments)


def semi_supervised_graph(toys):
    nodes = {f'net{i}': toys.node() for i in range(4)}
    edges = {f'label->{name}': toys.label(samples='labeled') for name in nodes}
    views = dict(source='weak', target='strong')
    for source in nodes:
        for target in set(nodes) - {source}:
            edges[f'{source}->{target}'] = toys.kl(
                dict(type='ThresholdGate', threshold=0.1), samples='unlabeled', views=views
            )
            edges[f'{source}->{target}:feature'] = dict(loss=dict(type='RKD'), views=views)
    for name in nodes:
        edges[f'label->{name}']['views'] = dict(target='weak')
    return toys.build(nodes, edges, target='net0')


def semi_supervised_batch(toys, seed):
    batch = toys.batch(seed=seed, size=8)
    for sample in batch['data_samples'][4:]:
        sample.set_gt_label(-1)
    images = batch['inputs']
    return batch | dict(inputs=dict(weak=images, strong=images.flip(-1)))


def train(toys, graph, batches):
    wrapper, logs = toys.sgd(graph), []
    for i, batch in enumerate(batches):
        graph.progress = (i + 1) / len(batches)
        logs.append({name: float(value) for name, value in graph.train_step(batch, wrapper).items()})
    return logs, graph.state_dict()


@pytest.mark.parametrize('update', ['SimultaneousUpdate', 'SequentialUpdate'])
def test_attention(toys, update):
    alone, batched = (attention_graph(toys, update=dict(type=update)) for _ in range(2))
    batched.edge_batches = EdgeBatches()
    assert_equal(toys, alone, batched, [toys.batch(seed=seed, side=32) for seed in range(3)])


def test_views_and_unlabelled_samples(toys):
    alone, batched = semi_supervised_graph(toys), semi_supervised_graph(toys)
    batched.edge_batches = EdgeBatches()
    assert_equal(toys, alone, batched, [semi_supervised_batch(toys, seed) for seed in range(3)])
    # Relations of features are alone, what the labels and the probabilities teach is not.
    assert sorted(map(len, batched.edge_batches._batches)) == [4, 12]


def assert_equal(toys, alone, batched, batches):
    expected, found = (train(toys, graph, batches) for graph in (alone, batched))
    assert [list(log) for log in found[0]] == [list(log) for log in expected[0]]
    assert found[0] == [pytest.approx(log, rel=1e-9, abs=1e-12) for log in expected[0]]
    torch.testing.assert_close(found[1], expected[1], rtol=1e-8, atol=1e-10)


def test_it_takes_fewer_operations(toys):
    numbers = []
    for batches in (None, EdgeBatches()):
        graph = attention_graph(toys, gates=['ThroughGate'])
        graph.edge_batches = batches
        data = graph.data_preprocessor(toys.batch(side=32))
        samples = graph.samples_of(data['data_samples'])
        for _ in range(2):  # the first makes what stays
            with Count() as networks, torch.no_grad():
                graph.node_outputs(data['inputs'])
            with Count() as count:
                graph.edge_values(data['inputs'], samples, list(graph.nodes))
        numbers.append(count.number - networks.number)
    assert numbers[1] < 0.5 * numbers[0]


class Looks(Gate):
    """Its weight is a number of Python's, which a batch has not."""

    def weight(self, loss, target, source, context):
        return 1.0 if float(loss.detach().sum()) > 0 else 0.5


def test_what_does_not_run_as_one_runs_alone(toys, monkeypatch):
    alone, batched = (attention_graph(toys, gates=['ThroughGate']) for _ in range(2))
    for graph in (alone, batched):
        for edge in graph.edges.values():
            edge.gate = Looks()
    batched.edge_batches = EdgeBatches()
    said = []
    monkeypatch.setattr('ktg_mm.models.edge_batches.print_log', lambda message, **_: said.append(message))
    batches = [toys.batch(seed=seed, side=32) for seed in range(3)]
    assert_equal(toys, alone, batched, batches)
    assert len(said) == 3 and said[0].startswith('env_cfg.batch_edges: label->net0, label->net1, ')
    assert ' run alone (' in said[0] and '\n' not in said[0]


def weaken(edge):
    edge.weight = 0.25


def soften(edge):
    for loss in edge.losses:
        if hasattr(loss, 'temperature'):
            loss.temperature = 5.0


@pytest.mark.parametrize('change', [weaken, soften])
def test_numbers_that_change_between_two_steps(toys, change):
    """As a hook of the user's own may do it."""
    logs = []
    for batches in (None, EdgeBatches()):
        graph = attention_graph(toys)
        graph.edge_batches = batches
        wrapper = toys.sgd(graph)
        steps = []
        for seed in range(3):
            steps.append(
                {
                    name: float(value)
                    for name, value in graph.train_step(toys.batch(seed=seed, side=32), wrapper).items()
                }
            )
            for edge in graph.edges.values() if seed == 0 else ():
                change(edge)
        logs.append(steps)
    assert logs[1] == [pytest.approx(log, rel=1e-9, abs=1e-12) for log in logs[0]]


class Unset(Gate):
    """It names a number among those that may be tensors, but has none."""

    numbers = ('level',)
    level = None

    def weight(self, loss, target, source, context):
        return 1.0


def test_a_number_that_is_none_leaves_edges_alone(toys):
    alone, batched = (attention_graph(toys, gates=['ThroughGate']) for _ in range(2))
    for graph in (alone, batched):
        for edge in graph.edges.values():
            edge.gate = Unset()
    batched.edge_batches = EdgeBatches()
    assert_equal(toys, alone, batched, [toys.batch(seed=seed, side=32) for seed in range(2)])


def test_two_are_alone(toys):
    graph = attention_graph(toys, number=2)
    graph.edge_batches = EdgeBatches()
    values = graph.edge_values(
        toys.batch(side=32)['inputs'], graph.samples_of(toys.batch()['data_samples']), list(graph.nodes)
    )
    assert all(isinstance(value, EdgeValue) for value in values.values()) and not graph.edge_batches._batches
