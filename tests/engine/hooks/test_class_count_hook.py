from types import SimpleNamespace

import pytest

from ktg_mm.engine.hooks import ClassCountHook
from ktg_mm.errors import ConfigError

TWELVE = {
    'model.nodes.net1.network.head.num_classes': 12,
    'model.nodes.net2.network.head.num_classes': 12,
    'data_preprocessor.num_classes': 12,
}


@pytest.mark.parametrize('part', ['train', 'val', 'test'])
def test_data_of_another_number_of_classes(tiny_runner, part):
    runner = tiny_runner(TWELVE)
    steps = []
    runner.model.train_step = runner.model.val_step = runner.model.test_step = steps.append
    with pytest.raises(ConfigError) as caught:
        getattr(runner, part)()
    assert str(caught.value) == (f'{part}_dataloader.dataset: has 10 classes, but the networks of model.nodes have 12')
    assert not steps


def test_the_right_number_passes(tiny_runner):
    assert 'net1/accuracy/top1' in tiny_runner().val()


@pytest.mark.parametrize('metainfo', [None, {}, {'classes': None}, {'classes': ('a', 'b', 'c')}])
def test_data_that_do_not_say_or_fit(metainfo):
    loader = SimpleNamespace(dataset=SimpleNamespace(metainfo=metainfo))
    runner = SimpleNamespace(model=SimpleNamespace(num_classes=3), train_dataloader=loader)
    assert ClassCountHook().before_train(runner) is None
    runner.model.num_classes = 4
    if metainfo and metainfo['classes']:
        with pytest.raises(ConfigError, match=r'has 3 classes, but the networks of .* have 4'):
            ClassCountHook().before_train(runner)
