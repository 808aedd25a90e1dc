"""Made-up samples, which go through a config's pipelines before any data are read."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import mmpretrain.datasets as published
import numpy as np
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.dist import get_world_size
from mmpretrain.registry import DATASETS, TRANSFORMS
from torch.utils.data import Dataset

from ktg_mm.datasets import SemiSupervised, StanfordDogs
from ktg_mm.datasets.samplers import SeededIndex
from ktg_mm.errors import ConfigError
from ktg_mm.structures import UNLABELED

from .keys import parts_of
from .part_errors import PartError, error_text, named_errors

Shape = tuple[int, ...]

# The shape of the images of mmpretrain's data sets; a class of another origin has an attribute ``image_shape``.
_SHAPES: dict[type, Shape | str] = {published.MNIST: (28, 28), published.CIFAR10: (32, 32, 3)} | dict.fromkeys(
    (
        published.Caltech101,
        published.CUB,
        published.CustomDataset,
        published.DTD,
        published.FGVCAircraft,
        published.Flowers102,
        published.Food101,
        published.OxfordIIITPet,
        published.StanfordCars,
        published.SUN397,
        StanfordDogs,
    ),
    'files',
)
# Of files, the size is the data's to say: two are tried, and what comes out of one size for both is certain.
_FILE_SIZES = ((300, 400), (1030, 1100))
# Options of a loading step with which a file on this disk, in colour, is not what the step would load.
_OTHER_FILES = ('backend_args', 'file_client_args')
_FIELDS = ('img', 'tokens', 'img_path', 'img_shape', 'ori_shape', 'gt_label', 'sample_idx', 'scale', 'scale_factor')
DRAWS = 4  # of labelled samples, and as many unlabelled ones


class MadeUpData(Dataset):
    """Stands in for a loader's data set: a noisy image for each index, through the steps of the pipeline.

    Args:
        cfg: The config.
        loader: The loader's name, such as ``'train_dataloader'``.
        folder: An empty folder, for images that the pipeline reads.
        num_classes: Labels are below it.

    Raises:
        PartError: If the data set does not take its arguments, or a step of the pipeline cannot be built.
    """

    def __init__(self, cfg: Config, loader: str, folder: Path, num_classes: int) -> None:
        self.cfg, self.num_classes = cfg, num_classes
        dataset, key = cfg[loader].get('dataset'), f'{loader}.dataset'
        self.renumbers = self.hides = False
        config = dataset
        while isinstance(config, Mapping):
            kind = class_of_data(config)
            if not self.hides:
                self.key, self.config = key, config
            self.hides = self.hides or kind is SemiSupervised
            if not isinstance(config.get('dataset'), Mapping):
                break
            self.renumbers = self.renumbers or not self.hides
            config, key = config['dataset'], f'{key}.dataset'
        self.makes_up = getattr(class_of_data(config), 'made_up', None) if isinstance(config, Mapping) else None
        self.shape = image_shape(config)
        self.metainfo = _build_lazily(cfg, config, key, kind) if isinstance(config, Mapping) else {}
        if self.hides:
            _build_lazily(cfg, self.config, self.key, SemiSupervised)
        self.steps = self._build_steps() if isinstance(dataset, Mapping) else []
        size = cfg[loader].get('batch_size', 1)
        self.length = 2 * get_world_size() * (size if isinstance(size, int) and size > 0 else 1) + DRAWS
        if self.hides:
            self.num_labeled, self.num_unlabeled = self.config['num_labels'], self.length
            self.length += self.num_labeled
        self.images = self._make_images(folder)

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> Any:
        return self.sample(index, 0, 0)

    def __deepcopy__(self, memo: dict) -> MadeUpData:
        return self  # mmengine copies a loader's config

    @property
    def can_be_made_up(self) -> bool:
        """Whether it is known what the samples are like."""
        return bool(self.images)

    def _build_steps(self) -> list[Any]:
        pipeline, key = self.config.get('pipeline', ()), f'{self.key}.pipeline'
        if not isinstance(pipeline, (list, tuple)):
            raise ConfigError(key, f'must be a list of steps, got {pipeline!r}')
        steps = []
        for i, step in enumerate(pipeline):
            if not isinstance(step, Mapping) and not callable(step):
                raise ConfigError(f'{key}[{i}]', f"must be the dict of one step with a 'type', got {step!r}")
            for path, part in parts_of(step, f'{key}[{i}]'):
                for name, value in part.items():
                    if str(name).endswith('prob') and isinstance(value, (int, float)) and not 0 <= value <= 1:
                        raise ConfigError(f'{path}.{name}', f'must be a probability, 0 to 1, got {value!r}')
            with named_errors(self.cfg, f'{key}[{i}]'):
                steps.append(TRANSFORMS.build(step) if isinstance(step, Mapping) else step)
        return steps

    def _make_images(self, folder: Path) -> list[dict[str, Any]]:
        """What a sample holds of the image, or all that it holds of a text; of files in two sizes."""
        if self.makes_up is not None:
            return [self.makes_up(self.config, self.num_classes, np.random.default_rng(0))]
        if self.shape is None:
            return []
        rng = np.random.default_rng(0)
        if isinstance(self.shape, tuple):
            return [dict(img=rng.integers(0, 256, self.shape, dtype=np.uint8))]
        loading = [step for step in self.config.get('pipeline', ()) if isinstance(step, Mapping)]
        if any(step.get(name) for step in loading for name in _OTHER_FILES) or any(
            step.get('color_type') == 'unchanged' for step in loading
        ):
            return []
        images = []
        for height, width in _FILE_SIZES:
            path = folder / f'{height}x{width}.jpg'
            noise = rng.integers(0, 256, (height // 10, width // 10, 3), dtype=np.uint8)
            cv2.imwrite(str(path), cv2.resize(noise, (width, height)))
            images.append(dict(img_path=str(path)))
        return images

    def sample(self, index: int, number: int, image: int) -> Any:
        """What the pipeline makes of a sample.

        Args:
            index: As the sampler gives it.
            number: Of the sample in its batch; its class, and its place among the unlabelled ones.
            image: Number of the image size.

        Raises:
            PartError: If a step fails; it names the step.
        """
        content = self.images[image]
        sample = {name: value.copy() if isinstance(value, np.ndarray) else value for name, value in content.items()}
        # No higher than the number of the data set's images, which parts of edges may keep count of.
        place = number % self.num_labeled if self.hides and index < self.num_labeled else number
        if isinstance(index, SeededIndex) and not self.renumbers:
            place = SeededIndex(place, index.seed, index.epoch)
        if self.makes_up is None:
            sample['gt_label'] = number % self.num_classes
        sample['sample_idx'] = place
        if self.hides:
            sample['image_id'] = number
            if index >= self.num_labeled:
                sample |= dict(gt_label=UNLABELED, unlabeled_id=number)
        for i, step in enumerate(self.steps):
            key = f'{self.key}.pipeline[{i}]'
            try:
                with named_errors(self.cfg, key, type(step).__name__):
                    sample = step(sample)
            except PartError as error:
                raise _of_view(error, step, key) from error.__cause__
            if sample is None:
                return None
        return sample


def class_of_data(config: Mapping[str, Any]) -> Any:
    """The class of a data set, of which ``Split`` keeps a part.

    Args:
        config: Its config.

    Example:
        >>> class_of_data(dict(type='Split', of='Digits', part='train', val_size=100)).__name__
        'Digits'
    """
    kind = config.get('of') if config.get('type') == 'Split' else config.get('type')
    return DATASETS.get(kind) if isinstance(kind, str) else kind


def image_shape(config: Any) -> Shape | str | None:
    """The shape of a data set's images, ``'files'``, or None if it is not known.

    Args:
        config: Its config.

    Example:
        >>> image_shape(dict(type='Digits')), image_shape(dict(type='CustomDataset'))
        ((8, 8), 'files')
    """
    kind = class_of_data(config) if isinstance(config, Mapping) else None
    if not inspect.isclass(kind):
        return None
    known = [shape for base, shape in _SHAPES.items() if issubclass(kind, base)]
    return getattr(kind, 'image_shape', known[0] if known else None)


def _build_lazily(cfg: Config, config: Mapping[str, Any], key: str, kind: Any) -> dict[str, Any]:
    """Builds a data set of a known class without its data; returns what it knows of them."""
    if not (inspect.isclass(kind) and issubclass(kind, BaseDataset)):
        return {}
    if kind is not SemiSupervised and image_shape(config) is None and not hasattr(kind, 'made_up'):
        return {}
    parameters = inspect.signature(kind).parameters
    if 'lazy_init' not in parameters and 'kwargs' not in parameters:
        return {}
    taken_out = ('pipeline', *(('type', 'of', 'part', 'val_size', 'train_size', 'seed') if 'of' in config else ()))
    arguments = {name: value for name, value in config.items() if name not in taken_out}
    with named_errors(cfg, key, kind.__name__):
        return DATASETS.build(dict(dict(type=kind) | arguments, lazy_init=True)).metainfo


def _of_view(error: PartError, step: Any, key: str) -> PartError:
    """The error of a step, with the place of the view's step at which it came; and of what is not there."""
    cause = error.__cause__
    what, trace = type(step).__name__, cause.__traceback__ if cause else None
    while trace is not None:
        names = trace.tb_frame.f_locals
        if names.get('self') is step and isinstance(views := getattr(step, 'views', None), dict):
            name, inner = names.get('name'), names.get('step')
            for i, one in enumerate(views.get(name, ())):
                if one is inner:
                    key, what = f'{key}.{name}[{i}]', type(inner).__name__
        trace = trace.tb_next
    if isinstance(cause, KeyError):
        missing = str(cause.args[0]) if cause.args else ''
        known = (
            f'needs {missing!r}, which no step before it gives' if missing in _FIELDS else f'does not know {missing!r}'
        )
        return PartError(key, f'{what}: {known}')
    if cause is not None:
        return PartError(key, f'{what}: {error_text(cause)}')
    return error
