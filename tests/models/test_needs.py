"""What parts of edges need; gates, losses and alignment may need all of it alike."""

import pytest
from mmpretrain.structures import DataSample

from ktg_mm.config import GraphConfig
from ktg_mm.config.type_check import default_arguments
from ktg_mm.datasets.samplers import SeededIndex
from ktg_mm.errors import ConfigError
from ktg_mm.models.gates import Gate
from ktg_mm.models.losses import EdgeLoss
from ktg_mm.models.needs import Attention, LabeledSource, Labels, NodeNames, OtherView, SampleIds
from ktg_mm.registry import GATES, LOSSES

VIEWS = dict(views=dict(source='weak', target='weak'))


class _Arguments:
    def __init__(self, other_view=None, num_samples=None, students=None):
        super().__init__()
        self.other_view, self.num_samples, self.students = other_view, num_samples, students


ALL = (OtherView('other_view'), SampleIds('num_samples'), NodeNames('students'), LabeledSource())


class NeedyLoss(_Arguments, EdgeLoss):
    needs = ALL

    def forward(self, target, source, context):
        self.seen = context
        return (target.probabilities() - context.other_source.probabilities()).square().sum(dim=1)


class NeedyGate(_Arguments, Gate):
    needs = ALL

    def weight(self, loss, target, source, context):
        self.seen = context
        return 1.0


class LabelLoss(EdgeLoss):
    needs = (Labels(),)

    def forward(self, target, source, context):
        self.seen = context
        return target.log_probabilities()[:, 0]


@pytest.fixture(autouse=True)
def registered():
    for registry, cls in ((LOSSES, NeedyLoss), (GATES, NeedyGate), (LOSSES, LabelLoss), (LOSSES, MemoryLoss)):
        registry.register_module(module=cls, force=True)
    yield
    for registry, cls in ((LOSSES, NeedyLoss), (GATES, NeedyGate), (LOSSES, LabelLoss), (LOSSES, MemoryLoss)):
        registry.module_dict.pop(cls.__name__)


def edge_with(part, **entries):
    kind = part.pop('kind')
    cfg = dict(type=kind, **part)
    parts = (
        dict(loss=cfg)
        if issubclass(LOSSES.get(kind) or Gate, EdgeLoss)
        else dict(loss=dict(type='KLDivergence'), gate=cfg)
    )
    return dict(**parts, **{'samples': 'unlabeled', **VIEWS, **entries})


def graph_of(toys, edge, key='a->b'):
    edges = {f'label->{name}': toys.label(views=dict(target='weak')) for name in 'ab'} | {key: edge}
    return dict(nodes=dict(a=toys.node(), b=toys.node()), edges=edges, target='a')


def mixed_batch(toys, numbered=True):
    """Two labelled and four unlabelled samples in two views."""
    data = toys.batch(size=6)
    samples = data['data_samples'][:2]
    samples += [DataSample(metainfo=dict(unlabeled_id=i) if numbered else {}).set_gt_label(-1) for i in (7, 3, 1, 0)]
    return {view: data['inputs'] + shift for view, shift in (('weak', 0.0), ('strong', 0.1))}, samples


@pytest.mark.parametrize('kind', ['NeedyLoss', 'NeedyGate'])
def test_losses_may_ask_for_whatever_gates_can(toys, kind):
    edge = edge_with(dict(kind=kind, other_view='strong', num_samples=8, students=['a', 'b']))
    graph = toys.build(**graph_of(toys, edge))
    inputs, samples = mixed_batch(toys)
    assert graph(inputs, samples, mode='loss')['a->b'].loss.isfinite()
    part = graph.edges['a->b'].losses[0] if kind == 'NeedyLoss' else graph.edges['a->b'].gate
    outputs = {view: graph.nodes['a'](inputs[view]).logits for view in inputs}
    assert part.seen.sample_ids.tolist() == [7, 3, 1, 0] and part.seen.labels is None
    assert part.seen.labeled_labels.tolist() == [int(sample.gt_label) for sample in samples[:2]]
    assert part.seen.other_source.logits.shape == outputs['strong'][2:].shape
    assert not part.seen.other_source.logits.requires_grad and not part.seen.labeled_source.logits.requires_grad


