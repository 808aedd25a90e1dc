"""Downloads of the published data sets, and the words that tell a user about them."""

import gzip
import hashlib
import re
import shutil
import sys
import tarfile
import zlib
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path

from torch.hub import download_url_to_file

from ktg_mm.archives import ARCHIVES
from ktg_mm.errors import DataError, did_you_mean
from ktg_mm.files import atomic_file
from ktg_mm.shipped import tool_command


def how_to_get(name: str, data_root: str | Path) -> str:
    """Returns the end of a message about a missing data set: the command that downloads it.

    Args:
        name: Key of ``ARCHIVES``.
        data_root: Folder to download into.

    Example:
        >>> how_to_get('cifar10', 'data/cifar10')
        'get it with: python tools/download_dataset.py cifar10 --data-root data/cifar10'
    """
    return f'get it with: {tool_command("download_dataset")} {name} --data-root {data_root}'


def download(name: str, data_root: str | Path) -> None:
    """Downloads and unpacks a data set; an archive that is there and whole is not downloaded again.

    An archive whose SHA-256 nobody has published is compared with its first download, which leaves the sum beside it,
    in a file such as ``images.tar.sha256``. What an archive would put outside the folder is refused.

    Args:
        name: ``'cifar10'``, ``'cifar100'``, ``'cub'``, ``'fashion_mnist'``, ``'penn_treebank'`` or
            ``'stanford_dogs'``.
        data_root: Folder to download into, made where it is missing; what a config calls ``data_root``.

    Raises:
        DataError: If the data set is not known, an archive cannot be had, is not the published one, or cannot be
            unpacked.

    Example:
        >>> download('cifar1000', 'data/cifar1000')
        Traceback (most recent call last):
        ...
        ktg_mm.errors.DataError: no data set is named 'cifar1000'; did you mean 'cifar100'?
    """
    if name not in ARCHIVES:
        raise DataError(f'no data set is named {name!r}; {did_you_mean(name, ARCHIVES)}')
    root = Path(data_root).expanduser()
    for url, sha256 in ARCHIVES[name]:
        archive = root / url.rsplit('/', 1)[-1]
        try:
            root.mkdir(parents=True, exist_ok=True)
            _fetch(url, archive, sha256)
            _unpack(archive, root)
            if sha256 is None:
                with atomic_file(_record(archive)) as part:
                    part.write_text(f'{_sha256(archive)}  {archive.name}\n', encoding='utf-8')
        # Damaged archives: gzip raises EOFError or zlib.error.
        except (OSError, HTTPException, EOFError, zlib.error, tarfile.TarError) as error:
            raise DataError(f'{url}: cannot be downloaded and unpacked into {data_root} ({error})') from error


def _fetch(url: str, archive: Path, sha256: str | None) -> None:
    """Downloads an archive, unless it is there with the right sum; one with a wrong sum is not kept."""
    record, source = _record(archive), 'the published one'
    if sha256 is None and record.exists():
        sha256, source = record.read_text(encoding='utf-8')[:64], f'that of the first download, {record}'
        if not re.fullmatch('[0-9a-f]{64}', sha256):
            raise DataError(f"{record}: damaged; must begin with the archive's SHA-256; remove it to download anew")
    if sha256 is not None and archive.exists() and _sha256(archive) == sha256:
        return
    try:
        download_url_to_file(url, str(archive), hash_prefix=sha256, progress=sys.stderr.isatty())
    except RuntimeError as error:
        raise DataError(
            f'{url}: cut short or changed: its SHA-256 is not {source} ({error}); try again, or get it elsewhere'
        ) from error


def _record(archive: Path) -> Path:
    """Where the sum of an archive's first download is kept, as ``sha256sum`` writes it."""
    return archive.with_name(f'{archive.name}.sha256')


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open('rb') as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def _unpack(archive: Path, root: Path) -> None:
    if archive.suffix == '.txt':
        return
    if not archive.name.endswith(('.tar', '.tar.gz', '.tgz')):
        with gzip.open(archive) as packed, atomic_file(root / archive.stem) as part, part.open('wb') as file:
            shutil.copyfileobj(packed, file)
        return
    with tarfile.open(archive) as tar:
        if hasattr(tarfile, 'data_filter'):
            tar.extractall(root, filter='data')
        else:  # Python before 3.10.12 and 3.11.4
            tar.extractall(root, _plain_members(tar, root))


def _plain_members(tar: tarfile.TarFile, root: Path) -> Iterator[tarfile.TarInfo]:
    """The files and folders of an archive, all of which must lie within the folder; without special permissions."""
    for member in tar:
        inside = (root / member.name).resolve().is_relative_to(root.resolve())
        if not inside or not (member.isfile() or member.isdir()):
            raise tarfile.TarError(f'{member.name!r} is outside the folder, a link or a device')
        member.mode = 0o755 if member.isdir() else 0o644
        yield member
