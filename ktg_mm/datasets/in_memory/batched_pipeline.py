"""A pipeline of which what is drawn is done to many images at once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import dropwhile
from typing import Any

import torch
from mmcv.transforms import CenterCrop, LoadImageFromFile, RandomFlip, Resize
from mmpretrain.datasets import PackInputs, RandAugment, RandomCrop, ResizeEdge
from mmpretrain.datasets.transforms import BaseAugTransform
from torch import Tensor

from ktg_mm.datasets.transforms import LoadImage, PackViews, PadRandomCrop, SeedRandom, Views
from ktg_mm.errors import ConfigError

from .batched_augment import BatchedAugment, can_be_batched
from .batched_crop import BatchedCrop
from .batched_flip import BatchedFlip
from .places import Places
from .seeded_draws import SeededDraws

_ONCE = (LoadImage, LoadImageFromFile, CenterCrop, Resize, ResizeEdge)
_BATCHED: dict[type, Any] = {PadRandomCrop: BatchedCrop, RandomCrop: BatchedCrop, RandomFlip: BatchedFlip}
_PACK = (PackInputs, PackViews)


class BatchedPipeline:
    """The steps of a pipeline, sorted: those without chance run once, those that draw run on a whole batch.

    Args:
        steps: The pipeline's steps, built.
        key: Config key of the pipeline.

    Attributes:
        once: Steps that load an image and change its size.
        seeds: Whether a ``SeedRandom`` is there.
        views: Steps that draw by the name of their view; an image without views is its own, named ``''``.
        last: Steps that come last, in the last view: RandAugment and its operations.
        pack: The last step.

    Raises:
        ConfigError: If there is a step that would have to run for each image alone, or one at the wrong place.

    Example:
        >>> from mmpretrain.datasets import ColorJitter
        >>> BatchedPipeline([SeedRandom(), PadRandomCrop(32, 4), PackInputs()], 'pipeline').views
        {'': [PadRandomCrop(crop_size=(32, 32), padding=4, padding_mode='reflect')]}
        >>> BatchedPipeline([SeedRandom(), ColorJitter(), PackInputs()], 'pipeline')
        Traceback (most recent call last):
        ...
        ktg_mm.errors.ConfigError: pipeline[1]: ColorJitter cannot work on images in memory, only ... can; ...
    """

    def __init__(self, steps: Sequence[Any], key: str) -> None:
        self.once: list[Any] = []
        self.seeds = False
        self.last: list[Any] = []
        self.views: dict[str, list[Any]] = {'': []}
        if not steps or type(steps[-1]) not in _PACK:
            raise ConfigError(key, "must end in dict(type='PackInputs') or PackViews, to be in memory")
        self.pack = steps[-1]
        for number, step in enumerate(steps[:-1]):
            here = f'{key}[{number}]'
            if type(step) is SeedRandom and not self._draws():
                self.seeds = True
            elif type(step) in _ONCE and not self._draws():
                self.once.append(step)
            elif type(step) is Views and not self._draws() and type(self.pack) is PackViews:
                self.views = {name: list[Any]() for name in step.views}
                for name, view in step.views.items():
                    for place, one in enumerate(view):
                        self._add(one, name, f'{here}.{name}[{place}]')
            else:
                self._add(step, '', here)
        if self._draws() and not self.seeds:
            raise ConfigError(f'{key}[0]', "must be dict(type='SeedRandom'): images in memory are drawn by its seeds")

    def _draws(self) -> bool:
        return any(self.views.values()) or '' not in self.views or bool(self.last)

    def _add(self, step: Any, view: str, key: str) -> None:
        name = type(step).__name__
        if type(step) not in (*_ONCE, *_BATCHED, SeedRandom, Views) and not _is_augmentation(step):
            known = ', '.join(sorted(kind.__name__ for kind in (*_ONCE, *_BATCHED, RandAugment)))
            raise ConfigError(
                key,
                f'{name} cannot work on images in memory, only {known} and its operations can; leave it out, or set '
                'in_memory=False',
            )
        if view not in self.views:
            raise ConfigError(key, f'{name} must be within the views, to be in memory')
        if type(step) in _BATCHED and not self.last:
            self.views[view].append(step)
        elif _is_augmentation(step) and view == list(self.views)[-1]:
            self.last.append(step)
        elif _is_augmentation(step):
            raise ConfigError(key, f'{name} must be in the last view, to be in memory')
        else:
            before = type(self.last[0]).__name__ if type(step) in _BATCHED else 'the steps that draw'
            raise ConfigError(key, f'{name} must come before {before}, to be in memory')

    def run_once(self, sample: dict[str, Any]) -> dict[str, Any] | None:
        """What comes of a sample before anything is drawn; None if a step refuses it.

        Args:
            sample: From a data set's ``get_data_info``; it is changed.
        """
        found: dict[str, Any] | None = sample
        for step in self.once:
            if found is None:
                return None
            found = step(found)
        return found

    def alone(self, shape: tuple[int, ...]) -> list[Any]:
        """The steps that run on each image alone, after all others: the last, from the first that cannot be batched on.

        Args:
            shape: Channels, height and width of the stored images.
        """
        for step in list(self.views.values())[-1]:
            shape = _BATCHED[type(step)](step, shape).shape
        return list(dropwhile(lambda step: can_be_batched(step, shape), self.last))

    def batched(self, shape: tuple[int, ...], device: torch.device, alone: int = 0) -> dict[str, list[Any]]:
        """The steps that draw, for a whole batch, by their view.

        Args:
            shape: Channels, height and width of the stored images.
            device: Where they are.
            alone: How many of the last run on each image alone. Defaults to 0.
        """
        views = {}
        for name, steps in self.views.items():
            size, views[name] = shape, list[Any]()
            for step in steps:
                views[name].append(_BATCHED[type(step)](step, size, device))
                size = views[name][-1].shape
        views[name] += [BatchedAugment(step, size, device) for step in self.last[: len(self.last) - alone]]
        return views


def _is_augmentation(step: Any) -> bool:
    """Whether a step is one of mmpretrain's that draw by numpy and change pixels alone, neither size nor notes."""
    if type(step) is RandAugment:
        return all(map(_is_augmentation, step.transforms))
    return isinstance(step, BaseAugTransform) and type(step).__module__ == BaseAugTransform.__module__


