"""Makes one line of an error that came while a part of a config was built or tried; the line begins with its key."""

import errno
import re
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.registry import build_from_cfg
from mmengine.runner import Runner
from mmengine.visualization import Visualizer

from ktg_mm.errors import ConfigError, UserError, did_you_mean, is_interrupt, one_line

from .keys import joined, parts_of
from .messages import is_out_of_memory

# What the Runner is building in its methods, beside what it builds out of a registry.
_BUILT_BY = {
    'setup_env': 'env_cfg',
    'set_randomness': 'randomness',
    'build_logger': 'log_level',
    'build_log_processor': 'log_processor',
    'build_visualizer': 'visualizer',
    'build_model': 'model',
    'wrap_model': 'model_wrapper_cfg',
    'register_default_hooks': 'default_hooks',
    'register_custom_hooks': 'custom_hooks',
    'build_optim_wrapper': 'optim_wrapper',
    'scale_lr': 'auto_scale_lr',
    'build_param_scheduler': 'param_scheduler',
}
_LONGEST = 300


class PartError(ConfigError):
    """A part of a config that fails when it is built or tried; what it raised is the cause."""


@contextmanager
def named_errors(
    cfg: Config | None, key: str | None = None, what: str | None = None, objects: Mapping[int, str] | None = None
) -> Iterator[None]:
    """Makes a :class:`PartError` of any error but a user's, an interrupt, memory that runs out or a folder's.

    Args:
        cfg: The config. Defaults to None: the one that is found in the stack trace.
        key: The part's key, if the stack trace tells no better one. Defaults to None: the error passes then.
        what: What the part is, for the message. Defaults to None: the type that was being built, if there was one.
        objects: Keys of objects by their ``id``; the innermost of which a method was running has failed.

    Raises:
        PartError: Instead of the error.

    Example:
        >>> with named_errors(Config(dict(optim_wrapper={})), 'optim_wrapper.optimizer', 'SGD'):
        ...     raise RuntimeError('no such weight')
        Traceback (most recent call last):
        ...
        ktg_mm.apis.part_errors.PartError: optim_wrapper.optimizer: SGD: no such weight
    """
    try:
        yield
    except Exception as error:
        named = name_error(error, cfg, key, what, objects)
        if named is None or named is error:
            raise
        raise named from error


def name_error(
    error: Exception,
    cfg: Config | None = None,
    key: str | None = None,
    what: str | None = None,
    objects: Mapping[int, str] | None = None,
) -> UserError | None:
    """The user's error that :func:`named_errors` raises; None if it lets the error pass."""
    if isinstance(error, UserError) and not isinstance(error, ConfigError):
        return error
    if is_interrupt(error) or is_out_of_memory(error) or _is_folders(error):
        return None
    as_it_is = error if isinstance(error, UserError) else None
    cfg = cfg if cfg is not None else _config_of(error)
    found, part = _part_being_built(error, cfg, key) if cfg is not None else (None, None)
    if found is None:
        found = _innermost(error, objects or {}) or key
    elif part is not None:
        what = _type_name(part)
    if found is None or cfg is None:
        return _deeper(error, cfg) if isinstance(error, ConfigError) and cfg is not None else as_it_is
    if isinstance(error, ConfigError):
        return _rooted(_deeper(error, cfg), cfg, found)
    text = error_text(error)
    if part is not None:
        # Not of what its builder adds, such as a schedule's optimizer.
        written = next((entry for place, entry in parts_of(dict(cfg.items())) if place == found), part)
        found += _entry_named(text, {name: part[name] for name in part if name in written})
    return PartError(found, f'{what}: {text}' if what else text)


@contextmanager
def hooks_as_listed(added: int) -> Iterator[None]:
    """Numbers the custom hooks in a :class:`ConfigError` as the user has listed them.

    Args:
        added: Number of hooks that stand before them by now.

    Example:
        >>> with hooks_as_listed(3):
        ...     raise ConfigError('custom_hooks[4].monitor', 'is none')
        Traceback (most recent call last):
        ...
        ktg_mm.errors.ConfigError: custom_hooks[1].monitor: is none
    """
    try:
        yield
    except ConfigError as error:
        found = re.match(r'custom_hooks\[(\d+)\](.*)', error.key)
        if not added or not found or int(found[1]) < added:
            raise
        message = str(error).removeprefix(f'{error.key}: ')
        key = f'custom_hooks[{int(found[1]) - added}]{found[2]}'
        raise type(error)(key, message) from error.__cause__


def error_text(error: BaseException) -> str:
    r"""What an error says, in one line; its kind, if it says nothing.

    Example:
        >>> error_text(ValueError('two\n  lines')), error_text(KeyError('grey'))
        ('two lines', "knows no 'grey'")
    """
    if isinstance(error, KeyError) and error.args:
        text = str(error.args[0]) if ' ' in str(error.args[0]) else f'knows no {error.args[0]!r}'
    else:
        text = _unknown_class(error) or str(error)
    text = one_line(text)
    text = text.split(' Please check whether the value of')[0]  # a name that is in no registry
    if isinstance(error, AssertionError) and not text and (trace := traceback.extract_tb(error.__traceback__)):
        text = f'does not hold: {trace[-1].line}'
    return (text if len(text) <= _LONGEST else f'{text[:_LONGEST]} ...') or type(error).__name__


