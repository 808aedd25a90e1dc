import math

import pytest
import torch

from ktg_mm.models.edges import TransferEdge
from ktg_mm.models.gates import ThresholdGate, ThroughGate
from ktg_mm.models.losses import CrossEntropy
from ktg_mm.structures import LabelOutput, NodeOutput, TransferContext


def weigh(gate, source):
    source = NodeOutput(torch.tensor(source))
    return gate.weight(torch.ones(len(source.logits)).double(), None, source, TransferContext(None)).tolist()


@pytest.mark.parametrize('threshold', [0, 0.4, 0.7, 0.95, 1])
def test_formula(threshold, random, formulas):
    source = random.normal(size=(40, 5)) * 3
    expected = [1.0 if max(formulas.softmax(row)) > threshold else 0.0 for row in source]
    assert weigh(ThresholdGate(threshold), source) == expected
    assert threshold in (0, 1) or 0 < sum(expected) < 40


def test_threshold_is_0_95_unless_given():
    source = [[math.log(p), math.log(1 - p)] for p in (0.94, 0.96)]
    assert weigh(ThresholdGate(), source) == [0.0, 1.0]


def test_a_confidence_at_the_threshold_does_not_exceed_it():
    assert weigh(ThresholdGate(0.5), [[0.0, 0.0]]) == [0.0]
    assert weigh(ThresholdGate(1), [[1e4, 0.0]]) == [0.0]


@pytest.mark.parametrize(('threshold', 'is_open'), [(0.95, True), (0, True), (1, False), (1.0, False)])
def test_a_label_passes_unless_nothing_can(threshold, is_open, random):
    gate = ThresholdGate(threshold)
    logits, labels = torch.tensor(random.normal(size=(6, 4))), torch.tensor([0, 1, 2, 3, 0, 1])
    ends = NodeOutput(logits), LabelOutput(labels, 4), TransferContext(labels)
    value, through = (TransferEdge('label->a', [CrossEntropy()], g)(*ends) for g in (gate, ThroughGate()))
    assert gate.open_to_label == is_open
    assert value.loss == (through.loss if is_open else 0)


@pytest.mark.parametrize('threshold', [-0.1, 1.1, math.nan, '0.9', True])
def test_out_of_range(threshold):
    with pytest.raises(ValueError) as caught:
        ThresholdGate(threshold)
    assert str(caught.value) == f'threshold must be in [0, 1], got {threshold!r}'
