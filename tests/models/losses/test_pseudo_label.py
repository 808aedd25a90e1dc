import math

import pytest
import torch

from ktg_mm.models.gates import ThresholdGate
from ktg_mm.models.losses import PseudoLabel
from ktg_mm.structures import NodeOutput, TransferContext


def compute(target, source, **arguments):
    loss = PseudoLabel(**arguments)
    return loss(NodeOutput(torch.tensor(target)), NodeOutput(torch.tensor(source)).detach(), None).tolist()


@pytest.mark.parametrize('threshold', [0, 0.5, 0.8, 1])
@pytest.mark.parametrize('sharpening', [None, 0.4, 1, 2.0])
def test_formula(threshold, sharpening, random, formulas):
    target, source = random.normal(size=(2, 20, 5)) * 2
    expected = []
    for row_t, row_s in zip(target, source, strict=True):
        p_t, p_s = formulas.softmax(row_t), formulas.softmax(row_s)
        if max(p_s) <= threshold:
            expected.append(0.0)
        elif sharpening is None:
            expected.append(-math.log(p_t[p_s.index(max(p_s))]))
        else:
            label = formulas.softmax(row_s, sharpening)
            expected.append(sum(-q * math.log(p) for q, p in zip(label, p_t, strict=True)))
    arguments = dict(threshold=threshold, sharpening=sharpening)
    assert compute(target, source, **arguments) == pytest.approx(expected, rel=1e-10)
    assert threshold in (0, 1) or 0 < expected.count(0.0) < 20


def test_all_samples_and_hard_labels_unless_told_otherwise(random):
    target, source = random.normal(size=(2, 6, 5))
    assert compute(target, source) == compute(target, source, threshold=0.0, sharpening=None)
    assert all(value > 0 for value in compute(target, source))


def test_a_nearly_sharp_label_is_the_predicted_class(random):
    target, source = random.normal(size=(2, 6, 5))
    assert compute(target, source, sharpening=1e-3) == pytest.approx(compute(target, source), rel=1e-6)


def test_its_threshold_is_the_gates(random):
    target, source = (NodeOutput(torch.tensor(logits)) for logits in random.normal(size=(2, 20, 5)) * 2)
    gated, _ = ThresholdGate(0.7)(PseudoLabel()(target, source, None), target, source, TransferContext(None))
    torch.testing.assert_close(PseudoLabel(threshold=0.7)(target, source, None), gated, rtol=0, atol=0)


def test_a_confidence_at_the_threshold_does_not_exceed_it():
    assert compute([[1.0, 0.0]], [[0.0, 0.0]], threshold=0.5) == [0.0]


def test_samples_that_are_left_out_give_no_gradient():
    target = torch.zeros(2, 2).requires_grad_()
    PseudoLabel(threshold=0.9)(
        NodeOutput(target), NodeOutput(torch.tensor([[9.0, 0.0], [0.1, 0.0]])), None
    ).sum().backward()
    assert target.grad[0].any() and not target.grad[1].any()


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(threshold=-0.1), 'threshold must be in [0, 1], got -0.1'),
        (dict(threshold=True), 'threshold must be in [0, 1], got True'),
        (dict(sharpening=0), 'sharpening must be above 0, got 0'),
        (dict(sharpening=math.nan), 'sharpening must be above 0, got nan'),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError) as caught:
        PseudoLabel(**arguments)
    assert str(caught.value) == message
