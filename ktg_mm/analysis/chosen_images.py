"""A few images of a data set: chosen or drawn, and as the networks of a graph see them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmpretrain.datasets import BaseDataset
from mmpretrain.registry import DATASETS, MODELS
from torch.utils.data import Subset

from ktg_mm.apis.check_config import check_config
from ktg_mm.datasets.seen_pixels import scale_to_one, undo_normalization
from ktg_mm.errors import ConfigError, UserError

from .predict import check_data
from .runs import configs_of


@DATASETS.register_module()
class ChosenImages(Subset):
    """The images of any data set at some places, in the order of these.

    Args:
        dataset: Config of the data set.
        indices: Places in it, from 0.

    Raises:
        UserError: If it has no image at one of them.

    Example:
        >>> import ktg_mm.datasets
        >>> chosen = ChosenImages(dict(type='Digits', split='test'), [7, 3])
        >>> len(chosen), chosen.metainfo['classes'][:2]
        (2, ('0', '1'))
    """

    def __init__(self, dataset: dict, indices: Sequence[int]) -> None:
        images = DATASETS.build(dataset)
        for index in indices:
            if not 0 <= index < len(images):
                raise UserError(f'--indices {index}: there is no such image; they are 0 to {len(images) - 1}')
        super().__init__(images, list(indices))
        self.metainfo = getattr(images, 'metainfo', {})


def with_images(cfg: Config, split: str, indices: Sequence[int]) -> Config:
    """The config with a few images alone in a split.

    Args:
        cfg: A config; it stays as it is.
        split: ``'val'`` or ``'test'``.
        indices: Places of the images in the split's data set.

    Raises:
        ConfigError: If the config has no such data, or they are not there.
    """
    check_data(cfg, f'{split}_dataloader')
    smaller = Config(cfg.to_dict(), cfg.text, cfg.filename, format_python_code=False)
    loader = smaller[f'{split}_dataloader']
    loader.dataset = dict(type='ChosenImages', dataset=loader.dataset, indices=[int(index) for index in indices])
    return smaller


def _build_split(cfg: Config, split: str) -> BaseDataset:
    """The data set of a split of a config, which stays as it is."""
    check_data(cfg, f'{split}_dataloader')
    cfg = Config(cfg.to_dict(), format_python_code=False)
    check_config(cfg)
    with DefaultScope.overwrite_default_scope(cfg.get('default_scope', 'mmpretrain')):
        return DATASETS.build(cfg[f'{split}_dataloader'].dataset)


def sample_images(args: argparse.Namespace, number: int) -> list[int]:
    """Draws images of the data that a command line names, as many of one class as of another.

    Args:
        args: From :func:`ktg_mm.analysis.runs.runs_parser`, with a ``seed``.
        number: How many; all, if there are not as many.

    Returns:
        Their places in the data set.

    Raises:
        UserError: If an argument, the config or the data are wrong.
    """
    if not 0 <= args.seed < 2**32:
        raise UserError(f'--seed must be from 0 to {2**32 - 1}, got {args.seed}')
    if args.limit is not None and args.limit < 1:
        raise UserError(f'--limit must be at least 1, got {args.limit}')
    return draw_sample(configs_of(args)[0], args.split, number, args.seed, args.limit).tolist()


def draw_sample(cfg: Config, split: str, number: int, seed: int = 0, limit: int | None = None) -> np.ndarray:
    """Draws images of a split, as many of one class as of another.

    Args:
        cfg: A config.
        split: ``'val'`` or ``'test'``.
        number: How many; all, if there are not as many.
        seed: Seed of the draw. Defaults to 0.
        limit: Number of the data set's first images to draw from. Defaults to None: all.

    Returns:
        Their places in the data set, from class to class, shape (number,).

    Raises:
        ConfigError: If the data are not there, or are not labelled with one class each.
    """
    dataset = _build_split(cfg, split)
    key = f'{split}_dataloader.dataset'
    if not hasattr(dataset, 'get_cat_ids'):
        raise ConfigError(key, f'a {type(dataset).__name__} does not tell the classes of its images to choose by')
    classes = [dataset.get_cat_ids(index) for index in range(len(dataset))[:limit]]
    if not classes or any(len(ids) != 1 for ids in classes):
        raise ConfigError(key, 'must give each image one label' if classes else 'holds no images')
    return choose_evenly(np.array(classes)[:, 0], number, seed)


def choose_evenly(labels: np.ndarray, number: int, seed: int = 0) -> np.ndarray:
    """Chooses samples at random, as many of one class as of another, as far as that goes.

    Args:
        labels: Classes of all samples, integers of shape (N,).
        number: How many to choose; all, if there are not as many.
        seed: Seed of the choice. Defaults to 0.

    Returns:
        Places in ``labels``, ordered by class, then by place; shape (number,).

    Example:
        >>> labels = np.array([0, 0, 0, 0, 1, 2, 2])
        >>> labels[choose_evenly(labels, 6)]
        array([0, 0, 0, 1, 2, 2])
    """
    random = np.random.default_rng(seed)
    order = random.permutation(len(labels))
    turn = np.empty(len(labels), dtype=int)  # a sample's place among those of its class
    for label in np.unique(labels):
        mine = labels[order] == label
        turn[mine] = np.arange(mine.sum())
    class_turn = random.permutation(int(labels.max()) + 1)
    chosen = order[np.lexsort((class_turn[labels[order]], turn))][:number]
    return chosen[np.lexsort((chosen, labels[chosen]))]


def seen_pixels(cfg: Config, split: str, indices: Sequence[int]) -> list[np.ndarray]:
    """The pixels that the networks get, before they are normalised.

    They are taken behind the data preprocessor, with its normalisation undone: so they are cropped, padded and ordered
    (RGB or BGR) as the networks get them.

    Args:
        cfg: The graph's config.
        split: ``'val'`` or ``'test'``.
        indices: Places of the images in the split's data set.

    Returns:
        Each image, float of shape (height, width, 3), 0 to 1; a grey one has three times the same channel.

    Raises:
        ConfigError: If the data are not there.
    """
    dataset = _build_split(cfg, split)
    wanted = cfg.model.get('data_preprocessor') or cfg.get('data_preprocessor') or {}
    preprocessor = MODELS.build(dict(type='ClsDataPreprocessor') | Config(dict(wanted)).to_dict())
    images = [undo_normalization(preprocessor, dataset[int(index)]['inputs']) for index in indices]
    return scale_to_one(images)
