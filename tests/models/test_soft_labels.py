"""Labels that are probabilities: from batch augmentations, or from the data set."""

import math

import numpy as np
import pytest
import torch
from mmpretrain.structures import DataSample
from torch.utils._python_dispatch import TorchDispatchMode

from ktg_mm.errors import ConfigError
from ktg_mm.models.soft_labels import labels_of

MIXUP = dict(augments=dict(type='Mixup', alpha=1.0))
CUTMIX = dict(augments=dict(type='CutMix', alpha=1.0))
CORRECT = dict(type='CorrectGate')


def build(toys, edges=None, kind='resnet', **arguments):
    nodes = dict(net1=toys.node(kind), net2=toys.node(kind))
    edges = {'label->net1': toys.label(), 'label->net2': toys.label(), 'net2->net1': toys.kl()} | (edges or {})
    return toys.build(nodes, edges, double=False, **arguments)


def batch(toys, **arguments):
    return toys.batch(double=False, **arguments)


def cross_entropy(scores, logits):
    """By hand, in Python's floats."""
    total = 0.0
    for row, y in zip(logits.tolist(), scores.tolist(), strict=True):
        highest = max(row)
        norm = highest + math.log(sum(math.exp(value - highest) for value in row))
        total -= sum(share * (value - norm) for share, value in zip(y, row, strict=True))
    return total / len(scores)


@pytest.mark.parametrize('kind', ['resnet', 'abn'])
@pytest.mark.parametrize('augments', [MIXUP, CUTMIX])
@pytest.mark.parametrize('num_classes', [5, None])
def test_mixed_images_are_learnt_with_their_mixed_labels(toys, augments, kind, num_classes):
    graph = build(toys, kind=kind, data_preprocessor=dict(num_classes=num_classes, batch_augments=augments))
    np.random.seed(0)
    torch.manual_seed(0)
    data = graph.data_preprocessor(batch(toys), training=True)
    scores = torch.stack([sample.gt_score for sample in data['data_samples']])
    assert ((scores > 0) & (scores < 1)).any() and torch.allclose(scores.sum(dim=1), torch.ones(6))
    values = graph(**data, mode='loss')
    output = graph.nodes['net1'](data['inputs'])
    expected = cross_entropy(scores, output.logits)
    if kind == 'abn':
        expected += cross_entropy(scores, output.attention_logits)
    assert float(values['label->net1'].loss.detach()) == pytest.approx(expected, rel=1e-4)
    hard = torch.nn.functional.cross_entropy(output.logits, toys.labels_of(data))
    assert float(values['label->net1'].loss.detach()) != pytest.approx(float(hard.detach()), rel=1e-2)


