"""Views of the images that edges look at and pipelines make; tests/apis looks at whole configs."""

import pytest

import ktg_mm.datasets
import ktg_mm.models  # noqa: F401  registers
from ktg_mm.config import GraphConfig
from ktg_mm.config.check_views import check_view, check_views
from ktg_mm.errors import ConfigError

NODE = dict(type='NetworkNode', network=dict(type='ImageClassifier', backbone=dict(type='LeNet5')))
GRAPH = GraphConfig(
    dict(
        nodes=dict(a=NODE),
        edges={'label->a': dict(loss=dict(type='CrossEntropy'), views=dict(target='weak'))},
        target='a',
    )
)
VIEWS, PACK = dict(type='Views', weak=[]), dict(type='PackViews')


@pytest.mark.parametrize(
    'loader', [None, {}, dict(dataset=dict(type='Digits')), dict(dataset=dict(pipeline=[VIEWS, PACK]))]
)
def test_good_loaders_and_those_that_do_not_say(loader):
    check_views(GRAPH, loader)


@pytest.mark.parametrize('steps', [[[]], [[VIEWS, PACK]], [{}], [None], [dict(type='Views'), PACK]])
def test_steps_that_are_none_are_left_to_who_builds_them(steps):
    check_views(GRAPH, dict(dataset=dict(pipeline=steps)))


MISTAKES = [
    ([PACK], "model.edges['label->a'].views: asks for the view 'weak', but the data pipeline makes one view without"),
    ([dict(type='Views', strong=[]), PACK], "model.edges['label->a'].views: asks for the view 'weak', but the data"),
    ([VIEWS, dict(type='PackInputs')], 'train_dataloader.dataset.pipeline: after Views comes PackViews'),
]


@pytest.mark.parametrize(('steps', 'message'), MISTAKES)
def test_mistakes(steps, message):
    with pytest.raises(ConfigError) as caught:
        check_views(GRAPH, dict(dataset=dict(type='Wrapper', dataset=dict(pipeline=steps))))
    assert str(caught.value).startswith(message)


def test_a_view():
    check_view('key', None, None)
    check_view('key', 'weak', ['weak', 'strong'])
    with pytest.raises(ConfigError, match='key: names no view, but the data pipeline makes strong, weak'):
        check_view('key', None, ['weak', 'strong'])
