# Five attention branch networks and their ensemble on CUB-200-2011; the graph is ours.
#   python tools/train.py configs/ktg/ens_5node_cub.py
_base_ = [
    '../_base_/graphs/ens_5node.py',
    '../_base_/datasets/cub.py',
    '../_base_/models/networks_cub.py',
    '../_base_/schedules/sgd_300e_ens.py',
    '../_base_/default_runtime.py',
]

model = dict(nodes={f'net{i}': dict(network=_base_.abn_resnet18) for i in range(1, 6)})
