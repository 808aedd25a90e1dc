"""The text of a config, laid out once a run."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import mmengine.config.config as module


@contextmanager
def laid_out_once() -> Iterator[None]:
    r"""Within it equal texts of configs are laid out once.

    mmengine lays a config out for the log, for the copy in the folder and for each backend of the visualizer; each time
    takes longer than an epoch on a few digits.

    Example:
        >>> from mmengine.config import Config
        >>> with laid_out_once():
        ...     Config(dict(a=1)).pretty_text, Config(dict(a=1)).pretty_text
        ('a = 1\n', 'a = 1\n')
    """
    lay_out, found = module.FormatCode, {}

    def once(text: str, **options: Any) -> tuple[str, bool]:
        if (key := (text, repr(options))) not in found:
            found[key] = lay_out(text, **options)
        return found[key]

    module.FormatCode = once
    try:
        yield
    finally:
        module.FormatCode = lay_out