def test_a_loss_that_needs_labels_makes_the_edge_one_of_labelled_samples(toys):
    graph = toys.build(**graph_of(toys, dict(loss=dict(type='LabelLoss'), **VIEWS)))
    inputs, samples = mixed_batch(toys)
    graph(inputs, samples, mode='loss')
    assert graph.edges['a->b'].samples == 'labeled' and len(graph.edges['a->b'].losses[0].seen.labels) == 2


PARTS = [('NeedyLoss', '.loss'), ('NeedyGate', '.gate')]
MISTAKES = [
    (dict(other_view=3), {}, "{part}.other_view: must be a view's name, got 3"),
    (dict(), dict(samples='all'), ".samples: must be 'unlabeled': {kind} keeps count of those"),
    (dict(students=['a', 'c']), {}, "{part}.students: no node is named 'c'; known: a, b"),
    (dict(students=['a']), {}, "{part}.students: must name both ends of the edge, 'b' is missing"),
]


@pytest.mark.parametrize(('kind', 'part'), PARTS)
@pytest.mark.parametrize(('arguments', 'entries', 'message'), MISTAKES, ids=[message for *_, message in MISTAKES])
def test_mistakes_in_the_config(toys, kind, part, arguments, entries, message):
    model = graph_of(toys, edge_with(dict(kind=kind, **arguments), **entries))
    with pytest.raises(ConfigError) as caught:
        GraphConfig(model).check()
    assert str(caught.value) == "model.edges['a->b']" + message.format(part=part, kind=kind)


def test_two_parts_that_look_at_different_views(toys):
    one, other = (dict(kind='NeedyLoss', other_view=view) for view in ('strong', 'other'))
    edge = edge_with(one) | dict(gate=dict(type='NeedyGate', other_view='strong'))
    GraphConfig(graph_of(toys, edge)).check()
    with pytest.raises(ConfigError) as caught:
        GraphConfig(graph_of(toys, edge | edge_with(other))).check()
    line = "model.edges['a->b']: its parts look at the views other, strong; all must name the same one"
    assert str(caught.value) == line


def test_a_need_sees_an_arguments_default(toys, monkeypatch):
    monkeypatch.setattr(NeedyGate, '__init__', lambda self, other_view='strong': Gate.__init__(self))
    default_arguments.cache_clear()
    model = graph_of(toys, dict(toys.kl(), gate=dict(type='NeedyGate'), samples='unlabeled', **VIEWS))
    edge = GraphConfig(model).edges['a->b']
    assert ("model.edges['a->b'].gate.other_view", 'strong') in list(edge.views)
    default_arguments.cache_clear()


def test_what_looks_at_nodes_is_not_for_the_label(toys):
    edge = dict(toys.label(), gate=dict(type='NeedyGate', other_view='strong'))
    with pytest.raises(ConfigError) as caught:
        GraphConfig(graph_of(toys, edge, 'label->b')).check()
    assert str(caught.value) == "model.edges['label->b'].gate: NeedyGate is for edges between nodes, not from the label"


@pytest.mark.parametrize('samples', ['all', 'unlabeled'])
def test_a_loss_that_needs_labels_refuses_other_samples(toys, samples):
    with pytest.raises(ConfigError) as caught:
        GraphConfig(graph_of(toys, dict(loss=dict(type='LabelLoss'), samples=samples))).check()
    assert (
        str(caught.value) == f"model.edges['a->b'].samples: must be 'labeled', got {samples!r}: LabelLoss needs labels"
    )


@pytest.mark.parametrize(('kind', 'part'), PARTS)
def test_mistakes_in_the_data(toys, kind, part):
    path = f"model.edges['a->b']{part}"
    with pytest.raises(ConfigError) as caught:
        toys.build(**graph_of(toys, edge_with(dict(kind=kind))))(*mixed_batch(toys, numbered=False), mode='loss')
    assert str(caught.value).startswith(f'{path}: {kind} needs the number of each unlabelled image')
    with pytest.raises(ConfigError) as caught:
        toys.build(**graph_of(toys, edge_with(dict(kind=kind, num_samples=7))))(*mixed_batch(toys), mode='loss')
    assert str(caught.value).startswith(f'{path}.num_samples: is 7, but there is an unlabelled image with the number 7')


class MemoryLoss(_Arguments, EdgeLoss):
    """Keeps something for each training image."""

    needs = (SampleIds('num_samples', key='sample_idx'), Labels())

    def forward(self, target, source, context):
        self.seen = context
        return target.log_probabilities()[:, 0]


