# Six attention branch networks and their ensemble on Stanford Dogs; the graph is ours.
#   python tools/train.py configs/ktg/ens_6node_dogs.py
_base_ = [
    '../_base_/graphs/ens_6node.py',
    '../_base_/datasets/stanford_dogs.py',
    '../_base_/models/networks_imagenet.py',
    '../_base_/schedules/sgd_300e_ens.py',
    '../_base_/default_runtime.py',
]

model = dict(nodes={f'net{i}': dict(network=_base_.abn_resnet18) for i in range(1, 7)})
