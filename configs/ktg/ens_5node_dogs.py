# Five attention branch networks and their ensemble on Stanford Dogs; the graph is ours.
# For comparison, the thesis's searched graph: ensemble 74.14 +- 0.50, independent networks 72.32 +- 0.18 (published).
#   python tools/train.py configs/ktg/ens_5node_dogs.py
_base_ = [
    '../_base_/graphs/ens_5node.py',
    '../_base_/datasets/stanford_dogs.py',
    '../_base_/models/networks_imagenet.py',
    '../_base_/schedules/sgd_300e_ens.py',
    '../_base_/default_runtime.py',
]

model = dict(nodes={f'net{i}': dict(network=_base_.abn_resnet18) for i in range(1, 6)})
