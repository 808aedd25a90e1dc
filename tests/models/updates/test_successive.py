"""Several optimisers on one forward pass, against steps written directly: all gradients, then each optimiser's step."""

import copy

import pytest
import torch
import torch.nn.functional as F

from ktg_mm.engine.optimizers import NodeOptimWrapperConstructor
from ktg_mm.errors import ConfigError
from ktg_mm.models.updates import SuccessiveUpdate

SGD = dict(lr=0.1, momentum=0.9, weight_decay=0.05)
ADAM = dict(lr=0.01, weight_decay=0.1, betas=(0.8, 0.95), eps=1e-6)
LOGITS = ['label->net1', 'label->net2', 'net2->net1', 'net1->net2']
FEATURES = ['net2->net1:features', 'net1->net2:features']
TWO = dict(logits='*', features='*:features')
THREE = dict(label='label->*', logits='net?->net?', features='*:features')


def update_of(phases):
    return dict(type='SuccessiveUpdate', phases=[dict(name=name, edges=edges) for name, edges in phases.items()])


@pytest.fixture(autouse=True)
def scope(mmpretrain_scope):
    return mmpretrain_scope


def make(toys, phases, **arguments):
    """Two networks that learn from the label, one another's logits and one another's maps."""
    edges = {f'label->net{i}': toys.label() for i in (1, 2)}
    for end in ('net2->net1', 'net1->net2'):
        edges |= {end: toys.kl(temperature=2.0), f'{end}:features': dict(loss=dict(type='FeatureL1'), weight=0.5)}
    nodes = dict(net1=toys.node(), net2=toys.node())
    return toys.build(nodes, edges, update=update_of(phases), **arguments)


def wrapper_of(graph, common=None, **phases):
    return NodeOptimWrapperConstructor(dict(common or {}, **phases))(graph)


def sgd(**options):
    return dict(optimizer=dict(type='SGD', **options))


def adam(**options):
    return dict(optimizer=dict(type='Adam', **options))


# The same, written directly.


def sgd_step(weight, gradient, state, lr, momentum=0.0, weight_decay=0.0):
    """v <- m v + g + wd w, of which the first is g + wd w; w <- w - lr v."""
    gradient = gradient + weight_decay * weight
    state['v'] = momentum * state['v'] + gradient if state else gradient
    return weight - lr * state['v']


def adam_step(weight, gradient, state, lr, betas, eps, weight_decay):
    gradient = gradient + weight_decay * weight
    state['k'] = state.get('k', 0) + 1
    for name, beta, value in (('m', betas[0], gradient), ('s', betas[1], gradient**2)):
        state[name] = beta * state.get(name, 0.0) + (1 - beta) * value
    mean, square = (state[name] / (1 - beta ** state['k']) for name, beta in zip('ms', betas, strict=True))
    return weight - lr * mean / (square.sqrt() + eps)


def losses_of(networks, data, labels, dtype=None):
    """The value of each edge, with gradients into the network that the edge ends in alone.

    Args:
        networks: By name.
        data: A batch.
        labels: Its labels.
        dtype: Of the forward pass's products, if others than the weights'.
    """
    with torch.autocast('cpu', dtype, enabled=dtype is not None):
        maps = {name: network.backbone(data['inputs'])[-1] for name, network in networks.items()}
        logits = {name: networks[name].head.fc(networks[name].neck(map_)) for name, map_ in maps.items()}
    if dtype is not None:
        maps, logits = ({name: value.float() for name, value in each.items()} for each in (maps, logits))
    losses = {}
    for name, other in (('net1', 'net2'), ('net2', 'net1')):
        losses[f'label->{name}'] = F.cross_entropy(logits[name], labels)
        told, taught = ((logits[end] / 2).log_softmax(1) for end in (other, name))
        told = told.detach()
        losses[f'{other}->{name}'] = 4 * (told.exp() * (told - taught)).sum(1).mean()
        losses[f'{other}->{name}:features'] = 0.5 * (maps[name] - maps[other].detach()).abs().mean()
    return losses


