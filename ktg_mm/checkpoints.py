"""Finding and reading checkpoints, under torch's safe loading alone."""

import math
import os
import pickle
import re
import time
import warnings
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from mmengine.dist import barrier, is_main_process
from mmengine.runner import CheckpointLoader

from ktg_mm.errors import UserError, one_line
from ktg_mm.mmengine_private import replace_http_loader

_NAME = re.compile(r'(epoch|iter)_(\d+)\.pth')
# What a run saves besides: the best ones, and those that mmengine publishes.
_SAVED = re.compile(r'(?:best_.+_)?(epoch|iter)_(\d+)(?:-[0-9a-f]{8})?\.pth')
_NOTE = 'last_checkpoint'  # mmengine's, of the path of the one that it saved last
FINISHED = 'finished.json'  # stands in the folder of a run that has come to its end
METRICS = 'metrics.json'  # what it has measured then


def latest_checkpoint(work_dir: str | Path, since: float = 0.0) -> Path | None:
    """The newest checkpoint that a run left in its folder, None if there is none.

    As checkpoints are renamed into place when they are whole, whatever is found can be read, also after the power
    failed while one was being written.

    Args:
        work_dir: The run's folder. The newest is the one of the most iterations, whatever the clock says: a folder
            holds one run, as what an earlier one left is moved away when another begins (:func:`move_others`).
        since: Time (seconds since 1970) before which checkpoints are of another run. Defaults to 0.
    """
    found = next(iter(newest_first(work_dir, since)), None)
    note = Path(work_dir) / _NOTE
    if found is None and note.is_file():  # the run saves in another folder, or under other names
        noted = Path(note.read_text(encoding='utf-8', errors='replace').strip())
        found = noted if noted.is_file() and noted.stat().st_mtime >= since else None
    return found


def newest_first(work_dir: str | Path, since: float = 0.0) -> list[Path]:
    """The checkpoints of a folder that a run can be resumed from; arguments as of :func:`latest_checkpoint`."""
    found = {path: match for path in Path(work_dir).glob('*.pth') if (match := _NAME.fullmatch(path.name))}
    found = {path: match for path, match in found.items() if path.stat().st_mtime >= since}
    both = len({match[1] for match in found.values()}) > 1
    # Epochs and iterations are compared by what stands in the checkpoints.
    order = {path: (_iteration(path) if both else 0, int(match[2])) for path, match in found.items()}
    return sorted(order, key=lambda path: order[path], reverse=True)


def _iteration(path: Path) -> float:
    """The iterations that a checkpoint has had; infinity if it cannot be read, as it may be the newest."""
    try:
        return torch.load(path, map_location='meta', weights_only=True)['meta']['iter']  # no weight is read
    except Exception:
        return math.inf


def move_others(folder: str | Path, resumed: str | None) -> Path | None:
    """Moves away the checkpoints that a run does not go on from, so that it can neither overwrite nor resume them.

    These are all that an earlier run has left; and if the run goes on from one of the folder, those after it.

    Args:
        folder: Where the run saves.
        resumed: The checkpoint that the run goes on from, None if it begins.

    Returns:
        Where they are now, ``earlier/<time>/`` in the folder; None if there were none.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> for epoch in (1, 2, 3):
        ...     (folder / f'epoch_{epoch}.pth').touch()
        >>> sorted(path.name for path in move_others(folder, str(folder / 'epoch_1.pth')).iterdir())
        ['epoch_2.pth', 'epoch_3.pth']
    """
    saved = {path: match for path in Path(folder).glob('*.pth') if (match := _SAVED.fullmatch(path.name))}
    kept = next((path for path in newest_first(folder) if resumed and path.samefile(Path(resumed).expanduser())), None)
    if kept is None:
        notes = [Path(folder) / name for name in (FINISHED, METRICS, *(() if resumed else (_NOTE,)))]
        others = [*saved, *filter(Path.exists, notes)]
    else:
        ordered = newest_first(folder)
        kind, number = saved[kept][1], int(saved[kept][2])
        later = {path for path, match in saved.items() if match[1] == kind and int(match[2]) > number}
        others = sorted(later | set(ordered[: ordered.index(kept)]))
    return _move(others, Path(folder) / 'earlier' / time.strftime('%Y%m%d_%H%M%S')) if others else None


def _move(paths: Iterable[Path], folder: Path) -> Path:
    first, number = folder, 2
    while folder.exists():
        folder, number = first.with_name(f'{first.name}_{number}'), number + 1
    folder.mkdir(parents=True)
    for path in paths:
        os.replace(path, folder / path.name)
    return folder


