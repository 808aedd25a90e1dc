import copy

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from ktg_mm.errors import ConfigError
from ktg_mm.models.distribution_alignment import DistributionAlignment
from ktg_mm.models.edges import EMAEdge, TransferEdge
from ktg_mm.models.gates import (
    CorrectGate,
    LinearGate,
    RelativeThresholdGate,
    StabilityGate,
    ThresholdGate,
    ThroughGate,
)
from ktg_mm.models.losses import AttentionMSE, CrossEntropy, KLDivergence, ProbabilityCosine, PseudoLabel
from ktg_mm.structures import NodeOutput, TransferContext

LABELS = torch.tensor([0, 1, 2, 0])


def outputs():
    generator = torch.Generator().manual_seed(0)
    return [
        NodeOutput(
            torch.randn(4, 3, generator=generator, dtype=torch.float64).requires_grad_(),
            torch.rand(4, 7, 7, generator=generator, dtype=torch.float64).requires_grad_(),
        )
        for _ in range(2)
    ]


class Operations(TorchDispatchMode):
    """The names of those that are done."""

    def __init__(self):
        super().__init__()
        self.names = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.names.append(str(func).split('.')[1])
        return func(*args, **(kwargs or {}))


def operations(*edge):
    target, source = outputs()
    with Operations() as done:
        TransferEdge('a->b', *edge)(target, source, TransferContext(LABELS, 0.25)).loss.backward()
    return done.names


def test_nothing_is_multiplied_by_one():
    plain = operations([KLDivergence()], ThroughGate())
    assert plain.count('mul') == 2 and plain.count('add') == 0  # the sum over classes, and its gradient
    assert operations([KLDivergence()], ThroughGate(), 2.0).count('mul') == 4
    assert operations([KLDivergence(temperature=2.0)], ThroughGate()).count('mul') == 4


def test_sum_of_the_losses_through_one_gate():
    target, source = outputs()
    context = TransferContext(LABELS, 0.25)
    losses = [KLDivergence(), ProbabilityCosine(), AttentionMSE()]
    value = TransferEdge('a->b', losses, CorrectGate(), weight=3.0)(target, source, context)
    expected = 0.0
    for loss in losses:
        for i, y in enumerate(LABELS):
            if source.logits[i].argmax() == y:
                expected += 3.0 * loss(target, source.detach(), context)[i].item() / 4
    assert value.loss.item() == pytest.approx(expected, rel=1e-12) and expected > 0
    assert float(value.gate_weight) == float((source.logits.argmax(1) == LABELS).double().mean())


@pytest.mark.parametrize('weight', [-2.0, 0, 0.5])
def test_weight_scales_loss_and_gradient_but_not_the_logged_gate(weight):
    gradients, values = [], []
    for factor in (1.0, weight):
        target, source = outputs()
        value = TransferEdge('a->b', [KLDivergence()], LinearGate(), factor)(
            target, source, TransferContext(LABELS, 0.25)
        )
        value.loss.backward()
        gradients.append(target.logits.grad)
        values.append(value.loss.item())
        assert value.gate_weight == 0.25
    torch.testing.assert_close(gradients[1], weight * gradients[0])
    assert values[1] == pytest.approx(weight * values[0])


def test_gradients_end_at_the_source():
    target, source = outputs()
    edge = TransferEdge('a->b', [KLDivergence(), AttentionMSE()], ThroughGate())
    edge(target, source, TransferContext(LABELS)).loss.backward()
    assert target.logits.grad.any() and target.attention.grad.any()
    assert source.logits.grad is None and source.attention.grad is None


def test_a_loss_that_cannot_compare_names_the_edge():
    target = NodeOutput(torch.zeros(2, 3), torch.rand(2, 4, 4))
    source = NodeOutput(torch.zeros(2, 3), torch.rand(2, 7, 7))
    with pytest.raises(ConfigError) as caught:
        TransferEdge('a->b:x', [AttentionMSE()], ThroughGate())(target, source, TransferContext(LABELS[:2]))
    message = "model.edges['a->b:x'].loss: the target's attention map is 4 x 4, the source's 7 x 7; both must have"
    assert str(caught.value).startswith(message) and '\n' not in str(caught.value)


def test_alignment_comes_before_losses_and_gate():
    target, source = outputs()
    align, context = DistributionAlignment(), TransferContext(None)
    edge = TransferEdge('a->b', [PseudoLabel()], ThresholdGate(0.4), align=align)
    edge.set_num_classes(3)
    edge.double()
    value = edge(target, source, context)
    p = source.probabilities().detach()
    aligned = p / p.mean(0)
    aligned = aligned / aligned.sum(1, keepdim=True)
    passes = aligned.amax(1) > 0.4
    losses = -target.log_probabilities().gather(1, aligned.argmax(1, keepdim=True)).squeeze(1)
    torch.testing.assert_close(value.loss, (losses * passes).sum() / 4)
    assert 0 < int(passes.sum())
    assert not torch.equal(aligned.argmax(1), p.argmax(1)) or not torch.equal(passes, p.amax(1) > 0.4)


