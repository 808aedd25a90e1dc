"""Networks that mmpretrain lacks: ResNet and wide ResNet for small images, and attention branch networks."""

from ktg_mm.models.backbones.abn import ABNCIFARResNet, ABNResNet, AttentionBranch, AttentionBranchMixin
from ktg_mm.models.backbones.resnet_cifar import CIFARResNet, ZeroPadShortcut
from ktg_mm.models.backbones.wide_resnet import CIFARWideResNet, PreActBlock

__all__ = [
    'ABNCIFARResNet',
    'ABNResNet',
    'AttentionBranch',
    'AttentionBranchMixin',
    'CIFARResNet',
    'CIFARWideResNet',
    'PreActBlock',
    'ZeroPadShortcut',
]
