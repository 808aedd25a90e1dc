"""What every tool does with a user's mistake."""

import functools
import re
import sys
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from ktg_mm.errors import UserError

P = ParamSpec('P')
R = TypeVar('R')

# A loader's worker passes its error on as text, a whole stack trace with the error itself as the last line.
_FROM_WORKER = re.compile(r'^ktg_mm\.[\w.]+: (.*)', re.MULTILINE)


def one_line_errors(main: Callable[P, R]) -> Callable[P, R]:
    """Decorates a tool's main function: a user's mistake is printed as one line and ends the program with status 2.

    Errors of any other kind are ours, and keep their stack trace.

    Args:
        main: The tool's main function.

    Example:
        >>> @one_line_errors
        ... def main():
        ...     print('all is well')
        >>> main()
        all is well
    """

    @functools.wraps(main)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return main(*args, **kwargs)
        except KeyboardInterrupt:
            print('interrupted', file=sys.stderr)
            sys.exit(130)
        except Exception as error:
            message = user_message(error)
            if message is None:
                raise
            print(f'error: {message}', file=sys.stderr)
            sys.exit(2)

    return wrapped


def user_message(error: BaseException) -> str | None:
    """The line that tells the user of a mistake, None if the error is not the user's.

    Args:
        error: Any exception, also one that a data loader's worker has passed on.
    """
    text = str(error)
    if text.startswith('Caught ') and (found := _FROM_WORKER.findall(text)):
        return found[-1]
    return ' '.join(text.split()) if isinstance(error, UserError) else None
