"""Packs a chunk of a text."""

from typing import Any

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmpretrain.registry import TRANSFORMS
from mmpretrain.structures import DataSample


@TRANSFORMS.register_module()
class PackTokens(BaseTransform):
    """The end of a text's pipeline, as ``PackInputs`` is of images'.

    Required keys: ``tokens``, integers (T,) or with a spelling (T, 1 + W), and ``gt_label``, integers (L,). It returns
    ``inputs``, a tensor, and ``data_samples``.

    Example:
        >>> packed = PackTokens()(dict(tokens=np.arange(5), gt_label=np.array([4, 5])))
        >>> packed['inputs'], packed['data_samples'].gt_label
        (tensor([0, 1, 2, 3, 4]), tensor([4, 5]))
    """

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Returns ``inputs`` and ``data_samples``."""
        label = torch.from_numpy(np.asarray(results['gt_label'], dtype=np.int64))
        tokens = torch.from_numpy(np.asarray(results['tokens'], dtype=np.int64))
        return dict(inputs=tokens, data_samples=DataSample().set_gt_label(label))
