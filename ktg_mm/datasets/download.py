"""Downloads of the published data sets, and the words that tell a user about them."""

import tarfile
from http.client import HTTPException
from pathlib import Path

from mmpretrain.datasets import CIFAR10, CIFAR100, FashionMNIST
from torchvision.datasets.utils import download_and_extract_archive

from ktg_mm.errors import DataError, did_you_mean

_DOGS = 'http://vision.stanford.edu/aditya86/ImageNetDogs/'

# Data set -> its archives, each with address and MD5 sum. mmpretrain knows those of its own data sets.
ARCHIVES: dict[str, list[tuple[str, str]]] = {
    'cifar10': [(CIFAR10.url, CIFAR10.tgz_md5)],
    'cifar100': [(CIFAR100.url, CIFAR100.tgz_md5)],
    'cub': [
        ('https://data.caltech.edu/records/65de6-vp158/files/CUB_200_2011.tgz', '97eceeb196236b17998738112f37df78')
    ],
    'fashion_mnist': [
        (FashionMNIST.url_prefix + name, md5) for name, md5 in FashionMNIST.train_list + FashionMNIST.test_list
    ],
    'stanford_dogs': [
        (_DOGS + 'images.tar', '1bb1f2a596ae7057f99d7d75860002ef'),
        (_DOGS + 'lists.tar', 'edbb9f16854ec66506b5f09b583e0656'),
    ],
}


def how_to_get(name: str, data_root: str | Path) -> str:
    """Returns the end of a message about a missing data set: the command that downloads it.

    Args:
        name: Key of ``ARCHIVES``.
        data_root: Folder to download into.

    Example:
        >>> how_to_get('cifar10', 'data/cifar10')
        'get it with: python tools/download_dataset.py cifar10 --data-root data/cifar10'
    """
    return f'get it with: python tools/download_dataset.py {name} --data-root {data_root}'


def download(name: str, data_root: str | Path) -> None:
    """Downloads and unpacks a data set; an archive that is there and whole is not downloaded again.

    Args:
        name: ``'cifar10'``, ``'cifar100'``, ``'cub'``, ``'fashion_mnist'`` or ``'stanford_dogs'``.
        data_root: Folder to download into, made where it is missing; what a config calls ``data_root``.

    Raises:
        DataError: If the data set is not known, an archive cannot be had, is not the published one (by its MD5 sum),
            or cannot be unpacked.

    Example:
        >>> download('cifar1000', 'data/cifar1000')
        Traceback (most recent call last):
        ...
        ktg_mm.errors.DataError: no data set is named 'cifar1000'; did you mean 'cifar100'?
    """
    if name not in ARCHIVES:
        raise DataError(f'no data set is named {name!r}; {did_you_mean(name, ARCHIVES)}')
    for url, md5 in ARCHIVES[name]:
        try:
            download_and_extract_archive(url, str(data_root), md5=md5)
        # torchvision raises RuntimeError for a wrong sum; gzip raises EOFError.
        except (OSError, HTTPException, RuntimeError, EOFError, tarfile.TarError) as error:
            raise DataError(f'{url}: cannot be downloaded and unpacked into {data_root} ({error})') from error
