"""Made-up data sets, and comparison of batches."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from mmpretrain.datasets import BaseDataset
from torch.utils.data import DataLoader

CONFIGS = Path(__file__).parents[3] / 'configs/_base_/datasets'
SHAPES = dict(cifar=(32, 32, 3), fashion=(28, 28), digits=(8, 8))


class Noise(BaseDataset):
    """Images of noise, all of a shape or the n-th of the n-th, in the classes 0 to 9."""

    METAINFO = dict(classes=tuple('0123456789'))

    def __init__(self, shape: Any = (8, 8), number: int = 100, **kwargs: Any) -> None:
        self.shapes = shape if isinstance(shape, list) else [shape] * number
        super().__init__(ann_file='', **kwargs)

    def load_data_list(self) -> list[dict[str, Any]]:
        rng = np.random.default_rng(0)
        return [dict(img=rng.integers(0, 256, shape, np.uint8), gt_label=i % 10) for i, shape in enumerate(self.shapes)]


@pytest.fixture
def noise(mmpretrain_scope: None) -> type[Noise]:
    """The data set."""
    return Noise


@pytest.fixture
def shipped(mmpretrain_scope: None) -> Callable[..., DataLoader]:
    """Builds the loader of a shipped config, on noise of the shape that its images have."""

    def build(name: str, kind: str = 'train', number: int = 100, **changes: Any) -> DataLoader:
        loader = Config.fromfile(CONFIGS / f'{name}.py', lazy_import=False)[f'{kind}_dataloader']
        pipeline = loader.dataset.pipeline
        shape = next(shape for start, shape in SHAPES.items() if name.startswith(start))
        dataset = dict(type=Noise, shape=shape, number=number)
        if loader.dataset.type == 'SemiSupervised':
            dataset = dict(type='SemiSupervised', dataset=dataset, num_labels=20)
            loader.sampler.update(labeled=2, unlabeled=5)
        options = dict(sampler=dict(loader.sampler), batch_size=7, drop_last=loader.get('drop_last', False))
        options['collate_fn'] = loader.collate_fn
        return Runner.build_dataloader(dict(options, dataset=dict(dataset, pipeline=pipeline), **changes), seed=3)

    return build


@pytest.fixture(scope='session')
def same() -> Callable[[Any, Any], bool]:
    """Whether two batches are the same: images, labels and notes, with their types."""

    def content(batch: dict[str, Any]) -> tuple:
        samples = [
            [(sorted(part), [(type(part[name]), part[name]) for name in sorted(part)]) for part in (notes, labels)]
            for sample in batch['data_samples']
            for notes, labels in [(dict(sample.metainfo_items()), dict(sample.items()))]
        ]
        inputs = batch['inputs'] if isinstance(batch['inputs'], dict) else {'': batch['inputs']}
        assert all(images.is_contiguous() and images.dtype == torch.uint8 for images in inputs.values())
        return {name: images.tolist() for name, images in inputs.items()}, samples

    def compare(one: dict[str, Any], other: dict[str, Any]) -> bool:
        return content(one) == content(other)

    return compare
