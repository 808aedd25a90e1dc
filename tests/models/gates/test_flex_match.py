import math

import pytest
import torch

from ktg_mm.models.gates import FlexMatchGate
from ktg_mm.structures import NodeOutput, TransferContext

CLASSES = 4


def make(num_samples, **arguments):
    gate = FlexMatchGate(num_samples, **arguments)
    gate.set_num_classes(CLASSES)
    return gate


def weigh(gate, logits, sample_ids):
    context = TransferContext(None, sample_ids=torch.tensor(sample_ids))
    return gate.weight(torch.ones(len(logits)).double(), None, NodeOutput(torch.tensor(logits)), context).tolist()


class Reference:
    """The paper's algorithm with lists."""

    def __init__(self, num_samples, threshold, warm_up, softmax):
        self.kept = [None] * num_samples
        self.threshold, self.warm_up, self.softmax = threshold, warm_up, softmax

    def weigh(self, logits, sample_ids):
        learnt = [sum(kept == c for kept in self.kept) for c in range(CLASSES)]
        most = max(learnt)
        if self.warm_up:
            most = max(most, sum(kept is None for kept in self.kept))
        weights, sure = [], []
        for row, sample in zip(logits, sample_ids, strict=True):
            p = self.softmax(row)
            predicted = p.index(max(p))
            beta = learnt[predicted] / most if most else 0.0
            weights.append(1.0 if max(p) >= self.threshold * beta / (2 - beta) else 0.0)
            if max(p) >= self.threshold:
                sure.append((sample, predicted))
        for sample, predicted in sure:
            self.kept[sample] = predicted
        return weights

    def selected(self):
        return [-1 if kept is None else kept for kept in self.kept]


@pytest.mark.parametrize('warm_up', [True, False])
@pytest.mark.parametrize('threshold', [0.6, 0.9])
def test_formula_over_several_batches(warm_up, threshold, random, formulas):
    gate = make(30, threshold=threshold, warm_up=warm_up).double()
    reference = Reference(30, threshold, warm_up, formulas.softmax)
    seen, order = [], random.permutation(30)
    for step in range(15):
        sample_ids = order[step % 3 * 10 : step % 3 * 10 + 10].tolist()
        logits = random.normal([1, 0, 0, -1], 2, size=(10, CLASSES))
        expected = reference.weigh(logits, sample_ids)
        assert weigh(gate, logits, sample_ids) == expected
        assert gate.selected.tolist() == reference.selected()
        seen += expected
    assert 0 < sum(seen) < len(seen)


@pytest.mark.parametrize('warm_up', [True, False])
def test_the_same_batches_again(warm_up, random, formulas):
    """The second time the same images are kept as the same classes, so from then on nothing changes."""
    gate, reference = make(24, threshold=0.6, warm_up=warm_up), Reference(24, 0.6, warm_up, formulas.softmax)
    batches = [
        (random.normal([3, 0, 0, -1], 1.5, size=(8, CLASSES)), list(range(start, start + 8))) for start in (0, 8, 16)
    ]
    rounds = []
    for _ in range(3):
        weights = [weigh(gate, *batch) for batch in batches]
        assert weights == [reference.weigh(*batch) for batch in batches]
        rounds.append((weights, gate.selected.tolist()))
    assert rounds[0] != rounds[1] and rounds[1] == rounds[2]
    assert rounds[2][1] == reference.selected()


def test_an_image_that_is_in_the_batch_several_times(random, formulas):
    gate, reference = make(3, threshold=0.5), Reference(3, 0.5, True, formulas.softmax)
    for _ in range(10):
        logits, sample_ids = random.normal(size=(12, CLASSES)) * 2, random.integers(3, size=12).tolist()
        assert weigh(gate, logits, sample_ids) == reference.weigh(logits, sample_ids)
        assert gate.selected.tolist() == reference.selected()


def test_everything_passes_at_first():
    assert weigh(make(4), [[0.1, 0.0, 0.0, 0.0]] * 2, [0, 1]) == [1.0, 1.0]


def test_warm_up_keeps_the_first_threshold_low():
    sure, half_sure = [9.0, 0.0, 0.0, 0.0], [1.5, 0.0, 0.0, 0.0]
    for warm_up, expected in ((True, 1.0), (False, 0.0)):
        gate = make(10, warm_up=warm_up)
        weigh(gate, [sure], [0])
        assert weigh(gate, [half_sure], [1]) == [expected]


def test_state_moves_in_training_mode_only_and_is_saved(random):
    gate, logits = make(6, threshold=0.5), random.normal(size=(2, 6, CLASSES)) * 3
    weigh(gate, logits[0], list(range(6)))
    selected = gate.selected.clone()
    assert (selected >= 0).any() and gate.selected.dtype == torch.long
    gate.eval()
    weigh(gate, logits[1], list(range(6)))
    assert torch.equal(gate.selected, selected)
    other = make(6, threshold=0.5)
    other.load_state_dict(gate.state_dict())
    assert weigh(other, logits[1], list(range(6))) == weigh(gate, logits[1], list(range(6)))


@pytest.mark.parametrize('sample', [-1, 4])
def test_an_image_that_the_data_set_does_not_have(sample):
    with pytest.raises(RuntimeError, match='num_samples is too small'):
        weigh(make(4), [[9.0, 0.0, 0.0, 0.0]], [sample])


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(num_samples=0), 'num_samples must be a whole number, at least 1, got 0'),
        (dict(num_samples=2.0), 'num_samples must be a whole number, at least 1, got 2.0'),
        (dict(num_samples=True), 'num_samples must be a whole number, at least 1, got True'),
        (dict(num_samples=5, threshold=1.5), 'threshold must be in [0, 1], got 1.5'),
        (dict(num_samples=5, threshold=math.nan), 'threshold must be in [0, 1], got nan'),
        (dict(num_samples=5, warm_up=1), 'warm_up must be True or False, got 1'),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError) as caught:
        FlexMatchGate(**arguments)
    assert str(caught.value) == message