class Direct:
    """Two networks and an optimiser for each phase.

    Args:
        graph: Whose networks to begin with.
        phases: For each its edges, the function of its optimiser, and that one's options; in the order of the steps.
        max_norm: Of each phase's gradient, if it is clipped.
        dtype: Of the forward pass's products.
    """

    def __init__(self, graph, phases, max_norm=None, dtype=None):
        self.dtype = dtype
        self.networks = {name: copy.deepcopy(graph.nodes[name].network) for name in ('net1', 'net2')}
        self.phases, self.max_norm = phases, max_norm or {}
        self.states = {phase: {} for phase in phases}

    @property
    def parameters(self):
        return [parameter for network in self.networks.values() for parameter in network.parameters()]

    def train(self, batches, toys):
        """A step on the mean of the batches' losses; returns the edges' values on the last of them."""
        gradients = {phase: [None] * len(self.parameters) for phase in self.phases}
        for data in batches:
            losses = losses_of(self.networks, data, toys.labels_of(data), self.dtype)
            for phase, (keys, *_) in self.phases.items():
                loss = sum(losses[key] for key in keys) / len(batches)
                found = torch.autograd.grad(loss, self.parameters, retain_graph=True, allow_unused=True)
                for i, gradient in enumerate(found):
                    if gradient is not None:
                        before = gradients[phase][i]
                        gradients[phase][i] = gradient if before is None else before + gradient
        with torch.no_grad():
            for phase, (_, step, options) in self.phases.items():
                scale = 1.0
                if phase in self.max_norm:
                    norm = sum((g**2).sum() for g in gradients[phase] if g is not None).sqrt()
                    scale = min(1.0, self.max_norm[phase] / (norm.item() + 1e-6))
                for i, (weight, gradient) in enumerate(zip(self.parameters, gradients[phase], strict=True)):
                    if gradient is not None:
                        state = self.states[phase].setdefault(i, {})
                        weight.copy_(step(weight, gradient * scale, state, **options))
        return losses

    def check(self, graph):
        for name, network in self.networks.items():
            found = graph.nodes[name].network.state_dict()
            torch.testing.assert_close(found, network.state_dict(), rtol=1e-9, atol=1e-12)


SETTINGS = {
    'logits first': (TWO, dict(logits=(LOGITS, sgd_step, SGD), features=(FEATURES, adam_step, ADAM))),
    'features first': (
        dict(features=FEATURES, logits=LOGITS),
        dict(features=(FEATURES, adam_step, ADAM), logits=(LOGITS, sgd_step, SGD)),
    ),
    'three phases': (
        THREE,
        dict(
            label=(LOGITS[:2], sgd_step, SGD),
            logits=(LOGITS[2:], sgd_step, dict(SGD, momentum=0.5, weight_decay=0.2)),
            features=(FEATURES, adam_step, ADAM),
        ),
    ),
    'one phase': (dict(all='*'), dict(all=(LOGITS + FEATURES, sgd_step, SGD))),
}


def configs(phases):
    """The optimisers of a setting, in the config's words."""
    return {
        phase: sgd(**options) if step is sgd_step else adam(**options) for phase, (_, step, options) in phases.items()
    }


@pytest.mark.parametrize('setting', SETTINGS)
def test_steps(toys, setting):
    patterns, phases = SETTINGS[setting]
    graph = make(toys, patterns)
    direct, wrapper = Direct(graph, phases), wrapper_of(graph, **configs(phases))
    for seed in range(4):
        data = toys.batch(seed=seed)
        expected = direct.train([data], toys)
        log = graph.train_step(data, wrapper)
        assert {key for key in log if key.startswith('edge/')} == {f'edge/{key}' for key in expected}
        for key, value in expected.items():
            torch.testing.assert_close(log[f'edge/{key}'], value.detach(), rtol=1e-9, atol=0)
        torch.testing.assert_close(log['loss'], sum(expected.values()).detach(), rtol=1e-9, atol=0)
    direct.check(graph)
    for network in direct.networks.values():  # one forward pass a step
        assert network.backbone.bn1.num_batches_tracked == 4


