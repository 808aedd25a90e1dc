"""Finding and reading checkpoints, under torch's safe loading alone."""

import pickle
import re
from pathlib import Path
from typing import Any

import torch
from mmengine.dist import barrier, is_main_process
from mmengine.runner import CheckpointLoader

from ktg_mm.errors import UserError
from ktg_mm.mmengine_private import replace_http_loader

_NAME = re.compile(r'(?:epoch|iter)_(\d+)\.pth')


def latest_checkpoint(work_dir: str | Path, since: float = 0.0) -> Path | None:
    """The newest checkpoint that a run left in its folder, None if there is none.

    As checkpoints are renamed into place when they are whole, whatever is found can be read, also after the power
    failed while one was being written.

    Args:
        work_dir: The run's folder; the newest file counts, as an earlier run may have left later epochs.
        since: Time (seconds since 1970) before which checkpoints are of another run. Defaults to 0.
    """
    found = [
        (path.stat().st_mtime_ns, int(match[1]), path)
        for path in Path(work_dir).glob('*.pth')
        if (match := _NAME.fullmatch(path.name)) and path.stat().st_mtime >= since
    ]
    return max(found)[2] if found else None


def load_checkpoint_safely(path: str | Path, map_location: Any = 'cpu') -> dict:
    """Reads a checkpoint of tensors and plain values; anything that would run code is refused.

    Args:
        path: The file.
        map_location: As in ``torch.load``.

    Raises:
        UserError: If the file is missing, truncated, corrupt, not safe or no dict; one line.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise UserError(f'checkpoint {path}: no such file')
    try:
        checkpoint = torch.load(path, map_location=map_location, weights_only=True)
    except (MemoryError, torch.OutOfMemoryError):
        raise
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
            reason = (
                ' '.join(str(error).split()) if isinstance(error, OSError) else 'no checkpoint, corrupt or not safe'
            )
            raise UserError(f'checkpoint {filename}: cannot be loaded: {reason}') from error

    checkpoint = load() if is_main_process() else None
    barrier()
    return load() if checkpoint is None else checkpoint


replace_http_loader(load_from_http)
