import math

import numpy as np
import pytest

from ktg_mm.apis.checks.ranges import RANGES, Range, check_ranges
from ktg_mm.errors import ConfigError


@pytest.mark.parametrize(
    ('kinds', 'cfg'),
    [
        (('optimizer',), dict(lr=0, momentum=0.9, betas=[0.9, 0.999], unknown='anything')),
        (('optimizer',), dict(lr=np.float32(0.1), weight_decay=None)),
        (('clip_grad',), dict(norm_type='inf')),
        (('clip_grad',), dict(norm_type=math.inf)),
        (('CheckpointHook', 'hook'), dict(interval=-1)),
        (('step of a pipeline',), dict(prob=[0.25, [0.5]], padding=0)),
        (('metric',), dict(items=['precision', 'recall'])),
        ((), dict(lr=-1)),
    ],
)
def test_inside(kinds, cfg):
    check_ranges(cfg, kinds, 'part')


@pytest.mark.parametrize(
    ('kinds', 'cfg', 'message'),
    [
        (('optimizer',), dict(momentum=1), 'part.momentum: must be a number in [0, 1), got 1'),
        (
            ('optimizer',),
            dict(betas=[0.9, 1]),
            'part.betas: must be a number in [0, 1), or a list',
        ),
        (('optimizer',), dict(lr=True), 'part.lr: must be a number, at least 0, got True'),
        (('hook',), dict(interval=-1), 'part.interval: must be a whole number above 0, got -1'),
        (('hook',), dict(interval=1.0), 'part.interval: must be a whole number above 0, got 1.0'),
        (('CheckpointHook',), dict(interval=True), 'part.interval: must be a whole number above 0, or -1, got True'),
        (
            ('data preprocessor',),
            dict(mean=[math.nan]),
            'part.mean: must be a number that is finite',
        ),
        (('metric',), dict(items=['precision', 'f1']), "part.items: must be 'precision' or 'recall' or"),
    ],
)
def test_outside(kinds, cfg, message):
    with pytest.raises(ConfigError) as caught:
        check_ranges(cfg, kinds, 'part')
    assert str(caught.value).startswith(message)


def test_the_most_special_kind_counts():
    with pytest.raises(ConfigError, match=r'^factor: must be a number in \(0, 1\), got 1$'):
        check_ranges(dict(factor=1), ('ReduceOnPlateauParamScheduler', 'scheduler'), '')
    check_ranges(dict(factor=1), ('scheduler',), '')


def test_every_interval_can_be_read():
    for kind in RANGES:
        for name, asked in RANGES[kind].items():
            if isinstance(asked, Range):
                with pytest.raises(ConfigError, match=f'^{name}: must be a '):
                    check_ranges({name: object()}, (kind,), '')
