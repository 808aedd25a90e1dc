"""Where the configs and tools are: at the top of a checkout, within the package where it was installed from a wheel."""

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


def found(path: Path) -> Path:
    """A path as it is, or that of a shipped config if there is no such file and ``configs/`` begins its name.

    Args:
        path: What the user has written.

    Example:
        >>> found(Path('configs/none.py')).as_posix()
        'configs/none.py'
    """
    if path.parts[:1] == ('configs',) and not path.exists():
        ours = shipped('configs').joinpath(*path.parts[1:])
        return ours if ours.exists() else path
    return path


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
