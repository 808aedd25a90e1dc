"""Preprocessing, pipeline, test data and metrics of a graph's config in mmpretrain's own terms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mmcv.transforms import LoadImageFromFile
from mmengine.config import Config
from mmpretrain.models import ClsDataPreprocessor
from mmpretrain.registry import METRICS, MODELS, TRANSFORMS

from ktg_mm.config.config_text import Reference
from ktg_mm.datasets.transforms import SeedRandom
from ktg_mm.errors import ConfigError
from ktg_mm.evaluation import NodeMetric

from .made_up_data import class_of_data, image_shape

# Whose parts are there without ktg_mm.
LIBRARIES = ('torch', 'torchvision', 'timm', 'transformers', 'mmengine', 'mmcv', 'mmpretrain')
# Of a network: what it begins with, which the exported weights replace.
_BEGINNINGS = ('pretrained', 'init_cfg', 'checkpoint_path')
_FOLDER = 'data/test'
# Luma of blue, green and red as binary fractions, so that a grey image in three channels comes out as it was.
_GREY = dict(type='RandomGrayscale', prob=1.0, channel_weights=(29, 150, 77))


def is_plain(kind: type) -> bool:
    """Whether a class is of a library that is there without ktg_mm.

    Example:
        >>> is_plain(ClsDataPreprocessor), is_plain(NodeMetric)
        (True, False)
    """
    return kind.__module__.partition('.')[0] in LIBRARIES


def plain_network(network: Any) -> Any:
    """A network's config without the weights that it began with.

    Example:
        >>> plain_network(dict(type='ImageClassifier', backbone=dict(type='ResNet', depth=18), pretrained='a.pth'))
        {'type': 'ImageClassifier', 'backbone': {'type': 'ResNet', 'depth': 18}}
    """
    if isinstance(network, Mapping):
        return {key: plain_network(value) for key, value in network.items() if key not in _BEGINNINGS}
    return type(network)(map(plain_network, network)) if isinstance(network, (list, tuple)) else network


class PlainData:
    """A config's test data as mmpretrain reads them: images from files, as its inferencer does.

    Args:
        cfg: The config of a graph.
        channels: How many the network takes; of one, images are made grey.

    Raises:
        ConfigError: If the config has no such data, or they take a part that ktg_mm alone has.

    Example:
        >>> import ktg_mm.datasets
        >>> pipeline = [dict(type='LoadImage'), dict(type='CenterCrop', crop_size=224), dict(type='PackInputs')]
        >>> loader = dict(dataset=dict(type='StanfordDogs', pipeline=pipeline))
        >>> data = PlainData(Config(dict(test_dataloader=loader)), channels=3)
        >>> [step['type'] for step in data.pipeline()]
        ['LoadImageFromFile', 'CenterCrop', 'PackInputs']
    """

    def __init__(self, cfg: Config, channels: int) -> None:
        self.key = next((key for key in ('test_dataloader', 'val_dataloader') if cfg.get(key)), '')
        if not self.key:
            raise ConfigError('test_dataloader', 'is missing; an exported node takes its preprocessing from there')
        self.cfg, self.channels, self.dataset = cfg, channels, cfg[self.key].to_dict()['dataset']
        self.key += '.dataset'
        while isinstance(self.dataset.get('dataset'), Mapping):
            self.dataset, self.key = self.dataset['dataset'], f'{self.key}.dataset'
        self.steps = self.dataset.get('pipeline') or []
        self.from_files = any(issubclass(self._step(i), LoadImageFromFile) for i in range(len(self.steps)))

    def _step(self, i: int) -> type:
        return TRANSFORMS.get(self.steps[i]['type'])

    def preprocessor(self) -> dict[str, Any]:
        """The data preprocessor; the channels are reversed to what the network has seen in training.

        Images of files are BGR; those that a data set holds in memory are RGB, as CIFAR's.

        Raises:
            ConfigError: If it is another one than mmpretrain's or ours for images.
        """
        given = self.cfg.model.get('data_preprocessor') or self.cfg.get('data_preprocessor') or {}
        arguments = {key: value for key, value in Config(given).to_dict().items() if key != 'batch_augments'}
        name = arguments.pop('type', 'GraphDataPreprocessor')
        kind = MODELS.get(name)
        if name != 'GraphDataPreprocessor' and not (is_plain(kind) and issubclass(kind, ClsDataPreprocessor)):
            raise ConfigError(
                'data_preprocessor.type',
                f'{name} is none that mmpretrain has; an exported node needs ClsDataPreprocessor',
            )
        if not self.from_files and self.channels == 3:
            arguments['to_rgb'] = not arguments.get('to_rgb', False)
        return dict(type='ClsDataPreprocessor') | arguments

    def pipeline(self) -> list[dict[str, Any]]:
        """The steps from a file to the network: those of the test data, images in memory being files of their size.

        Raises:
            ConfigError: If a step is a part that ktg_mm alone has.
        """
        before: list[dict[str, Any]] = [] if self.channels != 1 else [dict(_GREY)]
        found = [] if self.from_files else [dict(type='LoadImageFromFile'), *before, *self._resize()]
        for i, step in enumerate(self.steps):
            kind = self._step(i)
            if issubclass(kind, LoadImageFromFile):
                left_out = ('type', 'on_error', *(('color_type',) if before else ()))
                options = {key: value for key, value in step.items() if key not in left_out}
                found += [dict(type='LoadImageFromFile', **options), *before]
            elif is_plain(kind):
                found.append(step)
            elif kind is not SeedRandom:  # nothing is drawn at random
                raise ConfigError(
                    f'{self.key}.pipeline[{i}].type',
                    f'{step["type"]} is a part of {kind.__module__}, which mmpretrain alone does not have; an exported '
                    "node needs steps of mmpretrain's",
                )
        return found

    def _resize(self) -> list[dict[str, Any]]:
        shape = image_shape(self.dataset)
        return [dict(type='Resize', scale=(shape[1], shape[0]))] if isinstance(shape, tuple) else []

    def loader(self) -> dict[str, Any]:
        """The data loader; of a data set that mmpretrain does not read from files it is a folder of images."""
        kind = class_of_data(self.dataset)
        if self.from_files and is_plain(kind) and self.dataset.get('type') != 'Split':
            dataset = {key: value for key, value in self.dataset.items() if key != 'pipeline'}
        else:
            dataset = dict(type='CustomDataset', data_root=_FOLDER, metainfo=dict(classes=Reference('classes')))
        return dict(
            batch_size=32,
            num_workers=0,
            dataset=dict(dataset, pipeline=Reference('test_pipeline')),
            sampler=dict(type='DefaultSampler', shuffle=False),
            collate_fn=dict(type='default_collate'),
        )

    def classes(self, trained_on: Mapping[str, Any], num_classes: int | None) -> tuple[str, ...]:
        """The names of the classes: those of the training data, else the data set's, else their numbers.

        Args:
            trained_on: The checkpoint's ``dataset_meta``, as far as it has one.
            num_classes: Number of classes, as far as it is known.
        """
        kept = dict(self.dataset.get('metainfo') or {})
        own = getattr(class_of_data(self.dataset), 'METAINFO', {})
        for names in (trained_on.get('classes'), self.dataset.get('classes'), kept.get('classes'), own.get('classes')):
            if isinstance(names, (list, tuple)) and num_classes in (None, len(names)):
                return tuple(map(str, names))
        return tuple(map(str, range(num_classes or 0)))

    def evaluators(self) -> list[dict[str, Any]]:
        """The metrics, without those that ktg_mm alone has; accuracy, if none is left."""
        given = self.cfg.get('test_evaluator') or self.cfg.get('val_evaluator') or []
        found = []
        for metric in _listed(given):
            if issubclass(METRICS.get(metric['type']), NodeMetric):
                metric = metric.get('metric') or dict(type='Accuracy')
            if is_plain(METRICS.get(metric['type'])):
                found.append(Config(metric).to_dict())
        return found or [dict(type='Accuracy', topk=(1,))]


def _listed(given: Any) -> Iterable[Mapping[str, Any]]:
    return given if isinstance(given, Sequence) else [given]
