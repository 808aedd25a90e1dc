"""Random crop from an image with a border around it."""

import mmcv
from mmpretrain.datasets import RandomCrop
from mmpretrain.registry import TRANSFORMS


@TRANSFORMS.register_module()
class PadRandomCrop(RandomCrop):
    """Adds a border, then crops at a random place: the usual augmentation of CIFAR.

    mmpretrain's ``RandomCrop(padding=4, padding_mode='reflect')`` fills the border with zeros, whatever the mode.

    Required and modified keys: ``img`` (H, W) or (H, W, C). Modified: ``img_shape``.

    Args:
        crop_size: Height and width of the crop in pixels, or one number for both.
        padding: Width of the border in pixels, on all sides.
        padding_mode: ``'reflect'``, ``'constant'``, ``'edge'`` or ``'symmetric'``. Defaults to ``'reflect'``.
        pad_val: Value of a constant border. Defaults to 0.

    Example:
        >>> import numpy as np
        >>> int(PadRandomCrop(32, padding=4)({'img': np.ones((32, 32, 3), np.uint8)})['img'].min())
        1
    """

    def __init__(
        self, crop_size: int | tuple[int, int], padding: int, padding_mode: str = 'reflect', pad_val: float = 0
    ) -> None:
        super().__init__(crop_size, pad_val=pad_val, padding_mode=padding_mode)
        self.border = padding

    def transform(self, results: dict) -> dict:
        """Returns ``results`` with the crop."""
        results['img'] = mmcv.impad(
            results['img'], padding=self.border, pad_val=self.pad_val, padding_mode=self.padding_mode
        )
        return super().transform(results)

    def __repr__(self) -> str:
        return f'PadRandomCrop(crop_size={self.crop_size}, padding={self.border}, padding_mode={self.padding_mode!r})'
