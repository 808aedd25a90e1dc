# The networks of networks_imagenet.py for ImageNet's 1,000 classes.
_base_ = './networks_imagenet.py'

resnet18 = dict(head=dict(num_classes=1000))
resnet34 = dict(head=dict(num_classes=1000))
resnet50 = dict(head=dict(num_classes=1000))
abn_resnet18 = dict(backbone=dict(num_classes=1000), head=dict(num_classes=1000))
