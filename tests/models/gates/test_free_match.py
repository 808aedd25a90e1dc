import pytest
import torch

from ktg_mm.models.gates import FreeMatchGate
from ktg_mm.structures import NodeOutput, TransferContext


def make(**arguments):
    gate = FreeMatchGate(**arguments)
    gate.set_num_classes(3)
    return gate.double()


def weigh(gate, logits):
    source = NodeOutput(torch.tensor(logits))
    return gate.weight(torch.ones(len(logits)).double(), None, source, TransferContext(None)).tolist()


@pytest.mark.parametrize('momentum', [0.0, 0.8])
def test_formula_over_several_batches(momentum, random, formulas):
    gate, overall, of_class, seen = make(momentum=momentum), 1 / 3, [1 / 3] * 3, []
    for _ in range(5):
        logits = random.normal(size=(9, 3)) * 2
        rows = [formulas.softmax(row) for row in logits]
        overall = momentum * overall + (1 - momentum) * sum(map(max, rows)) / 9
        of_class = [momentum * of_class[c] + (1 - momentum) * sum(row[c] for row in rows) / 9 for c in range(3)]
        expected = []
        for row in rows:
            p = max(row)
            expected.append(1.0 if p >= overall * of_class[row.index(p)] / max(of_class) else 0.0)
        assert weigh(gate, logits) == expected
        seen += expected
    assert 0 < sum(seen) < len(seen)
    assert gate.threshold.time_p.item() == pytest.approx(overall, rel=1e-6)  # 1 / 3 was rounded to float32


def test_momentum_is_0_999_unless_given(random, formulas):
    gate, logits = make(), random.normal(size=(9, 3))
    weigh(gate, logits)
    confidence = sum(max(formulas.softmax(row)) for row in logits) / 9
    assert gate.threshold.time_p.item() == pytest.approx(0.999 / 3 + 0.001 * confidence, rel=1e-6)


def test_state_moves_in_training_mode_only_and_is_saved(random):
    gate, batches = make(momentum=0.5), random.normal(size=(3, 9, 3)) * 2
    weigh(gate, batches[0])
    state = {key: value.clone() for key, value in gate.state_dict().items()}
    gate.eval()
    weigh(gate, batches[1])
    assert state and all(torch.equal(value, gate.state_dict()[key]) for key, value in state.items())
    other = make(momentum=0.5)
    other.load_state_dict(state)
    assert weigh(other, batches[2]) == weigh(gate.train(), batches[2])
    assert other.threshold.time_p == gate.threshold.time_p


@pytest.mark.parametrize('momentum', [-0.1, 1.0, True])
def test_momentum_out_of_range(momentum):
    with pytest.raises(ValueError) as caught:
        FreeMatchGate(momentum)
    assert str(caught.value) == f'momentum must be in [0, 1), got {momentum!r}'
