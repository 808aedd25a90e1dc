# Two attention branch networks and their ensemble on Stanford Cars; the graph is ours.
# For comparison, the thesis's graph searched on Stanford Dogs: ensemble 89.76, independent networks 88.49 (published).
# The thesis has no deviations of these (table 4.7).
#   python tools/train.py configs/ktg/ens_2node_cars.py
# More networks: --with configs/_base_/graphs/ens_4node.py configs/_base_/sizes/as_net1.py
_base_ = [
    '../_base_/graphs/ens_2node.py',
    '../_base_/datasets/stanford_cars.py',
    '../_base_/models/networks_cars.py',
    '../_base_/schedules/sgd_300e_ens.py',
    '../_base_/default_runtime.py',
]

model = dict(nodes={f'net{i}': dict(network=_base_.abn_resnet18) for i in range(1, 3)})
