import math

import pytest
import torch

from ktg_mm.models.gates import RelativeThresholdGate
from ktg_mm.structures import NodeOutput, TransferContext


def weigh(gate, logits, labeled):
    context = TransferContext(None, labeled_source=NodeOutput(torch.tensor(labeled)))
    source = NodeOutput(torch.tensor(logits))
    return gate.weight(torch.ones(len(logits)).double(), None, source, context).tolist()


@pytest.mark.parametrize('threshold', [0, 0.7, 0.95, 1])
def test_formula_over_several_batches(threshold, random, formulas):
    gate, seen = RelativeThresholdGate(threshold), []
    for _ in range(4):
        logits, labeled = random.normal(size=(15, 4)) * 2, random.normal(size=(5, 4)) * 2
        level = threshold * sum(max(formulas.softmax(row)) for row in labeled) / 5
        expected = [1.0 if max(formulas.softmax(row)) >= level else 0.0 for row in logits]
        assert weigh(gate, logits, labeled) == expected
        seen += expected
    assert threshold == 0 or 0 < sum(seen) < len(seen)
    assert not gate.state_dict()


def test_threshold_is_0_95_unless_given():
    logits = [[math.log(p), math.log(1 - p)] for p in (0.75, 0.77)]
    assert weigh(RelativeThresholdGate(), logits, [[math.log(0.8), math.log(0.2)]]) == [0.0, 1.0]


def test_the_labelled_outputs_stay_as_they_are(random):
    labeled = NodeOutput(torch.tensor(random.normal(size=(1, 4))))
    confidence = labeled.confidence.clone()
    context = TransferContext(None, labeled_source=labeled)
    RelativeThresholdGate().weight(torch.ones(1), None, labeled, context)
    assert torch.equal(labeled.confidence, confidence)


@pytest.mark.parametrize('threshold', [-0.1, 1.1, math.nan, None, True])
def test_out_of_range(threshold):
    with pytest.raises(ValueError) as caught:
        RelativeThresholdGate(threshold)
    assert str(caught.value) == f'threshold must be in [0, 1], got {threshold!r}'
