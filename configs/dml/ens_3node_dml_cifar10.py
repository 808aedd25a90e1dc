# Deep mutual learning of three attention branch networks, and their ensemble, on CIFAR-10.
#   python tools/train.py configs/dml/ens_3node_dml_cifar10.py
_base_ = ['../ktg/ens_3node_cifar10.py', '../_base_/edges/dml_3node.py']

model = dict(edges=dict(_delete_=True, **_base_.dml))
