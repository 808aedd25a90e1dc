"""Reading configs."""

import ast
import os
import re
import symtable
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mmengine.fileio
import yaml
from mmengine.config import Config

from ktg_mm.config.stages import STAGES, without_delete
from ktg_mm.errors import ConfigError, UserError, did_you_mean, first_line, one_line
from ktg_mm.mmengine_private import find_bases, set_aside
from ktg_mm.shipped import found, inherited

from .checks.names import KNOWN, evaluated_bases, folders_of, unread_names, unread_option
from .checks.settings import check_imports
from .own_modules import import_named

find_bases(inherited)


@mmengine.fileio.register_handler(['yml', 'yaml'])
class _PlainYaml(mmengine.fileio.YamlHandler):
    """YAML of plain values: mmengine's own reader makes any Python object that a file asks for."""

    def load_from_fileobj(self, file: Any, **kwargs: Any) -> Any:
        return yaml.safe_load(file)

    def dump_to_fileobj(self, obj: Any, file: Any, **kwargs: Any) -> None:
        yaml.safe_dump(obj, file, **kwargs)

    def dump_to_str(self, obj: Any, **kwargs: Any) -> str:
        return yaml.safe_dump(obj, **kwargs)


def load_config(
    path: str | Path, cfg_options: dict[str, Any] | None = None, overlays: Sequence[str | Path] = ()
) -> Config:
    """Reads a config file.

    Modules that ``custom_imports`` names may lie beside it or a config that it inherits, or in the current folder.

    Args:
        path: The file, a text config of mmengine; with overlays, if wanted: ``CONFIG.py+OVERLAY.py``.
        cfg_options: Values by their path in the config, which replace the file's: ``{'train_cfg.max_epochs': 2}``.
        overlays: More files to lay over it in turn, each as if it inherited what is below: ``_base_`` in it is that,
            and ``_delete_`` deletes there. Of two that set the same value the last wins. Defaults to none. Their names
            become part of the config's file name, after which runs are named.

    Raises:
        UserError: If there is no such file or it is not a config; one line.
    """
    path, *files = config_files(path, overlays)
    config = _read(path, f'config {path}')
    unread = {} if files else unread_names(path, config)
    if files:
        config, unread = _with_overlays(config, path, files)
    if cfg_options:
        known = {*config, *KNOWN}
        for key in cfg_options:
            if (first := key.split('.')[0]) not in known:
                raise ConfigError(
                    '--cfg-options', f'no entry of the config is named {first!r}; {did_you_mean(first, known)}'
                )
        names = {key.split('.')[0] for key in cfg_options}
        unread |= {name: unread_option(name, config) for name in names - KNOWN}
        for key, value in cfg_options.items():
            try:
                config.merge_from_dict({key: value})
            except (KeyError, TypeError, IndexError, AttributeError) as error:
                raise ConfigError(
                    f'--cfg-options {key}', f'does not fit into the config: {first_line(error)}'
                ) from error
        if 'custom_imports' in {key.split('.')[0] for key in cfg_options}:
            with _one_line(path, '--cfg-options custom_imports'):
                _import(config, path, *files)
    set_aside(config, unread=unread)
    return config


def config_name(cfg: Config) -> str:
    """The name of a config's file, after which its runs are named; ``'graph'`` if there is no file.

    Example:
        >>> config_name(Config(dict(a=1)))
        'graph'
    """
    return Path(cfg.filename).stem if cfg.filename else 'graph'


def config_files(path: str | Path, overlays: Sequence[str | Path] = ()) -> list[Path]:
    """The files of a config with overlays, the config first; arguments as for :func:`load_config`."""
    # a+b.py is one file: the copy that a run of a config with an overlay leaves in its folder.
    return [found(Path(file)) for file in (*re.split(r'(?:(?<=\.py)|(?<=\.yml)|(?<=\.json))\+', str(path)), *overlays)]


def joined_name(path: str | Path, overlays: Sequence[str | Path] = ()) -> str:
    """The name of a config with overlays, under which its runs are kept; arguments as for :func:`load_config`.

    Example:
        >>> joined_name('configs/ktg/ens_2node_cub.py', ['configs/_base_/edges/independent.py'])
        'ens_2node_cub+independent'
    """
    return '+'.join(file.stem for file in config_files(path, overlays))


def _read(path: Path, name: str, *others: Path) -> Config:
    with _one_line(path, name):
        # A config that has no base and imports a module would otherwise be taken for mmengine's other, lazy kind.
        config = Config.fromfile(path, lazy_import=False, import_custom_modules=False)
        # Of what a file imports for itself mmengine drops modules and functions; no printed config can say the rest.
        for key in [key for key, value in config.items() if callable(value) and not isinstance(value, dict)]:
            config.pop(key)
        _import(config, *others, path)
        return config


