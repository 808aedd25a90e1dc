"""Updates of networks that share a trunk, against steps written directly in plain torch."""

import copy

import pytest
import torch
import torch.nn.functional as F

OPTIMISER = dict(lr=0.1, momentum=0.9, weight_decay=1e-2)


@pytest.fixture(autouse=True)
def scope(mmpretrain_scope):
    return mmpretrain_scope


def tree(toys, edges, update, teachers=0, **arguments):
    """Two branches of one trunk, the second with the first's opposite head, and teachers that are sure of a class."""
    names = [f'sure{i}' for i in range(teachers)]
    nodes = dict(net1=toys.node(), net2=toys.node(share=dict(node='net1', until='backbone.layer2')))
    nodes |= {name: toys.node(allow_random=True) for name in names}
    graph = toys.build(nodes, edges, update=update, **arguments)
    one, two = (graph.nodes[name].network for name in ('net1', 'net2'))
    two.load_state_dict(one.state_dict())
    with torch.no_grad():
        one.head.fc.weight.mul_(0.02)
        two.head.fc.weight.copy_(-one.head.fc.weight)
        for name in names:
            graph.nodes[name].network.head.fc.weight.zero_()
            graph.nodes[name].network.head.fc.bias.copy_(5.0 * torch.eye(toys.classes)[0])
    return graph


def logits(graph, data, *names):
    """What the networks say, written without the graph: the trunk's modules one by one, once, then each branch's."""
    said, trunk = {}, data['inputs']
    backbone = graph.nodes['net1'].network.backbone
    for module in (backbone.conv1, backbone.bn1, backbone.relu, backbone.layer1, backbone.layer2):
        trunk = module(trunk)
    for name in names:
        network = graph.nodes[name].network
        said[name] = network.head.fc(network.neck(network.backbone.layer3(trunk)))
    return said


def kl(said, taught, temperature=2.0):
    return temperature**2 * F.kl_div(
        (taught / temperature).log_softmax(1), (said / temperature).softmax(1), reduction='batchmean'
    )


def flat(gradients):
    return torch.cat([gradient.flatten() for gradient in gradients])