def batch_of_numbers(toys, numbers):
    inputs, samples = mixed_batch(toys)
    for sample, number in zip(samples, numbers, strict=False):
        sample.set_metainfo(dict(sample_idx=number))
    return inputs, samples


def test_numbers_of_all_training_images(toys):
    graph = toys.build(**graph_of(toys, dict(loss=dict(type='MemoryLoss', num_samples=50), **VIEWS)))
    graph(*batch_of_numbers(toys, [SeededIndex(49, seed=0, epoch=1), 5, 40, 41, 42, 43]), mode='loss')
    seen = graph.edges['a->b'].losses[0].seen
    assert graph.edges['a->b'].samples == 'labeled' and seen.sample_ids.tolist() == [49, 5] and len(seen.labels) == 2


@pytest.mark.parametrize(
    ('numbers', 'message'),
    [
        ([], ".loss: MemoryLoss needs the number of each training image, 'sample_idx'; leave it in the meta_keys"),
        ([3, 7], '.loss.num_samples: is 7, but there is a training image with the number 7; must be how many there'),
    ],
)
def test_mistakes_in_the_numbers_of_training_images(toys, numbers, message):
    graph = toys.build(**graph_of(toys, dict(loss=dict(type='MemoryLoss', num_samples=7), **VIEWS)))
    inputs, samples = batch_of_numbers(toys, numbers)
    with pytest.raises(ConfigError) as caught:
        graph.train_step(dict(inputs=inputs, data_samples=samples), toys.sgd(graph))
    assert str(caught.value).startswith("model.edges['a->b']" + message) and '\n' not in str(caught.value)


def test_a_need_is_there_only_if_its_argument_says_so():
    with_value, without = dict(target='labeled'), dict(target='uniform')
    assert LabeledSource('target', 'labeled').applies(with_value)
    assert not LabeledSource('target', 'labeled').applies(without) and LabeledSource().applies(without)
    assert not OtherView('other_view').applies({}) and OtherView('other_view').applies(dict(other_view=''))
    assert Attention().applies({}) and SampleIds('num_samples').applies({})


def test_attention_of_a_node_that_has_none(toys):
    edge = dict(loss=dict(type='AttentionMSE'))
    model = graph_of(toys, edge, 'e->b')
    model['nodes']['e'] = dict(type='EnsembleNode', members=['a', 'b'])
    with pytest.raises(ConfigError) as caught:
        toys.build(**model)
    message = "model.edges['e->b'].loss: node 'e': has no attention map, as it is of type EnsembleNode"
    assert str(caught.value) == message


SIM_MATCH = dict(kind='SimMatch', num_labels=7, warm_up=0.0)
STRONG = dict(views=dict(source='weak', target='strong'))


def strong_batch(toys, numbers):
    inputs, samples = batch_of_numbers(toys, numbers)
    return dict(inputs, strong=inputs['weak']), samples


def test_numbers_of_labelled_images(toys):
    graph = toys.build(**graph_of(toys, edge_with(dict(SIM_MATCH), **STRONG), 'a->a'))
    graph(*strong_batch(toys, [SeededIndex(6, seed=0, epoch=1), 2, 7, 8, 9, 10]), mode='loss')
    assert (graph.edges['a->a'].losses[0].classes >= 0).nonzero().flatten().tolist() == [2, 6]


@pytest.mark.parametrize(
    ('numbers', 'message'),
    [
        ([], ".loss: SimMatch needs the number of each labelled image, 'sample_idx'; leave it in the meta_keys"),
        ([3, 7], '.loss.num_labels: is 7, but there is a labelled image with the number 7; must be how many there'),
    ],
)
def test_mistakes_in_the_numbers_of_labelled_images(toys, numbers, message):
    graph = toys.build(**graph_of(toys, edge_with(dict(SIM_MATCH), **STRONG), 'a->a'))
    inputs, samples = strong_batch(toys, numbers)
    with pytest.raises(ConfigError) as caught:
        graph.train_step(dict(inputs=inputs, data_samples=samples), toys.sgd(graph))
    assert str(caught.value).startswith("model.edges['a->a']" + message) and '\n' not in str(caught.value)


def test_a_part_for_one_node(toys):
    with pytest.raises(ConfigError, match="SimMatch has one layer for both ends; let the edge be 'b->b'"):
        toys.build(**graph_of(toys, edge_with(dict(SIM_MATCH), **STRONG)))
