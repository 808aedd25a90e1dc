# Deep mutual learning of two attention branch networks, and their ensemble, on CIFAR-10.
# Published accuracy: ensemble 93.97.
#   python tools/train.py configs/dml/ens_2node_dml_cifar10.py
_base_ = ['../ktg/ens_2node_cifar10.py', '../_base_/edges/dml_2node.py']

model = dict(edges=dict(_delete_=True, **_base_.dml))
