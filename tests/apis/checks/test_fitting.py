import pytest
from mmengine.config import Config
from mmengine.hooks import EMAHook
from mmengine.optim import ConstantLR
from mmengine.optim.scheduler.lr_scheduler import CosineRestartLR
from torch.optim import SGD

from ktg_mm.apis.checks.fitting import check_fitting
from ktg_mm.errors import ConfigError

ITERATIONS = dict(train_cfg=dict(by_epoch=False, max_iters=9))


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
