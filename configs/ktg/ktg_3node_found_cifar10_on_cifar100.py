# Graph transfer: the three-node graph that a public re-implementation found on CIFAR-10, trained on CIFAR-100.
# For comparison, the paper's three-node graph searched on CIFAR-10: net1 73.63 +- 0.18 on CIFAR-100 (published).
#   python tools/train.py configs/ktg/ktg_3node_found_cifar10_on_cifar100.py
_base_ = [
    '../_base_/graphs/ktg_3node_found_cifar10.py',
    '../_base_/datasets/cifar100.py',
    '../_base_/models/networks_cifar.py',
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
