# Two attention branch networks and their ensemble on CIFAR-100; the graph is ours.
# For comparison, the thesis's graph searched on CIFAR-100: ensemble 74.18, independent networks 73.16 (published).
# The thesis has no deviations of these (table 4.7).
#   python tools/train.py configs/ktg/ens_2node_cifar100.py
# More networks: --with configs/_base_/graphs/ens_4node.py configs/_base_/sizes/as_net1.py
_base_ = [
    '../_base_/graphs/ens_2node.py',
    '../_base_/datasets/cifar100_batch16.py',
    '../_base_/models/networks_cifar.py',
    '../_base_/schedules/sgd_300e_ens.py',
    '../_base_/default_runtime.py',
]

model = dict(nodes={f'net{i}': dict(network=_base_.abn_resnet20) for i in range(1, 3)})
