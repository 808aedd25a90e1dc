"""What errors mean for a trial and for the search."""

import optuna
import pytest
import sqlalchemy.exc

from ktg_mm.apis.part_errors import PartError
from ktg_mm.errors import ConfigError, UserError
from ktg_mm.search.space.candidates import SpaceExhaustedError
from ktg_mm.search.study.retries import FAILED, INTERRUPTED, LOST, NOT_BEGUN
from ktg_mm.search.worker.run_trial import LoneTrialError, TrialError
from ktg_mm.search.worker.verdict import NotBegunError, judge

CASES = {
    'pruned': (optuna.TrialPruned('pruned at epoch 2'), 'pruned at epoch 2', None, False),
    'another does it': (NotBegunError('another trial'), f'{NOT_BEGUN}: another trial', None, False),
    'no graph left': (SpaceExhaustedError('no new graph'), f'{NOT_BEGUN}: no new graph', None, False),
    'diverged': (TrialError('the loss is nan'), f'{FAILED}: the loss is nan', None, False),
    'memory': (LoneTrialError('out of memory'), f'{FAILED}: out of memory', None, False),
    'combination': (ConfigError("model.edges['a->b']", 'no map'), f"{FAILED}: model.edges['a->b']: no map", None, True),
    'graph that does not run': (
        PartError('model.nodes.a.network', 'no map'),
        f'{FAILED}: model.nodes.a.network: no map',
        None,
        True,
    ),
    'optimiser': (
        PartError('optim_wrapper.optimizer', 'no rate'),
        f'{INTERRUPTED}: optim_wrapper.optimizer: no rate',
        'optim_wrapper.optimizer: no rate',
        False,
    ),
    'mistake': (UserError('data: not there'), f'{INTERRUPTED}: data: not there', 'data: not there', False),
    'storage': (
        optuna.exceptions.StorageInternalError('the connection\nwas closed'),
        LOST,
        '--storage sqlite:///s.db: SQLite does not answer any more: the connection was closed; start the search again, '
        'it goes on where it was',
        False,
    ),
    'database': (
        sqlalchemy.exc.OperationalError('SELECT', {}, Exception('locked')),
        LOST,
        '--storage sqlite:///s.db: SQLite does not answer any more: locked; start',
        False,
    ),
    'anything else': (RuntimeError('no\ndisk'), f'{FAILED}: RuntimeError: no disk', None, True),
}


@pytest.mark.parametrize('case', CASES)
def test_one_process(case: str) -> None:
    error, end, stop, is_fault = CASES[case]
    verdict = judge(error, storage='sqlite:///s.db')
    assert verdict.end == end and verdict.is_fault is is_fault
    assert (verdict.stop is None) if stop is None else str(verdict.stop).startswith(stop)


@pytest.mark.parametrize('case', CASES)
def test_several_processes_stop_if_one_may_have_failed_alone(case: str) -> None:
    error, end, stop, _ = CASES[case]
    verdict = judge(error, distributed=True)
    assert verdict.end == end
    if case in ('memory', 'anything else'):
        assert str(verdict.stop).startswith('the processes of this worker are out of step: ')
    else:
        assert (verdict.stop is None) == (stop is None)


def test_an_interrupt_stops() -> None:
    error = KeyboardInterrupt()
    assert judge(error).end == INTERRUPTED and judge(error).stop is error
