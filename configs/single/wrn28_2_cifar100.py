# WRN-28-2 alone on CIFAR-100. Published accuracy: 74.60 +- 0.38.
#   python tools/train.py configs/single/wrn28_2_cifar100.py
_base_ = [
    '../_base_/graphs/single.py',
    '../_base_/datasets/cifar100.py',
    '../_base_/models/networks_cifar.py',
    '../_base_/schedules/sgd_200e_cifar.py',
    '../_base_/default_runtime.py',
]

model = dict(nodes=dict(net1=dict(network=_base_.wrn28_2)))
