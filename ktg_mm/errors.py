"""Errors that are the user's to mend: the tools print them as one line, without a stack trace."""

import difflib
import re
from collections.abc import Iterable

_NAMED = 30  # names in a message; more would not be read


class UserError(Exception):
    """A mistake in the input; the message is one line that says where it is and what would be right."""


class ConfigError(UserError, ValueError):
    """A mistake in the config; the message begins with the config key at fault.

    Args:
        key: Path of the key in the config, such as ``model.edges['a->b'].gate``.
        message: What is wrong and what would be right.

    Example:
        >>> str(ConfigError('model.target', "no node is named 'net9'"))
        "model.target: no node is named 'net9'"
    """

    def __init__(self, key: str, message: str) -> None:
        super().__init__(f'{key}: {message}')
        self.key = key
        self.problem = message


class UntaughtError(ConfigError):
    """A graph of sound parts that cannot do its work: a network that nobody teaches, a target that never learns, moving
    averages of one another, of two networks or of another kind of network.

    A search draws another graph then; any other error in a config is a mistake.
    """


class NonFiniteError(UserError):
    """A loss or a weight that is infinite or not a number: the run has diverged and cannot go on."""


class DataError(UserError):
    """Data that is missing, unreadable or not in the layout that was expected."""


def first_line(error: Exception) -> str:
    """What an error says, in one line; its type if it says nothing.

    Example:
        >>> first_line(KeyError('no such part')), first_line(AssertionError())
        ('no such part', 'AssertionError')
    """
    reason = str(error.args[0] if isinstance(error, KeyError) and error.args else error).strip()
    return reason.splitlines()[0] if reason else type(error).__name__


def one_line(text: object) -> str:
    r"""A text without its line breaks and wide spaces.

    Example:
        >>> one_line(ValueError('two\n  lines'))
        'two lines'
    """
    return ' '.join(str(text).split())


def is_interrupt(error: BaseException | None) -> bool:
    """Whether Ctrl-C is behind an error, also where a library's bare ``except`` has made another error of it.

    Args:
        error: What was raised.

    Example:
        >>> error = RuntimeError('a loader was killed')
        >>> error.__context__ = KeyboardInterrupt()
        >>> is_interrupt(error), is_interrupt(RuntimeError())
        (True, False)
    """
    return error is not None and (isinstance(error, KeyboardInterrupt) or is_interrupt(error.__context__))


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """Returns a hint that names the closest known name, else all known ones, or how many more there are.

    Args:
        name: What the user wrote.
        known: What would have been right.

    Example:
        >>> did_you_mean('CorectGate', ['CorrectGate', 'LinearGate'])
        "did you mean 'CorrectGate'?"
    """
    known = sorted(known)
    close = difflib.get_close_matches(str(name), known, n=1)
    if close:
        return f'did you mean {close[0]!r}?'
    more = f' and {len(known) - _NAMED} more' if len(known) > _NAMED else ''
    return f'known: {", ".join(known[:_NAMED])}{more}' if known else 'none is known'


def hide_passwords(text: str) -> str:
    """A text without the passwords of the addresses in it.

    Args:
        text: The address of a storage, or any line that may hold one.

    Example:
        >>> hide_passwords('postgresql://me:secret@host/database?sslmode=require')
        'postgresql://me@host/database?sslmode=require'
    """
    text = re.sub(r'(?<=[?&])(password|passwd|pwd|sslpassword)=[^&\s\'"]*', r'\1=***', text, flags=re.IGNORECASE)
    return re.sub(r'(\w://[^\s:/@]*):\S*@', r'\1@', text)
