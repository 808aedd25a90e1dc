"""Archives, none of which puts anything outside the folder that it is unpacked into."""

from __future__ import annotations

import gzip
import shutil
import stat
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from ktg_mm.files import atomic_file


def unpack(archive: Path, folder: Path) -> None:
    """Unpacks an archive by what its name ends in: a tar, gzipped or not, a zip, or a single gzipped file.

    Anything else is no archive, and left as it is.

    Args:
        archive: The file.
        folder: Where to unpack it, made where it is missing.

    Raises:
        OSError, EOFError, zlib.error, tarfile.TarError, zipfile.BadZipFile: If it is damaged, or has something that
            would lie outside the folder, a link to there, or a device.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> with zipfile.ZipFile(folder / 'a.zip', 'w') as packed:
        ...     packed.writestr('../outside.txt', 'a text')
        >>> unpack(folder / 'a.zip', folder / 'b')
        Traceback (most recent call last):
        ...
        zipfile.BadZipFile: '../outside.txt' is outside the folder, a link or a device
    """
    if archive.name.endswith('.zip'):
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(folder, _plain_names(packed, folder))
    elif archive.name.endswith(('.tar', '.tar.gz', '.tgz')):
        with tarfile.open(archive) as tar:
            if hasattr(tarfile, 'data_filter'):
                tar.extractall(folder, filter='data')
            else:  # Python before 3.10.12 and 3.11.4
                tar.extractall(folder, _plain_members(tar, folder))
    elif archive.suffix == '.gz':
        with gzip.open(archive) as zipped, atomic_file(folder / archive.stem) as part, part.open('wb') as file:
            shutil.copyfileobj(zipped, file)


def _is_inside(name: str, folder: Path) -> bool:
    return (folder / name).resolve().is_relative_to(folder.resolve())


def _plain_names(packed: zipfile.ZipFile, folder: Path) -> list[str]:
    """All names of an archive, once all are known to be right."""
    for member in packed.infolist():
        kind = stat.S_IFMT(member.external_attr >> 16)  # 0 where it was not packed on a Unix
        if not _is_inside(member.filename, folder) or kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise zipfile.BadZipFile(f'{member.filename!r} is outside the folder, a link or a device')
    return packed.namelist()


def _plain_members(tar: tarfile.TarFile, folder: Path) -> Iterator[tarfile.TarInfo]:
    """The files and folders of an archive, all of which must lie within the folder; without special permissions."""
    for member in tar:
        if not _is_inside(member.name, folder) or not (member.isfile() or member.isdir()):
            raise tarfile.TarError(f'{member.name!r} is outside the folder, a link or a device')
        member.mode = 0o755 if member.isdir() else 0o644
        yield member
