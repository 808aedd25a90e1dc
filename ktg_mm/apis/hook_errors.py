"""Makes one line of an error that a library's hook raises as a run begins: it has not got the run that it needs."""

from __future__ import annotations

import traceback

from mmengine.runner import Runner
from mmpretrain.registry import HOOKS

from ktg_mm.config.type_check import class_of
from ktg_mm.errors import ConfigError

from .metric_names import hooks_of
from .part_errors import PartError, error_text, hooks_as_listed

_BEGINNINGS = ('before_run', 'before_train', 'before_val', 'before_test')
_ERRORS = (AssertionError, AttributeError, ImportError, LookupError, RuntimeError, TypeError, ValueError)


def name_hook_error(error: BaseException) -> ConfigError | None:
    """The error with the key of the hook at fault as the user has listed it; None if it is none of a library's hooks.

    Our own hooks' errors keep their stack trace.

    Args:
        error: Any exception.
    """
    for frame, _ in traceback.walk_tb(error.__traceback__):
        names = frame.f_locals
        if frame.f_code is not Runner.call_hook.__code__ or names.get('fn_name') not in _BEGINNINGS:
            continue
        runner, kind = names['self'], type(names.get('hook'))
        if isinstance(error, _ERRORS) and not kind.__module__.startswith('ktg_mm.'):
            for key, hook in hooks_of(runner.cfg):
                if hook.get('type') and class_of(HOOKS, hook) is kind:
                    return _as_listed(PartError(key, f'{kind.__name__}: {error_text(error)}'), runner)
    return None


def _as_listed(error: ConfigError, runner: Runner) -> ConfigError:
    try:
        with hooks_as_listed(vars(runner.cfg).get('_hooks_added', 0)):
            raise error
    except ConfigError as listed:
        return listed