def _unknown_class(error: BaseException) -> str | None:
    """Of mmpretrain's readers, which look up a class's number by its name and say nothing of one that they lack."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    names = frames[-1].f_locals if frames else {}
    data, name = names.get('self'), names.get('class_name')
    if not (isinstance(error, ValueError) and isinstance(data, BaseDataset) and isinstance(name, str)):
        return None
    classes = (data.METAINFO or {}).get('classes', ())
    return f'has no class {name!r}; {did_you_mean(name, classes)}' if classes else None


def _is_folders(error: BaseException) -> bool:
    """Whether a disk is full or must not be written to, which no entry of a config can mend."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES)


def _deeper(error: ConfigError, cfg: Config) -> ConfigError:
    """An error of a node, at the part of its network that was being built."""
    cause = error.__cause__
    if type(error) is not ConfigError or cause is None:
        return error
    key, _ = _part_being_built(cause, cfg, error.key)
    if key is None or not key.startswith(error.key):
        return error
    message = str(error).removeprefix(f'{error.key}: ')
    return ConfigError(key, error_text(cause) if message == type(cause).__name__ else message)


def _rooted(error: ConfigError, cfg: Config, key: str) -> ConfigError:
    """An error whose key begins in the config; one of a class's own, ``LoadImage.on_error``, begins with the class."""
    first = re.split(r'[.\[]', error.key)[0]
    if first in cfg or first.startswith('-') or type(error) is not ConfigError or not key:
        return error
    message = str(error).removeprefix(f'{error.key}: ')
    within = first in dict(parts_of(dict(cfg.items()))).get(key, ())  # an entry of the part, ``dataset.indices``
    return ConfigError(f'{key}.{error.key}' if within else key + error.key.removeprefix(first), message)


def _config_of(error: BaseException) -> Config | None:
    """The config of the Runner that was at work, or that a function was given."""
    found = None
    for frame, _ in traceback.walk_tb(error.__traceback__):
        runner, cfg = frame.f_locals.get('self'), frame.f_locals.get('cfg')
        if isinstance(runner, Runner) and 'cfg' in vars(runner):
            return runner.cfg
        if found is None and isinstance(cfg, Config):
            found = cfg
    return found


def _part_being_built(
    error: BaseException, cfg: Config, under: str | None = None
) -> tuple[str | None, Mapping[str, Any] | None]:
    """The key and the config of the innermost part that was being built when the error came."""
    key: str | None = None
    part: Mapping[str, Any] | None = None
    for frame, _ in traceback.walk_tb(error.__traceback__):
        code, names = frame.f_code, frame.f_locals
        given = None
        if code is build_from_cfg.__code__:
            given = names.get('cfg')
        elif code is Runner.register_hook.__code__:
            given = names.get('hook')
        elif code is Runner.build_dataloader.__code__:
            given = names.get('dataloader')
        elif code.co_name in _BUILT_BY and code is getattr(Runner, code.co_name).__code__:
            key, part = _BUILT_BY[code.co_name], None
        elif isinstance(names.get('self'), Visualizer):
            key, part = 'visualizer', None
        if isinstance(given, Mapping) and (found := _find(given, cfg, key or under)):
            key, part = found, given
        elif isinstance(given, Mapping) and key is not None:
            part = given
    if key is None and (called := re.match(r'Runner\.(\w+)\(\)', str(error))):  # with arguments that it has not
        key = _BUILT_BY.get(called[1])
    return key, part


def _find(part: Mapping[str, Any], cfg: Config, under: str | None) -> str | None:
    """The key under which a config has a part; rather one below ``under``, as parts may be alike.

    The part need not be the same: what builds it takes entries out and puts some in.
    """
    best, place = 0, None
    for key, entry in parts_of(dict(cfg.items())):
        kind = entry.get('type')
        if (
            part.get('type') not in (kind, entry.get('of')) and kind is not None
        ):  # Split builds the data set named by of
            continue
        score = 4 * sum(name in part and _same(value, part[name]) for name, value in entry.items())
        score += 2 * (kind is not None) - (len(entry) > len(part))
        score += 10**6 * bool(score > 1 and under and re.match(re.escape(under) + r'($|[.\[])', key))
        if score > max(best, 1):
            best, place = score, key
    return place


def _same(first: Any, second: Any) -> bool:
    try:
        return bool(first == second)
    except Exception:  # arrays, and whatever else a config may hold
        return False


def _entry_named(text: str, part: Mapping[str, Any]) -> str:
    """The one entry of a part that an error's text is about, as the end of its key."""
    named = [
        name
        for name in part
        if name != 'type' and re.search(rf'(?<![a-zA-Z]){re.escape(str(name))}(?![a-zA-Z_])', text)
    ]
    first = [name for name in named if re.match(rf'[^\w]*{re.escape(str(name))}(?![a-zA-Z_])', text)]
    found = named if len(named) == 1 else first[:1]
    return joined('.', found[0])[1:] if found else ''


def _type_name(part: Mapping[str, Any]) -> str | None:
    kind = part.get('type')
    return getattr(kind, '__name__', None) or (str(kind) if kind is not None else None)


def _innermost(error: BaseException, objects: Mapping[int, str]) -> str | None:
    """The key of the innermost object of which a method was running."""
    found = None
    for frame, _ in traceback.walk_tb(error.__traceback__):
        found = objects.get(id(frame.f_locals.get('self')), found)
    return found
