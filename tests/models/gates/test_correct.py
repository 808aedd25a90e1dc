import math

import pytest
import torch

from ktg_mm.models.edges import TransferEdge
from ktg_mm.models.gates import CorrectGate, ThroughGate
from ktg_mm.models.losses import CrossEntropy, KLDivergence
from ktg_mm.structures import LabelOutput, NodeOutput, TransferContext


def argmax(row):
    best = 0
    for i, value in enumerate(row):
        if value > row[best]:
            best = i
    return best


def test_samples_that_the_source_gets_right_pass(random):
    source, target = random.normal(size=(2, 20, 4))
    labels = [argmax(row) if i % 3 else (argmax(row) + 1) % 4 for i, row in enumerate(source)]
    losses = random.uniform(0.1, 2, size=20)
    gated, weight = CorrectGate()(
        torch.tensor(losses),
        NodeOutput(torch.tensor(target)),
        NodeOutput(torch.tensor(source)),
        TransferContext(torch.tensor(labels)),
    )
    expected = [a if argmax(row) == y else 0.0 for a, row, y in zip(losses, source, labels, strict=True)]
    assert gated.tolist() == pytest.approx(expected, rel=1e-12)
    assert 0 < sum(value > 0 for value in expected) < 20
    assert weight.tolist() == [float(argmax(row) == y) for row, y in zip(source, labels, strict=True)]


def test_the_mean_divides_by_the_whole_batch(random, formulas):
    source, target = random.normal(size=(2, 10, 4))
    labels = [argmax(row) if i < 3 else (argmax(row) + 1) % 4 for i, row in enumerate(source)]
    edge = TransferEdge('a->b', [KLDivergence()], CorrectGate())
    value = edge(
        NodeOutput(torch.tensor(target)), NodeOutput(torch.tensor(source)), TransferContext(torch.tensor(labels))
    )
    total = 0.0
    for i in range(3):
        p_s, p_t = formulas.softmax(source[i]), formulas.softmax(target[i])
        total += sum(s * math.log(s / t) for s, t in zip(p_s, p_t, strict=True))
    assert float(value.loss) == pytest.approx(total / 10, rel=1e-12)
    assert float(value.gate_weight) == pytest.approx(0.3)


def test_a_source_that_is_never_right_gives_zero():
    source = NodeOutput(torch.eye(3, dtype=torch.float64))
    target = NodeOutput(torch.rand(3, 3, dtype=torch.float64).requires_grad_())
    edge = TransferEdge('a->b', [KLDivergence()], CorrectGate())
    value = edge(target, source, TransferContext(torch.tensor([1, 2, 0])))
    value.loss.backward()
    assert value.loss == 0 and not target.logits.grad.any()


def test_equals_through_on_a_label_edge(random):
    logits, labels = torch.tensor(random.normal(size=(6, 4))), torch.tensor([0, 1, 2, 3, 0, 1])
    ends = NodeOutput(logits), LabelOutput(labels, 4), TransferContext(labels)
    correct, through = (
        TransferEdge('label->a', [CrossEntropy()], gate)(*ends) for gate in (CorrectGate(), ThroughGate())
    )
    assert correct.loss == through.loss and correct.gate_weight == 1
