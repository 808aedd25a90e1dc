# Deep mutual learning of two attention branch networks, and their ensemble, on CIFAR-100.
# Published accuracy: ensemble 73.61.
#   python tools/train.py configs/dml/ens_2node_dml_cifar100.py
_base_ = ['../ktg/ens_2node_cifar100.py', '../_base_/edges/dml_2node.py']

model = dict(edges=dict(_delete_=True, **_base_.dml))
