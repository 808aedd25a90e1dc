"""Packages that import a module when a name of it is asked for, so that a command line is read at once."""

from __future__ import annotations

import ast
import gc
import importlib
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def lazy_names(
    package: str, file: str, elsewhere: Mapping[str, str] | None = None
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """What a package needs to offer names of its modules without importing them (PEP 562).

    The names are those that it imports under ``if TYPE_CHECKING``, where type checkers and editors look for them, too.
    A module must not have the name of what it offers: once imported it would take its place.

    Args:
        package: The package, ``__name__``.
        file: Its ``__init__.py``, ``__file__``.
        elsewhere: The modules of names that are other packages'. Default: none.

    Returns:
        Its ``__getattr__``, ``__dir__`` and ``__all__``.

    Example:
        >>> import ktg_mm.apis
        >>> _, _, names = lazy_names('ktg_mm.apis', ktg_mm.apis.__file__)
        >>> 'load_config' in names
        True
    """
    tree = ast.parse(Path(file).read_text(encoding='utf-8'))
    imports = [part for block in tree.body if isinstance(block, ast.If) for part in block.body]
    modules = {
        alias.name: f'{package}.{part.module}'
        for part in imports
        if isinstance(part, ast.ImportFrom)
        for alias in part.names
    } | dict(elsewhere or {})

    def get(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f'module {package!r} has no attribute {name!r}')
        with without_collecting():
            value = getattr(importlib.import_module(modules[name]), name)
        setattr(sys.modules[package], name, value)  # this is asked once
        return value

    return get, lambda: sorted({*vars(sys.modules[package]), *modules}), list(modules)


@contextmanager
def without_collecting() -> Iterator[None]:
    """Collects no garbage within; imports make so many objects that collecting takes a fifth of their time.

    Example:
        >>> with without_collecting():
        ...     import fractions
        >>> gc.isenabled()
        True
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
