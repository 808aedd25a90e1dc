# A four-node graph of ours on CIFAR-100.
# For comparison, the paper's graph of these networks: 74.06 +- 0.34, deep mutual learning 72.87 +- 0.49 (published).
#   python tools/train.py configs/ktg/ktg_4node_cifar100.py
_base_ = [
    '../_base_/graphs/ktg_4node.py',
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
