"""Where the configs and tools are: at the top of a checkout, within the package where it was installed from a wheel."""

import os
import sys
from pathlib import Path

from .errors import UserError, did_you_mean

_PACKAGE = Path(__file__).parent
OURS = 'ktg_mm::'  # begins the name of a shipped config in a list of bases


def shipped(folder: str) -> Path:
    """The folder ``'configs'`` or ``'tools'``.

    A wheel has them in ``ktg_mm/.mim``, where mmengine looks for those of a package (``ktg_mm::ktg/...``).

    Args:
        folder: Its name.

    Example:
        >>> (shipped('configs') / 'ktg/ens_3node_digits.py').exists()
        True
    """
    inside = _PACKAGE / '.mim' / folder
    return inside if inside.exists() else _PACKAGE.parent / folder


def tool_command(tool: str) -> str:
    """How to call a tool here: as the user has called this one, and as ``ktg`` where a wheel has no folder of scripts.

    Args:
        tool: Its name.

    Example:
        >>> tool_command('train'), tool_command('dist_train')
        ('python tools/train.py', 'tools/dist_train.sh')
    """
    called = sys.argv[0].startswith('ktg ') or 'KTG_COMMAND' in os.environ  # the command, or a script that it has run
    if called or shipped('tools').parent.name == '.mim':
        return f'ktg {tool}'
    return f'tools/{tool}.sh' if (shipped('tools') / f'{tool}.sh').exists() else f'python tools/{tool}.py'


def found(path: Path) -> Path:
    """A path as it is, or that of a shipped config if there is no such file and it is the name of one.

    Args:
        path: What the user has written; ``configs/`` and ``.py`` may be left out of a shipped one's.

    Example:
        >>> found(Path('ktg/ens_3node_digits')).name, found(Path('configs/ktg/ens_3node_digits.py')).name
        ('ens_3node_digits.py', 'ens_3node_digits.py')
        >>> found(Path('configs/none.py')).as_posix()
        'configs/none.py'
    """
    if path.is_absolute() or '..' in path.parts or path.exists():
        return path
    named = path.parts[0] == 'configs'
    ours = shipped('configs').joinpath(*path.parts[named:])
    if not named and len(path.parts) == 1:  # a file beside the user is none of ours
        return ours if ours.is_dir() else path
    return next((one for one in (ours, ours.with_name(f'{ours.name}.py')) if one.exists()), path)


def inherited(base: str, folder: Path) -> Path | None:
    """The file that a config inherits by a name; None if it is one of another package, ``mmpretrain::...``.

    Args:
        base: An entry of ``_base_``: a path, or ``'ktg_mm::dml/dml_3node_digits.py'`` for a shipped config.
        folder: The config's, which a path begins at.

    Raises:
        UserError: If no shipped config has this name.

    Example:
        >>> inherited('ktg_mm::dml/dml_3node_digits.py', Path('mine')) == shipped('configs') / 'dml/dml_3node_digits.py'
        True
    """
    if base.startswith(OURS):
        configs = shipped('configs')
        if not (file := configs / base.removeprefix(OURS)).exists():
            known = [OURS + path.relative_to(configs).as_posix() for path in configs.rglob('*.py')]
            raise UserError(f'_base_: no shipped config is named {base!r}; {did_you_mean(base, known)}')
        return file
    return None if '::' in base else folder / base
