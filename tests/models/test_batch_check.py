import pytest
import torch

from ktg_mm.errors import ConfigError
from ktg_mm.models.batch_check import check_batch
from ktg_mm.models.edges import TransferEdge
from ktg_mm.models.gates import RelativeThresholdGate, StabilityGate, ThroughGate
from ktg_mm.models.losses import CrossEntropy, KLDivergence
from ktg_mm.structures import SampleRows

IMAGES = torch.zeros(2, 1, 4, 4)
VIEWS = dict(weak=IMAGES, strong=IMAGES)
MIXED, KNOWN, HIDDEN = (SampleRows.of(torch.tensor(labels)) for labels in ([1, -1], [1, 1], [-1, -1]))


def self_edge(gate=None, **arguments):
    arguments = dict(views=dict(source='weak', target='strong'), samples='unlabeled') | arguments
    return TransferEdge('a->a', [KLDivergence()], gate or ThroughGate(), **arguments)


def test_good_batches():
    check_batch(self_edge(), VIEWS, MIXED)
    check_batch(TransferEdge('label->a', [CrossEntropy()], ThroughGate(), samples='labeled'), IMAGES, MIXED)
    check_batch(TransferEdge('a->b', [KLDivergence()], ThroughGate()), IMAGES, HIDDEN)
    check_batch(self_edge(RelativeThresholdGate()), VIEWS, MIXED)


MISTAKES = [
    (self_edge(), IMAGES, MIXED, "['a->a'].views: asks for the view 'weak', but the data pipeline makes one view"),
    (self_edge(views=None), VIEWS, MIXED, "['a->a'].views: names no view, but the data pipeline makes strong, weak"),
    (
        self_edge(views=dict(source='weak', target='weak2')), VIEWS, MIXED,
        "['a->a'].views: asks for the view 'weak2', but the data pipeline makes strong, weak; name one of these",
    ),
    (
        self_edge(StabilityGate(0.5, other_view='weak2')), VIEWS, MIXED,
        "['a->a'].gate.other_view: asks for the view 'weak2'",
    ),
    (self_edge(), VIEWS, KNOWN, "['a->a'].samples: the batch has no unlabelled samples, which the edge looks at"),
    (self_edge(samples='labeled'), VIEWS, HIDDEN, "['a->a'].samples: the batch has no labelled samples"),
    (self_edge(RelativeThresholdGate()), VIEWS, HIDDEN, "['a->a'].samples: the batch has no labelled samples"),
]  # fmt: skip


@pytest.mark.parametrize(('edge', 'inputs', 'rows', 'message'), MISTAKES, ids=[message for *_, message in MISTAKES])
def test_mistakes(edge, inputs, rows, message):
    with pytest.raises(ConfigError) as caught:
        check_batch(edge, inputs, rows)
    assert str(caught.value).startswith(f'model.edges{message}') and '\n' not in str(caught.value)
