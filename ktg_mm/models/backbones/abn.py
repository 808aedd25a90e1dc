"""Attention branch networks: a branch that classifies on its own tells the network where to look."""

from typing import Any

import torch
from mmengine.model import BaseModule
from mmpretrain.models.backbones.resnet import ResNet
from mmpretrain.registry import MODELS
from torch import nn

from ktg_mm.config.check_argument import check_flag
from ktg_mm.config.check_number import is_whole
from ktg_mm.errors import ConfigError
from ktg_mm.models.backbones.resnet_cifar import CIFARResNet
from ktg_mm.models.norm_layer import norm_layer


class AttentionBranch(nn.Module):
    """The attention branch of Fukui et al., "Attention branch network", CVPR 2019, section 3.1.

    A stage that keeps its input's resolution, a norm, a 1x1 convolution to one map per class, a norm and a ReLU. From
    these maps, a 3x3 convolution, a norm and a sigmoid make the attention map, and a 1x1 convolution and an average
    over the pixels make the branch's own logits. As in the authors' networks, no convolution has a bias.

    Args:
        stage: A copy of the network's last stage with stride 1: (B, C, H, W) to (B, in_channels, H, W).
        in_channels: Channels of the stage's output.
        num_classes: Number of classes, K.
        norm_cfg: Kind of the norm layers; a number of groups that does not divide a layer's channels is lowered to
            their greatest common divisor. Default: batch norm.

    Example:
        >>> branch = AttentionBranch(nn.Conv2d(32, 64, 3, padding=1), in_channels=64, num_classes=10)
        >>> attention, logits = branch(torch.rand(2, 32, 16, 16))
        >>> attention.shape, logits.shape
        (torch.Size([2, 16, 16]), torch.Size([2, 10]))
    """

    def __init__(
        self, stage: nn.Module, in_channels: int, num_classes: int, norm_cfg: dict[str, Any] | None = None
    ) -> None:
        super().__init__()
        norm_cfg = norm_cfg or dict(type='BN')
        self.num_classes = num_classes
        self.stage = stage
        self.class_maps = nn.Sequential(
            norm_layer(norm_cfg, in_channels),
            nn.Conv2d(in_channels, num_classes, 1, bias=False),
            norm_layer(norm_cfg, num_classes),
            nn.ReLU(inplace=True),
        )
        self.attention = nn.Sequential(
            nn.Conv2d(num_classes, 1, 3, padding=1, bias=False), norm_layer(norm_cfg, 1), nn.Sigmoid()
        )
        self.classifier = nn.Conv2d(num_classes, num_classes, 1, bias=False)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Features (B, C, H, W) to the attention map (B, H, W), values between 0 and 1, and the logits (B, K)."""
        maps = self.class_maps(self.stage(x))
        return self.attention(maps).squeeze(1), self.classifier(maps).mean(dim=(2, 3))


class AttentionBranchMixin(BaseModule):
    """Puts an attention branch between the last two stages of a ResNet.

    The branch reads the output of the last stage but one; the last stage, the paper's perception branch, then sees
    these features times the attention map. The branch's outputs are not returned, so that necks and heads of
    mmpretrain work unchanged: whoever needs them hooks the forward of ``attention_branch``. Stages named in
    ``out_indices`` return their features before the attention.

    It precedes a subclass of mmpretrain's ``ResNet`` among the bases, which calls ``make_res_layer`` for one stage
    after the other. The class that combines both says how its stem computes.

    Args:
        num_classes: Number of classes of the branch, K.
        residual: Whether the attended features are ``x * map + x``, as the paper proposes, or ``x * map``, as in the
            thesis on diverse ensembles. Default: False.
        **kwargs: Passed on to the ResNet.

    Attributes:
        attention_branch: The :class:`AttentionBranch`; its forward returns maps (B, H, W) and logits (B, K).

    Raises:
        ConfigError: The number of classes is not positive.
    """

    def __init__(self, num_classes: int, residual: bool = False, **kwargs: Any) -> None:
        if not is_whole(num_classes) or num_classes < 1:
            raise ConfigError('num_classes', f'{num_classes!r} is not a positive number')
        check_flag('residual', residual)
        super().__init__(**kwargs)
        self.residual = residual
        stage = super().make_res_layer(**{**self._last_stage, 'stride': 1})
        self.attention_branch = AttentionBranch(stage, self.feat_dim, num_classes, self.norm_cfg)

    def make_res_layer(self, **kwargs: Any) -> nn.Sequential:
        """Builds one stage; called by the ResNet's constructor."""
        self._last_stage = kwargs
        return super().make_res_layer(**kwargs)

    def forward_stem(self, x: torch.Tensor) -> torch.Tensor:
        """Computes what comes before the first stage: images (B, 3, H, W) to features (B, C, H', W')."""
        raise NotImplementedError

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Returns a feature map (B, C, H', W') for each of ``out_indices``, of images (B, 3, H, W)."""
        x = self.forward_stem(x)
        outs = []
        for index, name in enumerate(self.res_layers):
            if name == self.res_layers[-1]:
                attention, _ = self.attention_branch(x)
                attended = x * attention.unsqueeze(1)
                x = attended + x if self.residual else attended
            x = getattr(self, name)(x)
            if index in self.out_indices:
                outs.append(x)
        return tuple(outs)

    def train(self, mode: bool = True) -> 'AttentionBranchMixin':
        """Sets the mode and returns the network, as any torch module does (mmpretrain's backbones return None)."""
        super().train(mode)
        return self


@MODELS.register_module()
class ABNResNet(AttentionBranchMixin, ResNet):
    """ResNet with an attention branch, for images of 224 pixels: Fukui et al., CVPR 2019.

    The attention map has 14x14 pixels at 224. Weights of mmpretrain's ResNet fit, but for the branch's.

    Args:
        depth: 18, 34, 50, 101 or 152. Default: 18.
        num_classes: Number of classes of the branch. Default: 1000.
        residual: Whether the attended features are ``x * map + x`` instead of ``x * map``. Default: False.
        zero_init_residual: Whether each block starts as the identity, which the paper's do not. Default: False.
        **kwargs: Passed on to mmpretrain's ``ResNet``: ``in_channels``, ``norm_cfg``, ``out_indices``, ...

    Raises:
        ConfigError: The depth is unknown, or the number of classes is not positive.

    Example:
        >>> network = ABNResNet(depth=18, num_classes=120)
        >>> (features,) = network(torch.rand(2, 3, 64, 64))
        >>> features.shape
        torch.Size([2, 512, 2, 2])
    """

    def __init__(
        self,
        depth: int = 18,
        num_classes: int = 1000,
        residual: bool = False,
        zero_init_residual: bool = False,
        **kwargs: Any,
    ) -> None:
        if not is_whole(depth) or depth not in self.arch_settings:
            raise ConfigError('depth', f'{depth!r} is not one of {", ".join(map(str, self.arch_settings))}')
        check_flag('zero_init_residual', zero_init_residual)
        super().__init__(num_classes, residual, depth=depth, zero_init_residual=zero_init_residual, **kwargs)

    def forward_stem(self, x: torch.Tensor) -> torch.Tensor:
        """Computes the stem: images (B, 3, H, W) to features (B, 64, H/4, W/4)."""
        x = self.stem(x) if self.deep_stem else self.relu(self.norm1(self.conv1(x)))
        return self.maxpool(x)


@MODELS.register_module()
class ABNCIFARResNet(AttentionBranchMixin, CIFARResNet):
    """ResNet with an attention branch, for images of 32 pixels: Fukui et al., CVPR 2019.

    The attention map has 16x16 pixels at 32. The authors' networks have shortcut B.

    Args:
        depth: 6n+2, such as 20, 32, 44, 56 or 110. Default: 20.
        num_classes: Number of classes of the branch. Default: 100.
        residual: Whether the attended features are ``x * map + x`` instead of ``x * map``. Default: False.
        **kwargs: Passed on to :class:`CIFARResNet`: ``in_channels``, ``shortcut``, ``stem``, ...

    Raises:
        ConfigError: The depth is not 6n+2, or the number of classes is not positive.

    Example:
        >>> network = ABNCIFARResNet(depth=20, num_classes=100)
        >>> maps = []
        >>> hook = network.attention_branch.register_forward_hook(lambda branch, x, out: maps.append(out[0]))
        >>> (features,) = network(torch.rand(2, 3, 32, 32))
        >>> features.shape, maps[0].shape
        (torch.Size([2, 64, 8, 8]), torch.Size([2, 16, 16]))
    """

    def __init__(self, depth: int = 20, num_classes: int = 100, residual: bool = False, **kwargs: Any) -> None:
        super().__init__(num_classes, residual, depth=depth, **kwargs)

    def forward_stem(self, x: torch.Tensor) -> torch.Tensor:
        """Computes the stem: images (B, 3, H, W) to features (B, 16, H, W), of 7x7 (B, 16, H/4, W/4)."""
        x = self.relu(self.norm1(self.conv1(x)))
        return self.maxpool(x) if self.stem_kind == '7x7' else x
