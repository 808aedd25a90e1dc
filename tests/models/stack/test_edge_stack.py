"""Edges that are computed as one give what each of them gives alone."""

import pytest
import torch

from ktg_mm.models.edges import TransferEdge
from ktg_mm.models.gates import CorrectGate, LinearGate, RampUpGate, SineGate, ThresholdGate, ThroughGate
from ktg_mm.models.losses import (
    DIST,
    DKD,
    CrossEntropy,
    KLDivergence,
    Negated,
    ProbabilityCosine,
    ProbabilityMSE,
    PseudoLabel,
    Reciprocal,
)
from ktg_mm.models.stack.edge_stack import EdgeStack, PlacedEdge
from ktg_mm.structures import LabelOutput, NodeOutput, TransferContext

NODE_LOSSES = {
    'temperatures': lambda i: [KLDivergence(1.0 + i)],
    'sharpened': lambda i: [KLDivergence(2.0, 0.3 + 0.2 * i)],
    'same': lambda i: [KLDivergence(3.0)],
    'two': lambda i: [KLDivergence(1.0 + i), ProbabilityMSE()],
    'cosine': lambda i: [ProbabilityCosine()],
    'pseudo': lambda i: [PseudoLabel(0.1 * i)],
    'standardised': lambda i: [KLDivergence(1.0 + i, standardize=True)],
    'decoupled': lambda i: [DKD(0.5 * i, 2.0 - 0.5 * i, 1.0 + i)],
    'correlation': lambda i: [DIST(0.5 * i, 2.0 - 0.5 * i, 1.0 + i)],
    'minus': lambda i: [Negated(dict(type='KLDivergence'), bound=0.5)],
    'one over': lambda i: [Reciprocal(dict(type='KLDivergence'), 0.1 + 0.1 * i, 1.0 + i)],
}
LABEL_LOSSES = {'plain': lambda i: [CrossEntropy()], 'smoothed': lambda i: [CrossEntropy(0.1)]}
GATES = {
    'through': lambda i: ThroughGate(),
    'linear': lambda i: LinearGate(),
    'correct': lambda i: CorrectGate(),
    'sine': lambda i: SineGate(0.2 + 0.1 * i, 0.5 * i),
    'threshold': lambda i: ThresholdGate(0.25 + 0.05 * i),
    'ramp_up': lambda i: RampUpGate(0.3 + 0.2 * i),
}
ROWS = [(0, 1, 3), (0, 4, 5), (1, 2, 0), (1, 1, 4)]  # of the graph, the target and the source
cases = [(name, loss, False) for name, loss in NODE_LOSSES.items()]
cases += [(name, loss, True) for name, loss in LABEL_LOSSES.items()]


@pytest.mark.parametrize('gate', GATES.values(), ids=GATES)
@pytest.mark.parametrize(('loss', 'of_label'), [case[1:] for case in cases], ids=[case[0] for case in cases])
def test_is_as_each_alone(loss, of_label, gate) -> None:
    for dtype in (torch.float64, torch.float32):
        assert_as_alone(loss, of_label, gate, dtype)


def assert_as_alone(loss, of_label, gate, dtype):
    key = 'label->b' if of_label else 'a->b'
    edges = [TransferEdge(key, loss(i), gate(i), weight=(1.0, 0.5, 2.0, 1.0)[i], samples='labeled') for i in range(4)]
    placed = [
        PlacedEdge(edge, *place[:2], None if of_label else place[2]) for edge, place in zip(edges, ROWS, strict=True)
    ]
    assert len({one.kind for one in placed}) == 1
    stack = EdgeStack(placed, torch.device('cpu'))
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(6, 8, 4, generator=generator, dtype=torch.float64).to(dtype).requires_grad_()
    labels = torch.randint(4, (8,), generator=generator)
    label = LabelOutput(labels, 4)
    for progress in (torch.tensor([0.2, 0.9], dtype=torch.float64), torch.tensor([0.5, 0.1], dtype=torch.float64)):
        losses, gates = stack(logits, label, labels, progress)
        assert losses.dtype == dtype
        alone = []
        for edge, (graph, target, source) in zip(edges, ROWS, strict=True):
            teacher = label if of_label else NodeOutput(logits[source])
            alone.append(edge(NodeOutput(logits[target]), teacher, TransferContext(labels, progress[graph])))
        tolerance = dict(rtol=0, atol=1e-13) if dtype == torch.float64 else dict(rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(losses, torch.stack([value.loss for value in alone]), **tolerance)
        expected = torch.tensor([float(value.gate_weight) for value in alone], dtype=gates.dtype)
        torch.testing.assert_close(gates, expected, **tolerance)
        ours, theirs = (
            torch.autograd.grad(total, logits, retain_graph=True)[0]
            for total in (losses.sum(), sum(value.loss for value in alone))
        )
        torch.testing.assert_close(ours, theirs, **tolerance)


def test_the_edges_stay_as_they_are() -> None:
    edges = [TransferEdge('a->b', [KLDivergence(1.0 + i)], ThroughGate()) for i in range(2)]
    stack = EdgeStack([PlacedEdge(edge, 0, i, 1 - i) for i, edge in enumerate(edges)], torch.device('cpu'))
    labels = torch.tensor([0, 1])
    stack(torch.rand(2, 2, 3), LabelOutput(labels, 3), labels, torch.ones(1))
    assert [edge.losses[0].temperature for edge in edges] == [1.0, 2.0]


def test_kinds() -> None:
    def kind(loss, gate, source=0, **arguments):
        return PlacedEdge(TransferEdge('a->b', [loss], gate, **arguments), 0, 1, source).kind

    kinds = [
        kind(KLDivergence(), ThroughGate()),
        kind(ProbabilityMSE(), ThroughGate()),
        kind(KLDivergence(), LinearGate()),
        kind(KLDivergence(), ThroughGate(), None),
        kind(KLDivergence(), ThroughGate(), detach=False),
        kind(CrossEntropy(0.1), ThroughGate(), None),
        kind(CrossEntropy(0.2), ThroughGate(), None),  # it asks whether there is smoothing
        kind(KLDivergence(), RampUpGate(shape='linear')),
        kind(KLDivergence(), RampUpGate(shape='sigmoid')),
    ]
    assert len(set(kinds)) == len(kinds)
    assert kind(KLDivergence(2.0, 0.4), ThroughGate(), weight=0.5) == kinds[0]
