# The three-node graph that a public re-implementation found on CIFAR-10.
# Validation accuracy of net1 there: 93.95.
#   python tools/train.py configs/ktg/ktg_3node_found_cifar10.py
_base_ = [
    '../_base_/graphs/ktg_3node_found_cifar10.py',
    '../_base_/datasets/cifar10.py',
    '../_base_/models/networks_cifar10.py',
    '../_base_/schedules/sgd_200e_cifar.py',
    '../_base_/default_runtime.py',
]

model = dict(
    nodes=dict(
        net1=dict(network=_base_.resnet32),
        net2=dict(network=_base_.resnet110),
        net3=dict(network=_base_.resnet32),
    )
)
