import pytest
from mmengine.config import Config
from mmengine.hooks import EMAHook
from mmengine.optim import ConstantLR
from mmengine.optim.scheduler.lr_scheduler import CosineRestartLR
from torch import nn
from torch.optim import SGD

from ktg_mm.apis.checks.fitting import check_custom_keys, check_fitting, check_priority, counts_iterations
from ktg_mm.errors import ConfigError

ITERATIONS = dict(train_cfg=dict(by_epoch=False, max_iters=9))


@pytest.mark.parametrize(
    ('loop', 'expected'),
    [
        (None, False),
        (dict(max_epochs=1), False),
        (dict(by_epoch=False, max_iters=1), True),
        (dict(type='IterBasedTrainLoop', max_iters=1), True),
    ],
)
def test_what_a_loop_counts(loop, expected):
    assert counts_iterations(dict(train_cfg=loop)) is expected


@pytest.mark.parametrize(
    ('cfg', 'part', 'found', 'what', 'message'),
    [
        ({}, dict(nesterov=True), SGD, 'optimizer', 'x.nesterov: needs a momentum above 0'),
        ({}, dict(end=2, begin=2), ConstantLR, 'scheduler', 'x.end: must be above begin = 2, got 2'),
        ({}, dict(periods=[1, 2]), CosineRestartLR, 'scheduler', 'x.eta_min: is missing; CosineRestartLR needs it'),
        ({}, dict(periods=[1, 2], eta_min=0), CosineRestartLR, 'scheduler', 'x.restart_weights: must be as many as'),
        (ITERATIONS, {}, ConstantLR, 'scheduler', 'x.by_epoch: must be False in a loop over iterations'),
        ({}, dict(begin_iter=1, begin_epoch=1), EMAHook, 'hook', 'x.begin_epoch: cannot be given beside begin_iter'),
        ({}, dict(mean=[0.0], std=[1.0, 1.0]), object, 'data preprocessor', 'x.std: must have as many numbers as mean'),
        ({}, dict(mean_pattern='('), object, 'log processor', 'x.mean_pattern: is no regular expression'),
    ],
)
def test_what_does_not_fit(cfg, part, found, what, message):
    with pytest.raises(ConfigError) as caught:
        check_fitting(Config(dict(x=part, **cfg)), part, found, what, 'x')
    assert str(caught.value).startswith(message)


def test_what_fits():
    cfg = Config(dict(x={}, **ITERATIONS))
    check_fitting(cfg, dict(nesterov=True, momentum=0.9), SGD, 'optimizer', 'x')
    check_fitting(cfg, dict(by_epoch=False, begin=0, end=5), ConstantLR, 'scheduler', 'x')
    check_fitting(cfg, dict(momentum=0.1), EMAHook, 'hook', 'x')


@pytest.mark.parametrize('priority', [None, 0, 100, 'NORMAL', 'very_low'])
def test_priorities(priority):
    check_priority(dict(priority=priority), 'hook')


@pytest.mark.parametrize('priority', [True, 101, -1, 'TOP', 0.5, []])
def test_other_priorities(priority):
    with pytest.raises(ConfigError, match=r'^hook\.priority: must be a whole number from 0 to 100 or one of HIGHEST, '):
        check_priority(dict(priority=priority), 'hook')


def test_custom_keys():
    def cfg(key):
        return Config(dict(optim_wrapper=dict(paramwise_cfg=dict(custom_keys={key: dict(lr_mult=2)}))))

    model = nn.Sequential(nn.Linear(1, 1))
    check_custom_keys(cfg('0.weight'), model)
    check_custom_keys(Config({}), model)
    with pytest.raises(ConfigError, match=r"custom_keys\.wieght: is in no parameter; did you mean 'weight'\?$"):
        check_custom_keys(cfg('wieght'), model)
