"""Downloads of single files that go on where they broke off."""

from __future__ import annotations

import hashlib
import os
import sys
from email.utils import formatdate, parsedate_to_datetime
from http.client import HTTPResponse
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from torch.hub import tqdm

_CHUNK = 1 << 20
_SECONDS = 60  # without a byte


class WrongSumError(ValueError):
    """A file that was downloaded to its end, and whose sum is not the expected one."""


def fetch(url: str, path: Path, checksum: str | None = None) -> None:
    """Downloads a file; one that was broken off goes on, where the server can, and one with a wrong sum is not kept.

    What has come of it lies beside it, under its name and ``.part``. Without a sum it goes on only if the server says
    that its file is still the same. On a terminal a bar shows the progress.

    Args:
        url: Its address.
        path: Where to put it.
        checksum: Its SHA-256 or, of 32 digits, its MD5. Defaults to None: whatever comes is right.

    Raises:
        OSError: If it cannot be had or written, or broke off.
        WrongSumError: If the sum is another one.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> _ = (folder / 'there').write_text('a text')
        >>> fetch((folder / 'there').as_uri(), folder / 'here', '9dd6de9a0bb8a9ffd2a4e9c24ffe4dd3')
        Traceback (most recent call last):
        ...
        ktg_mm.datasets.fetch.WrongSumError: its MD5 is ..., not 9dd6de9a0bb8a9ffd2a4e9c24ffe4dd3
    """
    part = path.with_name(f'{path.name}.part')
    resumed = _receive(url, part, known=checksum is not None)
    if checksum is not None and resumed and file_sum(part, checksum) != checksum:
        part.unlink()  # the beginning may be of another version
        _receive(url, part, known=True)
    if checksum is not None and (found := file_sum(part, checksum)) != checksum:
        part.unlink()
        raise WrongSumError(f'its {sum_name(checksum)} is {found}, not {checksum}')
    os.replace(part, path)


def sum_name(checksum: str) -> str:
    """``'MD5'`` or ``'SHA-256'``, by the number of digits."""
    return 'MD5' if len(checksum) == 32 else 'SHA-256'


def file_sum(path: Path, like: str) -> str:
    """The sum of a file.

    Args:
        path: The file.
        like: A sum of the same kind.
    """
    digest = hashlib.md5(usedforsecurity=False) if sum_name(like) == 'MD5' else hashlib.sha256()
    with path.open('rb') as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _receive(url: str, part: Path, known: bool) -> bool:
    """Fills the part; returns whether it began with what was there."""
    begun = part.stat().st_size if part.is_file() else 0
    headers = {'User-Agent': 'ktg_mm'}
    if begun:
        headers['Range'] = f'bytes={begun}-'
        if not known:  # the part has the time of the server's file
            headers['If-Range'] = formatdate(part.stat().st_mtime, usegmt=True)
    try:
        response: HTTPResponse = urlopen(Request(url, headers=headers), timeout=_SECONDS)
    except HTTPError as error:
        if error.code != 416 or not begun:  # 416: nothing is behind that
            raise
        if error.headers.get('Content-Range') == f'bytes */{begun}' and known:
            return True
        part.unlink()
        return _receive(url, part, known)
    with response:
        resumed = bool(begun) and response.status == 206
        _write(response, part, begun if resumed else 0)
    return resumed


def _write(response: HTTPResponse, part: Path, begun: int) -> None:
    length = response.headers.get('Content-Length')
    total = None if length is None else begun + int(length)
    came = begun
    try:
        with (
            part.open('ab' if begun else 'wb') as file,
            tqdm(total=total, initial=begun, disable=not sys.stderr.isatty(), unit='B', unit_scale=True) as bar,
        ):
            while chunk := response.read(_CHUNK):
                file.write(chunk)
                came += len(chunk)
                bar.update(len(chunk))
    finally:
        if changed := response.headers.get('Last-Modified'):
            stamp = parsedate_to_datetime(changed).timestamp()
            os.utime(part, (stamp, stamp))
    if total is not None and came != total:
        raise OSError(f'broke off after {came:,} of {total:,} bytes; the same command goes on from there')
