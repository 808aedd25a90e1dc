"""Data sets that the runs of one process share."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np
import torch
from mmengine.dataset import BaseDataset
from mmpretrain.registry import DATASETS

_MOST = 3  # data sets kept: those for training, validation and test of one config
_kept: dict[str, Any] | None = None  # by their config's text, the newest last; None where nothing is shared
_images: dict[tuple[str, str], Any] = {}  # what is made of those that are kept, likewise, and by its device
_Made = TypeVar('_Made')


@contextmanager
def sharing_data() -> Iterator[None]:
    """Within it :func:`share_data` reads data of an equal config once; what is kept ends with it.

    Example:
        >>> import ktg_mm.datasets
        >>> loader = dict(dataset=dict(type='Digits', split='val'))
        >>> with sharing_data():
        ...     first, second = (DATASETS.build(share_data(loader)['dataset']) for _ in range(2))
        >>> first is second, first.data_bytes is second.data_bytes
        (False, True)
    """
    global _kept
    before, _kept = _kept, {} if _kept is None else _kept
    try:
        yield
    finally:
        _kept = before
        if before is None:
            _images.clear()


def share_data(loader: Any) -> Any:
    """A loader's config whose data set is read once for all loaders that have an equal one.

    Each still gets a data set of its own, with a pipeline of its own, made from one that nobody has used; the samples
    alone, which are read and never written, are in memory once. Data sets whose reading draws random numbers, that
    cannot be copied, or whose config is not plain are built each time.

    Args:
        loader: The config; whatever else it may be is returned as it is.
    """
    dataset = loader.get('dataset') if isinstance(loader, Mapping) else None
    if _kept is None or not isinstance(dataset, Mapping) or (text := _text(dataset)) is None:
        return loader
    # Built where the loader's would be, with its errors.
    return dict(loader, dataset=dict(type=_build, dataset=dataset, text=text))


def share_images(loader: Mapping[str, Any], device: object, make: Callable[[], _Made]) -> _Made:
    """Images in memory, made once for all loaders of a data set that :func:`share_data` has kept.

    Args:
        loader: The loader's config.
        device: Where the images are.
        make: Makes them; nobody may change them.

    Example:
        >>> share_images(dict(dataset=dict(type='Digits')), 'cpu', lambda: 'as nothing is shared')
        'as nothing is shared'
    """
    text = _text(loader['dataset'])
    if _kept is None or text not in _kept:
        return make()
    key = text, str(device)
    _images[key] = images = _images.pop(key) if key in _images else make()
    for oldest in list(_images)[:-_MOST]:
        del _images[oldest]
    return images


def _text(config: Mapping[str, Any]) -> str | None:
    """What tells a config from others, 1 from 1.0 and True, too; None if an object in it may look like another."""
    try:
        json.dumps(config)
    except (TypeError, ValueError):
        return None
    return repr(config)


def _build(dataset: Mapping[str, Any], text: str) -> Any:
    assert _kept is not None
    if text in _kept:
        _kept[text] = kept = _kept.pop(text)  # the newest
        return _copied(kept)
    before = _random_states()
    built = DATASETS.build(dataset)
    if hasattr(built, 'full_init'):
        built.full_init()
    if _random_states() == before:
        try:
            _kept[text] = _copied(built)
        except Exception:  # whatever a data set's parts answer that cannot be copied
            return built
        for oldest in list(_kept)[:-_MOST]:
            del _kept[oldest]
    return built


def _random_states() -> tuple[Any, ...]:
    numpy = np.random.get_state()
    return random.getstate(), torch.get_rng_state().tolist(), [np.asarray(part).tolist() for part in numpy]


def _copied(dataset: Any) -> Any:
    """A copy that has the samples in common; they cannot be written any more."""
    memo: dict[int, Any] = {}
    rest = [dataset]
    while rest:  # wrappers hold others
        one = rest.pop()
        rest += [inner for inner in (getattr(one, 'dataset', None), *getattr(one, 'datasets', ())) if inner is not None]
        if isinstance(one, BaseDataset):
            for samples in (getattr(one, name, None) for name in ('data_bytes', 'data_address')):
                if isinstance(samples, np.ndarray):
                    samples.setflags(write=False)
                    memo[id(samples)] = samples
    return copy.deepcopy(dataset, memo)
