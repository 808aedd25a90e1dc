"""Importing the modules that a config names, those of the user among them."""

import importlib
import importlib.util
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmengine.utils import import_modules_from_strings

# What registers our parts. The tools import them anyway, other programs that read a run's config do not.
OURS = ('ktg_mm.models', 'ktg_mm.datasets', 'ktg_mm.engine', 'ktg_mm.evaluation')


def import_named(imports: Mapping[str, Any], folders: Sequence[Path]) -> None:
    """Imports the modules of ``custom_imports``; one that Python does not know may lie in a folder.

    The folder stays on ``sys.path``, at its end, for the processes that load data.

    Args:
        imports: ``imports``, a module or a list of them, and ``allow_failed_imports``.
        folders: Where to look, the first first; an error names that one.

    Raises:
        ImportError: If there is no such module, or it cannot be imported and ``allow_failed_imports`` is not True.

    Example:
        >>> import_named(dict(imports=['no_such_module']), [Path('mine')])
        Traceback (most recent call last):
        ...
        ImportError: custom_imports.imports: no module is named 'no_such_module'; it may lie in mine, or on PYTHONPATH
    """
    named = imports['imports']
    for name in [named] if isinstance(named, str) else named:
        first = name.partition('.')[0]
        if first in sys.modules or importlib.util.find_spec(first) is not None:
            continue
        beside = next((one for one in folders if (one / f'{first}.py').is_file() or (one / first).is_dir()), None)
        if beside is not None:
            sys.path.append(str(beside))
            importlib.invalidate_caches()
        elif not imports.get('allow_failed_imports'):
            raise ImportError(
                f'custom_imports.imports: no module is named {name!r}; it may lie in {folders[0]}, or on PYTHONPATH'
            )
    try:
        import_modules_from_strings(**imports)
    except ImportError as error:  # which does not say why
        raise ImportError(f'custom_imports.imports: {error}: {error.__context__}') from error


def with_ours(imports: Mapping[str, Any]) -> dict[str, Any]:
    """``custom_imports`` with the modules of ours that it lacks, before its own.

    Example:
        >>> with_ours(dict(imports=['ktg_mm.engine', 'my_losses']))
        {'imports': ['ktg_mm.models', 'ktg_mm.datasets', 'ktg_mm.evaluation', 'ktg_mm.engine', 'my_losses']}
    """
    named = imports['imports']
    names = [named] if isinstance(named, str) else list(named)
    return {**imports, 'imports': [*(name for name in OURS if name not in names), *names]}
