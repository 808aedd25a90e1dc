"""Which names at the top of a config nothing reads, decided from the syntax trees of its files."""

from __future__ import annotations

import ast
import difflib
import inspect
import io
import os
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import mmengine
from mmengine.config import Config
from mmengine.runner import Runner

from ktg_mm.errors import ConfigError
from ktg_mm.shipped import inherited

# What mmengine's Runner reads out of the config itself, and what our tools read.
_READ_BY_RUNNER = {
    'sync_bn', 'model_wrapper_cfg', 'find_unused_parameters', 'compile', 'activation_checkpointing',
    'efficient_conv_bn_eval',
}  # fmt: skip
_READ_BY_TOOLS = {'search', 'custom_imports', 'stages'}
KNOWN = {*inspect.signature(Runner).parameters, *_READ_BY_RUNNER, *_READ_BY_TOOLS} - {'cfg'}

# Printed configs hold names that went into their parts before; they name those that are found nowhere else.
_PRINTED = '# Read by no part: '
_EVERYTHING = {'globals', 'locals', 'vars', 'eval', 'exec', 'dir'}
_SUBSTITUTED = re.compile(r'\{\{\s*_base_\.(\w+)')


@dataclass
class _File:
    """What a config file says about names: which it binds, which it reads itself, and which of its bases."""

    path: Path
    bases: list[_File] = field(default_factory=list)
    bound: set[str] = field(default_factory=set)
    read: set[str] = field(default_factory=set)
    read_of_bases: set[str] = field(default_factory=set)
    all_read: bool = False
    all_read_of_bases: bool = False
    is_python: bool = True

    def reads(self, name: str) -> bool:
        return self.all_read or name in self.read

    def reads_of_bases(self, name: str) -> bool:
        return self.all_read_of_bases or name in self.read_of_bases

    def closure(self) -> Iterator[_File]:
        """This file and all that it inherits."""
        yield self
        for base in self.bases:
            yield from base.closure()


def unread_names(path: Path, config: Mapping[str, Any], own: Collection[Path] = ()) -> dict[str, str]:
    """The names at the top of a config that neither a Runner, a tool nor a config file reads, with what is wrong.

    A file that is only inherited may hold values for whoever wants them, ``resnet8 = dict(...)``; one that says
    something to the Runner as well may not, nor may the user's own files.

    Args:
        path: The file, which loads without an error.
        config: What was loaded.
        own: The files that the user has named, all of whose names must be read. Defaults to the file alone.
    """
    whole = _parse(Path(os.path.abspath(path)))
    files = list(whole.closure())
    mine = {Path(os.path.abspath(file)) for file in (*own, path)}
    printed = _printed_names(path)
    unread = {}
    for name in config:
        if name in KNOWN or (name.startswith('_') and not _close(name, {'_base_'})):
            continue
        for file in files:
            if name not in file.bound or _is_read(name, file, files) or name in printed:
                continue
            if file.path in mine or (file.bound & KNOWN) or not file.is_python or _close(name, KNOWN):
                if file.bases or not _occurs(config[name], _parts(config)):
                    unread[name] = _what_is_wrong(name, file, config)
                    break
    return unread


def folders_of(path: Path) -> list[Path]:
    """The folders of a config file and of those that it inherits."""
    return [file.path.parent for file in _parse(Path(os.path.abspath(path))).closure()]


def check_names(cfg: Config) -> None:
    """Refuses a config with names at the top that nothing reads.

    Args:
        cfg: A config; one that :func:`ktg_mm.apis.load_config` has read knows who reads which name, of any other only
            what looks like a typing error is refused.

    Raises:
        ConfigError: At the first such name.
    """
    unread = vars(cfg).get('_unread')
    if unread is None:
        own = [name for name in cfg if name not in KNOWN and not name.startswith('_')]
        unread = {name: _hint(name, cfg) for name in own if _close(name, KNOWN)}
    for name, reason in unread.items():
        if name in cfg:
            raise ConfigError(name, reason)


