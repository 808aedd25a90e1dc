"""Images as the networks of a graph see them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from mmengine.config import Config
from mmpretrain.registry import MODELS
from torch import Tensor, nn

from .chosen_images import build_split


def seen_pixels(cfg: Config, split: str, indices: Sequence[int]) -> list[np.ndarray]:
    """The pixels that the networks get, before they are normalised.

    They are taken behind the data preprocessor, with its normalisation undone: so they are cropped, padded and ordered
    (RGB or BGR) as the networks get them.

    Args:
        cfg: The graph's config.
        split: ``'val'`` or ``'test'``.
        indices: Places of the images in the split's data set.

    Returns:
        Each image, float of shape (height, width, 3), 0 to 1; a grey one has three times the same channel.

    Raises:
        ConfigError: If the data are not there.
    """
    dataset = build_split(cfg, split)
    wanted = cfg.model.get('data_preprocessor') or cfg.get('data_preprocessor') or {}
    preprocessor = MODELS.build(dict(type='ClsDataPreprocessor') | Config(dict(wanted)).to_dict())
    images = [undo_normalization(preprocessor, dataset[int(index)]['inputs']) for index in indices]
    # Pipelines give 0 to 255, unless one of their steps has divided by 255.
    brightest = 255.0 if max(image.max() for image in images) > 1.5 else 1.0
    return [np.clip(image / brightest, 0, 1) for image in images]


def undo_normalization(preprocessor: nn.Module, inputs: Tensor) -> np.ndarray:
    """Puts an image through a data preprocessor and takes its mean and deviation out again.

    Args:
        preprocessor: One of mmpretrain's or mmengine's.
        inputs: Shape (channels, height, width), as the data set gives it.

    Returns:
        Shape (height, width, 3), in the unit of the inputs.

    Example:
        >>> import torch, mmpretrain.models
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
