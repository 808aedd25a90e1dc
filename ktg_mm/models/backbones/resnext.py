"""ResNeXt for images of 32 pixels."""

from typing import Any

from mmpretrain.models.backbones.resnet_cifar import ResNet_CIFAR
from mmpretrain.models.backbones.resnext import ResNeXt
from mmpretrain.registry import MODELS

from ktg_mm.config.check_argument import check_flag, check_part, check_whole
from ktg_mm.config.check_number import is_whole
from ktg_mm.errors import ConfigError

from .resnet_cifar import check_stages


@MODELS.register_module()
class CIFARResNeXt(ResNeXt, ResNet_CIFAR):
    """ResNeXt-50 (32x4d) and deeper for small images: Xie et al., "Aggregated residual transformations", CVPR 2017.

    mmpretrain's ResNeXt with the stem of its ResNets for CIFAR: a 3x3 convolution of stride 1 without pooling. The four
    stages have 32, 16, 8 and 4 pixels a side at 32. But for the stem it has the parameters of the paper's network for
    ImageNet, 25.0M with 1,000 classes. Document 003 trains such a network on CIFAR and does not say how it differs from
    that for ImageNet; the stem is our choice. Convolutions begin with Kaiming's weights by what goes out.

    Args:
        depth: 50, 101 or 152. Default: 50.
        groups: Groups of the 3x3 convolutions. Default: 32.
        width_per_group: Channels of a group in the first stage. Default: 4.
        in_channels: Channels of the images, 1 for grey ones. Default: 3.
        out_indices: The stages whose feature maps are returned, counted from 0. Default: ``(3, )``, the last.
        norm_cfg: Kind of the norm layers, such as ``dict(type='GN', num_groups=8)``. Default: batch norm.
        zero_init_residual: Whether each block starts as the identity, which the paper's do not. Default: False.
        **kwargs: Passed on to mmpretrain's ``ResNeXt``: ``base_channels``, ``stem_channels``, ``with_cp``, ...

    Raises:
        ConfigError: The depth is unknown, or an index names no stage.
        ValueError: If another argument has a wrong type or is out of range.

    Example:
        >>> import torch
        >>> network = CIFARResNeXt(groups=2, base_channels=8, stem_channels=8)
        >>> (features,) = network(torch.rand(2, 3, 32, 32))
        >>> features.shape
        torch.Size([2, 256, 4, 4])
    """

    def __init__(
        self,
        depth: int = 50,
        groups: int = 32,
        width_per_group: int = 4,
        in_channels: int = 3,
        out_indices: tuple[int, ...] = (3,),
        norm_cfg: dict[str, Any] | None = None,
        zero_init_residual: bool = False,
        **kwargs: Any,
    ) -> None:
        if not is_whole(depth) or depth not in self.arch_settings:
            raise ConfigError('depth', f'{depth!r} is not one of {", ".join(map(str, self.arch_settings))}')
        check_whole('groups', groups)
        check_whole('width_per_group', width_per_group)
        check_whole('in_channels', in_channels)
        check_part('norm_cfg', norm_cfg)
        check_flag('zero_init_residual', zero_init_residual)
        super().__init__(
            depth,
            groups,
            width_per_group,
            in_channels=in_channels,
            out_indices=check_stages(out_indices, last=3),
            norm_cfg=norm_cfg or dict(type='BN', requires_grad=True),
            zero_init_residual=zero_init_residual,
            **kwargs,
        )

    def train(self, mode: bool = True) -> 'CIFARResNeXt':
        """Sets the mode and returns the network, as any torch module does (mmpretrain's backbones return None)."""
        super().train(mode)
        return self
