import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from mmpretrain.datasets import RandomCrop
from mmpretrain.registry import DATASETS, HOOKS, METRICS

from ktg_mm.apis.part_errors import PartError, error_text, hooks_as_listed, name_error, named_errors
from ktg_mm.apis.user_message import user_message
from ktg_mm.errors import ConfigError, DataError, UserError

CFG = Config(
    dict(
        model=dict(nodes=dict(a=dict(head=dict(type='Linear', out=5)), b=dict(head=dict(type='Linear', out=6)))),
        default_hooks=dict(stop=dict(type='EarlyStoppingHook', monitor='score')),
        custom_hooks=[
            dict(type='EarlyStoppingHook', monitor='score'),
            dict(type='EarlyStoppingHook', monitor='loss', rule='more'),
        ],
        val_evaluator=dict(metric=dict(type='SingleLabelMetric', items=['recal'])),
        test_evaluator=dict(metric=dict(type='SingleLabelMetric', items=['recal'])),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=1)),
    )
)


@pytest.fixture(autouse=True)
def scope(mmpretrain_scope):
    pass


def failure(function):
    """The error of a function with its stack trace."""
    with pytest.raises(Exception) as caught:
        function()
    return caught.value


def test_a_part_is_found_by_its_entries():
    error = failure(lambda: HOOKS.build(dict(type='EarlyStoppingHook', monitor='loss', rule='more')))
    assert str(name_error(error, CFG)) == (
        'custom_hooks[1].rule: EarlyStoppingHook: `rule` should be either "greater" or "less", but got more'
    )


def test_of_equal_parts_the_one_below_the_key_is_named():
    error = failure(lambda: METRICS.build(dict(type='SingleLabelMetric', items=['recal'])))
    assert name_error(error, CFG, 'test_evaluator').key == 'test_evaluator.metric'
    assert name_error(error, CFG, 'val_evaluator').key == 'val_evaluator.metric'


def test_a_data_set_that_a_split_builds_is_the_splits():
    cfg = Config(
        dict(
            train_dataloader=dict(dataset=dict(type='Split', of='CustomDataset', part='train', data_prefix='no')),
            test_dataloader=dict(dataset=dict(type='CustomDataset', data_prefix='test')),
        )
    )
    error = failure(lambda: DATASETS.build(dict(type='CustomDataset', data_prefix='no')))
    assert name_error(error, cfg, 'train_dataloader.dataset').key == 'train_dataloader.dataset'


def test_of_objects_the_innermost_at_work_is_named():
    class Part:
        def __init__(self, inner=None):
            self.inner = inner

        def work(self):
            return self.inner.work() if self.inner else 1 / 0

    inner = Part()
    outer = Part(inner)
    with pytest.raises(PartError, match=r'^model\.nodes\.b: division by zero$') as caught:
        with named_errors(CFG, 'model', objects={id(outer): 'model.nodes.a', id(inner): 'model.nodes.b'}):
            outer.work()
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


@pytest.mark.parametrize(
    'error',
    [
        KeyboardInterrupt(),
        MemoryError(),
        torch.OutOfMemoryError('CUDA out of memory'),
        RuntimeError("DefaultCPUAllocator: can't allocate memory"),
        PermissionError(13, 'Permission denied'),
        OSError(28, 'No space left on device'),
        DataError('missing.txt: is missing'),
        ConfigError('model.target', 'is none'),
        UserError('that will not do'),
    ],
)
def test_what_is_no_parts_fault_passes(error):
    with pytest.raises(type(error)) as caught, named_errors(CFG, 'model'):
        raise error
    assert caught.value is error


def test_an_interrupt_within_another_error_passes():
    error = RuntimeError('a worker was killed')
    error.__context__ = KeyboardInterrupt()
    with pytest.raises(RuntimeError) as caught, named_errors(CFG, 'model'):
        raise error
    assert caught.value is error


def test_a_key_that_begins_with_a_class_begins_with_the_parts_key():
    with pytest.raises(ConfigError) as caught, named_errors(CFG, 'train_dataloader.dataset.pipeline[1]'):
        raise ConfigError('LoadImage.on_error', 'must be one of two')
    assert str(caught.value) == 'train_dataloader.dataset.pipeline[1].on_error: must be one of two'


def test_the_runner_that_was_building_is_asked_for_its_config():
    class Other(Runner):
        def __init__(self):
            self.cfg = CFG

        def build(self):
            return HOOKS.build(dict(type='EarlyStoppingHook', monitor='loss', rule='more'))

    assert user_message(failure(lambda: Other().build())).startswith('custom_hooks[1].rule: EarlyStoppingHook: ')


def test_without_a_config_the_part_is_named_by_its_type():
    error = failure(lambda: HOOKS.build(dict(type='EarlyStoppingHook', monitor='loss', rule='more')))
    assert user_message(error).startswith('config: EarlyStoppingHook: `rule` should be')


@pytest.mark.parametrize(
    ('error', 'text'),
    [
        (KeyError('grey'), "knows no 'grey'"),
        (KeyError('Mixip is not in the registry. Please check whether the value of `Mixip` is'), None),
        (ValueError('two\n   lines'), 'two lines'),
        (ValueError('x' * 1000), f'{"x" * 300} ...'),
        (ValueError(), 'ValueError'),
    ],
)
def test_text(error, text):
    assert error_text(error) == (text or 'Mixip is not in the registry.')


@pytest.mark.parametrize(
    ('kind', 'write', 'changed', 'wrong', 'near'),
    [
        ('Food101', 'write_food101', 'meta/train.txt', 'apple-pie', 'apple_pie'),
        ('FGVCAircraft', 'write_fgvc_aircraft', 'data/images_variant_trainval.txt', '707_320', '707-320'),
        ('SUN397', 'write_sun397', 'Partitions/Training_01.txt', 'abey', 'abbey'),
    ],
)
def test_a_class_that_a_published_reader_does_not_know_is_named(
    miniatures, tmp_path, kind, write, changed, wrong, near
):
    root = getattr(miniatures, write)(tmp_path)
    (root / changed).write_text((root / changed).read_text().replace(near, wrong))
    error = failure(lambda: DATASETS.build(dict(type=kind, data_root=str(root))))
    assert error_text(error) == f"has no class '{wrong}'; did you mean '{near}'?"


def test_an_assertion_without_words_is_quoted():
    assert error_text(failure(lambda: RandomCrop(crop_size=-1))) == 'does not hold: assert crop_size > 0'


def test_hooks_that_nobody_listed_keep_their_error():
    with pytest.raises(ConfigError, match=r'^custom_hooks\[1\]: '), hooks_as_listed(3):
        raise ConfigError('custom_hooks[1]', 'is wrong')
    with pytest.raises(PartError, match=r'^custom_hooks\[0\].rule: is wrong'), hooks_as_listed(3):
        raise PartError('custom_hooks[3].rule', 'is wrong')
