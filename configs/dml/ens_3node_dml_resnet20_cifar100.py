# Deep mutual learning of three ResNet-20, and their ensemble, on CIFAR-100.
#   python tools/train.py configs/dml/ens_3node_dml_resnet20_cifar100.py
_base_ = ['../ktg/ens_3node_resnet20_cifar100.py', '../_base_/edges/dml_3node.py']

model = dict(edges=dict(_delete_=True, **_base_.dml))