def test_the_order_of_the_steps_matters(toys):
    """Because a weight decay sees what the steps before it have left."""
    found = []
    for setting in ('logits first', 'features first'):
        patterns, phases = SETTINGS[setting]
        graph = make(toys, patterns)
        graph.train_step(toys.batch(), wrapper_of(graph, **configs(phases)))
        found.append(graph.nodes['net1'].network.backbone.conv1.weight)
    assert not torch.allclose(*found, rtol=1e-6)


def test_accumulated_gradients_and_the_remainder(toys):
    patterns, phases = SETTINGS['logits first']
    graph = make(toys, patterns)
    direct = Direct(graph, phases)
    wrapper = wrapper_of(graph, dict(accumulative_counts=2), **configs(phases))
    wrapper.initialize_count_status(graph, 0, 5)
    batches = [toys.batch(seed=seed) for seed in range(5)]
    for together in (batches[:2], batches[2:4], batches[4:]):
        direct.train(together, toys)
        for data in together[:-1]:
            before = [parameter.detach().clone() for parameter in graph.parameters()]
            graph.train_step(data, wrapper)
            assert all(map(torch.equal, before, graph.parameters()))
        graph.train_step(together[-1], wrapper)
        direct.check(graph)
        assert not toys.gradients(graph)


def test_an_average_follows_the_steps(toys):
    nodes = dict(net1=toys.node(), net2=toys.node(), mean=toys.node())
    edges = {
        'label->net1': toys.label(),
        'label->net2:features': toys.label(),
        'net1->mean': dict(type='EMAEdge', decay=0.5),
    }
    graph = toys.build(nodes, edges, update=update_of(TWO))
    wrapper = wrapper_of(graph, dict(accumulative_counts=2), logits=sgd(**SGD), features=adam(**ADAM))
    weight, mean = (graph.nodes[name].network.head.fc.weight for name in ('net1', 'mean'))
    first = weight.detach().clone()
    for seed in range(2):
        assert torch.equal(mean, first)
        graph.train_step(toys.batch(seed=seed), wrapper)
    torch.testing.assert_close(mean, (first + weight.detach()) / 2, rtol=1e-12, atol=0)
    assert not torch.equal(weight, first)


def test_each_phases_gradient_is_clipped_on_its_own(toys):
    patterns, phases = SETTINGS['logits first']
    graph = make(toys, patterns)
    limits = dict(logits=0.3, features=0.01)
    clipped = {
        phase: dict(cfg, clip_grad=dict(max_norm=limits[phase], norm_type=2)) for phase, cfg in configs(phases).items()
    }
    direct, plain = Direct(graph, phases, limits), Direct(graph, phases)
    wrapper = wrapper_of(graph, **clipped)
    for seed in range(3):
        data = toys.batch(seed=seed)
        for one in (direct, plain):
            one.train([data], toys)
        graph.train_step(data, wrapper)
    direct.check(graph)
    with pytest.raises(AssertionError):
        plain.check(graph)


def test_mixed_precision(toys):
    """The forward pass in bfloat16, both backward passes of it; the losses and the weights in float32."""
    phases = dict(logits=(LOGITS, sgd_step, SGD), features=(FEATURES, sgd_step, SGD))
    graph = make(toys, TWO, double=False)
    direct, exact = (Direct(graph, phases, dtype=dtype) for dtype in (torch.bfloat16, None))
    wrapper = wrapper_of(graph, dict(type='AutocastOptimWrapper'), **configs(phases))
    data = toys.batch(double=False)
    log = graph.train_step(data, wrapper)
    losses, others = direct.train([data], toys), exact.train([data], toys)
    for key in LOGITS + FEATURES:
        torch.testing.assert_close(log[f'edge/{key}'], losses[key].detach(), rtol=1e-6, atol=0)
        assert not torch.allclose(losses[key], others[key], rtol=1e-5)
    found, wanted, full = (
        torch.cat([parameter.detach().flatten() for parameter in each])
        for each in (graph.nodes.parameters(), direct.parameters, exact.parameters)
    )
    assert found.dtype == torch.float32
    # A last bit of a loss may round products of its backward pass the other way.
    assert (found - wanted).norm() < (full - wanted).norm() / 10


