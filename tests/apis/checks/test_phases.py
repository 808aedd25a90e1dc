"""Schedules of phases, in configs that are not sound."""

from ktg_mm.apis.checks.phases import schedule_phases


def test_a_schedule_without_a_type_beside_no_optimiser_is_none_of_phases() -> None:
    assert schedule_phases(dict(param_scheduler=dict(milestones=[1]))) == {}
