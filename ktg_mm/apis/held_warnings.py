"""Keeps a library's warnings until it is known whether the run begins: an error is one line."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def held_warnings() -> Iterator[None]:
    """Gives the warnings from within at the end, and none if an error ends it.

    Example:
        >>> with warnings.catch_warnings(record=True) as given:
        ...     try:
        ...         with held_warnings():
        ...             warnings.warn('deprecated', stacklevel=1)
        ...             raise ValueError
        ...     except ValueError:
        ...         len(given)
        0
    """
    with warnings.catch_warnings(record=True) as held:
        yield
    for one in held:
        warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
