# Deep mutual learning of three networks on CIFAR-100.
# Published accuracy of net1: 72.89 +- 0.21.
#   python tools/train.py configs/dml/dml_3node_cifar100.py
_base_ = [
    '../_base_/graphs/dml_3node.py',
    '../_base_/datasets/cifar100.py',
    '../_base_/models/networks_cifar.py',
    '../_base_/schedules/sgd_200e_cifar.py',
    '../_base_/default_runtime.py',
]

model = dict(
    nodes=dict(
        net1=dict(network=_base_.resnet32),
        net2=dict(network=_base_.wrn28_2),
        net3=dict(network=_base_.resnet32),
    )
)
