"""RandAugment and its operations on many images at once."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import mmcv
import numpy as np
import torch
from mmpretrain.datasets import (
    AutoContrast,
    Brightness,
    ColorTransform,
    Contrast,
    Cutout,
    Equalize,
    Invert,
    Posterize,
    RandAugment,
    Rotate,
    Sharpness,
    Shear,
    Solarize,
    SolarizeAdd,
    Translate,
)
from torch import Tensor

from ktg_mm.datasets.samplers import SeededIndex

from . import pixel_operations
from .apply_alone import apply_alone
from .seeded_draws import SeededDraws, seeds_of

# By what they need: nothing; a magnitude (of either sign, where it may turn negative) in an argument of this name.
_ALL_ALIKE = (AutoContrast, Equalize, Invert)
_SIGNED = (Brightness, ColorTransform, Contrast, Rotate, Sharpness, Shear, Translate)
_ARGUMENT: dict[type, str] = {Rotate: 'angle', Solarize: 'thr', Posterize: 'bits', Cutout: 'shape'}
# By what they do: replace each value by another one; move pixels; look at the whole image.
_OF_VALUES = (Brightness, Invert, Posterize, Solarize, SolarizeAdd)
_OF_PLACES = (Rotate, Shear, Translate)
_OF_IMAGES: dict[type, Callable[..., Tensor]] = {
    AutoContrast: pixel_operations.auto_contrast,
    Equalize: pixel_operations.equalize,
    Contrast: pixel_operations.contrast,
    ColorTransform: pixel_operations.color,
    Sharpness: pixel_operations.sharpness,
}
_OF_COLOUR = (AutoContrast, Equalize, Contrast, ColorTransform)
_PLACES = 2**16  # that two bytes can count
_VALUES = np.arange(256, dtype=np.uint8).reshape(16, 16)


class BatchedAugment:
    """What mmpretrain's ``RandAugment`` or one of its operations does, for a batch.

    Which operation, how strong and of which sign is drawn for each image as the step draws it. An operation that only
    replaces values, or moves pixels, is done by the step itself to a table of all values, or to the numbers of the
    pixels; the device then looks these up. So the bits are the step's.

    Args:
        step: The step, for which :func:`can_be_batched` holds; its options are taken over.
        shape: Channels, height and width of the images.
        device: Where the images are. Defaults to the CPU.

    Attributes:
        shape: The same.
        operations: What it chooses from.

    Example:
        >>> from mmpretrain.datasets import Solarize
        >>> step = BatchedAugment(Solarize(thr=100, prob=1.0), (1, 1, 2))
        >>> from ktg_mm.datasets import SeededIndex
        >>> drawn = step.draw(SeededDraws([SeededIndex(7, seed=0, epoch=3)]))
        >>> step.change(torch.tensor([[[[55, 155]]]], dtype=torch.uint8), drawn).tolist()
        [[[[55, 100]]]]
    """

    fill: Tensor | None = None

    def __init__(self, step: Any, shape: tuple[int, ...], device: str | torch.device = 'cpu') -> None:
        self.shape = shape
        self.device = torch.device(device)
        self.chosen = step.num_policies if isinstance(step, RandAugment) else None
        self.operations = list(step.transforms) if isinstance(step, RandAugment) else [step]
        numbers = np.arange(np.prod(shape[1:])).reshape(shape[1:])
        # The pixels' numbers as an image: what becomes of it, becomes of any other.
        self._numbers = np.stack([numbers % 256, numbers // 256, np.ones_like(numbers)], axis=-1).astype(np.uint8)
        self._colours = [_fill(operation, shape[0]) for operation in self.operations]

    def draw(self, draws: SeededDraws) -> dict[str, np.ndarray]:
        """Draws as the step does.

        Args:
            draws: The samples' streams.

        Returns:
            On the CPU, where the operations are sorted: ``operation``, the numbers of those chosen, integers (N, K), -1
            for one that is not done; ``magnitude``, floats (N, K), what was drawn, or of what is not drawn the sign;
            and ``corner``, floats (N, K, 2), where ``Cutout`` cuts.
        """
        size, every = len(draws.seeds), np.arange(len(draws.seeds))
        choices = [draws.integers(len(self.operations)) for _ in range(self.chosen or 0)]
        operation = np.stack(choices, axis=1) if choices else np.zeros((size, 1), dtype=np.int64)
        magnitude, corner = np.ones(operation.shape), np.zeros((*operation.shape, 2))
        for place in range(operation.shape[1]):
            of_place = operation[:, place].copy()
            for number, step in enumerate(self.operations):
                which = every[of_place == number]
                disabled = draws.random(which) > step.prob
                operation[which[disabled], place] = -1
                which = which[~disabled]
                if type(step) not in _ALL_ALIKE:
                    magnitude[which, place] = _magnitudes(step, draws, which)
                if isinstance(step, Cutout):
                    for axis, length in enumerate(self.shape[1:]):  # as np.random.uniform(length) draws
                        corner[which, place, axis] = length + (1.0 - length) * draws.random(which)
        return dict(operation=operation, magnitude=magnitude, corner=corner)

    def change(self, images: Tensor, drawn: dict[str, np.ndarray]) -> Tensor:
        """Changes the images of a batch.

        Args:
            images: Shape (B, C, H, W), uint8; they are left alone.
            drawn: From :meth:`draw`, for these.

        Returns:
            The same shape.
        """
        images = images.clone(memory_format=torch.contiguous_format)
        for place in range(drawn['operation'].shape[1]):
            operation, magnitude = drawn['operation'][:, place], drawn['magnitude'][:, place]
            tables: dict[int, np.ndarray] = {}
            planes: dict[int, np.ndarray] = {}
            for number, step in enumerate(self.operations):
                if not len(which := np.flatnonzero(operation == number)):
                    continue
                if isinstance(step, _OF_VALUES):
                    done: dict[float, np.ndarray] = {}
                    for row, value in zip(which.tolist(), magnitude[which].tolist(), strict=True):
                        if value not in done:
                            done[value] = _done(step, value, _VALUES).reshape(1, 256)
                        tables[row] = done[value]
                elif isinstance(step, _OF_PLACES):
                    for row, value in zip(which.tolist(), magnitude[which].tolist(), strict=True):
                        planes[row] = _done(step, value, self._numbers, pad_val=0)
                else:
                    at = self._here(which)
                    some = images.index_select(0, at)
                    some = self._of_images(number, some, magnitude[which], drawn['corner'][which, place])
                    images.index_copy_(0, at, some)
            if tables:
                at = self._here(np.array(list(tables)))
                some = pixel_operations.looked_up(
                    images.index_select(0, at), self._here(np.stack(list(tables.values())))
                )
                images.index_copy_(0, at, some)
            if planes:
                at = self._here(rows := np.array(list(planes)))
                fill = np.stack([self._colours[number] for number in operation[rows].tolist()])
                some = images.index_select(0, at)
                some = pixel_operations.moved(some, self._here(np.stack(list(planes.values()))), self._here(fill))
                images.index_copy_(0, at, some)
        return images

    def _here(self, numbers: np.ndarray) -> Tensor:
        tensor = torch.from_numpy(numbers)
        if self.device.type == 'cuda':  # else the copy would wait until the present step is done
            tensor = tensor.pin_memory()
        return tensor.to(self.device, non_blocking=True)

    def _of_images(self, number: int, images: Tensor, magnitude: np.ndarray, corner: np.ndarray) -> Tensor:
        step = self.operations[number]
        if isinstance(step, Cutout):
            shape = magnitude.astype(np.int64) if step.shape is None else np.array(step.shape)
            shape = np.broadcast_to(shape[:, None] if step.shape is None else shape, corner.shape)
            upper = np.maximum(0, corner - shape / 2.0).astype(np.int64)
            lower = np.minimum(np.array(self.shape[1:]), upper + shape)
            boxes = self._here(np.concatenate([upper, lower], axis=1))
            return pixel_operations.cut_out(images, boxes, self._here(self._colours[number]))
        if type(step) in _ALL_ALIKE:
            return _OF_IMAGES[type(step)](images)
        factors = 1 + np.array([_value(step, value) for value in magnitude.tolist()], dtype=np.float64)
        return _OF_IMAGES[type(step)](images, self._here(factors))


def can_be_batched(step: Any, shape: tuple[int, ...]) -> bool:
    """Whether a step can be done to a batch of images.

    Not where it interpolates or blurs, draws magnitudes of a normal distribution or is of another type, nor where
    OpenCV computes here what :mod:`.pixel_operations` does not: then it runs on each image alone.

    Args:
        step: ``RandAugment``, or one of its operations.
        shape: Channels, height and width of the images that come to it.

    Example:
        >>> can_be_batched(Cutout(shape=3), (3, 8, 8)), can_be_batched(Shear(0.1, interpolation='bicubic'), (3, 8, 8))
        (True, False)
    """
    operations = step.transforms if isinstance(step, RandAugment) else [step]
    return all(_is_known(operation, shape) and _agrees(operation, shape[0]) for operation in operations)


def _is_known(step: Any, shape: tuple[int, ...]) -> bool:
    if type(step) not in (*_OF_VALUES, *_OF_PLACES, *_OF_IMAGES, Cutout):
        return False
    if step.magnitude_range is not None and step.magnitude_std != 'inf' and step.magnitude_std > 0:
        return False
    if isinstance(step, _OF_PLACES):
        return step.interpolation == 'nearest' and shape[0] in (1, 3) and shape[1] * shape[2] <= _PLACES
    return shape[0] == 3 or not isinstance(step, _OF_COLOUR)


def _agrees(step: Any, channels: int) -> bool:
    """Whether noise becomes what the step makes of it, by the OpenCV and the backend of mmcv that are here."""
    images = np.random.default_rng(0).integers(0, 256, (16, channels, 29, 37), dtype=np.uint8)
    noise, indices = torch.from_numpy(images), [SeededIndex(number, seed=0, epoch=0) for number in range(16)]
    always = copy.copy(step)
    always.prob = 1.0
    try:
        expected = apply_alone(noise, [always], seeds_of(indices).tolist(), [0] * len(indices))
        batched = BatchedAugment(always, images.shape[1:])
    except Exception:  # of a wrong argument, which the step is left to say where it comes to it
        return False
    return torch.equal(batched.change(noise, batched.draw(SeededDraws(indices))), expected)


def _magnitudes(step: Any, draws: SeededDraws, which: np.ndarray) -> np.ndarray:
    """What a step draws for some samples: its magnitude or, of a given one, the sign."""
    drawn = np.ones(len(which))
    if _given(step) is None:
        level = step.magnitude_level
        if step.magnitude_std == 'inf':
            level = 0 + level * draws.random(which)
        low, high = step.magnitude_range
        drawn *= (level / step.total_level) * (high - low) + low
    if isinstance(step, _SIGNED):
        drawn[draws.random(which) < step.random_negative_prob] *= -1
    return drawn


def _given(step: Any) -> Any:
    """The magnitude of a step that draws none."""
    return getattr(step, _ARGUMENT.get(type(step), 'magnitude'), None)


def _value(step: Any, drawn: float) -> Any:
    """What a step's magnitude is."""
    if (given := _given(step)) is None:
        return drawn
    return -given if drawn < 0 else given


def _done(step: Any, drawn: float, image: np.ndarray, **changes: Any) -> np.ndarray:
    """What a step that has drawn this does to an image (H, W) or (H, W, C)."""
    certain = copy.copy(step)
    value = _value(step, drawn)
    vars(certain).update(
        changes,
        random_disable=lambda: False,
        random_magnitude=lambda: value,
        random_negative=lambda _: value,
    )
    return certain.transform({'img': image})['img']


def _fill(step: Any, channels: int) -> np.ndarray:
    """The colour of a step's border or cut, uint8 (C,)."""
    black = np.zeros((2, 2, channels) if channels > 1 else (2, 2), dtype=np.uint8)
    if isinstance(step, Rotate):  # OpenCV reads one number as the first channel's
        black = mmcv.imrotate(black, 180, center=(99.0, 99.0), border_value=step.pad_val)
    elif isinstance(step, _OF_PLACES):
        black = mmcv.imtranslate(black, 9, border_value=step.pad_val)
    elif isinstance(step, Cutout):
        return np.broadcast_to(np.array(step.pad_val, dtype=np.uint8), channels).copy()
    return black.reshape(4, channels)[0]
