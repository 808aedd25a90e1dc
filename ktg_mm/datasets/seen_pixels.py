"""The pixels of images as networks get them, before they are normalised."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import Tensor, nn


def undo_normalization(preprocessor: nn.Module, inputs: Tensor) -> np.ndarray:
    """Puts an image through a data preprocessor and takes its mean and deviation out again.

    Args:
        preprocessor: One of mmpretrain's or mmengine's.
        inputs: Shape (channels, height, width), as the data set gives it.

    Returns:
        Shape (height, width, 3), in the unit of the inputs.

    Example:
        >>> import torch, mmpretrain.models
        >>> from mmpretrain.registry import MODELS
        >>> preprocessor = MODELS.build(dict(type='ClsDataPreprocessor', mean=[9] * 3, std=[2] * 3, to_rgb=True))
        >>> undo_normalization(preprocessor, torch.arange(3).view(3, 1, 1)).tolist()
        [[[2.0, 1.0, 0.0]]]
    """
    seen = preprocessor({'inputs': [inputs]}, training=False)['inputs'][0].float()
    if hasattr(preprocessor, 'mean') and hasattr(preprocessor, 'std'):
        seen = seen * preprocessor.std + preprocessor.mean
    if len(seen) != 3:
        seen = seen.mean(dim=0, keepdim=True).expand(3, -1, -1)
    return seen.permute(1, 2, 0).cpu().numpy()


def scale_to_one(images: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Images with values from 0 to 1, of those that a pipeline gives: 0 to 255, unless it has divided by 255.

    Args:
        images: Of one pipeline.

    Example:
        >>> scale_to_one([np.array([0.0, 51.0]), np.array([255.0])])[0].tolist()
        [0.0, 0.2]
    """
    brightest = 255.0 if max((image.max() for image in images), default=0) > 1.5 else 1.0
    return [np.clip(image / brightest, 0, 1) for image in images]