class Asked:
    """Notes what an edge asks a forward pass for."""

    def __init__(self, edge):
        self.asked = []
        edge.ask(self)

    def ask(self, name, view, samples, learns=False):
        self.asked.append((name, view, samples, learns))


def test_what_an_edge_asks_for():
    views = dict(source='weak', target='strong')
    edge = TransferEdge('a->b', [KLDivergence()], ThroughGate(), views=views, samples='unlabeled')
    both = [('b', 'strong', 'unlabeled', True), ('a', 'weak', 'unlabeled', False)]
    assert Asked(edge).asked == both
    edge.gate = RelativeThresholdGate()
    assert Asked(edge).asked == [*both, ('a', 'weak', 'labeled', False)]
    edge.gate = StabilityGate(threshold=0.5, other_view='weak2')
    assert Asked(edge).asked == [*both, ('a', 'weak2', 'unlabeled', False), ('b', 'weak2', 'unlabeled', False)]
    edge.gate, edge.align = ThroughGate(), DistributionAlignment(target='labeled')
    assert Asked(edge).asked == [*both, ('a', 'weak', 'labeled', False)]
    label = TransferEdge('label->b', [CrossEntropy()], ThroughGate(), samples='labeled')
    assert Asked(label).asked == [('b', None, 'labeled', True)]


def networks():
    torch.manual_seed(0)
    return [nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4)).double() for _ in range(2)]


def drift(network):
    """Changes all weights, running statistics and counters as training does."""
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn_like(parameter))
    network(torch.randn(8, 3, dtype=torch.float64))


@pytest.mark.parametrize('decay', [0, 0.5, 0.999])
def test_average_equals_the_formula(decay):
    source, target = networks()
    edge = EMAEdge('a->b', source, target, decay=decay)
    edge.copy()
    expected = {name: value.clone() for name, value in source.state_dict().items()}
    for _ in range(5):
        drift(source)
        edge.step()
        for name, value in source.state_dict().items():
            counts = name.endswith('num_batches_tracked')
            expected[name] = value.clone() if counts else decay * expected[name] + (1 - decay) * value
    assert target.state_dict()['1.num_batches_tracked'] == 5
    for name, value in target.state_dict().items():
        torch.testing.assert_close(value, expected[name], rtol=1e-12, atol=1e-12)
    assert len(expected) == 7 and expected['1.running_mean'].any()


def test_weights_of_two_names_move_once():
    source, target = (nn.ModuleDict(dict(words=nn.Embedding(4, 3), said=nn.Linear(3, 4))) for _ in range(2))
    for network in (source, target):
        network['said'].weight = network['words'].weight
    edge = EMAEdge('a->b', source, target, decay=0.5)
    edge.copy()
    before = copy.deepcopy(target.state_dict())
    with torch.no_grad():
        for parameter in source.parameters():
            parameter.add_(1)
    edge.step()
    with pytest.raises(ConfigError, match='needs the same network at both ends'):
        EMAEdge('a->b', nn.ModuleDict(dict(words=nn.Embedding(4, 3), said=nn.Linear(3, 4))), target)
    assert target['said'].weight is target['words'].weight
    for name, value in target.state_dict().items():
        torch.testing.assert_close(value, (before[name] + source.state_dict()[name]) / 2)


def test_average_leaves_the_source_alone_and_shares_nothing():
    source, target = networks()
    edge = EMAEdge('a->b', source, target, decay=0.5)
    edge.copy()
    drift(source)
    before = copy.deepcopy(source.state_dict())
    edge.step()
    assert all(torch.equal(value, before[name]) for name, value in source.state_dict().items())
    pointers = [{p.data_ptr() for p in network.parameters()} for network in (source, target)]
    assert not pointers[0] & pointers[1]


def test_average_of_another_network():
    with pytest.raises(ConfigError) as caught:
        EMAEdge('a->b', nn.Linear(2, 3), nn.Linear(2, 4))
    assert str(caught.value) == "model.edges['a->b']: the moving average needs the same network at both ends"


@pytest.mark.parametrize('decay', [-0.1, 1, 1.5])
def test_decay_out_of_range(decay):
    with pytest.raises(ConfigError) as caught:
        EMAEdge('a->b', *networks(), decay=decay)
    assert str(caught.value) == f"model.edges['a->b'].decay: must be in [0, 1), got {decay}"
