# A four-node graph of ours on CIFAR-10.
#   python tools/train.py configs/ktg/ktg_4node_cifar10.py
_base_ = [
    '../_base_/graphs/ktg_4node.py',
    '../_base_/datasets/cifar10.py',
    '../_base_/models/networks_cifar10.py',
    '../_base_/schedules/sgd_200e_cifar.py',
    '../_base_/default_runtime.py',
]

model = dict(
    nodes=dict(
        net1=dict(network=_base_.resnet32),
        net2=dict(network=_base_.wrn28_2),
        net3=dict(network=_base_.resnet32),
        net4=dict(network=_base_.resnet110),
    )
)
