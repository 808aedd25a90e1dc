"""Networks that mmpretrain lacks: for small images, attention branch networks, and torchvision's."""

from .abn import ABNCIFARResNet, ABNResNet
from .born_again_resnet import BornAgainResNet
from .densenet import CIFARDenseNet
from .preact_resnet import CIFARPreActResNet
from .resnet_cifar import CIFARResNet
from .resnext import CIFARResNeXt
from .shufflenet_v2 import CIFARShuffleNetV2
from .torchvision_backbone import TorchvisionBackbone
from .wide_resnet import CIFARWideResNet
from .xception import CIFARXception
