"""What a user's mistake is to a program in Python: an exception of one line."""

from collections.abc import Iterator
from contextlib import contextmanager

from ktg_mm.errors import UserError, is_interrupt

from .background import failures_in_the_background
from .user_message import user_message


@contextmanager
def user_errors() -> Iterator[None]:
    """Makes a :class:`UserError` of what the tools print as one line; the error itself is its cause.

    Errors of any other kind are ours, and pass.

    Raises:
        UserError: Instead of the error.

    Example:
        >>> with user_errors():
        ...     raise PermissionError(13, 'Permission denied', '/a.csv')
        Traceback (most recent call last):
        ...
        ktg_mm.errors.UserError: /a.csv: cannot be read or written: Permission denied
    """
    try:
        with failures_in_the_background():
            yield
    except UserError:
        raise
    except Exception as error:
        message = None if is_interrupt(error) else user_message(error)
        if message is None:
            raise
        raise UserError(message) from error
