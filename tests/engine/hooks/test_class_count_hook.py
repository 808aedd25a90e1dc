import re
from pathlib import Path
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


def renamed(runner, part):
    """Gives the data of a part the classes of a folder that has 'ten' for the training data's last."""
    dataset = getattr(runner, f'{part}_dataloader').dataset
    dataset._metainfo['classes'] = (*dataset.metainfo['classes'][:-1], 'ten')


@pytest.mark.parametrize('part', ['val', 'test'])
def test_classes_of_other_names(tiny_runner, part):
    message = f"{part}_dataloader.dataset: class 9 is 'ten', but '9' in the training data; give both the same classes"
    runner = tiny_runner()
    runner.train()
    renamed(runner, part)
    with pytest.raises(ConfigError, match=re.escape(message)):
        getattr(runner, part)()
    another = tiny_runner({'load_from': str(Path(runner.work_dir, 'epoch_2.pth'))})
    renamed(another, part)
    with pytest.raises(ConfigError, match=re.escape(message)):
        getattr(another, part)()


def test_weights_of_other_classes_are_trained_further(tiny_runner):
    runner = tiny_runner()
    hook = ClassCountHook()
    hook.after_load_checkpoint(runner, dict(meta=dict(dataset_meta=dict(classes=[f'old {i}' for i in range(10)]))))
    hook.before_train(runner)
    hook.before_val(runner)
