"""Pruners by their class names."""

import optuna
import pytest

from ktg_mm.errors import ConfigError
from ktg_mm.search.worker.pruners import build_pruner


def test_pruners_are_optunas():
    pruner = build_pruner(dict(type='HyperbandPruner', min_resource=1, max_resource=27, reduction_factor=3))
    assert isinstance(pruner, optuna.pruners.HyperbandPruner)
    assert isinstance(build_pruner(None), optuna.pruners.NopPruner)


@pytest.mark.parametrize(
    ('pruner', 'message'),
    [
        (
            dict(type='SuccesiveHalvingPruner'),
            "search.hook.pruner.type: 'SuccesiveHalvingPruner' is no pruner (a BasePruner of Optuna's); did you",
        ),
        (dict(type='RandomSampler'), "search.hook.pruner.type: 'RandomSampler' is no pruner "),
        (dict(min_resource=1), 'search.hook.pruner.type: None is no pruner '),
        (dict(type='SuccessiveHalvingPruner', min_resource=0), 'search.hook.pruner: SuccessiveHalvingPruner: '),
        (dict(type='HyperbandPruner', factor=2), 'search.hook.pruner: HyperbandPruner: '),
    ],
)
def test_wrong_pruners(pruner, message):
    with pytest.raises(ConfigError) as caught:
        build_pruner(pruner)
    assert str(caught.value).startswith(message) and '\n' not in str(caught.value)
