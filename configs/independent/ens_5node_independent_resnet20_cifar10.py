# Five ResNet-20, each on its own, and their ensemble on CIFAR-10.
#   python tools/train.py configs/independent/ens_5node_independent_resnet20_cifar10.py
_base_ = ['../ktg/ens_5node_resnet20_cifar10.py', '../_base_/edges/independent_5node.py']

model = dict(edges=dict(_delete_=True, **_base_.independent))
