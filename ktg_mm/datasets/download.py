"""Downloads of the published data sets, and the words that tell a user about them."""

import re
import shlex
import tarfile
import zipfile
import zlib
from http.client import HTTPException
from pathlib import Path

from ktg_mm.archives import ARCHIVES, FOLDERS, INNER, NOT_OFFERED, READERS
from ktg_mm.errors import DataError, did_you_mean
from ktg_mm.files import atomic_file
from ktg_mm.shipped import tool_command

from .fetch import WrongSumError, fetch, file_sum, sum_name
from .unpack import unpack


def how_to_get(name: str, data_root: str | Path) -> str:
    """Returns the end of a message about a missing data set: the command that downloads it.

    Args:
        name: Key of ``ARCHIVES``.
        data_root: Folder to download into.

    Example:
        >>> how_to_get('cifar10', 'data/cifar10')
        'get it with: python tools/download_dataset.py cifar10 --data-root data/cifar10'
    """
    return f'get it with: {tool_command("download_dataset")} {name} --data-root {shlex.quote(str(data_root))}'


def how_to_fill(kind: object, data_root: str | Path) -> str:
    """Returns what to do about a missing data root, ``''`` if it is of no published data set.

    Args:
        kind: The data set, as a config names it.
        data_root: The config's.

    Example:
        >>> how_to_fill('Food101', 'data/food101/food-101')
        'get it with: python tools/download_dataset.py food101 --data-root data/food101'
    """
    name, inner = READERS.get(str(kind), ('', ''))
    if name in NOT_OFFERED:
        return NOT_OFFERED[name]
    root = Path(data_root)
    return how_to_get(name, root.parent if inner and root.name == inner else root) if name else ''


def download(name: str, data_root: str | Path) -> None:
    """Downloads and unpacks a data set; an archive that is there and whole is not downloaded again.

    A download that broke off goes on. An archive whose sum no source that we can name has published is compared with
    its first download, which leaves the SHA-256 beside it, in a file such as ``images.tar.sha256``; a line says so.
    What an archive would put outside the folder is refused.

    Args:
        name: Key of ``ARCHIVES``, such as ``'cifar100'``.
        data_root: Folder to download into, made where it is missing; what a config calls ``data_root``, or the folder
            above it.

    Raises:
        DataError: If the data set is not known or not offered, an archive cannot be had, is not the published one, or
            cannot be unpacked.

    Example:
        >>> download('cifar1000', 'data/cifar1000')
        Traceback (most recent call last):
        ...
        ktg_mm.errors.DataError: no data set is named 'cifar1000'; did you mean 'cifar100'?
    """
    if name in NOT_OFFERED:
        raise DataError(f'{name!r} cannot be downloaded: {NOT_OFFERED[name]}')
    if name not in ARCHIVES:
        raise DataError(f'no data set is named {name!r}; {did_you_mean(name, ARCHIVES)}')
    root = Path(data_root).expanduser()
    for url, checksum in ARCHIVES[name]:
        archive = root / url.rsplit('/', 1)[-1]
        try:
            root.mkdir(parents=True, exist_ok=True)
            _fetch(url, archive, checksum)
            folder = root / FOLDERS.get(archive.name, '')
            unpack(archive, folder)
            if inner := INNER.get(archive.name):
                unpack(folder / inner, (folder / inner).parent)
            if checksum is None:
                with atomic_file(_record(archive)) as part:
                    part.write_text(f'{file_sum(archive, _SHA256)}  {archive.name}\n', encoding='utf-8')
        # Damaged archives: gzip raises EOFError or zlib.error; zipfile RuntimeError, if one is encrypted or packed in
        # a way that it does not know.
        except (
            OSError, HTTPException, EOFError, RuntimeError, zlib.error, tarfile.TarError, zipfile.BadZipFile,
        ) as error:  # fmt: skip
            raise DataError(f'{url}: cannot be downloaded and unpacked into {data_root} ({error})') from error


_SHA256 = '0' * 64  # tells its kind


def _fetch(url: str, archive: Path, checksum: str | None) -> None:
    """Downloads an archive, unless it is there with the right sum; one with a wrong sum is not kept."""
    record, source = _record(archive), 'the published one'
    if checksum is None and record.exists():
        checksum, source = record.read_text(encoding='utf-8')[:64], f'that of the first download, {record}'
        if not re.fullmatch('[0-9a-f]{64}', checksum):
            raise DataError(f"{record}: damaged; must begin with the archive's SHA-256; remove it to download anew")
    elif checksum is None:
        print(f'{archive.name}: its checksum is not known; that of this download goes into {record}')
    if checksum is not None and archive.exists() and file_sum(archive, checksum) == checksum:
        return
    try:
        fetch(url, archive, checksum)
    except WrongSumError as error:
        assert checksum is not None
        raise DataError(
            f'{url}: cut short or changed: its {sum_name(checksum)} is not {source} ({error}); try again, or get it'
            ' elsewhere'
        ) from error


def _record(archive: Path) -> Path:
    """Where the sum of an archive's first download is kept, as ``sha256sum`` writes it."""
    return archive.with_name(f'{archive.name}.sha256')
