# Deep mutual learning on CIFAR-10 with the original, sequential update.
#   python tools/train.py configs/dml/dml_2node_sequential_cifar10.py
_base_ = [
    '../_base_/graphs/dml_2node.py',
    '../_base_/datasets/cifar10.py',
    '../_base_/models/networks_cifar10.py',
    '../_base_/schedules/sgd_200e_cifar.py',
    '../_base_/default_runtime.py',
]

model = dict(
    nodes=dict(net1=dict(network=_base_.resnet32), net2=dict(network=_base_.wrn28_2)),
    update=dict(type='SequentialUpdate'),
)
