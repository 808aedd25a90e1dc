"""Where the configs and tools are: at the top of a checkout, within the package where it was installed from a wheel."""

from pathlib import Path

_PACKAGE = Path(__file__).parent


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
