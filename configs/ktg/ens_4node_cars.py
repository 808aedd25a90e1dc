# Four attention branch networks and their ensemble on Stanford Cars; the graph is ours.
#   python tools/train.py configs/ktg/ens_4node_cars.py
_base_ = [
    '../_base_/graphs/ens_4node.py',
    '../_base_/datasets/stanford_cars.py',
    '../_base_/models/networks_cars.py',
    '../_base_/schedules/sgd_300e_ens.py',
    '../_base_/default_runtime.py',
]

model = dict(nodes={f'net{i}': dict(network=_base_.abn_resnet18) for i in range(1, 5)})
