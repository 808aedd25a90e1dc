"""Arguments of parts that are no plain numbers, checked for their type; :mod:`check_number` has those that are."""

import re
from collections.abc import Mapping
from typing import Any

from .check_number import is_whole


def check_flag(name: str, value: Any) -> bool:
    """Returns the value if it is True or False.

    Args:
        name: The argument's name, for the message.
        value: What was given.

    Raises:
        ValueError: If it is something else; 0 and 1 are.

    Example:
        >>> check_flag('align', 'no')
        Traceback (most recent call last):
        ValueError: align must be True or False, got 'no'
    """
    if not isinstance(value, bool):
        raise ValueError(f'{name} must be True or False, got {value!r}')
    return value


def check_whole(name: str, value: Any, least: int = 1) -> int:
    """Returns the value if it is a whole number.

    Args:
        name: The argument's name, for the message.
        value: What was given.
        least: The lowest number that is right. Defaults to 1.

    Raises:
        ValueError: If it is not, or too low; True, False and 2.0 are none.

    Example:
        >>> check_whole('num_samples', 0)
        Traceback (most recent call last):
        ValueError: num_samples must be a whole number, at least 1, got 0
    """
    if not is_whole(value) or value < least:
        raise ValueError(f'{name} must be a whole number, at least {least}, got {value!r}')
    return value


def check_text(name: str, value: Any, what: str) -> str | None:
    """Returns the value if it is None, or text that is not empty.

    Args:
        name: The argument's name, for the message.
        value: What was given.
        what: What the text is, for the message.

    Raises:
        ValueError: If it is something else.

    Example:
        >>> check_text('prefix', 3, "the beginning of the checkpoint's keys")
        Traceback (most recent call last):
        ValueError: prefix must be the beginning of the checkpoint's keys, got 3
    """
    if value is not None and (not isinstance(value, str) or not value):
        raise ValueError(f'{name} must be {what}, got {value!r}')
    return value


def check_part(name: str, value: Any) -> Any:
    """Returns the value if it is None, or the dict of a part.

    Args:
        name: The argument's name, for the message.
        value: What was given.

    Raises:
        ValueError: If it is something else, or a dict without a type.

    Example:
        >>> check_part('norm_cfg', 'BN')
        Traceback (most recent call last):
        ValueError: norm_cfg must be a dict with a 'type', got 'BN'
    """
    if value is not None and not (isinstance(value, Mapping) and 'type' in value):
        raise ValueError(f"{name} must be a dict with a 'type', got {value!r}")
    return value


def check_init(name: str, value: Any) -> Any:
    """Returns the value if it is None, or one or several dicts that say how weights begin.

    Args:
        name: The argument's name, for the message.
        value: What was given.

    Raises:
        ValueError: If it is something else, or a dict without a type.

    Example:
        >>> check_init('init_cfg', [dict(type='Kaiming', layer='Conv2d')])
        [{'type': 'Kaiming', 'layer': 'Conv2d'}]
    """
    for entry in value if isinstance(value, (list, tuple)) else [value]:
        check_part(name, entry)
    return value


def split_argument(reason: str) -> tuple[str, str]:
    """Splits what a part says of a wrong argument into the argument's name and the rest; no name if it names none.

    Args:
        reason: One line.

    Example:
        >>> split_argument('threshold must be in [0, 1], got 2')
        ('threshold', 'must be in [0, 1], got 2')
        >>> split_argument("Net.__init__() got an unexpected keyword argument 'depht'")
        ('depht', "Net.__init__() got an unexpected keyword argument 'depht'")
    """
    if found := re.fullmatch(r'(\w+)(?:: | (?=must ))(.+)', reason):
        return found[1], found[2]
    found = re.search(r"unexpected keyword argument '(\w+)'", reason)
    return (found[1] if found else ''), reason