def draw(views: dict[str, list[Any]], draws: SeededDraws) -> dict[str, list[dict[str, Any]]]:
    """What the steps draw for some samples, in the pipeline's order.

    Args:
        views: From :meth:`BatchedPipeline.batched`.
        draws: The samples' streams.
    """
    return {name: [step.draw(draws) for step in steps] for name, steps in views.items()}


def apply(images: Tensor, steps: Sequence[Any], drawn: Sequence[dict[str, Any]]) -> Tensor:
    """Changes images by a view's steps.

    Args:
        images: Shape (B, C, H, W).
        steps: Of the view.
        drawn: What they drew for these.

    Returns:
        Shape (B, C, height, width).
    """
    if not steps:
        return images.clone()  # views share nothing
    places, fill = _own_places(images), None
    for number, (step, its) in enumerate(zip(steps, drawn, strict=True)):
        if isinstance(step, BatchedAugment):
            images = places.look_up(images, fill) if number else images
            for augment, drawn_by_it in zip(steps[number:], drawn[number:], strict=True):
                images = augment.change(images, drawn_by_it)
            return images
        if step.fill is not None:
            if fill is not None:  # of another colour, perhaps
                images = places.look_up(images, fill)
                places = _own_places(images)
            fill = step.fill
        places = step.move(places, its)
    return places.look_up(images, fill)


def _own_places(images: Tensor) -> Places:
    return Places(*(torch.arange(n, device=images.device).expand(len(images), -1) for n in images.shape[2:]))
