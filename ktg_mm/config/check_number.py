"""Numbers that a config gives, checked against the interval that they must be in."""

import math
from typing import Any

import numpy as np


def check_number(name: str, value: Any, interval: str) -> float:
    """Returns the value if it is a number in the interval; True and False are none.

    Args:
        name: The argument's name, for the message.
        value: What was given.
        interval: Where it must be, such as ``'[0, 1)'`` or ``'(0, inf)'``: a square bracket takes the end in.

    Raises:
        ValueError: If the value is not a number, or outside.

    Example:
        >>> check_number('threshold', 0.95, '[0, 1]')
        0.95
        >>> check_number('sharpening', 0, '(0, inf)')
        Traceback (most recent call last):
        ValueError: sharpening must be above 0, got 0
    """
    if not is_inside(value, interval):
        low, high = ends(interval)
        needed = f'in {interval}'
        if math.isinf(high):
            needed = f'at least {low:g}' if interval[0] == '[' else f'above {low:g}'
            if isinstance(value, (float, np.floating)) and math.isinf(value):
                needed = f'finite and {needed}'
        raise ValueError(f'{name} must be {needed}, got {value!r}')
    return value


def is_inside(value: Any, interval: str, whole: bool = False) -> bool:
    """Whether a value is a number in an interval, written as for :func:`check_number`; True and False are none.

    Args:
        value: What was given.
        interval: Where it must be.
        whole: Whether it must be a whole number. Defaults to False.

    Example:
        >>> is_inside(3.0, '[1, inf)'), is_inside(3.0, '[1, inf)', whole=True)
        (True, False)
    """
    if not (is_whole(value) or (isinstance(value, (float, np.floating)) and not whole)):
        return False
    low, high = ends(interval)
    above = low <= value if interval[0] == '[' else low < value
    return bool(above and (value <= high if interval[-1] == ']' else value < high))


def ends(interval: str) -> tuple[float, float]:
    """The two ends of an interval.

    Example:
        >>> ends('(0, inf)')
        (0.0, inf)
    """
    low, high = map(float, interval[1:-1].split(','))
    return low, high


def is_whole(value: Any) -> bool:
    """Whether a value is a whole number; True and False are none.

    Example:
        >>> is_whole(3), is_whole(3.0), is_whole(True)
        (True, False, False)
    """
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)
