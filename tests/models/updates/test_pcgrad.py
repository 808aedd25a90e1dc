import copy
import itertools

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.optim import AmpOptimWrapper

from ktg_mm.errors import ConfigError
from ktg_mm.models.updates import PCGradUpdate
from ktg_mm.models.updates.pcgrad import conflict_free


def reference(gradients, orders):
    """Yu et al., NeurIPS 2020, algorithm 1, word by word; float64, gradients as lists."""

    def dot(a, b):
        return sum(x * y for x, y in zip(a, b, strict=True))

    total = [0.0] * len(gradients[0])
    for i, order in enumerate(orders):
        own = list(gradients[i])
        for j in order:
            product = dot(own, gradients[j])
            if product < 0:
                factor = product / dot(gradients[j], gradients[j])
                own = [x - factor * y for x, y in zip(own, gradients[j], strict=True)]
        total = [x + y for x, y in zip(total, own, strict=True)]
    return total


def test_two_quadratic_losses():
    """(x - a)^2 / 2 and (x - b)^2 / 2 pull apart between a and b; each gradient keeps what the other does not mind."""
    x = torch.tensor([0.0, 1.0], dtype=torch.float64)
    a, b = torch.tensor([1.0, 0.0], dtype=torch.float64), torch.tensor([-2.0, 0.0], dtype=torch.float64)
    g, h = x - a, x - b  # (-1, 1) and (2, 1): their product is -1
    expected = (g - (g @ h) / (h @ h) * h) + (h - (g @ h) / (g @ g) * g)
    found = conflict_free(torch.stack([g, h]), [[1], [0]])
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(found, torch.tensor([-0.6 + 1.5, 1.2 + 1.5], dtype=torch.float64))
    assert ((found - h) @ h).abs() < 1e-12 or (found @ g >= -1e-12 and found @ h >= -1e-12)


def test_without_a_conflict_it_is_the_sum():
    gradients = torch.tensor([[1.0, 0.0], [1.0, 1.0], [0.0, 2.0]])
    torch.testing.assert_close(conflict_free(gradients, [[1, 2], [0, 2], [0, 1]]), gradients.sum(dim=0))


@pytest.mark.parametrize('seed', range(5))
def test_many_gradients(seed):
    rng = np.random.default_rng(seed)
    number = int(rng.integers(2, 6))
    gradients = rng.normal(size=(number, 4))
    orders = [rng.permutation([j for j in range(number) if j != i]).tolist() for i in range(number)]
    assert any(gradients[i] @ gradients[j] < 0 for i, j in itertools.combinations(range(number), 2))
    found = conflict_free(torch.from_numpy(gradients), orders)
    np.testing.assert_allclose(found.numpy(), reference(gradients.tolist(), orders), rtol=1e-10, atol=1e-12)


def test_a_gradient_of_zero_and_a_lone_one():
    zero = torch.tensor([[0.0, 0.0], [-1.0, 1.0]])
    assert conflict_free(zero, [[1], [0]]).tolist() == [-1.0, 1.0]
    assert conflict_free(torch.tensor([[3.0, 4.0]]), [[]]).tolist() == [3.0, 4.0]


def teachers(toys, number=2, **arguments):
    """A student of the label and of frozen teachers, each of which is sure of another class: they conflict."""
    names = [f'net{i + 2}' for i in range(number)]
    nodes = {name: toys.node(allow_random=True) for name in ('net1', *names)}
    graph = toys.build(
        nodes,
        {'label->net1': toys.label(), **{f'{name}->net1': toys.kl(temperature=2.0) for name in names}},
        **arguments,
    )
    with torch.no_grad():
        for i, node in enumerate(graph.nodes.values()):
            head = node.network.head.fc
            head.weight.mul_(0.0 if i else 0.02)
            head.bias.copy_(5.0 * torch.eye(toys.classes)[i - 1] if i else torch.zeros(toys.classes))
    return graph


