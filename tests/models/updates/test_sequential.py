import copy

import pytest
import torch
import torch.nn.functional as F

from ktg_mm.errors import ConfigError

SEQUENTIAL = dict(type='SequentialUpdate')


def dml(toys, **arguments):
    """Deep mutual learning of two nodes, at temperature 2."""
    return toys.build(
        dict(net1=toys.node(), net2=toys.node()),
        {
            'label->net1': toys.label(),
            'label->net2': toys.label(),
            'net2->net1': toys.kl(temperature=2.0),
            'net1->net2': toys.kl(temperature=2.0),
        },
        **arguments,
    )


def reference_step(networks, optimizers, images, labels):
    """Zhang et al., CVPR 2018, algorithm 1: predict, update the first, predict again, update the second."""
    losses = []
    for own, other in ((0, 1), (1, 0)):
        logits = [network(images, mode='tensor') for network in networks]
        divergence = F.kl_div(
            (logits[own] / 2).log_softmax(1), (logits[other].detach() / 2).softmax(1), reduction='batchmean'
        )
        loss = F.cross_entropy(logits[own], labels) + 4 * divergence
        optimizers[own].zero_grad()
        loss.backward()
        optimizers[own].step()
        losses.append(loss.item())
    return losses


def test_equals_the_loop_written_directly(toys):
    graph = dml(toys, update=SEQUENTIAL)
    networks = [copy.deepcopy(node.network) for node in graph.nodes.values()]
    arguments = dict(lr=0.1, momentum=0.9, weight_decay=1e-2)
    optimizers = [torch.optim.SGD(network.parameters(), **arguments) for network in networks]
    wrapper = toys.sgd(graph, **arguments)
    for seed in range(2):
        data = toys.batch(seed=seed)
        log = graph.train_step(data, wrapper)
        losses = reference_step(networks, optimizers, data['inputs'], toys.labels_of(data))
        assert log['loss'].item() == pytest.approx(sum(losses), rel=1e-9)
        assert (log['edge/label->net2'] + log['edge/net1->net2']).item() == pytest.approx(losses[1], rel=1e-9)
    for node, network in zip(graph.nodes.values(), networks, strict=True):
        torch.testing.assert_close(node.network.state_dict(), network.state_dict(), rtol=1e-9, atol=1e-9)


def test_differs_from_the_simultaneous_update_in_the_second_node_alone(toys):
    graphs = [dml(toys, update=update) for update in (SEQUENTIAL, None)]
    for graph in graphs:
        graph.train_step(toys.batch(), toys.sgd(graph))
    first, second = (
        [torch.allclose(a, b, rtol=1e-9) for a, b in zip(*(g.nodes[name].parameters() for g in graphs), strict=True)]
        for name in ('net1', 'net2')
    )
    assert all(first) and not any(second[:3])


def test_momentum_and_decay_of_a_node_move_once_a_step(toys):
    """The steps of the other nodes leave a node's optimiser state alone."""
    graph = toys.build(
        {name: toys.node() for name in ('net1', 'net2', 'net3')},
        {f'label->net{i}': toys.label() for i in (1, 2, 3)},
        update=SEQUENTIAL,
    )
    alone = toys.build(dict(net1=toys.node()), {'label->net1': toys.label()})
    alone.nodes['net1'].load_state_dict(graph.nodes['net1'].state_dict())
    for each in (graph, alone):
        wrapper = toys.sgd(each)
        for seed in range(3):
            each.train_step(toys.batch(seed=seed), wrapper)
    found, expected = (each.nodes['net1'].state_dict() for each in (graph, alone))
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)


def test_only_what_a_node_hears_runs_before_its_step(toys):
    graph = toys.build(
        {name: toys.node() for name in ('net1', 'net2', 'net3')},
        {'label->net1': toys.label(), 'net1->net2': toys.kl(), 'label->net3': toys.label()},
        update=SEQUENTIAL,
    )
    ran = []
    for name, node in graph.nodes.items():
        node.register_forward_hook(
            lambda module, args, output, name=name: ran.append((name, output.logits.requires_grad))
        )
    graph.train_step(toys.batch(), toys.sgd(graph))
    assert ran == [('net1', True), ('net1', False), ('net2', True), ('net3', True)]


def test_no_gradients_are_left(toys):
    graph = dml(toys, update=SEQUENTIAL)
    graph.train_step(toys.batch(), toys.sgd(graph))
    assert not toys.gradients(graph)


def test_a_moving_average_follows_after_the_last_node(toys):
    graph = toys.build(
        {name: toys.node() for name in ('net1', 'net2', 'mean')},
        {'label->net1': toys.label(), 'label->net2': toys.label(), 'net2->mean': dict(type='EMAEdge', decay=0.5)},
        update=SEQUENTIAL,
    )
    key = 'network.head.fc.weight'
    before = graph.nodes['mean'].state_dict()[key].clone()
    graph.train_step(toys.batch(), toys.sgd(graph))
    expected = 0.5 * before + 0.5 * graph.nodes['net2'].state_dict()[key]
    torch.testing.assert_close(graph.nodes['mean'].state_dict()[key], expected)
    assert not torch.equal(expected, before)


def test_gradients_cannot_accumulate(toys):
    graph = dml(toys, update=SEQUENTIAL)
    before = toys.state(graph)
    with pytest.raises(ConfigError) as caught:
        graph.train_step(toys.batch(), toys.sgd(graph, accumulative_counts=2))
    assert str(caught.value) == 'optim_wrapper.accumulative_counts: must be 1 with SequentialUpdate'
    assert all(torch.equal(value, before[key]) for key, value in graph.state_dict().items())
