import pytest
import torch
from mmpretrain.structures import DataSample

from ktg_mm.errors import ConfigError
from ktg_mm.models.distribution_alignment import DistributionAlignment
from ktg_mm.models.edges import TransferEdge
from ktg_mm.models.forward_pass import ForwardPass
from ktg_mm.models.gates import FlexMatchGate, RelativeThresholdGate, StabilityGate, ThroughGate
from ktg_mm.models.losses import KLDivergence
from ktg_mm.models.needs import Batch
from ktg_mm.models.nodes import Node
from ktg_mm.models.samples import Samples
from ktg_mm.structures import NodeOutput, SampleRows

LABELS = torch.tensor([2, 0, -1, -1, -1])
INPUTS = {name: torch.arange(20.0).reshape(5, 4) + i for i, name in enumerate(['weak', 'strong'])}


class Echo(Node):
    def forward(self, inputs):
        return NodeOutput(inputs)


def context_of(gate=None, labels=LABELS, ids=True, samples='unlabeled', align=None):
    views = dict(source='weak', target='strong')
    edge = TransferEdge('a->b', [KLDivergence()], gate or ThroughGate(), views=views, samples=samples, align=align)
    rows = SampleRows.of(labels)
    run = ForwardPass(dict(a=Echo(), b=Echo()), INPUTS, rows)
    edge.ask(run)
    run.run()
    data = [
        DataSample(metainfo=dict(unlabeled_id=10 + i) if ids and label < 0 else {}).set_gt_label(label)
        for i, label in enumerate(labels.tolist())
    ]
    samples_of = Samples.of(data, [edge])
    return edge.context(Batch(run, rows, labels, None, samples_of.numbers), progress=torch.tensor(0.25))


@pytest.mark.parametrize('samples', ['unlabeled', 'all'])
def test_no_labels_where_one_is_hidden(samples):
    context = context_of(samples=samples)
    assert context.labels is None and context.labeled_labels is None
    assert (context.progress, context.source_name, context.target_name) == (0.25, 'a', 'b')


@pytest.mark.parametrize('samples', ['labeled', 'all'])
def test_labels_where_all_are_known(samples):
    known = torch.tensor([2, 0, 1, 1, 0])
    assert context_of(samples=samples, labels=known).labels.tolist() == known.tolist()
    assert context_of(samples='labeled').labels.tolist() == [2, 0]


def test_numbers_of_the_images():
    assert context_of().sample_ids is None
    assert context_of(FlexMatchGate(num_samples=20)).sample_ids.tolist() == [12, 13, 14]


def test_numbers_that_nobody_knows():
    with pytest.raises(ConfigError) as caught:
        context_of(FlexMatchGate(num_samples=20), ids=False)
    assert str(caught.value).startswith("model.edges['a->b'].gate: FlexMatchGate needs the number of each unlabelled")


@pytest.mark.parametrize(
    'parts', [dict(gate=RelativeThresholdGate()), dict(align=DistributionAlignment(target='labeled'))]
)
def test_the_source_on_labelled_samples(parts):
    context = context_of(**parts)
    assert torch.equal(context.labeled_source.logits, INPUTS['weak'][:2])
    assert context.labeled_labels.tolist() == [2, 0] and context.labels is None


def test_the_other_view():
    context = context_of(StabilityGate(threshold=0.5, other_view='strong'))
    assert torch.equal(context.other_source.logits, INPUTS['strong'][2:])
    assert torch.equal(context.other_target.logits, INPUTS['strong'][2:])
