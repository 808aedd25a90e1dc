import math

import pytest
import torch

from ktg_mm.models.losses import ProbabilityCosine
from ktg_mm.structures import NodeOutput


def compute(target, source):
    return ProbabilityCosine()(NodeOutput(torch.tensor(target)), NodeOutput(torch.tensor(source)).detach(), None)


def test_formula(random, formulas):
    target, source = random.normal(size=(2, 6, 5)) * 2
    expected = []
    for row_t, row_s in zip(target, source, strict=True):
        p_t, p_s = formulas.softmax(row_t), formulas.softmax(row_s)
        dot = sum(a * b for a, b in zip(p_t, p_s, strict=True))
        expected.append(dot / math.sqrt(sum(a * a for a in p_t)) / math.sqrt(sum(b * b for b in p_s)))
    assert compute(target, source).tolist() == pytest.approx(expected, rel=1e-12)


def test_between_same_and_opposite(random):
    logits = random.normal(size=(6, 5))
    assert compute(logits, logits).tolist() == pytest.approx([1.0] * 6)
    apart = compute([[50.0, 0.0]], [[0.0, 50.0]])
    assert 0 <= float(apart) < 1e-12
