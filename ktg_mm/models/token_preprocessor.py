"""Batches of tokens, on their way to a graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from mmengine.model import BaseDataPreprocessor
from mmpretrain.registry import MODELS

from ktg_mm.config.check_argument import check_whole, split_argument
from ktg_mm.errors import ConfigError
from ktg_mm.structures import SampleRows


@MODELS.register_module()
class TokenPreprocessor(BaseDataPreprocessor):
    """Takes chunks of a text to the device; each of their tokens is a sample.

    Its result has ``inputs``, integers (B, T) or with a spelling (B, T, 1 + W); ``data_samples``, one per chunk, whose
    ``gt_label`` are its L next tokens; and, when training, ``rows``, a ``SampleRows`` of the B * L tokens.

    Args:
        num_classes: Number of different tokens, that of all networks. Defaults to None: as they say.

    Raises:
        ConfigError: If it is no whole number. When it is given images.

    Example:
        >>> from mmpretrain.structures import DataSample
        >>> samples = [DataSample().set_gt_label([2, 3, 4]) for _ in range(2)]
        >>> data = dict(inputs=torch.ones(2, 5, dtype=torch.long), data_samples=samples)
        >>> TokenPreprocessor()(data, training=True)['rows'].size
        6
    """

    changes_labels = False

    def __init__(self, num_classes: int | None = None) -> None:
        super().__init__()
        try:
            self.num_classes = None if num_classes is None else check_whole('num_classes', num_classes)
        except ValueError as error:
            raise ConfigError(*split_argument(str(error))) from error

    def forward(self, data: dict[str, Any], training: bool = False) -> dict[str, Any]:
        """Takes a batch to the device.

        Args:
            data: ``inputs`` and ``data_samples`` of the loader.
            training: Whether this is a step of training.

        Returns:
            ``inputs``, ``data_samples`` and ``rows``.
        """
        inputs, samples = data['inputs'], data.get('data_samples')
        if isinstance(inputs, (list, tuple)):
            inputs = torch.stack(list(inputs))
        if not isinstance(inputs, torch.Tensor) or inputs.is_floating_point() or inputs.dim() not in (2, 3):
            raise ConfigError(
                'data_preprocessor.type', 'TokenPreprocessor takes tokens alone; images need GraphDataPreprocessor'
            )
        rows = self.rows_of(data) if training else None
        return self.cast_data(dict(inputs=inputs, data_samples=samples)) | {'rows': rows}

    def rows_of(self, data: Mapping[str, Any]) -> SampleRows | None:
        """Which tokens of a batch of the loader have a label, before they go to a device; None without labels."""
        samples = data.get('data_samples')
        if not samples or not all('gt_label' in sample for sample in samples):
            return None
        return SampleRows.of(torch.cat([sample.gt_label for sample in samples]))
