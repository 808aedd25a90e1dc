# Deep mutual learning of four networks on CIFAR-100.
# Published accuracy of net1: 72.87 +- 0.49.
#   python tools/train.py configs/dml/dml_4node_cifar100.py
_base_ = [
    '../_base_/graphs/dml_4node.py',
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
        net4=dict(network=_base_.resnet110),
    )
)
