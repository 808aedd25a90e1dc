import pytest

from ktg_mm.errors import ConfigError
from ktg_mm.search.space.metrics import read_metrics, scores

MODEL = dict(target='a', nodes=dict(a={}, b={}))


def test_scores():
    found = {'a/accuracy/top1': 90.0, 'b/accuracy/top1': 91.0, 'a/accuracy/top5': 99.0}
    assert scores(['b/accuracy/top1', 'a/accuracy/top5'], found) == [91.0, 99.0]
    assert scores(['best/accuracy/top1'], found, ['a', 'b', 'unheard']) == [91.0]
    with pytest.raises(ConfigError) as caught:
        scores(['a/accuracy/top2'], found)
    assert str(caught.value) == ("search.metric: 'a/accuracy/top2' is never reported; did you mean 'a/accuracy/top5'?")


def test_the_target_unless_it_says_otherwise():
    assert read_metrics({}, MODEL) == ['a/accuracy/top1']
    assert read_metrics(dict(metric='b/accuracy/top5'), MODEL) == ['b/accuracy/top5']
    assert read_metrics(dict(metric=('best/accuracy/top1', 'flops')), MODEL) == ['best/accuracy/top1', 'flops']


@pytest.mark.parametrize(
    ('metric', 'message'),
    [
        (5, "must be a metric such as 'net1/accuracy/top1', or a list, got 5"),
        (['flops'], "needs a score of a node's"),
        ('c/accuracy/top1', "'c/accuracy/top1' begins with no node; "),
        ('a/ece', "'a/ece' is an error, but a search looks for the highest score"),
        ('a', "must be a node and its metric, such as 'net1/accuracy/top1', got 'a'"),
    ],
)
def test_mistakes(metric, message):
    with pytest.raises(ConfigError) as caught:
        read_metrics(dict(metric=metric), MODEL)
    assert str(caught.value).startswith(f'search.metric: {message}') and '\n' not in str(caught.value)
