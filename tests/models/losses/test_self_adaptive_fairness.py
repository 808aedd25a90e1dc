import math

import pytest
import torch

from ktg_mm.models.gates import FreeMatchGate
from ktg_mm.models.losses import SelfAdaptiveFairness
from ktg_mm.structures import NodeOutput, TransferContext

CLASSES, SIZE = 4, 12


def make(double=True, **arguments):
    loss = SelfAdaptiveFairness(**arguments)
    loss.set_num_classes(CLASSES)
    return loss.double() if double else loss


def normalized_ratio(probability, histogram):
    ratio = [p / h if h else 0.0 for p, h in zip(probability, histogram, strict=True)]
    return [r / sum(ratio) for r in ratio]


@pytest.mark.parametrize('momentum', [0.0, 0.6, 0.999])
def test_formula_over_several_batches(momentum, random, formulas):
    loss = make(momentum=momentum)
    overall, of_class, histogram, numbers = 1 / CLASSES, [1 / CLASSES] * CLASSES, [1 / CLASSES] * CLASSES, []
    for _ in range(6):
        target, source = random.normal([1, 0, 0, -1], 1, size=(2, SIZE, CLASSES))
        p_t, p_s = ([formulas.softmax(row) for row in logits] for logits in (target, source))
        predicted = [row.index(max(row)) for row in p_s]
        overall = momentum * overall + (1 - momentum) * sum(map(max, p_s)) / SIZE
        for c in range(CLASSES):
            of_class[c] = momentum * of_class[c] + (1 - momentum) * sum(row[c] for row in p_s) / SIZE
            histogram[c] = momentum * histogram[c] + (1 - momentum) * predicted.count(c) / SIZE
        passed = [p_t[i] for i in range(SIZE) if max(p_s[i]) >= overall * of_class[predicted[i]] / max(of_class)]
        numbers.append(len(passed))
        mean = [sum(row[c] for row in passed) / len(passed) for c in range(CLASSES)]
        classes = [row.index(max(row)) for row in passed]
        shares = [classes.count(c) / len(passed) for c in range(CLASSES)]
        goal, reached = normalized_ratio(of_class, histogram), normalized_ratio(mean, shares)
        expected = sum(g * math.log(r + 1e-12) for g, r in zip(goal, reached, strict=True))
        value = loss(NodeOutput(torch.tensor(target)), NodeOutput(torch.tensor(source)), TransferContext(None))
        assert value.tolist() == pytest.approx([expected] * SIZE, rel=1e-9)
        assert loss.threshold.histogram.tolist() == pytest.approx(histogram, rel=1e-12)
    assert momentum == 0.999 or min(numbers) < SIZE


def outputs(random, scale=1.0):
    return [NodeOutput(torch.tensor(logits)) for logits in random.normal(size=(2, SIZE, CLASSES)) * scale]


def test_the_state_is_that_of_the_gate(random):
    loss, gate = make(momentum=0.9), FreeMatchGate(momentum=0.9)
    gate.set_num_classes(CLASSES)
    gate.double()
    for _ in range(3):
        target, source = outputs(random)
        loss(target, source, TransferContext(None))
        gate(torch.ones(SIZE).double(), target, source, TransferContext(None))
    assert loss.state_dict().keys() == gate.state_dict().keys()
    assert all(torch.equal(value, gate.state_dict()[key]) for key, value in loss.state_dict().items())


def test_momentum_is_0_999_unless_given():
    assert SelfAdaptiveFairness().threshold.momentum == 0.999


@pytest.mark.parametrize('dtype', [torch.float64, torch.float32, torch.bfloat16])
def test_zero_without_a_sample_that_passes(dtype):
    loss = make(double=False).eval()
    loss.threshold.time_p.fill_(1.0)
    target = torch.zeros(3, CLASSES, dtype=dtype).requires_grad_()
    value = loss(NodeOutput(target), NodeOutput(torch.zeros(3, CLASSES, dtype=dtype)), TransferContext(None))
    value.mean().backward()
    assert value.tolist() == [0.0] * 3
    assert target.grad.isfinite().all() and not target.grad.any()


@pytest.mark.parametrize('dtype', [torch.float64, torch.float32, torch.bfloat16])
def test_a_class_that_is_never_predicted(dtype):
    """Its mean probability cannot be divided by its histogram of 0; gradients must stay finite."""
    loss = make(double=False, momentum=0.0)
    target = torch.tensor([[3.0, 1.0, 0.0, 0.0], [2.0, 1.0, 0.0, 0.0]], dtype=dtype).requires_grad_()
    value = loss(NodeOutput(target), NodeOutput(target.detach()), TransferContext(None))
    value.mean().backward()
    assert value.isfinite().all() and target.grad.isfinite().all()


def test_it_pushes_the_target_away_from_one_class():
    """Descent makes the samples of the class that is too sure less sure, as the cross-entropy is taken negatively."""
    logits = torch.tensor([[1.5, 0.0], [1.0, 0.0], [0.0, 0.8]], dtype=torch.float64)
    loss = SelfAdaptiveFairness(momentum=0.0)
    loss.set_num_classes(2)
    target = logits.clone().requires_grad_()
    before = loss(NodeOutput(target), NodeOutput(logits), TransferContext(None)).mean()
    before.backward()
    after = loss(NodeOutput(logits - 0.1 * target.grad), NodeOutput(logits), TransferContext(None)).mean()
    assert target.grad.any() and after < before < 0


def test_state_moves_in_training_mode_only_and_is_saved(random):
    loss = make(momentum=0.5)
    loss(*outputs(random), TransferContext(None))
    state = {key: value.clone() for key, value in loss.state_dict().items()}
    loss.eval()
    loss(*outputs(random), TransferContext(None))
    assert state and all(torch.equal(value, loss.state_dict()[key]) for key, value in state.items())
    other = make(momentum=0.5)
    other.load_state_dict(state)
    ends = outputs(random)
    assert torch.equal(other(*ends, TransferContext(None)), loss.train()(*ends, TransferContext(None)))


@pytest.mark.parametrize('momentum', [-0.1, 1, True])
def test_momentum_out_of_range(momentum):
    with pytest.raises(ValueError) as caught:
        SelfAdaptiveFairness(momentum)
    assert str(caught.value) == f'momentum must be in [0, 1), got {momentum!r}'
