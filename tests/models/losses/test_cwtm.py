import math

import pytest
import torch

from ktg_mm.models.edges import TransferEdge
from ktg_mm.models.gates import CorrectGate, ThroughGate
from ktg_mm.models.losses import CWTM, CrossEntropy, cwtm
from ktg_mm.structures import LabelOutput, NodeOutput, TransferContext

CLASSES = 5
LABELS = [0, 4, 1, 1, 2, 3, 0]


def compute(target, source, labels, edge=None):
    """The loss, or the value of an edge."""
    part = edge or CWTM()
    outputs = NodeOutput(torch.as_tensor(target)), NodeOutput(torch.as_tensor(source))
    return part(*outputs, TransferContext(torch.tensor(labels)))


def expected_terms(target, source, labels, formulas):
    """``w_b CE_b`` of each sample, by equation 10."""
    most = [max(formulas.softmax(row)) for row in source]
    terms = []
    for b, (row, label) in enumerate(zip(target, labels, strict=True)):
        terms.append(most[b] / sum(most) * -math.log(formulas.softmax(row)[label]))
    return terms


def test_the_mean_is_the_formula(random, formulas):
    target, source = random.normal(size=(2, len(LABELS), CLASSES)) * 2
    terms = expected_terms(target, source, LABELS, formulas)
    values = compute(target, source, LABELS)
    assert values.tolist() == pytest.approx([len(LABELS) * term for term in terms], rel=1e-12)
    assert float(values.mean()) == pytest.approx(sum(terms), rel=1e-12)


def test_the_gradient_is_the_papers(random, formulas):
    """Equation 10: the sum over the batch of ``w_b (q_b - y_b)``."""
    target, source = random.normal(size=(2, len(LABELS), CLASSES)) * 2
    logits = torch.tensor(target, requires_grad=True)
    compute(logits, source, LABELS).mean().backward()
    most = [max(formulas.softmax(row)) for row in source]
    for b, row in enumerate(target):
        share = formulas.softmax(row)
        share[LABELS[b]] -= 1
        assert logits.grad[b].tolist() == pytest.approx([most[b] / sum(most) * s for s in share], rel=1e-10)


def test_the_teacher_tells_no_class(random):
    target, source = random.normal(size=(2, len(LABELS), CLASSES))
    torch.testing.assert_close(compute(target, source[:, ::-1].copy(), LABELS), compute(target, source, LABELS))


def test_a_teacher_that_is_equally_sure_of_all_leaves_the_cross_entropy(random):
    target = random.normal(size=(len(LABELS), CLASSES))
    labels = torch.tensor(LABELS)
    plain = CrossEntropy()(NodeOutput(torch.tensor(target)), LabelOutput(labels, CLASSES), TransferContext(labels))
    torch.testing.assert_close(compute(target, [[2.0] + [0.0] * (CLASSES - 1)] * len(LABELS), LABELS), plain)


def test_a_gate_keeps_samples_out_and_the_sum_has_them(random, formulas):
    target, source = random.normal(size=(2, len(LABELS), CLASSES)) * 2
    terms = expected_terms(target, source, LABELS, formulas)
    right = [list(row).index(max(row)) == label for row, label in zip(source, LABELS, strict=True)]
    assert 0 < sum(right) < len(right)
    value = compute(target, source, LABELS, TransferEdge('a->b', [CWTM()], CorrectGate())).loss
    assert float(value) == pytest.approx(sum(t for t, r in zip(terms, right, strict=True) if r), rel=1e-12)


def test_nothing_flows_into_a_source_that_is_not_detached(random):
    target, source = (torch.tensor(values, requires_grad=True) for values in random.normal(size=(2, 7, CLASSES)))
    compute(target, source, LABELS, TransferEdge('a->b', [CWTM()], ThroughGate(), detach=False)).loss.backward()
    assert target.grad.any() and source.grad is None


def test_the_mean_is_that_of_all_processes_in_training_alone(random, monkeypatch):
    """Of batches of unlike sizes, too; evaluation, where a process may be alone with a batch, waits for none."""
    target, source = random.normal(size=(2, len(LABELS), CLASSES)) * 2
    whole = compute(target, source, LABELS)
    parts, sums = (slice(0, 2), slice(2, None)), []
    monkeypatch.setattr(cwtm, 'all_reduce', lambda value, op: sums.append((value.clone(), op)))
    for part in parts:
        compute(target[part], source[part], LABELS[part])
    (one, op), (other, _) = sums
    assert op == 'sum'
    monkeypatch.setattr(cwtm, 'all_reduce', lambda value, op: value.copy_(one + other))
    for part in parts:
        torch.testing.assert_close(compute(target[part], source[part], LABELS[part]), whole[part])
    monkeypatch.delattr(cwtm, 'all_reduce')
    outputs = NodeOutput(torch.tensor(target)), NodeOutput(torch.tensor(source))
    torch.testing.assert_close(CWTM().eval()(*outputs, TransferContext(torch.tensor(LABELS))), whole)


def test_an_attention_branch_learns_as_much(random, formulas):
    target, branch, source = random.normal(size=(3, len(LABELS), CLASSES))
    labels = TransferContext(torch.tensor(LABELS))
    output = NodeOutput(torch.tensor(target), attention_logits=torch.tensor(branch))
    values = CWTM()(output, NodeOutput(torch.tensor(source)), labels)
    terms = [expected_terms(logits, source, LABELS, formulas) for logits in (target, branch)]
    assert values.tolist() == pytest.approx([7 * (a + b) for a, b in zip(*terms, strict=True)], rel=1e-12)
