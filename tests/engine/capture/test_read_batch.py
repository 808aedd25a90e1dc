import pytest
import torch
from mmpretrain.structures import DataSample

from ktg_mm.engine.capture import ReadBatch
from ktg_mm.structures import UNLABELED

CPU = torch.device('cpu')
PREPARED = dict(type='GraphDataPreprocessor', mean=[100.0], std=[50.0])


def data(labels=(3, 0, 1), views=None, seed=0, side=16):
    generator = torch.Generator().manual_seed(seed)
    shape = (len(labels), 1, side, side)
    images = [torch.randint(256, shape, generator=generator, dtype=torch.uint8) for _ in views or [None]]
    samples = [DataSample().set_gt_label(label) for label in labels]
    return dict(inputs=dict(zip(views, images, strict=True)) if views else images[0], data_samples=samples)


@pytest.fixture
def graph(toys):
    return toys.build(dict(net1=toys.node()), {'label->net1': toys.label()}, double=False, data_preprocessor=PREPARED)


def expected(graph, batch):
    """What the graph's eager step is given."""
    batch = dict(graph.data_preprocessor(batch, training=True))
    return batch['inputs'], graph.samples_of(batch['data_samples'], batch['rows'])


@pytest.mark.parametrize('views', [None, ['weak', 'strong']])
@pytest.mark.parametrize('as_list', [False, True])
@pytest.mark.parametrize('labels', [(3, 0, 1), (2, UNLABELED, UNLABELED), (UNLABELED, 2, UNLABELED)])
def test_what_the_step_is_given(graph, views, as_list, labels):
    batch = data(labels, views)
    if as_list:
        batch['inputs'] = {k: list(v) for k, v in batch['inputs'].items()} if views else list(batch['inputs'])
    read = ReadBatch.of(graph, batch).on(CPU)
    assert {tensor.dtype for tensor in read.tensors()} == {torch.uint8, torch.int64}  # images as they came
    inputs, samples = expected(graph, batch)
    found = read.prepared()
    torch.testing.assert_close(found['inputs'], inputs, rtol=0, atol=0)
    assert torch.equal(found['samples'].labels, samples.labels)
    for kind in ('labeled', 'unlabeled'):
        assert torch.equal(torch.arange(3)[found['samples'].rows.rows(kind)], torch.arange(3)[samples.rows.rows(kind)])


def test_other_values_in_the_same_memory(graph):
    labels = [(2, UNLABELED, UNLABELED, 1), (UNLABELED, 3, 0, UNLABELED)]
    first, second = (data(each, ['weak', 'strong'], seed) for seed, each in enumerate(labels))
    read = ReadBatch.of(graph, first).on(CPU)
    places = [tensor.data_ptr() for tensor in read.tensors()]
    other = ReadBatch.of(graph, second)
    assert read.likeness == other.likeness
    read.fill(other)
    assert [tensor.data_ptr() for tensor in read.tensors()] == places
    inputs, samples = expected(graph, second)
    torch.testing.assert_close(dict(read.prepared()['inputs']), inputs, rtol=0, atol=0)
    assert torch.equal(read.samples.labels, samples.labels)
    assert torch.equal(read.samples.rows.labeled, samples.rows.labeled)
    assert not torch.equal(first['inputs']['weak'], second['inputs']['weak'])


@pytest.mark.parametrize(
    'other',
    [
        data((3, 0)),
        data((3, 0, UNLABELED)),
        data((UNLABELED, 0, UNLABELED)),
        data(side=12),
        data(views=['weak']),
        data() | dict(inputs=torch.rand(3, 1, 16, 16)),
        data() | dict(data_samples=[DataSample().set_gt_score([0.0, 0.1, 0.2, 0.3, 0.4])] * 3),
    ],
    ids=['fewer', 'one hidden', 'others hidden', 'smaller', 'a view', 'floats', 'soft'],
)
def test_batches_that_are_not_alike(graph, other):
    assert ReadBatch.of(graph, data()).likeness != ReadBatch.of(graph, other).likeness
    assert ReadBatch.of(graph, other).likeness == ReadBatch.of(graph, other).on(CPU).likeness


def test_labels_that_are_mixed_are_prepared_before(toys):
    preprocessor = PREPARED | dict(num_classes=5, batch_augments=dict(augments=dict(type='Mixup', alpha=0.8)))
    edges = {'label->net1': toys.label()}
    graph = toys.build(dict(net1=toys.node()), edges, double=False, data_preprocessor=preprocessor)
    torch.manual_seed(0)
    read = ReadBatch.of(graph, data())
    assert read.inputs.dtype == torch.float32 and read.samples.scores.shape == (3, 5)


def test_images_of_several_sizes_are_prepared_before(graph):
    batch = data()
    batch['inputs'] = [torch.zeros(1, side, side, dtype=torch.uint8) for side in (16, 12, 16)]
    read = ReadBatch.of(graph, batch)
    assert read.inputs.shape == (3, 1, 16, 16) and read.inputs.dtype == torch.float32


def test_tokens(toys):
    text = torch.arange(2 * 7).view(2, 7) % 7
    batch = dict(inputs=text[:, :-1], data_samples=[DataSample().set_gt_label(row[-4:].clone()) for row in text])
    network = dict(type='LanguageModel', vocab_size=7, length=4, dims=6)
    graph = toys.build(
        dict(net1=dict(type='NetworkNode', network=network)),
        {'label->net1': toys.label()},
        data_preprocessor=dict(type='TokenPreprocessor'),
    )
    read = ReadBatch.of(graph, batch).on(CPU)
    assert torch.equal(read.prepared()['inputs'], text[:, :-1])
    assert torch.equal(read.samples.labels, text[:, -4:].flatten()) and read.samples.rows.size == 8
