# Deep mutual learning of five attention branch networks, and their ensemble, on CIFAR-10.
#   python tools/train.py configs/dml/ens_5node_dml_cifar10.py
_base_ = ['../ktg/ens_5node_cifar10.py', '../_base_/edges/dml_5node.py']

model = dict(edges=dict(_delete_=True, **_base_.dml))
