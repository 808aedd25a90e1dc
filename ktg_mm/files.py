"""Files that are either whole or not there."""

from __future__ import annotations

import contextlib
import csv
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from numbers import Integral, Real
from pathlib import Path
from typing import Any

from ktg_mm.errors import UserError

_DIGITS = 6  # what thousands of images can tell, with some to spare


@contextlib.contextmanager
def atomic_file(path: str | Path) -> Iterator[Path]:
    """Gives a temporary file beside the path to write into, and renames it when it is whole and on the disk.

    Whatever happens in between, an error, a kill or a power failure, the path holds what it did before. A link there
    becomes a file.

    Args:
        path: The file; its folder is made if it is missing. The temporary one is hidden and ends in ``.tmp``, so that
            no pattern such as ``*.pth`` finds it; a config's ends in ``.tmp.py``, so that it can be read and checked.

    Raises:
        OSError: If it cannot be written.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / 'folder' / 'file'
        >>> with atomic_file(path) as part:
        ...     _ = part.write_text('whole')
        >>> path.read_text(), [file.name for file in path.parent.iterdir()]
        ('whole', ['file'])
    """
    path = Path(path)
    part = path.with_name(f'.{path.name}.{secrets.token_hex(8)}.tmp{".py" if path.suffix == ".py" else ""}')
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        _sync(part, os.O_RDWR)
        os.replace(part, path)
        with contextlib.suppress(OSError):  # not every system can
            _sync(path.parent, os.O_RDONLY)
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def whole_file(path: str | Path, name: str | None = None) -> Iterator[Path]:
    """As :func:`atomic_file`, for a file that the user has asked for.

    Args:
        path: The file.
        name: What the message calls it. Defaults to the path.

    Raises:
        UserError: If it cannot be written.
    """
    try:
        with atomic_file(path) as part:
            yield part
    except OSError as error:
        raise UserError(f'{name or path}: cannot be written: {error.strerror or error}') from error


def save_table(rows: Sequence[Mapping[str, Any]], path: str | Path) -> Path:
    r"""Writes a table as a CSV file, with the names of the columns in its first line and :func:`rounded` numbers.

    Args:
        rows: At least one row, by column; all have the same columns.
        path: The file.

    Returns:
        The path.

    Raises:
        UserError: If it cannot be written.

    Example:
        >>> import tempfile
        >>> save_table([dict(node='a', accuracy=100 * 0.07)], tempfile.mkdtemp() + '/a.csv').read_text()
        'node,accuracy\na,7.0\n'
    """
    with whole_file(path) as part, part.open('w', newline='', encoding='utf-8') as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator='\n')
        writer.writeheader()
        writer.writerows({column: rounded(value) for column, value in row.items()} for row in rows)
    return Path(path)


def rounded(value: Any) -> Any:
    """A number with six significant digits, as tables have them; whole numbers and all else as they are.

    Args:
        value: Of a table's cell.

    Example:
        >>> rounded(0.1 + 0.2), rounded(2 / 3e9), rounded(1234567.0), rounded('net1')
        (0.3, 6.66667e-10, 1234567.0, 'net1')
    """
    if not isinstance(value, Real) or isinstance(value, Integral):
        return value
    number = float(value)
    return number if number.is_integer() else float(f'{number:.{_DIGITS}g}')  # of counts no digit is lost
