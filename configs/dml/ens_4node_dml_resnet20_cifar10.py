# Deep mutual learning of four ResNet-20, and their ensemble, on CIFAR-10.
#   python tools/train.py configs/dml/ens_4node_dml_resnet20_cifar10.py
_base_ = ['../ktg/ens_4node_resnet20_cifar10.py', '../_base_/edges/dml_4node.py']

model = dict(edges=dict(_delete_=True, **_base_.dml))
