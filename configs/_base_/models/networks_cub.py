# The networks of networks_imagenet.py for the 200 classes of CUB-200-2011.
_base_ = './networks_imagenet.py'

resnet18 = dict(head=dict(num_classes=200))
resnet34 = dict(head=dict(num_classes=200))
resnet50 = dict(head=dict(num_classes=200))
abn_resnet18 = dict(backbone=dict(num_classes=200), head=dict(num_classes=200))
