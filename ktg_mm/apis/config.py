"""Reading configs."""

import inspect
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.runner import Runner

from ktg_mm.errors import ConfigError, UserError, did_you_mean

# Entries that mmengine's Runner reads, but has no argument for.
_READ_BY_RUNNER = ('sync_bn',)


def load_config(path: str | Path, cfg_options: dict[str, Any] | None = None) -> Config:
    """Reads a config file.

    Args:
        path: The file, a text config of mmengine.
        cfg_options: Values by their path in the config, which replace the file's: ``{'train_cfg.max_epochs': 2}``.

    Raises:
        UserError: If there is no such file or it is not a config; one line.
    """
    path = Path(path)
    if not path.is_file():
        siblings = [str(other) for other in path.parent.glob('*.py')] if path.parent.is_dir() else []
        raise UserError(f'config {path}: no such file' + (f'; {did_you_mean(path, siblings)}' if siblings else ''))
    try:
        # A config that has no base and imports a module would otherwise be taken for mmengine's other, lazy kind.
        config = Config.fromfile(path, lazy_import=False)
    except UserError:
        raise
    except Exception as error:
        raise UserError(f'config {path}: {type(error).__name__}: {" ".join(str(error).split())}') from error
    if cfg_options:
        known = {*config, *inspect.signature(Runner.__init__).parameters, *_READ_BY_RUNNER}
        for key in cfg_options:
            if (first := key.split('.')[0]) not in known:
                raise ConfigError(
                    '--cfg-options', f'no entry of the config is named {first!r}; {did_you_mean(first, known)}'
                )
        for key, value in cfg_options.items():
            try:
                config.merge_from_dict({key: value})
            except (KeyError, TypeError, IndexError, AttributeError) as error:
                reason = str(error.args[0] if error.args else error).splitlines()[0]
                raise ConfigError(f'--cfg-options {key}', f'does not fit into the config: {reason}') from error
    return config
