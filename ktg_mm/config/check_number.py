"""Numbers that a config gives, checked against the interval that they must be in."""

import math
from typing import Any


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
    low, high = (float(end) for end in interval[1:-1].split(','))
    inside = (
        isinstance(value, (int, float))
        and not isinstance(value, bool)
        and (low <= value if interval[0] == '[' else low < value)
        and (value <= high if interval[-1] == ']' else value < high)
    )
    if not inside:
        needed = f'in {interval}'
        if math.isinf(high):
            needed = f'at least {low:g}' if interval[0] == '[' else f'above {low:g}'
        raise ValueError(f'{name} must be {needed}, got {value!r}')
    return value
