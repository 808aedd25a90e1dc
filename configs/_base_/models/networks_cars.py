# The networks of networks_imagenet.py for the 196 classes of Stanford Cars.
_base_ = './networks_imagenet.py'

resnet18 = dict(head=dict(num_classes=196))
resnet34 = dict(head=dict(num_classes=196))
resnet50 = dict(head=dict(num_classes=196))
abn_resnet18 = dict(backbone=dict(num_classes=196), head=dict(num_classes=196))
