# WRN-28-2 alone on CIFAR-10. Published accuracy: 94.40 +- 0.07.
#   python tools/train.py configs/single/wrn28_2_cifar10.py
_base_ = [
    '../_base_/graphs/single.py',
    '../_base_/datasets/cifar10.py',
    '../_base_/models/networks_cifar10.py',
    '../_base_/schedules/sgd_200e_cifar.py',
    '../_base_/default_runtime.py',
]

model = dict(nodes=dict(net1=dict(network=_base_.wrn28_2)))