def load_checkpoint_safely(path: str | Path, map_location: Any = 'cpu') -> dict:
    """Reads a checkpoint of tensors and plain values; anything that would run code is refused, and what is damaged.

    Args:
        path: The file.
        map_location: As in ``torch.load``.

    Raises:
        UserError: If the file is missing, truncated, corrupt (by its checksums), not safe or no dict; one line.
    """
    path = Path(path).expanduser()
    if path.is_dir():
        raise UserError(f'checkpoint {path}: is a folder; give the file')
    if not path.is_file():
        raise UserError(f'checkpoint {path}: no such file')
    try:
        _check_sums(path)
        with warnings.catch_warnings():
            warnings.filterwarnings('ignore', 'Detected pickle protocol')  # what is not understood is an error anyway
            checkpoint = torch.load(path, map_location=map_location, weights_only=True)
    except (MemoryError, torch.OutOfMemoryError):
        raise
    except PermissionError as error:
        raise UserError(f'checkpoint {path}: cannot be read: {error.strerror}') from error
    except pickle.UnpicklingError as error:
        if 'weights_only' in str(error) or 'Weights only' in str(error):
            raise UserError(
                f'checkpoint {path}: corrupt, or holds more than tensors and plain values, which is not safe to load'
            ) from error
        raise UserError(f'checkpoint {path}: cannot be read, the file is corrupt') from error
    except Exception as error:  # torch's reader raises any kind for a damaged file
        raise UserError(f'checkpoint {path}: cannot be read, the file is truncated or corrupt') from error
    if not isinstance(checkpoint, dict):
        raise UserError(f'checkpoint {path}: holds a {type(checkpoint).__name__}, not a dict of weights')
    return checkpoint


def is_whole(path: str | Path) -> bool:
    """Whether a checkpoint is there and can be read, by :func:`load_checkpoint_safely`.

    Example:
        >>> is_whole('missing.pth')
        False
    """
    try:
        return bool(load_checkpoint_safely(path))
    except UserError:
        return False


def _check_sums(path: Path) -> None:
    """Compares a file's parts with their checksums, which torch writes and does not look at; old formats have none."""
    with path.open('rb') as file:
        is_zip = file.read(4) == b'PK\x03\x04'
    if is_zip:
        with zipfile.ZipFile(path) as archive:
            # What is marked as a folder is read as nothing by torch; it has no checksum.
            marked = any(entry.external_attr & 0x10 for entry in archive.infolist())
            if marked or archive.testzip() is not None:
                raise zipfile.BadZipFile


def load_by_name(name: str) -> dict:
    """Reads a checkpoint of weights by whatever mmengine takes for its name: a file, an address, ``torchvision://...``.

    Args:
        name: The name.

    Raises:
        UserError: If it cannot be loaded, or holds no weights; one line.
    """
    try:
        checkpoint = CheckpointLoader.load_checkpoint(str(name), map_location='cpu', logger='silent')
    except (UserError, MemoryError, torch.OutOfMemoryError):
        raise
    except KeyError as error:
        raise UserError(f'checkpoint {name}: no model of this name is known') from error
    except Exception as error:
        raise UserError(f'checkpoint {name}: cannot be loaded: {one_line(error)}') from error
    weights = checkpoint.get('state_dict', checkpoint) if isinstance(checkpoint, Mapping) else checkpoint
    if not isinstance(weights, Mapping) or not any(isinstance(value, torch.Tensor) for value in weights.values()):
        where = 'its state_dict' if isinstance(checkpoint, Mapping) and 'state_dict' in checkpoint else 'it'
        raise UserError(f'checkpoint {name}: {where} holds no weights')
    return checkpoint


@CheckpointLoader.register_scheme(prefixes='', force=True)
def load_from_local(filename: str, map_location: Any = None) -> dict:
    """Takes the place of mmengine's loader of local files; its errors are one line."""
    return load_checkpoint_safely(filename, map_location)


@CheckpointLoader.register_scheme(prefixes=('http://', 'https://'), force=True)
def load_from_http(
    filename: str, map_location: Any = None, model_dir: str | None = None, progress: bool = True
) -> dict:
    """Takes the place of mmengine's loader of addresses, which unpickles what it downloads; this one loads safely.

    Each machine's first process downloads, the others read its copy.
    """

    def load() -> dict:
        try:
            return torch.hub.load_state_dict_from_url(
                filename, model_dir, map_location=map_location, progress=progress, weights_only=True
            )
        except Exception as error:
            reason = one_line(error) if isinstance(error, OSError) else 'no checkpoint, corrupt or not safe'
            raise UserError(f'checkpoint {filename}: cannot be loaded: {reason}') from error

    checkpoint = load() if is_main_process() else None
    barrier()
    return load() if checkpoint is None else checkpoint


replace_http_loader(load_from_http)