def test_pcgrad_takes_conflicts_of_all_branches_out_of_the_trunk(toys):
    """Two teachers, one of each branch: on the owner's parameters both count, on the branch's own one alone."""
    edges = {
        'label->net1': toys.label(),
        'label->net2': toys.label(),
        'sure0->net1': toys.kl(temperature=2.0),
        'sure1->net2': toys.kl(temperature=2.0),
    }
    graph = tree(toys, edges, dict(type='PCGradUpdate'), teachers=2)
    twin, data = copy.deepcopy(graph), toys.batch()
    log = graph.train_step(data, toys.sgd(graph, **OPTIMISER))
    assert {name for name in log if name.startswith('conflict/')} == {'conflict/net1/sure0,sure1->net2'}
    assert log['conflict/net1/sure0,sure1->net2'].item() == 1

    said, labels = logits(twin, data, 'net1', 'net2'), toys.labels_of(data)
    groups = [list(twin.nodes[name].own_parameters()) for name in said]
    sure = [twin.nodes[name].network(data['inputs'], mode='tensor').detach() for name in ('sure0', 'sure1')]
    plain = sum(F.cross_entropy(each, labels) for each in said.values())
    taught = [kl(sure[0], said['net1']), kl(sure[1], said['net2'])]

    def gradients(loss, parameters):
        found = torch.autograd.grad(loss, parameters, retain_graph=True, allow_unused=True)
        return flat([torch.zeros_like(p) if g is None else g for p, g in zip(parameters, found, strict=True)])

    g, h = (gradients(loss, groups[0]) for loss in taught)
    assert g @ h < 0
    surgery = (g - (g @ h) / (h @ h) * h) + (h - (g @ h) / (g @ g) * g)
    wanted = [gradients(plain, groups[0]) + surgery, gradients(plain, groups[1]) + gradients(taught[1], groups[1])]
    for parameters, gradient in zip(groups, wanted, strict=True):
        for parameter, part in zip(parameters, gradient.split([p.numel() for p in parameters]), strict=True):
            parameter.grad = part.view_as(parameter)
    torch.optim.SGD([*groups[0], *groups[1]], **OPTIMISER).step()
    found, expected = (dict(each.nodes.named_parameters()) for each in (graph, twin))
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize('detach', [True, False])
def test_without_conflicts_pcgrad_is_the_simultaneous_update(toys, detach):
    """The label is no teacher, and one is never in conflict; all gradients on the trunk are added up."""
    edges = {
        'label->net1': toys.label(),
        'label->net2': toys.label(),
        'net1->net2': toys.kl(temperature=2.0, detach=detach),
    }
    states = []
    for update in (None, dict(type='PCGradUpdate')):
        graph = tree(toys, edges, update)
        wrapper = toys.sgd(graph, **OPTIMISER)
        for seed in range(3):
            graph.train_step(toys.batch(seed=seed), wrapper)
        states.append(toys.state(graph))
    torch.testing.assert_close(states[0], states[1], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize('detach', [True, False])
def test_sequential_steps_move_the_trunk_with_each_branch(toys, detach):
    """Both run again before the second learns; what has no gradient keeps its momentum and does not decay."""
    edges = {
        'label->net1': toys.label(),
        'label->net2': toys.label(),
        'net1->net2': toys.kl(temperature=2.0, detach=detach),
    }
    graph = tree(toys, edges, dict(type='SequentialUpdate'))
    twin = copy.deepcopy(graph)
    wrapper = toys.sgd(graph, **OPTIMISER)
    optimizer = torch.optim.SGD(twin.nodes.parameters(), **OPTIMISER)
    for seed in range(2):
        data = toys.batch(seed=seed)
        labels = toys.labels_of(data)
        log = graph.train_step(data, wrapper)
        first = F.cross_entropy(logits(twin, data, 'net1')['net1'], labels)
        optimizer.zero_grad()
        first.backward()
        optimizer.step()
        said = logits(twin, data, 'net1', 'net2')
        teacher = said['net1'].detach() if detach else said['net1']
        second = F.cross_entropy(said['net2'], labels) + kl2(teacher, said['net2'])
        optimizer.zero_grad()
        second.backward()
        optimizer.step()
        assert log['loss'].item() == pytest.approx((first + second).item(), rel=1e-9)
    torch.testing.assert_close(graph.nodes.state_dict(), twin.nodes.state_dict(), rtol=1e-9, atol=1e-9)
    assert graph.nodes['net1'].network.backbone.bn1.num_batches_tracked == 4  # once for each branch's turn


def kl2(said, taught):
    """KL(said || taught) at temperature 2, with a gradient to both."""
    said, taught = ((each / 2).log_softmax(1) for each in (said, taught))
    return 4 * (said.exp() * (said - taught)).sum(1).mean()


def test_accumulated_gradients_are_those_of_one_batch(toys):
    """In eval mode, where samples do not see one another: two halves are the whole."""
    edges = {
        'label->net1': toys.label(),
        'label->net2': toys.label(),
        'net1->net2': toys.kl(temperature=2.0, detach=False),
    }
    whole, halves = (tree(toys, edges, None).eval() for _ in range(2))
    data = toys.batch(6)
    whole.train_step(data, toys.sgd(whole, **OPTIMISER))
    wrapper = toys.sgd(halves, **OPTIMISER, accumulative_counts=2)
    wrapper.initialize_count_status(halves, 0, 2)
    for part in (slice(0, 3), slice(3, 6)):
        halves.train_step({name: value[part] for name, value in data.items()}, wrapper)
    torch.testing.assert_close(whole.state_dict(), halves.state_dict(), rtol=1e-9, atol=1e-9)
