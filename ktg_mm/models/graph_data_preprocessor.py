"""Batches of one or several views, on their way to a graph."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from mmpretrain.models import ClsDataPreprocessor, RandomBatchAugment
from mmpretrain.registry import BATCH_AUGMENTS, MODELS
from mmpretrain.structures import DataSample

from ktg_mm.config import check_number, check_type
from ktg_mm.config.check_argument import check_flag, check_whole, split_argument
from ktg_mm.errors import ConfigError, first_line
from ktg_mm.structures import SampleRows

from .soft_labels import check_scores


@MODELS.register_module()
class GraphDataPreprocessor(ClsDataPreprocessor):
    """mmpretrain's ``ClsDataPreprocessor``, for batches of several views and with hidden labels.

    Its result has ``inputs``, images (B, C, H, W) or a dict of them by the view's name, all prepared alike;
    ``data_samples``; and ``rows``, a ``SampleRows`` that says which samples have a label. The rows are found before
    the labels go to a device, so nobody waits for it. They are None without labels, and when not training.

    Args:
        mean: Of each channel, in pixel values (0 to 255). Defaults to None: images are not normalised.
        std: Standard deviation of each channel. Defaults to None.
        pad_size_divisor: Images are padded to a multiple of it. Defaults to 1.
        pad_value: What they are padded with. Defaults to 0.
        to_rgb: Whether the channels are reversed. Defaults to False.
        to_onehot: Whether the data samples get soft labels, ``gt_score``. Defaults to False.
        num_classes: Number of classes, for soft labels. Defaults to None.
        batch_augments: How images and labels are mixed when training, ``dict(augments=..., probs=...)`` of mmpretrain's
            RandomBatchAugment; labels become soft. Defaults to None.

    Raises:
        ConfigError: If an argument has a wrong type or is out of range. When training with ``batch_augments`` on
            several views or hidden labels, with ``to_onehot`` on hidden labels, or on soft labels that are no
            probabilities.

    Example:
        >>> samples = [DataSample().set_gt_label(label) for label in (3, -1)]
        >>> inputs = dict(weak=torch.full((2, 1, 4, 4), 9), strong=torch.zeros(2, 1, 4, 4))
        >>> batch = GraphDataPreprocessor(mean=[5], std=[2])(dict(inputs=inputs, data_samples=samples), training=True)
        >>> batch['inputs']['weak'].mean(), batch['rows'].num_labeled
        (tensor(2.), 1)
    """

    def __init__(
        self,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        pad_size_divisor: int = 1,
        pad_value: float = 0,
        to_rgb: bool = False,
        to_onehot: bool = False,
        num_classes: int | None = None,
        batch_augments: dict | None = None,
    ) -> None:
        try:
            _check_normalisation(mean, std, check_flag('to_rgb', to_rgb))
            check_whole('pad_size_divisor', pad_size_divisor)
            check_number('pad_value', pad_value, '(-inf, inf)')
            check_flag('to_onehot', to_onehot)
            if num_classes is not None:
                check_whole('num_classes', num_classes)
        except ValueError as error:
            raise ConfigError(*split_argument(str(error))) from error
        super().__init__(mean, std, pad_size_divisor, pad_value, to_rgb, to_onehot, num_classes)
        if batch_augments is not None:
            self.batch_augments = _build_augments(batch_augments)
            self.to_onehot = True

    def forward(self, data: dict[str, Any], training: bool = False) -> dict[str, Any]:
        """Takes a batch to the device and normalises it.

        Args:
            data: ``inputs`` and ``data_samples`` of the loader.
            training: Whether this is a step of training.

        Returns:
            ``inputs``, ``data_samples`` and ``rows``.
        """
        inputs = data['inputs']
        first = inputs[0] if isinstance(inputs, (list, tuple)) and inputs else inputs
        if isinstance(first, torch.Tensor) and first.dtype == torch.int64:
            raise ConfigError('data_preprocessor.type', "tokens are no images; take dict(type='TokenPreprocessor')")
        rows = self.rows_of(data) if training else None
        if not isinstance(inputs, Mapping):
            return super().forward(data, training) | {'rows': rows}
        first, *others = inputs
        result = super().forward(dict(data, inputs=inputs[first]), training)  # takes care of the data samples
        views = {first: result['inputs']}
        for name in others:
            views[name] = super().forward({'inputs': inputs[name]}, training)['inputs']
        return {**result, 'inputs': views, 'rows': rows}

    @property
    def changes_labels(self) -> bool:
        """Whether the labels of a training batch are not those of the loader."""
        return self.to_onehot

    def rows_of(self, data: Mapping[str, Any]) -> SampleRows | None:
        """Checks a batch of the loader for training; returns which samples have a label, None without labels."""
        samples = data.get('data_samples')
        rows = _rows(samples)
        self._check(data['inputs'], rows)
        if samples and all(isinstance(sample, DataSample) for sample in samples):
            check_scores(samples)
        return rows

    def _check(self, inputs: Any, rows: SampleRows | None) -> None:
        hidden = rows is not None and rows.num_labeled < rows.size
        if self.batch_augments is not None and (isinstance(inputs, Mapping) or hidden):
            what = 'several views of an image' if isinstance(inputs, Mapping) else 'samples without a label'
            raise ConfigError('data_preprocessor.batch_augments', f'cannot mix {what}; leave it out')
        if self.to_onehot and hidden:
            raise ConfigError('data_preprocessor.to_onehot', 'some samples have no label; must be False')


def _check_normalisation(mean: Any, std: Any, to_rgb: bool) -> None:
    if (mean is None) != (std is None):
        missing = 'std' if std is None else 'mean'
        raise ValueError(f'{missing} must be given as well, got {"mean" if std is None else "std"} alone')
    if mean is None:
        return
    for name, values, interval in (('mean', mean, '(-inf, inf)'), ('std', std, '(0, inf)')):
        if not isinstance(values, (list, tuple)) or not values:
            raise ValueError(f'{name} must be a list of one number for each channel, got {values!r}')
        for value in values:
            check_number(name, value, interval)
    if len(mean) != len(std):
        raise ValueError(f'std must have as many channels as mean, {len(mean)}, got {std!r}')
    if to_rgb and len(mean) == 1:
        raise ValueError('to_rgb must be False where mean has one channel: grey images have no colours')


def _build_augments(cfg: Any) -> RandomBatchAugment:
    """Builds what mixes a batch; mmpretrain's own would fail at the first batch of some mistakes."""
    key = 'batch_augments'
    if not isinstance(cfg, Mapping) or not cfg.get('augments') or cfg.keys() - {'augments', 'probs'}:
        raise ConfigError(key, f"must be a dict such as dict(augments=dict(type='Mixup', alpha=0.8)), got {cfg!r}")
    augments, probs = cfg['augments'], cfg.get('probs')
    for augment in augments if isinstance(augments, (list, tuple)) else [augments]:
        check_type(augment, BATCH_AUGMENTS, f'{key}.augments', 'batch augmentation')
        if not isinstance(alpha := augment.get('alpha', 1.0), float) or not 0 < alpha < math.inf:
            raise ConfigError(f'{key}.augments', f'alpha must be a decimal number above 0, such as 1.0, got {alpha!r}')
    try:
        for share in probs if isinstance(probs, (list, tuple)) else [] if probs is None else [probs]:
            check_number('probs', share, '[0, 1]')
        # A list, as mmpretrain takes a float alone as one.
        return RandomBatchAugment(augments, [probs] if isinstance(probs, int) else probs)
    except (TypeError, ValueError, KeyError, AssertionError) as error:
        raise ConfigError(key, first_line(error)) from error


def _rows(samples: Any) -> SampleRows | None:
    """Which samples have a label; None if labels are missing altogether, or are no single classes."""
    if not samples or not all(isinstance(sample, DataSample) for sample in samples):
        return None
    if not all('gt_label' in sample for sample in samples):
        return SampleRows.of(torch.zeros(len(samples))) if all('gt_score' in sample for sample in samples) else None
    labels = torch.cat([sample.gt_label for sample in samples])
    return SampleRows.of(labels) if len(labels) == len(samples) else None
