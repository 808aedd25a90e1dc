"""Batches of one or several views, on their way to a graph."""

from collections.abc import Mapping
from typing import Any

import torch
from mmpretrain.models import ClsDataPreprocessor
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

from ktg_mm.errors import ConfigError
from ktg_mm.structures import SampleRows


@MODELS.register_module()
class GraphDataPreprocessor(ClsDataPreprocessor):
    """mmpretrain's ``ClsDataPreprocessor``, for batches of several views and with hidden labels.

    Its result has ``inputs``, images (B, C, H, W) or a dict of them by the view's name, all prepared alike;
    ``data_samples``; and ``rows``, a ``SampleRows`` that says which samples have a label. The rows are found before
    the labels go to a device, so nobody waits for it. They are None without labels, and when not training.

    Args:
        **kwargs: As mmpretrain's: ``mean`` and ``std`` per channel in pixel values (0 to 255; default: not normalised),
            ``to_rgb`` (False), ``pad_size_divisor`` (1), ``pad_value`` (0), ``to_onehot`` (False), ``num_classes``
            (None), ``batch_augments`` (None).

    Raises:
        ConfigError: When training with ``batch_augments`` on several views or hidden labels, or with ``to_onehot`` on
            hidden labels.

    Example:
        >>> samples = [DataSample().set_gt_label(label) for label in (3, -1)]
        >>> inputs = dict(weak=torch.full((2, 1, 4, 4), 9), strong=torch.zeros(2, 1, 4, 4))
        >>> batch = GraphDataPreprocessor(mean=[5], std=[2])(dict(inputs=inputs, data_samples=samples), training=True)
        >>> batch['inputs']['weak'].mean(), batch['rows'].num_labeled
        (tensor(2.), 1)
    """

    def forward(self, data: dict[str, Any], training: bool = False) -> dict[str, Any]:
        """Takes a batch to the device and normalises it.

        Args:
            data: ``inputs`` and ``data_samples`` of the loader.
            training: Whether this is a step of training.

        Returns:
            ``inputs``, ``data_samples`` and ``rows``.
        """
        inputs = data['inputs']
        rows = _rows(data.get('data_samples')) if training else None
        if training:
            self._check(inputs, rows)
        if not isinstance(inputs, Mapping):
            return super().forward(data, training) | {'rows': rows}
        first, *others = inputs
        result = super().forward(dict(data, inputs=inputs[first]), training)  # takes care of the data samples
        views = {first: result['inputs']}
        for name in others:
            views[name] = super().forward({'inputs': inputs[name]}, training)['inputs']
        return {**result, 'inputs': views, 'rows': rows}

    def _check(self, inputs: Any, rows: SampleRows | None) -> None:
        hidden = rows is not None and rows.num_labeled < rows.size
        if self.batch_augments is not None and (isinstance(inputs, Mapping) or hidden):
            what = 'several views of an image' if isinstance(inputs, Mapping) else 'samples without a label'
            raise ConfigError('data_preprocessor.batch_augments', f'cannot mix {what}; leave it out')
        if self.to_onehot and hidden:
            raise ConfigError('data_preprocessor.to_onehot', 'some samples have no label; must be False')


def _rows(samples: Any) -> SampleRows | None:
    """Which samples have a label; None if labels are missing altogether, or are no single classes."""
    if not samples or not all(isinstance(sample, DataSample) and 'gt_label' in sample for sample in samples):
        return None
    labels = torch.cat([sample.gt_label for sample in samples])
    return SampleRows.of(labels) if len(labels) == len(samples) else None
