"""Seeding of a sample's augmentation."""

import random

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmpretrain.registry import TRANSFORMS

from ktg_mm.datasets.samplers import SeededIndex
from ktg_mm.errors import ConfigError


@TRANSFORMS.register_module()
class SeedRandom(BaseTransform):
    """Seeds Python, numpy and torch (CPU) from (seed, epoch, index); the first step of a training pipeline.

    What the later steps draw then depends on the sample and the epoch alone. The sampler must be ``SeededSampler`` or
    ``SemiSupervisedSampler``. A
    plain index after a seeded one is mmengine's replacement for a sample that a later step refused; it was drawn from
    the seeded generators, so they are left as they are.

    Without loader workers this reseeds the training process itself: numbers that a model draws on the CPU then
    differ from a run with workers, while those drawn on a GPU do not.

    Required keys: ``sample_idx``. It changes none.

    Raises:
        ConfigError: If the first sample comes with a plain int as its index.

    Example:
        >>> seed_random = SeedRandom()
        >>> _ = seed_random({'sample_idx': SeededIndex(7, seed=0, epoch=3)})
        >>> first = random.random()
        >>> _ = seed_random({'sample_idx': SeededIndex(7, seed=0, epoch=3)})
        >>> random.random() == first
        True
    """

    def __init__(self) -> None:
        self.seeded = False

    def transform(self, results: dict) -> dict:
        """Seeds the three generators and returns ``results`` as they are."""
        index = results['sample_idx']
        if isinstance(index, SeededIndex):
            # One hash of the triple: neighbouring samples and epochs get unrelated streams.
            words = np.random.SeedSequence((index.seed, index.epoch, int(index))).generate_state(3)
            random.seed(int(words[0]))
            np.random.seed(words[1])
            torch.default_generator.manual_seed(int(words[2]))
            self.seeded = True
        elif not self.seeded:
            raise ConfigError(
                'train_dataloader.sampler',
                "a pipeline with SeedRandom needs dict(type='SeededSampler') or dict(type='SemiSupervisedSampler'), "
                'and no wrapper of the data set that renumbers its samples',
            )
        return results

    def __repr__(self) -> str:
        return 'SeedRandom()'
