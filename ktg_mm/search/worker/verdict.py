"""What an error in a trial means: how the trial has ended, and whether the search can go on."""

from __future__ import annotations

from dataclasses import dataclass

import optuna

from ktg_mm.apis.part_errors import PartError
from ktg_mm.errors import ConfigError, UserError, one_line
from ktg_mm.search.space.candidates import SpaceExhaustedError
from ktg_mm.search.study.retries import FAILED, INTERRUPTED, LOST, NOT_BEGUN
from ktg_mm.search.study.storage import is_storage_error, storage_failure

from .run_trial import LoneTrialError, TrialError


class NotBegunError(TrialError):
    """A trial whose work another does."""


@dataclass(frozen=True)
class Verdict:
    """What became of a trial.

    Args:
        end: What is written down as its end.
        stop: Why the worker must stop, None if it goes on.
        is_fault: Whether it may be a fault of all graphs; many in a row stop the search.
    """

    end: str
    stop: BaseException | None = None
    is_fault: bool = False


def judge(error: BaseException, distributed: bool = False, storage: str = '') -> Verdict:
    """Judges what was raised in a trial.

    Args:
        error: The error.
        distributed: Whether the worker is several processes.
        storage: Address of the study's storage, for what is said if that has failed. Defaults to none.

    Example:
        >>> judge(TrialError('the loss is not finite')).end
        'failed: the loss is not finite'
    """
    if isinstance(error, optuna.TrialPruned):
        return Verdict(str(error))
    if isinstance(error, KeyboardInterrupt):
        return Verdict(INTERRUPTED, stop=error)
    if isinstance(error, (NotBegunError, SpaceExhaustedError)):
        return Verdict(f'{NOT_BEGUN}: {error}')
    if isinstance(error, LoneTrialError) and distributed:
        return Verdict(f'{FAILED}: {error}', stop=UserError(f'the processes of this worker are out of step: {error}'))
    if isinstance(error, TrialError):
        return Verdict(f'{FAILED}: {error}')
    if is_storage_error(error):
        return Verdict(LOST, stop=storage_failure(error, storage))
    if isinstance(error, ConfigError) and (
        error.key.startswith('model.edges') or (isinstance(error, PartError) and error.key.startswith('model'))
    ):
        # Choices may be sound each on its own and wrong together; other graphs are not.
        return Verdict(f'{FAILED}: {error}', is_fault=True)
    if isinstance(error, UserError):
        # A mistake in the config or the data is not this graph's: the trial waits until it is mended.
        return Verdict(f'{INTERRUPTED}: {error}', stop=error)
    reason = f'{type(error).__name__}: {one_line(error)}'
    stop = UserError(f'the processes of this worker are out of step: {reason}') if distributed else None
    return Verdict(f'{FAILED}: {reason}', stop=stop, is_fault=True)
