import pytest
import torch

from ktg_mm.models.losses import ProbabilityMSE
from ktg_mm.structures import LabelOutput, NodeOutput


def compute(target, source):
    return ProbabilityMSE()(NodeOutput(torch.tensor(target)), NodeOutput(torch.tensor(source)).detach(), None).tolist()


def test_formula(random, formulas):
    target, source = random.normal(size=(2, 6, 5)) * 2
    expected = []
    for row_t, row_s in zip(target, source, strict=True):
        p_t, p_s = formulas.softmax(row_t), formulas.softmax(row_s)
        expected.append(sum((a - b) ** 2 for a, b in zip(p_t, p_s, strict=True)) / 5)
    assert compute(target, source) == pytest.approx(expected, rel=1e-12)


def test_from_the_label(random, formulas):
    target, labels = random.normal(size=(4, 5)), [3, 0, 0, 1]
    found = ProbabilityMSE()(NodeOutput(torch.tensor(target)), LabelOutput(torch.tensor(labels), 5), None)
    expected = [
        sum((p - (k == label)) ** 2 for k, p in enumerate(formulas.softmax(row))) / 5
        for row, label in zip(target, labels, strict=True)
    ]
    assert found.tolist() == pytest.approx(expected, rel=1e-12)


def test_between_same_and_opposite(random):
    logits = random.normal(size=(6, 5))
    assert compute(logits, logits) == [0.0] * 6
    assert compute([[50.0, 0.0]], [[0.0, 50.0]]) == pytest.approx([1.0])
