# The published two-node graph on CIFAR-100.
# Published accuracy of net1: 72.88 +- 0.41 (deep mutual learning 72.71 +- 0.18, alone 70.71 +- 0.39).
#   python tools/train.py configs/ktg/ktg_2node_cifar100.py
_base_ = [
    '../_base_/graphs/ktg_2node.py',
    '../_base_/datasets/cifar100.py',
    '../_base_/models/networks_cifar.py',
    '../_base_/schedules/sgd_200e_cifar.py',
    '../_base_/default_runtime.py',
]

model = dict(nodes=dict(net1=dict(network=_base_.resnet32), net2=dict(network=_base_.wrn28_2)))
