"""Which training loop a config asks for."""

import pytest
from mmengine.runner import IterBasedTrainLoop
from mmpretrain.registry import LOOPS

from ktg_mm.apis.checks.loop_type import counts_iterations


@LOOPS.register_module(force=True)
class OwnIterationLoop(IterBasedTrainLoop):
    pass


@pytest.mark.parametrize(
    ('loop', 'expected'),
    [
        (dict(max_epochs=1), False),
        (dict(by_epoch=False, max_iters=1), True),
        (dict(type='EpochBasedTrainLoop', max_epochs=1), False),
        (dict(type='OwnIterationLoop', max_iters=1), True),
        (dict(type='NoSuchLoop'), False),
        (None, False),
    ],
)
def test_counts_iterations(loop, expected):
    assert counts_iterations(dict(train_cfg=loop)) is expected
