"""Networks that mmpretrain lacks: ResNet, wide ResNet and DenseNet for small images, and attention branch networks."""

from .abn import ABNCIFARResNet, ABNResNet
from .born_again_resnet import BornAgainResNet
from .densenet import CIFARDenseNet
from .resnet_cifar import CIFARResNet
from .wide_resnet import CIFARWideResNet
