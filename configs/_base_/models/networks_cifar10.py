# The networks of networks_cifar.py for 10 classes. Another number of classes takes a file like this one.
_base_ = './networks_cifar.py'

resnet20 = dict(head=dict(num_classes=10))
resnet32 = dict(head=dict(num_classes=10))
resnet56 = dict(head=dict(num_classes=10))
resnet110 = dict(head=dict(num_classes=10))
wrn16_2 = dict(head=dict(num_classes=10))
wrn28_2 = dict(head=dict(num_classes=10))
wrn28_6 = dict(head=dict(num_classes=10))
wrn28_8 = dict(head=dict(num_classes=10))
wrn28_10 = dict(head=dict(num_classes=10))
abn_resnet20 = dict(backbone=dict(num_classes=10), head=dict(num_classes=10))
