import math

import pytest
import torch
from mmengine.optim import OptimWrapper
from mmengine.registry import PARAM_SCHEDULERS

from ktg_mm.apis.check_config import check_config
from ktg_mm.engine.schedulers import PartialCosineLR
from ktg_mm.errors import ConfigError


def optimizer(*rates):
    return torch.optim.SGD([dict(params=[torch.zeros(1)], lr=rate) for rate in rates])


def rates(scheduler, steps):
    """The learning rates of the first group, step by step."""
    found = []
    for _ in range(steps):
        found.append(scheduler.optimizer.param_groups[0]['lr'])
        scheduler.optimizer.step()
        scheduler.step()
    return found


@pytest.mark.parametrize(('fraction', 'end'), [(7 / 16, 100), (0.5, 3), (0.25, 1)])
def test_closed_form(fraction, end):
    scheduler = PartialCosineLR(optimizer(0.03), fraction, end=end, by_epoch=False)
    expected = [0.03 * math.cos(math.pi * fraction * k / end) for k in range(end)]
    assert rates(scheduler, end) == expected  # to the last bit
    assert rates(scheduler, 3) == [expected[-1]] * 3  # it stays there


def test_fixmatch_ends_at_a_fifth():
    # Sohn et al., 2020, section 2.4: cos(7 pi / 16) = 0.195
    last = rates(PartialCosineLR(optimizer(1.0), end=1000, by_epoch=False), 1000)[-1]
    assert last == pytest.approx(0.1951, abs=0.002)


def test_every_group_has_its_own_rate():
    scheduler = PartialCosineLR(optimizer(1.0, 0.1), end=8, by_epoch=False)
    rates(scheduler, 5)
    first, second = (group['lr'] for group in scheduler.optimizer.param_groups)
    assert second == pytest.approx(0.1 * first)


def test_begins_late():
    scheduler = PartialCosineLR(optimizer(1.0), begin=3, end=7, by_epoch=False)
    expected = [math.cos(math.pi * 7 / 16 * k / 4) for k in range(4)]
    assert rates(scheduler, 7) == [1.0] * 3 + expected


@pytest.mark.parametrize('stop', [1, 4, 9])
def test_resumed_run_has_the_same_rates(stop):
    whole = rates(PartialCosineLR(optimizer(0.03), end=10, by_epoch=False), 10)
    first = PartialCosineLR(optimizer(0.03), end=10, by_epoch=False)
    assert rates(first, stop) == whole[:stop]
    resumed = PartialCosineLR(optimizer(0.03), end=10, by_epoch=False)
    resumed.optimizer.load_state_dict(first.optimizer.state_dict())
    resumed.load_state_dict(first.state_dict())
    assert rates(resumed, 10 - stop) == whole[stop:]


def build(**config):
    """Builds it as the Runner does: with the optimiser and the length of an epoch as defaults."""
    wrapper = OptimWrapper(optimizer(1.0))
    config = dict(type='PartialCosineLR', **config)
    return PARAM_SCHEDULERS.build(config, default_args=dict(optimizer=wrapper, epoch_length=5))


@pytest.mark.usefixtures('mmpretrain_scope')
def test_by_epoch_by_iteration_and_converted():
    by_epoch = build(end=4, by_epoch=True)
    assert (by_epoch.by_epoch, by_epoch.begin, by_epoch.end) == (True, 0, 4)
    by_iteration = build(end=20, by_epoch=False)
    converted = build(begin=0, end=4, convert_to_iter_based=True, fraction=0.4)
    assert (converted.by_epoch, converted.begin, converted.end, converted.fraction) == (False, 0, 20, 0.4)
    assert by_iteration.end - by_iteration.begin == 20
    later = build(begin=1, end=4, convert_to_iter_based=True)
    assert (later.begin, later.end) == (5, 20)


@pytest.mark.parametrize('by_epoch', [False, True])
def test_the_run_gives_the_end(tiny_runner, by_epoch):
    changes = {'param_scheduler': dict(_delete_=True, type='PartialCosineLR', by_epoch=by_epoch)}
    if by_epoch:
        changes['param_scheduler']['convert_to_iter_based'] = True
    runner = tiny_runner(changes)
    runner._train_loop = runner.build_train_loop(runner._train_loop)  # as Runner.train does, before the schedulers
    (scheduler,) = runner.build_param_scheduler(runner.param_schedulers)
    assert isinstance(scheduler, PartialCosineLR)
    assert (scheduler.begin, scheduler.end, scheduler.by_epoch) == (0, 8, False)


def test_check_config_knows_it(tiny_config):
    check_config(tiny_config({'param_scheduler': dict(_delete_=True, type='PartialCosineLR', fraction=0.4)}))
    with pytest.raises(ConfigError, match="no argument 'fractoin'; did you mean 'fraction'"):
        check_config(tiny_config({'param_scheduler': dict(_delete_=True, type='PartialCosineLR', fractoin=0.4)}))


@pytest.mark.parametrize(
    ('config', 'message'),
    [
        (dict(end=4, fraction=0), r'fraction: must be above 0 and at most 0.5, got 0$'),
        (dict(end=4, fraction=0.6), r'fraction: must be above 0 and at most 0.5, got 0.6$'),
        (dict(end=4, fraction='x'), r"fraction: must be above 0 and at most 0.5, got 'x'$"),
        (dict(), r'end: must be given'),
        (dict(convert_to_iter_based=True), r'end: must be given'),
    ],
)
@pytest.mark.usefixtures('mmpretrain_scope')
def test_mistakes_are_one_line(config, message):
    with pytest.raises(ConfigError, match=r'^param_scheduler\.' + message) as caught:
        build(**config)
    assert '\n' not in str(caught.value)
