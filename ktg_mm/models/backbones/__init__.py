"""Networks that mmpretrain lacks: ResNet and wide ResNet for small images, and attention branch networks."""

from .abn import ABNCIFARResNet, ABNResNet
from .resnet_cifar import CIFARResNet
from .wide_resnet import CIFARWideResNet