def flat(gradients):
    return torch.cat([gradient.flatten() for gradient in gradients])


@pytest.mark.parametrize('label', [False, True])
def test_equals_the_step_written_directly(toys, label):
    """Two teachers, or they and the label; with two teachers no order is drawn, with three any order will do."""
    graph = teachers(toys, update=dict(type='PCGradUpdate', label=label))
    student = copy.deepcopy(graph.nodes['net1'].network)
    data = toys.batch(size=4)
    labels = toys.labels_of(data)
    arguments = dict(lr=0.1, momentum=0.9, weight_decay=1e-2)
    log = graph.train_step(data, toys.sgd(graph, **arguments))

    logits = student(data['inputs'], mode='tensor')
    losses = [F.cross_entropy(logits, labels)]
    for name in ('net2', 'net3'):
        said = graph.nodes[name].network(data['inputs'], mode='tensor').detach()
        losses.append(4 * F.kl_div((logits / 2).log_softmax(1), (said / 2).softmax(1), reduction='batchmean'))
    parameters = list(student.parameters())
    rows = [flat(torch.autograd.grad(loss, parameters, retain_graph=True)).tolist() for loss in losses]
    product = sum(x * y for x, y in zip(rows[1], rows[2], strict=True))
    assert product < 0 and log['conflict/net1/net2,net3'].item() == 1
    if label:
        possible = [
            reference(rows, orders)
            for orders in itertools.product(*(itertools.permutations(set(range(3)) - {i}) for i in range(3)))
        ]
        assert {'conflict/net1/label,net2', 'conflict/net1/label,net3'} < set(log)
    else:
        surgery = reference(rows[1:], [[1], [0]])
        possible = [[x + y for x, y in zip(rows[0], surgery, strict=True)]]
    plain = [sum(values) for values in zip(*rows, strict=True)]
    assert all(max(abs(x - y) for x, y in zip(plain, gradient, strict=True)) > 1e-3 for gradient in possible)
    differences = []
    for gradient in possible:
        trial = copy.deepcopy(student)
        pieces = torch.tensor(gradient, dtype=torch.float64).split([p.numel() for p in parameters])
        optimizer = torch.optim.SGD(trial.parameters(), **arguments)
        for parameter, piece in zip(trial.parameters(), pieces, strict=True):
            parameter.grad = piece.view_as(parameter)
        optimizer.step()
        pairs = zip(trial.parameters(), graph.nodes['net1'].network.parameters(), strict=True)
        differences.append(max((a - b).abs().max().item() for a, b in pairs))
    assert min(differences) < 1e-9
    assert log['loss'].item() == pytest.approx(sum(loss.item() for loss in losses), rel=1e-9)


def test_without_teachers_in_conflict_it_is_the_simultaneous_update(toys):
    """One teacher: nothing to aggregate, for each of several nodes."""
    nodes = dict(net1=toys.node(), net2=toys.node())
    edges = {
        'label->net1': toys.label(),
        'label->net2': toys.label(),
        'net1->net2': toys.kl(),
        'net2->net1': toys.kl(),
    }
    states = []
    for update in (None, dict(type='PCGradUpdate')):
        graph = toys.build(nodes, edges, update=update)
        wrapper = toys.sgd(graph)
        for seed in range(3):
            log = graph.train_step(toys.batch(seed=seed), wrapper)
        assert not any(name.startswith('conflict/') for name in log)
        assert not toys.gradients(graph)
        states.append(toys.state(graph))
    torch.testing.assert_close(states[0], states[1], rtol=1e-9, atol=1e-9)


