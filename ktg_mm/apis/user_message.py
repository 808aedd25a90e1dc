"""The line that tells the user of an error."""

import re
import traceback

from mmengine.registry import build_from_cfg

from ktg_mm.errors import hide_passwords, one_line

from .hook_errors import name_hook_error
from .messages import machine_message
from .part_errors import error_text, name_error

# A loader's worker passes its error on as text, a whole stack trace with the error itself as the last line.
_FROM_WORKER = re.compile(r'^ktg_mm\.[\w.]+: (.*)', re.MULTILINE)

# How mmpretrain's data sets begin their error, of no type of its own, if the files are not there.
_NO_DATA = ('Cannot find ', 'The dataset is incorrectly organized')


def user_message(error: BaseException) -> str | None:
    """The line that tells the user of a mistake, None if the error is not the user's.

    Args:
        error: Any exception, also one that a data loader's worker has passed on.
    """
    text = str(error)
    if text.startswith('Caught ') and (found := _FROM_WORKER.findall(text)):
        return hide_passwords(found[-1])
    if isinstance(error, RuntimeError) and text.startswith(_NO_DATA):
        return one_line(text)
    if isinstance(error, Exception) and (named := name_hook_error(error) or name_error(error)):
        return hide_passwords(one_line(named))
    if isinstance(error, (TypeError, ValueError, KeyError)) and (part := _part_being_built(error)):
        return f'config: {part}: {error_text(error)}'
    return machine_message(error)


def _part_being_built(error: BaseException) -> str | None:
    """The type of the innermost part that mmengine was building when the error came, where no config is at hand."""
    parts = [
        str(frame.f_locals.get('obj_type'))
        for frame, _ in traceback.walk_tb(error.__traceback__)
        if frame.f_code is build_from_cfg.__code__
    ]
    return parts[-1] if parts else None
