import copy

import pytest
import torch
import torch.nn.functional as F
from mmengine.optim import OptimWrapper
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from ktg_mm.engine.optimizers import AutocastOptimWrapper


def dml(toys, **arguments):
    """Deep mutual learning of two nodes."""
    return toys.build(
        dict(net1=toys.node(), net2=toys.node()),
        {
            'label->net1': toys.label(),
            'label->net2': toys.label(),
            'net2->net1': toys.kl(),
            'net1->net2': toys.kl(),
        },
        **arguments,
    )


def everything(toys, **arguments):
    """Distillation from a frozen teacher, mutual learning, Correct gates, attention, an ensemble, a moving average."""
    return toys.build(
        {name: toys.node('abn', allow_random=True) for name in ('net1', 'net2', 'teacher', 'mean')}
        | dict(vote=dict(type='EnsembleNode', members=['net1', 'net2'])),
        {
            'label->net1': toys.label(dict(type='CorrectGate')),
            'label->net2': toys.label(dict(type='LinearGate')),
            'teacher->net1': toys.kl(temperature=4.0),
            'net2->net1': dict(
                loss=[dict(type='KLDivergence'), dict(type='AttentionMSE')], gate=dict(type='CorrectGate')
            ),
            'net1->net2': dict(
                loss=[dict(type='ProbabilityCosine'), dict(type='AttentionCosine')],
                gate=dict(type='SineGate', frequency=0.5, phase=1.0),
            ),
            'vote->net2': toys.kl(dict(type='NegativeLinearGate')),
            'mean->net1': toys.kl(),
            'net1->mean': dict(type='EMAEdge', decay=0.9),
        },
        **arguments,
    )


def reference_step(networks, optimizers, images, labels):
    """A step of both networks on the outputs from before either changed."""
    logits = [network(images, mode='tensor') for network in networks]
    losses = []
    for own, other in ((0, 1), (1, 0)):
        divergence = F.kl_div(logits[own].log_softmax(1), logits[other].detach().softmax(1), reduction='batchmean')
        losses.append(F.cross_entropy(logits[own], labels) + divergence)
    for loss in losses:
        loss.backward()
    for optimizer in optimizers:
        optimizer.step()
        optimizer.zero_grad()
    return sum(losses)


def test_equals_steps_written_directly(toys):
    graph = dml(toys)
    networks = [copy.deepcopy(node.network) for node in graph.nodes.values()]
    arguments = dict(lr=0.1, momentum=0.9, weight_decay=1e-2)
    optimizers = [torch.optim.SGD(network.parameters(), **arguments) for network in networks]
    wrapper = toys.sgd(graph, **arguments)
    for seed in range(3):
        data = toys.batch(seed=seed)
        log = graph.train_step(data, wrapper)
        loss = reference_step(networks, optimizers, data['inputs'], toys.labels_of(data))
        torch.testing.assert_close(log['loss'], loss.detach(), rtol=1e-9, atol=1e-9)
    for node, network in zip(graph.nodes.values(), networks, strict=True):
        torch.testing.assert_close(node.network.state_dict(), network.state_dict(), rtol=1e-9, atol=1e-9)


def test_log(toys):
    graph = everything(toys)
    graph.progress = 0.25
    log = graph.train_step(toys.batch(), toys.sgd(graph))
    edges = [key for key in log if key.startswith('edge/')]
    assert [key.removeprefix('edge/') for key in edges] == list(graph.edges)
    assert log['loss'].item() == pytest.approx(sum(log[key].item() for key in edges))
    assert not any(isinstance(value, torch.Tensor) and value.requires_grad for value in log.values())
    assert log['gate/label->net2'] == 0.25 and log['gate/vote->net2'] == 0.75
    assert log['gate/label->net1'] == 1 and 0 <= log['gate/net2->net1'] <= 1
    assert [key for key in log if 'loss' in key] == ['loss']  # mmengine adds up every key that has this word


def test_accumulated_gradients_equal_those_of_one_batch(toys):
    """Without batch norm, two halves with accumulation are one batch."""
    data = toys.batch(8, side=32)
    halves = [
        dict(inputs=data['inputs'][part], data_samples=data['data_samples'][part]) for part in (slice(4), slice(4, 8))
    ]
    states = []
    for batches, counts in (([data], 1), (halves, 2)):
        graph = toys.build(
            dict(net1=toys.node('lenet'), net2=toys.node('lenet')),
            {'label->net1': toys.label(), 'label->net2': toys.label(), 'net2->net1': toys.kl(dict(type='CorrectGate'))},
        )
        wrapper = toys.sgd(graph, accumulative_counts=counts)
        for batch in batches:
            graph.train_step(batch, wrapper)
        states.append(graph.state_dict())
    torch.testing.assert_close(*states, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize('progress', [0.01, 1.0])
def test_mixed_precision(progress, toys):
    graph = everything(toys, double=False)
    graph.progress = progress
    optimizer = torch.optim.SGD([p for _, group in graph.parameter_groups() for p in group], lr=0.01)
    exact = copy.deepcopy(graph)(**toys.batch(double=False), mode='loss')
    log = graph.train_step(toys.batch(double=False), AutocastOptimWrapper(optimizer=optimizer))
    for key, value in exact.items():
        assert log[f'edge/{key}'].item() == pytest.approx(value.loss.item(), rel=0.2, abs=0.05)
    assert all(p.isfinite().all() for p in graph.parameters())


class Syncs(TorchDispatchMode):
    """Collects the operators that would make the host wait for a device."""

    WAITING = 'aten::_local_scalar_dense', 'aten::nonzero', 'aten::is_nonzero', 'aten::equal', 'aten::masked_select'

    def __init__(self):
        super().__init__()
        self.found = []
        self.count = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.count += 1
        masks = [t for t in tree_leaves(args) if isinstance(t, torch.Tensor) and t.dtype in (torch.bool, torch.uint8)]
        if function.name() in self.WAITING or ('aten::index' in function.name() and masks):
            self.found.append(function.name())
        return function(*args, **(kwargs or {}))


def test_the_collector_of_syncs_works():
    mask = torch.tensor([True, False])
    for act in (
        lambda: torch.ones(1).item(),
        lambda: bool(mask[0]),
        lambda: mask.nonzero(),
        lambda: torch.ones(2)[mask],
    ):
        with Syncs() as syncs:
            act()
        assert syncs.found


@pytest.mark.parametrize('progress', [0.3, 1.0])
def test_a_step_does_not_make_the_host_wait(progress, toys):
    graph = everything(toys, double=False)
    graph.progress = progress
    wrapper, data = toys.sgd(graph), toys.batch(double=False)
    graph.train_step(data, wrapper)
    with Syncs() as syncs:
        log = graph.train_step(data, wrapper)
    assert syncs.count > 500 and syncs.found == []
    assert log['loss'].isfinite()


def test_any_optimiser(toys):
    graph = dml(toys)
    optimizer = torch.optim.AdamW([p for _, group in graph.parameter_groups() for p in group], lr=0.01)
    before = toys.state(graph)
    log = graph.train_step(toys.batch(), OptimWrapper(optimizer, clip_grad=dict(max_norm=1.0)))
    assert log['loss'].isfinite()
    assert not any(
        torch.equal(p, before[name]) for name, p in graph.named_parameters() if name.endswith('conv1.weight')
    )
