import math

import pytest
import torch

from ktg_mm.models.distribution_alignment import DistributionAlignment
from ktg_mm.structures import NodeOutput, TransferContext


def make(**arguments):
    alignment = DistributionAlignment(**arguments)
    alignment.set_num_classes(4)
    return alignment.double()


def align(alignment, logits, labeled=None):
    labeled = None if labeled is None else NodeOutput(torch.tensor(labeled))
    return alignment(NodeOutput(torch.tensor(logits)), TransferContext(None, labeled_source=labeled))


def mean_probability(formulas, logits):
    rows = [formulas.softmax(row) for row in logits]
    return [sum(row[c] for row in rows) / len(rows) for c in range(4)]


def moved(old, new, momentum):
    return new if old is None else [momentum * a + (1 - momentum) * b for a, b in zip(old, new, strict=True)]


@pytest.mark.parametrize('target', ['uniform', 'labeled'])
@pytest.mark.parametrize('momentum', [0.0, 0.7, 0.999])
def test_formula_over_several_batches(target, momentum, random, formulas):
    alignment = make(target=target, momentum=momentum)
    assert [need.applies(alignment) for need in alignment.needs] == [target == 'labeled']
    mean = goal = None
    for _ in range(4):
        logits, labeled = random.normal([1, 0, 0, -1], 1, size=(10, 4)), random.normal(size=(3, 4))
        mean = moved(mean, mean_probability(formulas, logits), momentum)
        goal = moved(goal, mean_probability(formulas, labeled), momentum) if target == 'labeled' else [0.25] * 4
        aligned = align(alignment, logits, labeled if target == 'labeled' else None)
        for row, probabilities, written in zip(logits, aligned.probabilities(), aligned.logits, strict=True):
            scaled = [p * g / m for p, g, m in zip(formulas.softmax(row), goal, mean, strict=True)]
            expected = [value / sum(scaled) for value in scaled]
            assert probabilities.tolist() == pytest.approx(expected, rel=1e-10)
            assert written.tolist() == pytest.approx([math.log(p) for p in expected], rel=1e-10)
        assert alignment.mean.tolist() == pytest.approx(mean, rel=1e-12)
        if target == 'labeled':
            assert alignment.labeled_mean.tolist() == pytest.approx(goal, rel=1e-12)


def test_momentum_is_0_999_and_the_goal_uniform_unless_given():
    alignment = DistributionAlignment()
    assert alignment.momentum == 0.999 and alignment.target == 'uniform'


def test_without_a_batch_nothing_is_changed(random, formulas):
    logits = random.normal(size=(5, 4))
    aligned = align(make().eval(), logits)
    for row, probabilities in zip(logits, aligned.probabilities(), strict=True):
        assert probabilities.tolist() == pytest.approx(formulas.softmax(row), rel=1e-12)


def test_state_moves_in_training_mode_only_and_is_saved(random):
    alignment, batches = make(target='labeled', momentum=0.5), random.normal(size=(4, 6, 4))
    align(alignment, batches[0], batches[1])
    state = {key: value.clone() for key, value in alignment.state_dict().items()}
    assert set(state) == {'mean', 'labeled_mean', 'started'} and state['started']
    alignment.eval()
    align(alignment, batches[2])
    assert all(torch.equal(value, alignment.state_dict()[key]) for key, value in state.items())
    other = make(target='labeled', momentum=0.5)
    other.load_state_dict(state)
    alignment.train()
    first, second = (align(a, batches[2], batches[3]).logits for a in (alignment, other))
    assert torch.equal(first, second)


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
def test_classes_that_are_never_predicted_stay_finite(dtype):
    alignment = DistributionAlignment(momentum=0.0)
    alignment.set_num_classes(3)
    source = NodeOutput(torch.tensor([[1e4, 0.0, -1e4], [1e4, 0.0, 0.0]], dtype=dtype))
    aligned = alignment(source, TransferContext(None))
    assert aligned.logits.isfinite().all()
    assert aligned.probabilities().sum(dim=1).tolist() == pytest.approx([1.0, 1.0])


def test_the_rest_of_the_output_is_kept():
    source = NodeOutput(torch.zeros(2, 4).double(), torch.rand(2, 3, 3), torch.rand(2, 4))
    aligned = make()(source, TransferContext(None))
    assert aligned.attention is source.attention and aligned.attention_logits is source.attention_logits


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(target='balanced'), "target must be 'uniform' or 'labeled', got 'balanced'"),
        (dict(momentum=1.0), 'momentum must be in [0, 1), got 1.0'),
        (dict(momentum=True), 'momentum must be in [0, 1), got True'),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError) as caught:
        DistributionAlignment(**arguments)
    assert str(caught.value) == message


@pytest.mark.parametrize('target', ['uniform', 'labeled'])
def test_the_mean_of_the_last_batches(target, random, formulas):
    alignment, means, goals = make(target=target, length=2), [], []
    for _ in range(4):
        logits, labeled = random.normal([1, 0, 0, -1], 1, size=(10, 4)), random.normal(size=(3, 4))
        means = [*means, mean_probability(formulas, logits)][-2:]
        goals = [*goals, mean_probability(formulas, labeled)][-2:]
        mean, goal = ([sum(column) / len(rows) for column in zip(*rows, strict=True)] for rows in (means, goals))
        goal = goal if target == 'labeled' else [0.25] * 4
        aligned = align(alignment, logits, labeled if target == 'labeled' else None)
        for row, probabilities in zip(logits, aligned.probabilities(), strict=True):
            scaled = [p * g / m for p, g, m in zip(formulas.softmax(row), goal, mean, strict=True)]
            assert probabilities.tolist() == pytest.approx([value / sum(scaled) for value in scaled], rel=1e-10)


def test_a_batch_that_is_not_finite_is_none_of_the_last_ones(random):
    alignment = make(length=2)
    align(alignment, random.normal(size=(5, 4)))
    before = {name: buffer.clone() for name, buffer in alignment.named_buffers()}
    align(alignment, [[math.nan] * 4] * 5)
    assert all(torch.equal(buffer, before[name]) for name, buffer in alignment.named_buffers())