def test_the_order_depends_on_the_iteration_alone(toys):
    """Two graphs at the same progress step alike whatever torch's generator; at other progress the order is another."""
    found = {}
    for progress, seed in ((0.25, 1), (0.25, 2), (0.5, 1), (0.75, 1), (1.0, 1)):
        graph = teachers(toys, number=4, update=dict(type='PCGradUpdate'))
        graph.progress = progress
        torch.manual_seed(seed)
        graph.train_step(toys.batch(), toys.sgd(graph))
        found[progress, seed] = flat(graph.nodes['net1'].parameters())
    assert torch.equal(found[0.25, 1], found[0.25, 2])
    assert any(not torch.allclose(found[0.25, 1], other, rtol=1e-9) for other in list(found.values())[2:])


def test_parameters_that_no_edge_reaches_are_left_alone(toys):
    """Without a label, attention alone does not reach the head; it does not decay either."""
    nodes = {name: toys.node(allow_random=True) for name in ('net1', 'net2', 'net3')}
    edge = dict(loss=dict(type='AttentionMSE'))
    graph = toys.build(nodes, {'net2->net1': edge, 'net3->net1': edge}, update=dict(type='PCGradUpdate'))
    before = toys.state(graph.nodes['net1'])
    graph.train_step(toys.batch(), toys.sgd(graph))
    after = graph.nodes['net1'].state_dict()
    assert torch.equal(after['network.head.fc.weight'], before['network.head.fc.weight'])
    assert not torch.equal(after['network.backbone.conv1.weight'], before['network.backbone.conv1.weight'])


def test_an_edge_that_ends_in_a_frozen_part(toys):
    """It has no gradient; the others learn as without it."""
    node = toys.node(attention_layer='backbone.layer1')
    node['network']['backbone']['frozen_stages'] = 1
    nodes = dict(net1=node, net2=toys.node(allow_random=True, attention_layer='backbone.layer1'))
    steps = []
    for update in (None, dict(type='PCGradUpdate')):
        edges = {'label->net1': toys.label(), 'net2->net1': dict(loss=dict(type='AttentionMSE', sizes=[3]))}
        graph = toys.build(nodes, edges, update=update)
        graph.train_step(toys.batch(), toys.sgd(graph))
        steps.append(toys.state(graph))
    torch.testing.assert_close(steps[0], steps[1], rtol=1e-9, atol=1e-9)


def test_a_gradient_too_small_to_square():
    tiny = torch.tensor([[1.0, 0.5], [-1e-23, 0.0]])
    torch.testing.assert_close(conflict_free(tiny, [[1], [0]]), torch.tensor([1.0, 0.5]))


def test_bad_input(toys):
    graph = teachers(toys, update=dict(type='PCGradUpdate'))
    with pytest.raises(ConfigError, match=r'optim_wrapper\.accumulative_counts: must be 1 with PCGradUpdate'):
        graph.train_step(toys.batch(), toys.sgd(graph, accumulative_counts=2))
    wrapper = AmpOptimWrapper.__new__(AmpOptimWrapper)
    wrapper._accumulative_counts = 1
    with pytest.raises(ConfigError, match=r'optim_wrapper\.type: scales losses'):
        PCGradUpdate()(graph, graph, {}, wrapper)
    with pytest.raises(ConfigError, match='PCGradUpdate has no argument'):
        teachers(toys, update=dict(type='PCGradUpdate', labels=True))


@pytest.mark.parametrize('fused', [False, True])
def test_weights_in_another_layout(toys, fused):
    """Torch's fused optimisers would take one number of a gradient for another."""
    states = []
    for layout in (torch.contiguous_format, torch.channels_last):
        edges = {'label->net1': toys.label(), 'net2->net1': toys.kl(), 'label->net2': toys.label()}
        graph = toys.build(dict(net1=toys.node(), net2=toys.node()), edges, update=dict(type='PCGradUpdate'))
        graph.to(memory_format=layout)
        wrapper = toys.sgd(graph)
        for group in wrapper.optimizer.param_groups:
            group['fused'] = fused
        for seed in range(2):
            graph.train_step(toys.batch(seed=seed), wrapper)
        states.append(graph.state_dict())
    torch.testing.assert_close(states[1], states[0], rtol=1e-9, atol=1e-11)
