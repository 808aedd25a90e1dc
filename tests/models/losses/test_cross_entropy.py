import math

import pytest
import torch

from ktg_mm.models.losses import CrossEntropy
from ktg_mm.structures import LabelOutput, NodeOutput, TransferContext

LABELS = [3, 0, 1, 1, 2]


def compute(logits, attention_logits=None):
    labels = torch.tensor(LABELS)
    output = NodeOutput(
        torch.tensor(logits), attention_logits=None if attention_logits is None else torch.tensor(attention_logits)
    )
    return CrossEntropy()(output, LabelOutput(labels, 4), TransferContext(labels)).tolist()


def test_formula(random, formulas):
    logits = random.normal(size=(5, 4)) * 3
    expected = [-math.log(formulas.softmax(row)[y]) for row, y in zip(logits, LABELS, strict=True)]
    assert compute(logits) == pytest.approx(expected, rel=1e-12)


def test_equals_divergence_from_the_one_hot_label(random, formulas):
    logits = random.normal(size=(5, 4))
    expected = []
    for row, y in zip(logits, LABELS, strict=True):
        one_hot = [float(c == y) for c in range(4)]
        expected.append(sum(p * math.log(p / q) for p, q in zip(one_hot, formulas.softmax(row), strict=True) if p))
    assert compute(logits) == pytest.approx(expected, rel=1e-12)


def test_both_branches_of_an_attention_branch_network_learn_the_label(random, formulas):
    logits, attention_logits = random.normal(size=(2, 5, 4))
    expected = [
        -math.log(formulas.softmax(a)[y]) - math.log(formulas.softmax(b)[y])
        for a, b, y in zip(logits, attention_logits, LABELS, strict=True)
    ]
    assert compute(logits, attention_logits) == pytest.approx(expected, rel=1e-12)


def test_learns_from_the_label_alone():
    assert CrossEntropy.sources == ('label',) and not CrossEntropy.needs


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_both_branches_in_half_precision(dtype):
    logits, branch = (15 * torch.randn(2, 200, 20, generator=torch.Generator().manual_seed(0))).to(dtype)
    labels = torch.arange(200) % 20
    target = NodeOutput(logits, attention_logits=branch)
    loss = CrossEntropy()(target, LabelOutput(labels, 20), TransferContext(labels))
    rows = torch.arange(200)
    expected = sum(-torch.log_softmax(value.double(), dim=1)[rows, labels] for value in (logits, branch))
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss.double(), expected, rtol=0, atol=2e-5)  # 0.5 where the branch's stays in bfloat16


def smoothed(scores, log_probabilities, share):
    """The cross-entropy of one sample, by the definition: with (1 - share) y + share / C."""
    number = len(scores)
    mixed = [(1 - share) * score + share / number for score in scores]
    return -sum(y * log_p for y, log_p in zip(mixed, log_probabilities, strict=True))


@pytest.mark.parametrize('share', [0.0, 0.1, 0.9])
@pytest.mark.parametrize('branch', [False, True])
@pytest.mark.parametrize('soft', [False, True])
def test_label_smoothing_and_soft_labels(share, branch, soft, random, formulas):
    logits, attention_logits, scores = random.normal(size=(3, 5, 4))
    scores = [
        formulas.softmax(row) if soft else [float(c == y) for c in range(4)]
        for row, y in zip(scores, LABELS, strict=True)
    ]
    expected = []
    for i in range(5):
        outputs = (logits, attention_logits) if branch else (logits,)
        logs = [[math.log(p) for p in formulas.softmax(output[i])] for output in outputs]
        expected.append(sum(smoothed(scores[i], log, share) for log in logs))
    labels = torch.tensor(LABELS)
    label = LabelOutput(labels, 4, torch.tensor(scores, dtype=torch.float64) if soft else None)
    target = NodeOutput(torch.tensor(logits), attention_logits=torch.tensor(attention_logits) if branch else None)
    loss = CrossEntropy(label_smoothing=share)(target, label, TransferContext(None if soft else labels))
    assert loss.tolist() == pytest.approx(expected, rel=1e-12)
    if not branch:
        given = label.scores if soft else labels
        theirs = torch.nn.functional.cross_entropy(target.logits, given, reduction='none', label_smoothing=share)
        assert loss.tolist() == pytest.approx(theirs.tolist(), rel=1e-12)


def test_hard_labels_take_the_same_path_as_ever():
    logits = torch.randn(64, 10, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(64) % 10
    results = []
    for loss in (
        lambda leaf: CrossEntropy()(NodeOutput(leaf), LabelOutput(labels, 10), TransferContext(labels)),
        lambda leaf: torch.nn.functional.nll_loss(torch.log_softmax(leaf, dim=1), labels, reduction='none'),
    ):
        leaf = logits.clone().requires_grad_()
        value = loss(leaf)
        results.append((value, torch.autograd.grad(value.mean(), leaf)[0]))
    assert all(torch.equal(ours, theirs) for ours, theirs in zip(*results, strict=True))


@pytest.mark.parametrize('share', [1, -0.1, True, None, '0.1', math.nan, [0.1]])
def test_wrong_label_smoothing(share):
    with pytest.raises(ValueError) as caught:
        CrossEntropy(label_smoothing=share)
    assert str(caught.value) == f'label_smoothing must be in [0, 1), got {share!r}'