def unread_option(name: str, config: Mapping[str, Any]) -> str:
    """What is wrong with a name that the command line sets and no Runner or tool reads."""
    places = list(_places(config[name], _parts(config)))
    if places:
        return f'set after all files have read it; set {places[0]}'
    return _hint(name, config)


def printed_note(cfg: Config) -> str:
    r"""A comment for a printed config that names what it holds beside its parts, '' if there is nothing.

    Example:
        >>> printed_note(Config(dict(resnet8=dict(type='ResNet'), train_cfg=dict(max_epochs=1))))
        '# Read by no part: resnet8\n'
    """
    unread = vars(cfg).get('_unread') or {}
    names = [name for name in cfg if name not in KNOWN and name not in unread and not _occurs(cfg[name], _parts(cfg))]
    return f'{_PRINTED}{", ".join(sorted(names))}\n' if names else ''


def _is_read(name: str, file: _File, files: list[_File]) -> bool:
    return file.reads(name) or any(
        other.reads_of_bases(name) and file in (below for base in other.bases for below in base.closure())
        for other in files
    )


def _what_is_wrong(name: str, file: _File, config: Mapping[str, Any]) -> str:
    if any(name in below.bound for base in file.bases for below in base.closure()):
        for base in file.bases:
            inherited = Config.fromfile(base.path, lazy_import=False, import_custom_modules=False)
            if name in inherited:
                places = list(_places(inherited[name], _parts(inherited)))
                if places:
                    return (
                        f'nothing reads it: the inherited {places[0].split(".")[0]} has taken the value of _base_ '
                        f'already; set {places[0]}'
                    )
    return _hint(name, config)


def _hint(name: str, config: Mapping[str, Any]) -> str:
    if close := _close(name, {*KNOWN, '_base_'}, cutoff=0.75):
        return f'nothing reads it; did you mean {close!r}?'
    paths = [path for path, _ in _walk(_parts(config)) if path.endswith(f'.{name}')]
    if paths:
        nearest = min(paths, key=lambda path: (path.count('.'), not path.startswith('train_'), len(path)))
        return f'nothing reads it at the top of a config; did you mean {nearest!r}?'
    return 'nothing reads it, neither a part nor another entry; remove it, or put it into what is to read it'


def _parts(config: Mapping[str, Any]) -> dict[str, Any]:
    return {key: config[key] for key in config if key in KNOWN}


def _close(name: str, known: Collection[str], cutoff: float = 0.8) -> str | None:
    return next(iter(difflib.get_close_matches(name, known, n=1, cutoff=cutoff)), None)


def _walk(value: Any, path: str = '') -> Iterator[tuple[str, Any]]:
    """Every entry within a value, with its path."""
    if isinstance(value, Mapping):
        for key, entry in value.items():
            inner = f'{path}.{key}' if path else str(key)
            yield inner, entry
            yield from _walk(entry, inner)
    elif isinstance(value, (list, tuple)):
        for i, entry in enumerate(value):
            yield f'{path}[{i}]', entry
            yield from _walk(entry, f'{path}[{i}]')


def _places(value: Any, parts: Mapping[str, Any]) -> Iterator[str]:
    """Where a container that is not empty occurs in the parts of a config."""
    if isinstance(value, (Mapping, list, tuple)) and value:
        yield from (path for path, entry in _walk(parts) if type(entry) is type(value) and entry == value)


def _occurs(value: Any, parts: Mapping[str, Any]) -> bool:
    return next(_places(value, parts), None) is not None


def _printed_names(path: Path) -> set[str]:
    lines = path.read_text(encoding='utf-8').splitlines()
    notes = [line.removeprefix(_PRINTED) for line in lines if line.startswith(_PRINTED)]
    return {name.strip() for note in notes for name in note.split(',')}


