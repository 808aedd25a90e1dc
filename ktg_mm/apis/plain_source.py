"""Writes classes of ktg_mm, with all that they take from it, as one module that needs no ktg_mm."""

from __future__ import annotations

import ast
import importlib.util
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mmpretrain.registry import MODELS

from ktg_mm.errors import UserError

_OWN = 'ktg_mm'


def source_of(classes: Iterable[type]) -> str:
    """The text of a module that defines classes of ktg_mm by libraries alone.

    It registers them under their names, in the place of ktg_mm's where that is loaded, too.

    Args:
        classes: The classes; what they refer to comes along.

    Raises:
        UserError: If two things of the same name are needed.

    Example:
        >>> from ktg_mm.models.backbones.resnet_cifar import ZeroPadShortcut
        >>> text = source_of([ZeroPadShortcut])
        >>> 'class ZeroPadShortcut' in text, 'import ktg_mm' in text, 'class CIFARResNet' in text
        (True, False, False)
    """
    bundle = _Bundle()
    for kind in classes:
        bundle.add(kind.__module__, kind.__name__)
    imports = sorted(bundle.imports)
    return '\n'.join(
        [
            '"""Parts of networks, out of the sources of ktg_mm."""\n',
            'from __future__ import annotations\n',
            *imports,
            *(f'\n\n{text}' for text in bundle.texts),
            '',
        ]
    )


@contextmanager
def own_classes() -> Iterator[None]:
    """Has ktg_mm's own classes in mmpretrain's registry, where an exported module that is loaded, too, replaced them.

    Example:
        >>> from ktg_mm.models import EnsembleBackbone
        >>> with own_classes():
        ...     MODELS.get('EnsembleBackbone') is EnsembleBackbone
        True
    """
    registered = MODELS.module_dict
    replaced = dict(registered)
    for module in [module for name, module in sys.modules.items() if name.startswith(f'{_OWN}.models')]:
        own = {name: kind for name, kind in vars(module).items() if getattr(kind, '__module__', '') == module.__name__}
        registered.update({name: kind for name, kind in own.items() if name in replaced})
    try:
        yield
    finally:
        registered.update(replaced)


class _Bundle:
    """Definitions in an order in which each comes after those that it needs, and what they import."""

    def __init__(self) -> None:
        self.imports: set[str] = set()
        self.texts: list[str] = []
        self._found: dict[str, str] = {}  # the module of each name
        self._begun: set[str] = set()
        self._later: list[tuple[str, str]] = []
        self._sources: dict[str, tuple[list[str], dict[str, ast.stmt]]] = {}

    def add(self, module: str, name: str) -> None:
        """Adds what a module of ktg_mm defines, or imports, under a name; nothing if it does neither."""
        self._later.append((module, name))
        while self._later:
            self._define(*self._later.pop(0))

    def _define(self, module: str, name: str) -> None:
        """Adds it after what its definition needs; what its functions need when they are called may come later."""
        if (module, name) == ('ktg_mm.registry', 'NODES'):  # which is not there then, and finds its parts in ktg_mm
            self.imports.add('from mmpretrain.registry import MODELS as NODES')
            return
        lines, statements = self._source(module)
        if (statement := statements.get(name)) is None:
            return
        if isinstance(statement, ast.ImportFrom):
            origin = '.' * statement.level + (statement.module or '')
            package = module if _is_package(module) else module.rpartition('.')[0]
            origin = importlib.util.resolve_name(origin, package)
            if origin.partition('.')[0] == _OWN:
                (original,) = (one.name for one in statement.names if (one.asname or one.name) == name)
                if original != name:
                    raise UserError(f'{module}: imports {original} as {name}, which an exported module cannot')
                self._define(origin, original)
                return
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            (alias,) = (one for one in statement.names if (one.asname or one.name.partition('.')[0]) == name)
            start = f'from {statement.module} ' if isinstance(statement, ast.ImportFrom) else ''
            self.imports.add(f'{start}import {ast.unparse(alias)}')
            return
        if self._found.setdefault(name, module) != module:
            raise UserError(f'{name}: is in {module} and in {self._found[name]}; an exported module needs one')
        text = '\n'.join(lines[_first_line(statement) - 1 : statement.end_lineno])
        names = _names(statement)
        if name in self._begun:
            return
        self._begun.update(names)
        for part in _at_once(statement):
            if isinstance(part, ast.Name) and part.id != name:
                self._define(module, part.id)
        self._later += [(module, part.id) for part in ast.walk(statement) if isinstance(part, ast.Name)]
        self.texts.append(text.replace('.register_module()', '.register_module(force=True)'))

    def _source(self, module: str) -> tuple[list[str], dict[str, ast.stmt]]:
        """The lines of a module, and its statements by the names that they define."""
        if module not in self._sources:
            text = Path(str(sys.modules[module].__file__)).read_text(encoding='utf-8')
            statements: dict[str, ast.stmt] = {}
            for statement in ast.parse(text).body:
                statements.update(dict.fromkeys(_names(statement), statement))
            self._sources[module] = text.splitlines(), statements
        return self._sources[module]


def _is_package(module: str) -> bool:
    return hasattr(sys.modules[module], '__path__')


def _names(statement: ast.stmt) -> list[str]:
    if isinstance(statement, (ast.ClassDef, ast.FunctionDef)):
        return [statement.name]
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return [alias.asname or alias.name.partition('.')[0] for alias in statement.names]
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, 'target', None)]
    parts = (part for target in targets if target is not None for part in ast.walk(target))
    return [part.id for part in parts if isinstance(part, ast.Name)]


def _at_once(part: ast.AST) -> Iterator[ast.AST]:
    """The parts of a statement that are evaluated where it stands, no bodies of functions and no annotations."""
    yield part
    inner: Iterable[ast.AST | None] = ast.iter_child_nodes(part)
    if isinstance(part, ast.AnnAssign):
        inner = [part.value]
    elif isinstance(part, (ast.FunctionDef, ast.Lambda)):
        inner = [*getattr(part, 'decorator_list', ()), *part.args.defaults, *part.args.kw_defaults]
    for one in inner:
        if one is not None:
            yield from _at_once(one)


def _first_line(statement: ast.stmt) -> int:
    return min([statement.lineno, *(one.lineno for one in getattr(statement, 'decorator_list', ()))])
