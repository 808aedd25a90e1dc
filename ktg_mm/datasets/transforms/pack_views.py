"""Packs several views of an image."""

from collections.abc import Mapping
from typing import Any

from mmpretrain.datasets import PackInputs
from mmpretrain.registry import TRANSFORMS
from torch import Tensor


@TRANSFORMS.register_module()
class PackViews(PackInputs):
    """mmpretrain's ``PackInputs`` for the views that ``Views`` has made.

    Required keys: ``img``, images (H, W) or (H, W, C) by name. It returns ``inputs``, a dict of tensors (C, H, W) by
    name, and ``data_samples``. Batches of them, by the collate function ``default_collate``, have ``inputs`` as a dict
    of tensors (B, C, H, W).

    Args:
        input_key: Key of the views. Defaults to ``'img'``.
        algorithm_keys: As PackInputs'. Defaults to none.
        meta_keys: Entries to keep in the data sample. Defaults to PackInputs' and ``'image_id'`` and
            ``'unlabeled_id'``, which ``SemiSupervised`` gives.

    Example:
        >>> import numpy as np
        >>> packed = PackViews()({'img': {'weak': np.zeros((4, 5, 3), np.uint8)}, 'gt_label': -1, 'image_id': 7})
        >>> packed['inputs']['weak'].shape, packed['data_samples'].image_id
        (torch.Size([3, 4, 5]), 7)
    """

    DEFAULT_META_KEYS = (*PackInputs.DEFAULT_META_KEYS, 'image_id', 'unlabeled_id')

    def __init__(
        self, input_key: str = 'img', algorithm_keys: tuple = (), meta_keys: tuple = DEFAULT_META_KEYS
    ) -> None:
        super().__init__(input_key, algorithm_keys, meta_keys)

    @staticmethod
    def format_input(input_: Any) -> Tensor | dict[str, Tensor]:
        """Returns the views' tensors by name.

        Args:
            input_: Images by name, or one image.
        """
        if isinstance(input_, Mapping):
            return {name: PackInputs.format_input(image) for name, image in input_.items()}
        return PackInputs.format_input(input_)
