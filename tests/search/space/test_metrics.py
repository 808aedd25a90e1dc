import pytest
from mmengine.config import ConfigDict
from mmengine.evaluator import BaseMetric
from mmpretrain.evaluation import Accuracy

from ktg_mm.errors import ConfigError
from ktg_mm.evaluation import NodeMetric
from ktg_mm.search.space.metrics import Metric, read_metrics, read_scores

MODEL = dict(target='a', nodes=dict(a={}, b={}))
UP, DOWN = 'maximize', 'minimize'


class BrierScore(BaseMetric):
    """A metric of a user's, which says which way it is better."""

    directions = dict(score=DOWN, skill=UP)
    default_prefix = 'brier'

    def process(self, data_batch, data_samples): ...

    def compute_metrics(self, results): ...


class BalancedAccuracy(Accuracy):
    """Its names are those of the class that it inherits from, and as good."""


class Undecided(BrierScore):
    directions = dict(score='upwards')


class Contrary(BrierScore):
    directions = dict(score=UP)


class Listed(BrierScore):
    directions = ['score']


def read(metric, evaluator=None):
    config = dict(model=MODEL, **(dict(val_evaluator=evaluator) if evaluator else {}))
    return read_metrics(dict(metric=metric) if metric else {}, config)


def test_scores():
    found = {'a/accuracy/top1': 90.0, 'b/accuracy/top1': 91.0, 'a/accuracy/top5': 99.0}
    wanted = [Metric('b/accuracy/top1', UP), Metric('flops', DOWN), Metric('a/accuracy/top5', UP)]
    assert read_scores(wanted, found) == [91.0, 99.0]
    nodes = ['a', 'b', 'unheard']
    assert read_scores([Metric('best/accuracy/top1', UP)], found, nodes) == [91.0]
    assert read_scores([Metric('best/accuracy/top1', DOWN)], found, nodes) == [90.0]
    with pytest.raises(ConfigError) as caught:
        read_scores([Metric('a/accuracy/top2', UP)], found)
    assert str(caught.value) == ("search.metric: 'a/accuracy/top2' is never reported; did you mean 'a/accuracy/top5'?")


def test_the_target_unless_it_says_otherwise():
    assert read(None) == [Metric('a/accuracy/top1', UP)]
    assert read('b/accuracy/top5') == [Metric('b/accuracy/top5', UP)]
    assert read(('best/accuracy/top1', 'flops')) == [Metric('best/accuracy/top1', UP), Metric('flops', DOWN)]


@pytest.mark.parametrize(
    ('kind', 'metric', 'direction'),
    [
        ('accuracy/top1', dict(type='Accuracy'), UP),
        ('accuracy/top1_thr-0.50', dict(type='Accuracy', thrs=(0.5, 0.6)), UP),
        ('other/top1', dict(type='Accuracy', prefix='other'), UP),
        ('accuracy/top1', dict(type='Accuracy', prefix='other'), None),
        ('accuracy/top1', dict(type=BalancedAccuracy), UP),
        ('single-label/f1-score', dict(type='SingleLabelMetric'), UP),
        ('single-label/support', dict(type='SingleLabelMetric'), None),
        ('multi-label/mAP', dict(type='AveragePrecision'), UP),
        ('calibration/ece', dict(type='CalibrationError'), DOWN),
        ('calibration/mce', dict(type='CalibrationError'), None),
        ('mine/ece', dict(type='CalibrationError', prefix='mine'), DOWN),
        ('brier/score', dict(type=BrierScore), DOWN),
        ('brier/skill', dict(type=BrierScore), UP),
    ],
)
def test_the_class_of_a_metric_says_which_way_it_is_better(kind, metric, direction):
    of_nodes = dict(type='NodeMetric', metric=metric)
    for evaluator in (of_nodes, [dict(type='NodeMetric', metric=dict(type='ConfusionMatrix')), of_nodes], metric):
        for node in ('a', 'best'):
            assert read(f'{node}/{kind}', evaluator) == [Metric(f'{node}/{kind}', direction)]


def test_an_evaluator_speaks_of_its_nodes_alone():
    brier = dict(type='NodeMetric', nodes=['a'], metric=dict(type=BrierScore))
    skill = dict(type='NodeMetric', nodes=['b'], metric=dict(type=Contrary))
    for evaluators in ([brier, skill], [skill, brier]):
        assert read(['a/brier/score', 'b/brier/score'], evaluators) == [
            Metric('a/brier/score', DOWN),
            Metric('b/brier/score', UP),
        ]
        assert read('best/brier/score', evaluators) == [Metric('best/brier/score', None)]  # they do not agree


def test_a_subclass_of_the_metric_of_nodes():
    class OwnNodeMetric(NodeMetric):
        pass

    assert read('a/accuracy/top1', dict(type=OwnNodeMetric)) == [Metric('a/accuracy/top1', UP)]


def test_the_search_may_say_it_itself():
    entry = ConfigDict(name='a/brier', direction=DOWN)
    assert read(entry) == read([entry]) == [Metric('a/brier', DOWN)]
    assert read([dict(name='b/accuracy/top1'), 'flops']) == [Metric('b/accuracy/top1', UP), Metric('flops', DOWN)]
    assert read(dict(name='a/accuracy/top1', direction=DOWN)) == [Metric('a/accuracy/top1', DOWN)]


def test_a_metric_of_which_nobody_says_it():
    (metric,) = read('a/brier')
    with pytest.raises(ConfigError) as caught:
        _ = metric.direction
    assert str(caught.value) == (
        "search.metric: nobody says which way 'a/brier' is better; "
        "write dict(name='a/brier', direction='maximize') or 'minimize'"
    )


@pytest.mark.parametrize(
    ('metric', 'message'),
    [
        (5, "must be a metric such as 'net1/accuracy/top1', or a list, got 5"),
        (['flops'], "needs a score of a node's"),
        ('c/accuracy/top1', "'c/accuracy/top1' begins with no node; "),
        ('a', "must be a node and its metric, such as 'net1/accuracy/top1', got 'a'"),
        (dict(name='c/brier', direction=DOWN), "'c/brier' begins with no node; "),
        (
            dict(direction=DOWN),
            "must be such as dict(name='net1/brier', direction='minimize'), got {'direction': 'minimize'}",
        ),
        (
            ['a/accuracy/top1', dict(name='a/accuracy/top1', direction=DOWN)],
            'names one metric twice: a/accuracy/top1, ',
        ),
        (dict(name='a/brier', way=DOWN), "must be such as dict(name='net1/brier', direction='minimize'), got "),
    ],
)
def test_mistakes(metric, message):
    with pytest.raises(ConfigError) as caught:
        read(metric)
    assert str(caught.value).startswith(f'search.metric: {message}') and '\n' not in str(caught.value)


def test_a_direction_that_is_none():
    with pytest.raises(ConfigError) as caught:
        read(dict(name='a/brier', direction='upwards'))
    assert str(caught.value) == "search.metric.direction: must be 'maximize' or 'minimize', got 'upwards'"
    with pytest.raises(ConfigError) as caught:
        read('a/brier/score', dict(type='NodeMetric', metric=dict(type=Undecided)))
    assert str(caught.value) == "Undecided.directions: must be 'maximize' or 'minimize', got 'upwards'"
    with pytest.raises(ConfigError) as caught:
        read('a/brier/score', dict(type='NodeMetric', metric=dict(type=Listed)))
    assert str(caught.value) == "Listed.directions: must be such as dict(score='minimize'), got ['score']"
