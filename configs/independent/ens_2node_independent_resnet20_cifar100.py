# Two ResNet-20, each on its own, and their ensemble on CIFAR-100.
#   python tools/train.py configs/independent/ens_2node_independent_resnet20_cifar100.py
_base_ = ['../ktg/ens_2node_resnet20_cifar100.py', '../_base_/edges/independent_2node.py']

model = dict(edges=dict(_delete_=True, **_base_.independent))
