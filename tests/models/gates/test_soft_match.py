import math

import pytest
import torch

from ktg_mm.models.gates import SoftMatchGate
from ktg_mm.structures import NodeOutput, TransferContext


def make(**arguments):
    gate = SoftMatchGate(**arguments)
    gate.set_num_classes(4)
    return gate.double()


def weigh(gate, logits):
    source = NodeOutput(torch.tensor(logits))
    return gate.weight(torch.ones(len(logits)).double(), None, source, TransferContext(None)).tolist()


@pytest.mark.parametrize('align', [True, False])
@pytest.mark.parametrize(('momentum', 'n_sigma'), [(0.0, 2), (0.7, 1.5), (0.999, 3)])
def test_formula_over_several_batches(align, momentum, n_sigma, random, formulas):
    gate = make(momentum=momentum, n_sigma=n_sigma, align=align)
    mean, var, marginal, seen = 0.25, 1.0, None, []
    for _ in range(5):
        logits = random.normal([1, 0, 0, -1], 2, size=(10, 4))
        rows = [formulas.softmax(row) for row in logits]
        if align:
            batch = [sum(row[c] for row in rows) / 10 for c in range(4)]
            marginal = marginal or batch
            marginal = [momentum * a + (1 - momentum) * b for a, b in zip(marginal, batch, strict=True)]
            rows = [[p / 4 / m for p, m in zip(row, marginal, strict=True)] for row in rows]
            rows = [[p / sum(row) for p in row] for row in rows]
        confidences = [max(row) for row in rows]
        batch_mean = sum(confidences) / 10
        mean = momentum * mean + (1 - momentum) * batch_mean
        var = momentum * var + (1 - momentum) * sum((c - batch_mean) ** 2 for c in confidences) / 9
        expected = [1.0 if c >= mean else math.exp(-((c - mean) ** 2) / (2 * var / n_sigma**2)) for c in confidences]
        assert weigh(gate, logits) == pytest.approx(expected, rel=1e-9)
        assert gate.mean.item() == pytest.approx(mean, rel=1e-12)
        assert gate.var.item() == pytest.approx(var, rel=1e-12)
        seen += expected
    assert max(seen) == 1 and (min(seen) < 1 or momentum == 0.999)


def test_defaults():
    gate = SoftMatchGate()
    assert (gate.momentum, gate.n_sigma, gate.alignment.momentum, gate.alignment.target) == (0.999, 2, 0.999, 'uniform')


def test_the_variance_of_nearly_equal_confidences_in_float32(formulas):
    rows = [[math.log(p), math.log(1 - p)] for p in (0.99, 0.9901, 0.9902)]
    gate = SoftMatchGate(momentum=0.9, align=False)
    gate.set_num_classes(2)
    for _ in range(400):
        weigh(gate, rows)
    assert gate.mean.item() == pytest.approx(0.9901, rel=1e-5)
    assert gate.var.item() == pytest.approx(1e-8, rel=0.02)


@pytest.mark.parametrize('size', [1, 4])
def test_a_variance_of_zero(size):
    gate = make(momentum=0.0, align=False)
    assert weigh(gate, [[2.0, 0.0, 0.0, 0.0]] * size) == [1.0] * size
    gate.eval()
    assert weigh(gate, [[1.0, 0.0, 0.0, 0.0], [3.0, 0.0, 0.0, 0.0]]) == [0.0, 1.0]


def test_state_moves_in_training_mode_only_and_is_saved(random):
    gate, batches = make(momentum=0.5), random.normal(size=(3, 8, 4))
    weigh(gate, batches[0])
    state = {key: value.clone() for key, value in gate.state_dict().items()}
    assert set(state) == {'mean', 'var', 'alignment.mean', 'alignment.started'}
    gate.eval()
    weigh(gate, batches[1])
    assert all(torch.equal(value, gate.state_dict()[key]) for key, value in state.items())
    other = make(momentum=0.5)
    other.load_state_dict(state)
    assert weigh(other, batches[2]) == weigh(gate.train(), batches[2])


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(momentum=1), 'momentum must be in [0, 1), got 1'),
        (dict(n_sigma=0), 'n_sigma must be above 0, got 0'),
        (dict(n_sigma=math.inf), 'n_sigma must be finite and above 0, got inf'),
        (dict(align='uniform'), "align must be True or False, got 'uniform'"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError) as caught:
        SoftMatchGate(**arguments)
    assert str(caught.value) == message
