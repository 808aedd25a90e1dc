"""The shipped configs, read once a process; mmengine reads all that a config inherits for each that inherits it."""

import os
import pickle
from pathlib import Path
from typing import Any

from mmengine.config import Config

CONFIGS = Path(__file__).parents[1] / 'configs'


def read_once(folder: Path = CONFIGS) -> None:
    """Makes mmengine keep what it has read of the files in a folder, which do not change, and hand out copies."""
    read, kept = Config._file2dict, {}

    def quickly(filename: str | Path, *args: Any, **kwargs: Any) -> tuple[dict, str, dict]:
        path = os.path.abspath(os.path.expanduser(filename))
        if not path.startswith(f'{folder}{os.sep}'):
            return read(filename, *args, **kwargs)
        key = path, args, tuple(sorted(kwargs.items()))
        if key not in kept:
            kept[key] = pickle.dumps(read(filename, *args, **kwargs))
        return pickle.loads(kept[key])

    Config._file2dict = staticmethod(quickly)