def test_a_step_looks_at_no_value(toys):
    graph = build(toys, data_preprocessor=dict(num_classes=5, batch_augments=MIXUP))
    data = graph.data_preprocessor(batch(toys), training=True)
    graph(**data, mode='loss')

    class NoLook(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            assert 'local_scalar' not in str(func) and 'equal' not in str(func), func
            return func(*args, **(kwargs or {}))

    with NoLook():
        graph(**data, mode='loss')


def steps(graph, toys, change=lambda sample: None):
    """What three steps log, and the weights after them."""
    optimizer, logs = toys.sgd(graph), []
    for seed in range(3):
        data = batch(toys, seed=seed)
        for sample in data['data_samples']:
            change(sample)
        logs.append({key: float(value) for key, value in graph.train_step(data, optimizer).items()})
    return logs, toys.state(graph)


def test_one_hot_scores_of_the_data_teach_as_the_classes_do(toys):
    def one_hot(sample):
        sample.set_gt_score(torch.eye(5)[int(sample.gt_label)])

    logs, state = steps(build(toys), toys)
    soft_logs, soft_state = steps(build(toys), toys, change=one_hot)
    onehot_logs, onehot_state = steps(build(toys, data_preprocessor=dict(to_onehot=True)), toys)
    assert logs == soft_logs == onehot_logs
    assert all(torch.equal(value, soft_state[key]) for key, value in state.items())
    assert all(torch.equal(value, onehot_state[key]) for key, value in state.items())


def test_scores_without_classes(toys):
    graph = build(toys)
    data = batch(toys)
    scores = torch.rand(6, 5, generator=torch.Generator().manual_seed(0)).softmax(dim=1)
    data['data_samples'] = [DataSample().set_gt_score(score) for score in scores]
    prepared = graph.data_preprocessor(data, training=True)
    assert prepared['rows'].num_labeled == 6
    values = graph(**prepared, mode='loss')
    expected = cross_entropy(scores, graph.nodes['net2'](prepared['inputs']).logits)
    assert float(values['label->net2'].loss.detach()) == pytest.approx(expected, rel=1e-4)


def test_unlabelled_samples_keep_out_of_the_label_edge(toys):
    """Of samples with scores, those whose class is hidden teach nothing."""
    graph = build(toys)
    data = batch(toys)
    scores = torch.rand(6, 5, generator=torch.Generator().manual_seed(0)).softmax(dim=1)
    for i, sample in enumerate(data['data_samples']):
        sample.set_gt_score(scores[i])
        if i >= 4:
            sample.set_gt_label(-1)
    prepared = graph.data_preprocessor(data, training=True)
    values = graph(**prepared, mode='loss')
    expected = cross_entropy(scores[:4], graph.nodes['net2'](prepared['inputs']).logits[:4])
    assert float(values['label->net2'].loss.detach()) == pytest.approx(expected, rel=1e-4)


def test_a_gate_looks_at_the_soft_label(toys):
    """A label of probabilities is as sure as its highest one."""
    graph = build(toys, {'label->net1': toys.label(dict(type='ThresholdGate', threshold=0.5))})
    data = batch(toys)
    for i, sample in enumerate(data['data_samples']):
        sample.set_gt_score([0.4, 0.3, 0.3, 0, 0] if i % 3 else [0.1, 0.9, 0, 0, 0])
    values = graph(**graph.data_preprocessor(data, training=True), mode='loss')
    assert float(values['label->net1'].gate_weight) == pytest.approx(1 / 3)


@pytest.mark.parametrize('gate', [CORRECT, dict(type='DashGate')])
@pytest.mark.parametrize('key', ['batch_augments', 'to_onehot'])
def test_what_asks_for_one_class_is_refused_when_built(toys, gate, key):
    with pytest.raises(ConfigError) as caught:
        build(
            toys,
            {'net2->net1': toys.kl(gate)},
            data_preprocessor=dict(num_classes=5, **{key: MIXUP if key == 'batch_augments' else True}),
        )
    assert str(caught.value) == (
        f"model.edges['net2->net1'].gate: {gate['type']} asks for the one true class of a sample, which labels made "
        f'soft by data_preprocessor.{key} do not have; take another, or leave that out'
    )


def test_what_asks_for_one_class_is_refused_with_soft_data(toys):
    graph = build(toys, {'net2->net1': toys.kl(CORRECT)})
    data = batch(toys)
    graph(**graph.data_preprocessor(data, training=True), mode='loss')
    for sample in data['data_samples']:
        sample.set_gt_score([0.2] * 5)
    with pytest.raises(ConfigError, match=r"^model\.edges\['net2->net1'\]\.gate: CorrectGate asks for the one true"):
        graph(**graph.data_preprocessor(data, training=True), mode='loss')


@pytest.mark.parametrize(
    ('edge', 'message'),
    [
        (dict(samples='unlabeled'), 'cannot mix samples without a label'),
        (dict(views=dict(source='a', target='b')), 'cannot mix several views of an image'),
        (dict(views=dict(target='b')), 'cannot mix several views of an image'),
    ],
)
def test_semi_supervised_graphs_cannot_mix(toys, edge, message):
    with pytest.raises(ConfigError) as caught:
        build(toys, {'net2->net1': toys.kl(**edge)}, data_preprocessor=dict(batch_augments=MIXUP))
    assert str(caught.value) == (
        f"data_preprocessor.batch_augments: {message}, which model.edges['net2->net1'] looks at; leave it out"
    )


def with_scores(*scores):
    return [
        DataSample().set_gt_label(0).set_gt_score(score) if score else DataSample().set_gt_label(0) for score in scores
    ]


@pytest.mark.parametrize(
    ('samples', 'message'),
    [
        ([DataSample(), DataSample()], 'its samples have no gt_label; a graph learns labelled images'),
        ([DataSample().set_gt_label([1, 2]), DataSample().set_gt_label(1)], 'its samples have several classes each'),
        (with_scores([0.5, 0.5], None), 'samples must have a gt_score of the same number of classes, all or none'),
        (with_scores(None, [0.5, 0.5]), 'samples must have a gt_score of the same number of classes, all or none'),
        (with_scores([0.5, 0.5], [1.0]), 'samples must have a gt_score of the same number of classes, all or none'),
    ],
)
def test_labels_that_are_none(samples, message):
    with pytest.raises(ConfigError) as caught:
        labels_of(samples)
    assert str(caught.value).startswith(f'train_dataloader.dataset: {message}')


@pytest.mark.parametrize('score', [[1.0, 1.0, 0, 0, 0], [0.5, 0, 0, 0, 0], [1.5, -0.5, 0, 0, 0], [math.nan] * 5])
def test_scores_that_are_no_probabilities(toys, score):
    graph, data = build(toys), batch(toys)
    for sample in data['data_samples']:
        sample.set_gt_score(score)
    with pytest.raises(ConfigError, match=r'^train_dataloader\.dataset: a gt_score adds up to .*one class of an image'):
        graph.data_preprocessor(data, training=True)


def test_scores_of_another_number_of_classes(toys):
    graph, data = build(toys), batch(toys)
    for sample in data['data_samples']:
        sample.set_gt_score([1.0])
    with pytest.raises(ConfigError) as caught:
        graph(**graph.data_preprocessor(data, training=True), mode='loss')
    assert str(caught.value) == (
        'train_dataloader.dataset: a gt_score has 1 classes, but the networks have 5; must be the same'
    )


def test_a_prediction_of_samples_with_scores_alone_has_the_most_probable_class(toys):
    graph = build(toys).eval()
    samples = [DataSample().set_gt_score([0.1, 0.2, 0.7, 0, 0]), DataSample().set_gt_score([0.9, 0.1, 0, 0, 0])]
    predicted = graph(torch.rand(2, 1, 16, 16), samples, mode='predict')
    assert [int(sample.gt_label) for sample in predicted] == [2, 0]


def test_scores_of_some_samples_alone(toys):
    graph, data = build(toys), batch(toys)
    data['data_samples'][2].set_gt_score([0.2] * 5)
    with pytest.raises(ConfigError, match=r'^train_dataloader\.dataset: samples must have a gt_score of the same'):
        graph.data_preprocessor(data, training=True)
