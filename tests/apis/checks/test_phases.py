"""Schedules of phases, in configs that are not sound."""

import pytest

from ktg_mm.apis.checks.phases import check_phases_fit, schedule_phases
from ktg_mm.config import GraphConfig
from ktg_mm.errors import ConfigError


def test_a_schedule_without_a_type_beside_no_optimiser_is_none_of_phases() -> None:
    assert schedule_phases(dict(param_scheduler=dict(milestones=[1]))) == {}


def test_no_schedule_of_a_phase_is_an_empty_list() -> None:
    edges = {'label->net': dict(loss=dict(type='CrossEntropy'))}
    update = dict(type='SuccessiveUpdate', phases=[dict(name='logits', edges='*')])
    graph = GraphConfig(dict(nodes=dict(net=dict(type='NetworkNode')), edges=edges, target='net', update=update))
    cfg = dict(optim_wrapper=dict(logits=dict(optimizer={})), param_scheduler=dict(logits=[]))
    check_phases_fit(cfg, graph)
    with pytest.raises(ConfigError, match=r'^param_scheduler\.logits: is None; must be .* or \[\] for none'):
        check_phases_fit(cfg | dict(param_scheduler=dict(logits=None)), graph)


def test_an_unknown_update_is_left_to_who_builds_it() -> None:
    graph = GraphConfig(dict(nodes=dict(net=dict(type='NetworkNode')), edges={}, update=dict(type='PCGrad')))
    check_phases_fit({}, graph)
