# Deep mutual learning of four attention branch networks, and their ensemble, on CIFAR-10.
#   python tools/train.py configs/dml/ens_4node_dml_cifar10.py
_base_ = ['../ktg/ens_4node_cifar10.py', '../_base_/edges/dml_4node.py']

model = dict(edges=dict(_delete_=True, **_base_.dml))
