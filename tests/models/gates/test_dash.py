import math

import pytest
import torch

from ktg_mm.models.gates import DashGate
from ktg_mm.structures import NodeOutput, TransferContext

LABELS = [0, 3, 1, 2]


def weigh(gate, logits, progress, labeled):
    context = TransferContext(
        None, progress, labeled_source=NodeOutput(torch.tensor(labeled)), labeled_labels=torch.tensor(LABELS)
    )
    source = NodeOutput(torch.tensor(logits))
    return gate.weight(torch.ones(len(logits)).double(), None, source, context).tolist()


def cross_entropy(formulas, logits):
    return sum(-math.log(formulas.softmax(row)[y]) for row, y in zip(logits, LABELS, strict=True)) / len(LABELS)


@pytest.mark.parametrize(
    'arguments',
    [
        dict(warm_up=0.2, interval=0.11),
        dict(scale=0.8, decay=1.7, minimum=0.3, warm_up=0.13, interval=0.31),
        dict(decay=1, warm_up=0),
    ],
)
def test_formula_over_several_batches(arguments, random, formulas):
    gate, rho_hat, seen = DashGate(**arguments).double(), None, []
    given = dict(scale=1.0001, decay=1.27, minimum=0.05, warm_up=1 / 512, interval=0.01) | arguments
    for k in range(1, 20):
        progress, logits, labeled = k / 19, random.normal(size=(12, 4)) * 2, random.normal(size=(4, 4)) * 2
        loss = cross_entropy(formulas, labeled)
        if rho_hat is None:
            rho_hat = loss
        elif progress <= given['warm_up']:
            rho_hat = 0.9 * rho_hat + 0.1 * loss
        expected = [0.0] * 12
        if progress > given['warm_up']:
            steps = 0
            while progress >= given['warm_up'] + (steps + 1) * given['interval']:
                steps += 1
            rho = max(given['scale'] / given['decay'] ** steps * rho_hat, given['minimum'])
            expected = [1.0 if -math.log(max(formulas.softmax(row))) <= rho else 0.0 for row in logits]
        assert weigh(gate, logits, progress, labeled) == expected
        assert gate.rho_hat.item() == pytest.approx(rho_hat, rel=1e-12)
        seen += expected
    assert 0 < sum(seen) < len(seen)


def test_defaults():
    gate = DashGate()
    assert (gate.scale, gate.decay, gate.minimum, gate.warm_up, gate.interval) == (1.0001, 1.27, 0.05, 1 / 512, 0.01)


def test_the_warm_up_ends_after_its_last_iteration():
    gate, sure = DashGate(warm_up=0.5), [[9.0, 0.0, 0.0, 0.0]] * 4
    assert [weigh(gate, sure, progress, sure) for progress in (0.5, 0.51)] == [[0.0] * 4, [1.0] * 4]


def test_a_run_without_a_batch_in_the_warm_up(random, formulas):
    gate, labeled = DashGate(decay=1).double(), random.normal(size=(2, 4, 4))
    for part in labeled:
        weigh(gate, random.normal(size=(3, 4)), 0.5, part)
    assert gate.rho_hat.item() == pytest.approx(cross_entropy(formulas, labeled[0]), rel=1e-12)


def test_state_moves_in_training_mode_only_and_is_saved(random):
    gate, batches = DashGate(warm_up=0.5).double(), random.normal(size=(4, 4, 4))
    weigh(gate, batches[0], 0.1, batches[1])
    state = {key: value.clone() for key, value in gate.state_dict().items()}
    assert set(state) == {'rho_hat', 'started'} and state['started']
    gate.eval()
    weigh(gate, batches[0], 0.2, batches[2])
    assert all(torch.equal(value, gate.state_dict()[key]) for key, value in state.items())
    gate.train()
    other = DashGate(warm_up=0.5).double()
    other.load_state_dict(state)
    for progress in (0.2, 0.5, 0.6):
        assert weigh(other, batches[0], progress, batches[3]) == weigh(gate, batches[0], progress, batches[3])
    assert other.rho_hat == gate.rho_hat != state['rho_hat']


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(scale=0), 'scale must be above 0, got 0'),
        (dict(decay=0.9), 'decay must be at least 1, got 0.9'),
        (dict(minimum=-1), 'minimum must be at least 0, got -1'),
        (dict(warm_up=1), 'warm_up must be in [0, 1), got 1'),
        (dict(warm_up=math.nan), 'warm_up must be in [0, 1), got nan'),
        (dict(interval=0), 'interval must be in (0, 1], got 0'),
        (dict(interval=True), 'interval must be in (0, 1], got True'),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError) as caught:
        DashGate(**arguments)
    assert str(caught.value) == message