def test_what_a_phase_does_not_reach(toys):
    """Its optimiser keeps its momentum, and does not decay it, whatever the other phase does with it."""
    graph = make(toys, TWO)
    wrapper = wrapper_of(graph, logits=sgd(lr=0.0), features=sgd(lr=0.1, momentum=0.9, weight_decay=0.5))
    head, first = (graph.nodes['net1'].network.head.fc.weight, graph.nodes['net1'].network.backbone.conv1.weight)
    before = [weight.detach().clone() for weight in (head, first)]
    graph.train_step(toys.batch(), wrapper)
    state = wrapper['features'].optimizer.state
    assert torch.equal(head, before[0]) and head not in state
    assert not torch.equal(first, before[1]) and state[first]['momentum_buffer'].any()
    (group, _) = wrapper['features'].optimizer.param_groups
    assert any(weight is head for weight in group['params'])  # it is of the phase's node
    state[head]['momentum_buffer'] = momentum = torch.ones_like(head)
    graph.train_step(toys.batch(seed=1), wrapper)
    assert torch.equal(head, before[0]) and (momentum == 1).all()


def test_nothing_is_left_behind(toys):
    graph = make(toys, TWO)
    for weight in graph.parameters():
        weight.grad = torch.full_like(weight, 1e6)  # of whatever came before
    twin = make(toys, TWO)
    for each in (graph, twin):
        each.train_step(toys.batch(), wrapper_of(each, logits=sgd(**SGD), features=adam(**ADAM)))
    torch.testing.assert_close(graph.state_dict(), twin.state_dict(), rtol=0, atol=0)
    assert not toys.gradients(graph)


def test_edges_and_phases_belong_together(toys):
    assert make(toys, TWO).update.edges == dict(logits=LOGITS, features=FEATURES)
    with pytest.raises(ConfigError, match=r"^model\.update\.phases: no phase matches the edge 'label->net1'; let the "):
        make(toys, dict(features='*:features'))
    with pytest.raises(
        ConfigError,
        match=r'^model\.update\.phases\.hints: no edge that teaches is of it, of label->net1, .*; remove it, with its ',
    ):
        make(toys, dict(logits='*', features='*:features', hints='*:hint'))
    with pytest.raises(ConfigError, match=r'^model\.update\.phases\.logits: no edge that teaches is of it'):
        make(toys, dict(logits='*', all='*'))
    with pytest.raises(ConfigError, match=r'^model\.update\.phases: must be a list'):
        make(toys, {})
    with pytest.raises(ValueError, match=r'^phases must be a list'):
        SuccessiveUpdate('*')


def test_an_average_and_a_closed_edge_are_of_no_phase(toys):
    nodes = dict(net1=toys.node(), net2=toys.node(), mean=toys.node())
    edges = {
        'label->net1': toys.label(),
        'label->net2': toys.label(),
        'net1->net2:features': toys.kl(dict(type='CutoffGate')),
        'net1->mean': dict(type='EMAEdge', decay=0.5),
    }
    graph = toys.build(nodes, edges, update=update_of(dict(logits='label->*')))
    assert graph.update.edges == dict(logits=['label->net1', 'label->net2'])
    with pytest.raises(ConfigError, match=r'^model\.update\.phases\.features: no edge that teaches is of it'):
        toys.build(nodes, edges, update=update_of(TWO))


def test_a_phase_that_ends_in_a_frozen_part(toys):
    node = toys.node(attention_layer='backbone.layer1')
    node['network']['backbone']['frozen_stages'] = 1
    nodes = dict(net1=node, net2=toys.node(allow_random=True, attention_layer='backbone.layer1'))
    edges = {'label->net1': toys.label(), 'net2->net1:hint': dict(loss=dict(type='AttentionMSE', sizes=[3]))}
    phases = dict(label='label->*', hint='*:hint')
    graph = toys.build(nodes, edges, update=update_of(phases))
    with pytest.raises(
        ConfigError, match=r'^model\.update\.phases\.hint: nothing learns from its edges, which end in '
    ):
        graph.train_step(toys.batch(), wrapper_of(graph, label=sgd(**SGD), hint=sgd(**SGD)))
