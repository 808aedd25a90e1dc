import pytest
from mmengine.config import Config

from ktg_mm.apis.metric_names import check_metric_names
from ktg_mm.errors import ConfigError

METRICS = ['a/accuracy/top1', 'b/accuracy/top1']


class Schedule:
    def __init__(self, monitor):
        self.monitor = monitor


@pytest.fixture(autouse=True)
def scope(mmpretrain_scope):
    pass


@pytest.mark.parametrize(
    ('cfg', 'key'),
    [
        (dict(custom_hooks=[{}, dict(monitor='accuracy')]), 'custom_hooks[1].monitor'),
        (dict(custom_hooks=[dict(monitor=None)]), 'custom_hooks[0].monitor'),
        (dict(default_hooks=dict(best=dict(save_best='accuracy'))), 'default_hooks.best.save_best'),
        (dict(default_hooks=dict(best=dict(save_best=[METRICS[0], 'c']))), 'default_hooks.best.save_best'),
    ],
)
def test_a_name_that_is_not_there(cfg, key):
    with pytest.raises(ConfigError) as caught:
        check_metric_names(Config(cfg), METRICS)
    assert caught.value.key == key
    assert str(caught.value).endswith('; known: a/accuracy/top1, b/accuracy/top1')


def test_a_schedules_name():
    check_metric_names(Config({}), METRICS, [('param_scheduler', Schedule(METRICS[1])), ('param_scheduler', object())])
    with pytest.raises(ConfigError, match=r"^param_scheduler\[1\].monitor: no metric is named 'loss'"):
        check_metric_names(Config({}), METRICS, [('param_scheduler[1]', Schedule('loss'))])


def test_names_that_are_there():
    hooks = [dict(monitor=METRICS[0]), dict(save_best=METRICS), dict(save_best=None), 'a hook itself']
    check_metric_names(Config(dict(custom_hooks=hooks, default_hooks=dict(timer=None))), METRICS)


def test_of_the_first_metric_it_must_be_known_which_way_is_better():
    cfg = Config(dict(default_hooks=dict(checkpoint=dict(type='CheckpointHook', save_best='auto'))))
    check_metric_names(cfg, METRICS)
    with pytest.raises(ConfigError, match=r'^default_hooks.checkpoint.*: .*[Uu]nable to infer|Cannot infer|rule'):
        check_metric_names(cfg, ['quality'])


ACCURACY = dict(val_evaluator=dict(type='NodeMetric', metric=dict(type='Accuracy')))


def test_the_worst_is_not_taken_for_the_best():
    stopping = dict(type='EarlyStoppingHook', monitor=METRICS[0], priority='LOW')
    saving = dict(type='CheckpointHook', save_best=METRICS, rule=['greater', 'less'])
    for hook in (dict(stopping, rule='less'), saving):
        with pytest.raises(
            ConfigError, match=r"^custom_hooks\[0\].rule: must be 'greater', as more of ./accuracy/top1"
        ):
            check_metric_names(Config(dict(ACCURACY, custom_hooks=[hook])), METRICS)
    schedule = Schedule(METRICS[0])
    schedule.rule = 'less'  # mmengine's default
    with pytest.raises(ConfigError, match=r"^param_scheduler.rule: must be 'greater', as .*; it is 'less'"):
        check_metric_names(Config(ACCURACY), METRICS, [('param_scheduler', schedule)])
    ece = dict(type='CheckpointHook', save_best='a/calibration/ece', rule='greater')
    calibration = dict(val_evaluator=dict(type='NodeMetric', metric=dict(type='CalibrationError')))
    with pytest.raises(ConfigError, match=r"^custom_hooks\[0\].rule: must be 'less', as less of a/calibration/ece"):
        check_metric_names(Config(dict(calibration, custom_hooks=[ece])), ['a/calibration/ece'])


def test_the_best_is_the_best():
    saving = dict(type='CheckpointHook', save_best=METRICS[0], priority='LOW')
    stopping = dict(type='EarlyStoppingHook', monitor=METRICS[0], rule='greater')
    check_metric_names(Config(dict(ACCURACY, custom_hooks=[saving, stopping])), METRICS)
    check_metric_names(Config(dict(custom_hooks=[dict(stopping, monitor='loss', rule='less')])), ['loss'])
