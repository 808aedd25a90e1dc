# A three-node graph on CIFAR-10, found on CIFAR-100 by a public re-implementation (../_base_/graphs/ktg_3node.py).
#   python tools/train.py configs/ktg/ktg_3node_cifar10.py
_base_ = [
    '../_base_/graphs/ktg_3node.py',
    '../_base_/datasets/cifar10.py',
    '../_base_/models/networks_cifar10.py',
    '../_base_/schedules/sgd_200e_cifar.py',
    '../_base_/default_runtime.py',
]

model = dict(
    nodes=dict(
        net1=dict(network=_base_.resnet32),
        net2=dict(network=_base_.resnet32),
        net3=dict(network=_base_.wrn28_2),
    )
)
