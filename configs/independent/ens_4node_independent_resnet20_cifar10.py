# Four ResNet-20, each on its own, and their ensemble on CIFAR-10.
#   python tools/train.py configs/independent/ens_4node_independent_resnet20_cifar10.py
_base_ = ['../ktg/ens_4node_resnet20_cifar10.py', '../_base_/edges/independent_4node.py']

model = dict(edges=dict(_delete_=True, **_base_.independent))
