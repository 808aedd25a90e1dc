# Two attention branch networks, each on its own, and their ensemble on CIFAR-100.
# Published accuracy: ensemble 73.16.
#   python tools/train.py configs/independent/ens_2node_independent_cifar100.py
_base_ = ['../ktg/ens_2node_cifar100.py', '../_base_/edges/independent_2node.py']

model = dict(edges=dict(_delete_=True, **_base_.independent))
