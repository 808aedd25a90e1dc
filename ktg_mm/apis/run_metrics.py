"""What a run has measured last, kept in its folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmengine.dist import is_main_process
from mmengine.runner import Runner

from ktg_mm.checkpoints import METRICS
from ktg_mm.errors import UserError
from ktg_mm.files import whole_file


def last_validation(runner: Runner) -> dict[str, float]:
    """The metrics of a run's last validation, by name; empty if there was none.

    Args:
        runner: One that has trained.
    """
    scalars = runner.message_hub.log_scalars
    return {name[4:]: float(values.current()) for name, values in scalars.items() if name.startswith('val/')}


def keep_metrics(runner: Runner, tested: Mapping[str, Any]) -> None:
    """Writes the metrics of a run's last validation and of its test into ``metrics.json`` of its folder.

    Args:
        runner: One that has trained.
        tested: The metrics of its test, by name; empty if there was none, as the test data are those of validation.

    Raises:
        UserError: If it cannot be written.
    """
    validated = last_validation(runner)
    if not is_main_process() or not (validated or tested):
        return
    numbers = {name: value for name, value in tested.items() if isinstance(value, (int, float))}
    content = {'last validation': validated, 'test': numbers or validated}
    with whole_file(Path(runner.work_dir) / METRICS) as part:
        part.write_text(json.dumps(content, indent=1), encoding='utf-8')


def read_metrics(folder: Path, kind: str) -> dict[str, float]:
    """The metrics that a run has left in its folder, by name.

    Args:
        folder: The folder.
        kind: ``'test'`` or ``'last validation'``.

    Raises:
        UserError: If there are none, or the file is none of ours; one line.
    """
    path = folder / METRICS
    try:
        found = json.loads(path.read_text(encoding='utf-8'))[kind]
        return {str(name): float(value) for name, value in found.items()}
    except OSError as error:
        raise UserError(f'{path}: cannot be read: {error.strerror}') from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise UserError(f'{path}: is not what a run writes; train it again') from error