def _parse(path: Path) -> _File:
    file, bases = _parse_text(path, path.read_text(encoding='utf-8'))
    below = [inherited(base, path.parent) for base in bases]  # None for another package's
    return replace(file, bases=[_parse(Path(os.path.abspath(one))) for one in below if one])


@lru_cache(maxsize=1024)  # a config is parsed for its names and for its folders, and its bases for each overlay
def _parse_text(path: Path, text: str) -> tuple[_File, tuple[str, ...]]:
    """What a file of this text says, but for its bases, and these."""
    file = _File(path, read_of_bases=set(_SUBSTITUTED.findall(text)), is_python=path.suffix == '.py')
    # What mmengine puts in for {{ fileDirname }} matters for the bases; for {{$VARIABLE:default}} and the like not.
    text = re.sub(r'\{\{\s*fileDirname\s*\}\}', str(path.parent), text)
    if file.is_python:
        bases = _python(file, ast.parse(re.sub(r'\{\{[\'"]?\s*\$.*?\}\}', '0', text)))
    else:
        text = re.sub(r'\{\{.*?\}\}', '0', text)
        entries = mmengine.load(io.StringIO(text), file_format=path.suffix[1:])
        bases = _listed(entries.get('_base_', []))
        file.bound = {*entries} - {'_base_'}
    return file, tuple(bases)


def evaluated_bases(line: ast.Assign, path: Path) -> list[str]:
    """The files that a line ``_base_ = ...`` names."""
    return _listed(eval(compile(ast.Expression(line.value), str(path), 'eval'), {}))  # as mmengine does


def _listed(bases: Any) -> list[str]:
    return [bases] if isinstance(bases, str) else list(bases)


def _python(file: _File, tree: ast.Module) -> list[str]:
    """Notes what a Python file binds and reads; returns what it inherits."""
    bases: list[str] = []
    for line in tree.body:
        if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == '_base_':
            bases = evaluated_bases(line, file.path)
            continue
        bound = set(_bound(line))
        file.bound |= bound
        if isinstance(line, (ast.FunctionDef, ast.ClassDef)):
            bound = set()
        taken = set()
        for part in ast.walk(line):
            name = _name_of_base(part)
            if name is not None:
                taken.add(id(part.value))  # type: ignore[attr-defined]
                file.read_of_bases.add(name)
        for part in ast.walk(line):
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load):
                if part.id == '_base_' and id(part) not in taken:
                    file.all_read_of_bases = True
                file.all_read |= part.id in _EVERYTHING
                # A name that is read to bind it anew has still to be read.
                if part.id not in bound or not isinstance(line, (ast.Assign, ast.AnnAssign)):
                    file.read.add(part.id)
            # _base_.get('name')
            if isinstance(part, ast.Call) and ast.unparse(part.func) in ('_base_.get', '_base_.pop') and part.args:
                key = part.args[0]
                file.read_of_bases |= {str(key.value)} if isinstance(key, ast.Constant) else set()
                file.all_read_of_bases |= not isinstance(key, ast.Constant)
            if isinstance(part, ast.Attribute) and ast.unparse(part) in (
                '_base_.items',
                '_base_.values',
                '_base_.keys',
            ):
                file.all_read_of_bases = True
    return bases


def _name_of_base(part: ast.AST) -> str | None:
    """The name that ``_base_.name`` or ``_base_['name']`` reads."""
    if isinstance(part, (ast.Attribute, ast.Subscript)) and isinstance(part.value, ast.Name):
        if part.value.id == '_base_':
            if isinstance(part, ast.Attribute):
                return part.attr
            if isinstance(part.slice, ast.Constant):
                return str(part.slice.value)
    return None


def _bound(line: ast.AST) -> Iterator[str]:
    """The names that a line binds in the file itself, but for imports, functions and classes."""
    if isinstance(line, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
        return
    if isinstance(line, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
        return
    if isinstance(line, ast.Name) and isinstance(line.ctx, ast.Store):
        yield line.id
    for part in ast.iter_child_nodes(line):
        yield from _bound(part)
