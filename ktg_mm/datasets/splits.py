"""A reproducible, stratified division of any data set into a training and a validation part."""

import inspect
from typing import Any

import numpy as np
from mmpretrain.datasets import BaseDataset
from mmpretrain.registry import DATASETS

from ktg_mm.errors import ConfigError
from ktg_mm.mmengine_private import pack_samples

from .check_dataset import check_split


@DATASETS.register_module(name='Split')
def split_dataset(
    of: str, part: str, val_size: int | float, train_size: int | float | None = None, seed: int = 0, **kwargs: Any
) -> BaseDataset:
    """Builds a data set and keeps one part of it; in a config, ``dict(type='Split', of='CIFAR100', ...)``.

    The result is a data set of the type ``of``, with its class names and its pipeline, not a wrapper around it. So all
    other keys stay where they were (``train_dataloader.dataset.pipeline``), and a config that inherits an unsplit data
    set adds four: ``type='Split', of='CIFAR100', part='train', val_size=10_000``.

    The two parts are disjoint, cover the data set (unless ``train_size`` asks for less) and keep its class proportions.
    They depend on the labels and on ``seed`` alone: not on the run's seed, the process or the machine.

    Args:
        of: Registered name of the data set.
        part: ``'train'`` or ``'val'``.
        val_size: Size of the validation part: images if an int, a fraction of the data set if a float.
        train_size: Size of the training part, likewise. Defaults to None: all that is not validation.
        seed: Seed of the division. Defaults to 0.
        **kwargs: Options of the data set. Its own ``split`` names the official part that is divided.

    Returns:
        The part, in the data set's own order. A validation part is in test mode: a sample that its pipeline refuses
        is an error.

    Raises:
        ConfigError: If an argument is wrong, or the division is impossible (more validation images than there are,
            fewer than classes).

    Example:
        >>> train, val = (split_dataset('Digits', part, 0.5, split='trainval') for part in ('train', 'val'))
        >>> len(train), len(val)
        (718, 719)
    """
    from sklearn.model_selection import train_test_split  # takes most of a second, for all who split nothing, too

    check_split(dict(kwargs, of=of, part=part, val_size=val_size, train_size=train_size, seed=seed), 'dataset')
    kind = DATASETS.get(of)
    packs = kwargs.get('serialize_data', True) is True and _is_plain(kind)
    # Packed once the part is all that is left: packing takes longer than reading.
    dataset = DATASETS.build({'type': of, **kwargs, **({'serialize_data': False} if packs else {})})
    if packs:
        dataset.full_init()
        labels = np.array([sample['gt_label'] for sample in dataset.data_list])
    else:
        labels = dataset.get_gt_labels()
    try:
        train, val = train_test_split(
            np.arange(len(labels)), train_size=train_size, test_size=val_size, stratify=labels, random_state=seed
        )
    except ValueError as error:
        raise ConfigError(
            'dataset.val_size', f'{val_size} cannot divide {of} of {len(labels)} images: {error}'
        ) from error
    chosen = np.sort(train if part == 'train' else val).tolist()
    if packs:
        dataset.data_list = [dataset.data_list[i] for i in chosen]
        pack_samples(dataset)
    else:
        dataset.get_subset_(chosen)
    dataset.test_mode = dataset.test_mode or part == 'val'
    return dataset


def _is_plain(kind: Any) -> bool:
    """Whether a data set keeps its samples, and gives them, as mmpretrain's base class does."""
    if not (inspect.isclass(kind) and issubclass(kind, BaseDataset)):
        return False
    names = ('full_init', 'get_data_info', 'get_gt_labels', 'get_subset_', '__len__')
    own = any(getattr(kind, name) is not getattr(BaseDataset, name) for name in names)
    return not own and bool({'serialize_data', 'kwargs'} & inspect.signature(kind).parameters.keys())
