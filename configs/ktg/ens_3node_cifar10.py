# Three attention branch networks and their ensemble on CIFAR-10; the graph is ours.
#   python tools/train.py configs/ktg/ens_3node_cifar10.py
_base_ = [
    '../_base_/graphs/ens_3node.py',
    '../_base_/datasets/cifar10_batch16.py',
    '../_base_/models/networks_cifar10.py',
    '../_base_/schedules/sgd_300e_ens.py',
    '../_base_/default_runtime.py',
]

model = dict(nodes={f'net{i}': dict(network=_base_.abn_resnet20) for i in range(1, 4)})
