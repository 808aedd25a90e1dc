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