def _import(config: Config, *files: Path) -> None:
    """Imports what a config names, out of the folders of its files and their bases, or the current one."""
    check_imports(imports := config.get('custom_imports'))
    if imports:
        import_named(imports, [*(folder for file in files for folder in folders_of(file)), Path.cwd()])


@contextmanager
def _one_line(path: Path, name: str) -> Iterator[None]:
    if not path.is_file():
        siblings = [str(path.parent / other.name) for other in found(path.parent).glob('[!.]*.py')]
        raise UserError(f'{name}: no such file' + (f'; {did_you_mean(path, siblings)}' if siblings else ''))
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        raise UserError(f'{name}: {type(error).__name__}: {one_line(error)}') from error


def _with_overlays(config: Config, path: Path, overlays: Sequence[Path]) -> tuple[Config, dict[str, str]]:
    """The config with the overlays, and which of its names nothing reads."""
    below = Path(os.path.abspath(path))
    own = [below]
    with tempfile.TemporaryDirectory() as folder:
        for overlay in overlays:
            name, entries = f'--with {overlay}', set[str]()
            below = _lay_over(below, (overlay,), name, folder, entries)
            if not entries & (known := {*config, *KNOWN}):
                hint = did_you_mean(min(entries), known) if entries else 'it has none'
                raise UserError(f'{name}: has no entry that the config or the Runner knows; {hint}')
            with _reading_what_is_below(name):
                config = _read(below, name, overlay)
            own.append(below)
        unread = unread_names(below, config, own)
    text = '\n'.join(file.read_text(encoding='utf-8') for file in (path, *overlays))
    file = path.with_name(f'{joined_name(path, overlays)}.py')
    # What a stage deletes it deletes when its entries are merged over the rest.
    whole = {key: value if key == STAGES else without_delete(value) for key, value in config.to_dict().items()}
    return Config(whole, text, file, config.env_variables), unread


@contextmanager
def _reading_what_is_below(name: str) -> Iterator[None]:
    """Says of an overlay that it is for other configs if it reads what the one below it lacks."""
    try:
        yield
    except UserError as error:
        missing = None
        if isinstance(cause := error.__cause__, AttributeError):
            missing = re.search(r"^'Config(?:Dict)?' object has no attribute '(\w+)'", str(cause))
        elif isinstance(cause, KeyError):
            missing = re.fullmatch(r"'(\w+)'", str(cause))
        if missing is None:
            raise
        raise UserError(f'{name}: reads {missing[1]!r}, which is not there in this config; it is for others') from error


def _lay_over(below: Path, chain: tuple[Path, ...], name: str, folder: str, entries: set[str]) -> Path:
    """Writes a config that inherits one and says what an overlay says, whose own bases come in between.

    mmengine would merge it with these bases first, where a ``_delete_`` would act and be forgotten. The overlay is the
    last of the chain; those before it inherit it.
    """
    overlay = chain[-1]
    with _one_line(overlay, name):
        if overlay.resolve() in [above.resolve() for above in chain[:-1]]:
            raise UserError(f'{name}: inherits itself')
        tree = ast.parse(_without_file_names(overlay), str(overlay))
        for line in tree.body.copy():
            if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == '_base_':
                tree.body.remove(line)
                for base in evaluated_bases(line, overlay):
                    if not (inner_file := inherited(base, overlay.parent)):
                        raise UserError(f'{name}: cannot inherit {base!r} of another package; name a file')
                    below = _lay_over(below, (*chain, inner_file), f'{name}: _base_ {base}', folder, entries)
        text = ast.unparse(tree)
        symbols = symtable.symtable(text, str(overlay), 'exec').get_symbols()
        entries |= {symbol.get_name() for symbol in symbols if symbol.is_assigned()}
        entries -= {
            ast.unparse(line.target) for line in tree.body if isinstance(line, ast.AnnAssign) and not line.value
        }
        written = Path(tempfile.mkdtemp(dir=folder)) / overlay.name
        written.write_text(f'_base_ = [{str(below)!r}]\n{text}\n', encoding='utf-8')
    return written


def _without_file_names(overlay: Path) -> str:
    """The text of an overlay with what mmengine would put in for ``{{ fileDirname }}`` and its kin."""
    path = Path(os.path.abspath(overlay))
    names = dict(
        fileDirname=path.parent, fileBasename=path.name, fileBasenameNoExtension=path.stem, fileExtname=path.suffix
    )
    text = overlay.read_text(encoding='utf-8')
    return re.sub(r'\{\{\s*(\w+)\s*\}\}', lambda match: str(names.get(match[1], match[0])), text)
