"""A loader on made-up data, before any data are read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from mmengine.config import Config
from mmengine.registry import FUNCTIONS
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from ktg_mm.datasets.in_memory import BatchedPipeline
from ktg_mm.errors import ConfigError, did_you_mean

from .checks.loaders import OWN_LOADER_ENTRIES
from .made_up_data import DRAWS, MadeUpData, Shape, class_of_data
from .part_errors import PartError, named_errors

_FEW = 2  # of each kind make a batch: enough for batch norm


class MadeUpLoader:
    """A loader of the config on made-up data, and a batch of it.

    Args:
        cfg: The config.
        name: Its name, such as ``'val_dataloader'``.
        folder: An empty folder.
        num_classes: Labels are below it.

    Attributes:
        metainfo: What is known of the data set's classes.

    Raises:
        ConfigError: If the images are to be in memory, and the pipeline cannot work on many at once.
        PartError: If the data set, the pipeline or the loader cannot be built.
    """

    def __init__(self, cfg: Config, name: str, folder: Path, num_classes: int) -> None:
        self.cfg, self.name = cfg, name
        self.data = _data(cfg, name)(cfg, name, folder, num_classes)
        self.metainfo = {'classes': tuple(map(str, range(num_classes))), **self.data.metainfo}
        self.loader: DataLoader | None = None
        self._check_collate(cfg[name].get('collate_fn'))
        if cfg[name].get('in_memory') and self.data.steps:
            BatchedPipeline(self.data.steps, f'{self.data.key}.pipeline')
        try:
            with named_errors(cfg, name):
                loader = {key: value for key, value in cfg[name].items() if key not in OWN_LOADER_ENTRIES}
                self.loader = Runner.build_dataloader(dict(loader, dataset=self.data), seed=0)
        except PartError as error:
            # A sampler that asks more of the data set than there is here does so when they are read.
            if not isinstance(error.__cause__, AttributeError) or error.__cause__.obj is not self.data:
                raise

    def _check_collate(self, collate: Any) -> None:
        """Refuses a function that mmengine does not find, as it would only say that there is none."""
        kind = collate.get('type') if isinstance(collate, Mapping) else 'pseudo_collate'
        if not callable(kind) and (not isinstance(kind, str) or FUNCTIONS.get(kind) is None):
            hint = did_you_mean(kind, FUNCTIONS.module_dict)
            raise ConfigError(f'{self.name}.collate_fn.type', f'no function is named {kind!r}; {hint}')

    def batch(self) -> Any:
        """A small batch as the loader makes it; None if that is not known before data are read.

        Raises:
            ConfigError: If a step of the pipeline or the collate function fails, or the pipeline does not pack.
        """
        if self.loader is None or not self.data.can_be_made_up:
            return None
        samples = self._samples()
        if samples is None:
            return None
        for sample in samples[0] + samples[1]:
            if not isinstance(sample, Mapping) or not {'inputs', 'data_samples'} <= sample.keys():
                has = f'has {", ".join(map(str, sample)) or "nothing"}' if isinstance(sample, Mapping) else 'is no dict'
                end = "dict(type='PackInputs'), after Views in dict(type='PackViews')"
                if self.data.makes_up is not None:
                    end = "dict(type='PackTokens')"
                raise ConfigError(f'{self.data.key}.pipeline', f'must end in {end}; its result {has}')
        few = [sample for kind in samples for sample in kind[:_FEW]]
        # A step that comes too late leaves what cannot be collated, such as how it has flipped nothing.
        late = any(sample.keys() - {'inputs', 'data_samples'} for sample in few)
        with named_errors(self.cfg, f'{self.data.key}.pipeline' if late else f'{self.name}.collate_fn'):
            batch = self.loader.collate_fn(few)
        if not isinstance(batch, Mapping) or 'inputs' not in batch:
            raise ConfigError(f'{self.name}.collate_fn', "must make a dict with 'inputs' and 'data_samples'")
        return batch

    def _samples(self) -> tuple[list[Any], list[Any]] | None:
        """Labelled and unlabelled samples of the loader's first batch; files of each size must come out alike."""
        assert self.loader is not None
        with named_errors(self.cfg, f'{self.name}.sampler'):
            indices = list(next(iter(cast(Iterable, self.loader.batch_sampler)), ()))
        known = self.data.num_labeled if self.data.hides else len(self.data)
        labeled = [index for index in indices if index < known][:DRAWS]
        unlabeled = [index for index in indices if index >= known][:DRAWS]
        found: list[tuple[list[Any], list[Any]]] = []
        failure = None
        for image in range(len(self.data.images)):
            try:
                kinds = [
                    [self.data.sample(index, number, image) for number, index in enumerate(kind)]
                    for kind in (labeled, unlabeled)
                ]
                found.append((kinds[0], kinds[1]))
            except ConfigError as error:
                failure = failure or error
        if not found and failure is not None:
            raise failure
        found = [both for both in found if all(sample is not None for sample in both[0] + both[1])]
        if not found or not indices:
            return None
        certain = len(self.data.images) == 1 or (len(found) > 1 and _shapes(*found[0]) == _shapes(*found[1]))
        return found[0] if certain else None


def _shapes(labeled: Sequence[Any], unlabeled: Sequence[Any]) -> list[Shape]:
    """The shapes of all images."""
    inputs = [sample.get('inputs') for sample in (*labeled, *unlabeled) if isinstance(sample, Mapping)]
    views = [view for images in inputs for view in (images.values() if isinstance(images, Mapping) else [images])]
    return [tuple(getattr(view, 'shape', ())) for view in views]


def _data(cfg: Config, loader: str) -> type[MadeUpData]:
    """MadeUpData under the name of the data set that it stands in for, as others say in their errors."""
    dataset = cfg[loader].get('dataset')
    kind = class_of_data(dataset) if isinstance(dataset, Mapping) else None
    return type(getattr(kind, '__name__', MadeUpData.__name__), (MadeUpData,), {})
