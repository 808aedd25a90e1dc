# Search for a graph of two attention branch networks whose ensemble is best on Stanford Dogs, with the
# thesis's six losses and four gates: 4^2 x 19^2 combinations.
# Unlike the thesis's, networks that nobody teaches learn the labels first: ../_base_/spaces/six_losses_four_gates.py.
#   python tools/search.py configs/search/ens_2node_six_losses_dogs.py
# More networks: --with configs/_base_/graphs/ens_5node.py configs/_base_/sizes/search_dogs.py
_base_ = [
    '../_base_/graphs/ens_2node.py',
    '../_base_/datasets/stanford_dogs_search.py',
    '../_base_/models/networks_imagenet.py',
    '../_base_/schedules/sgd_300e_ens.py',
    '../_base_/spaces/six_losses_four_gates.py',
    '../_base_/default_runtime.py',
]

model = dict(nodes={f'net{i}': dict(network=_base_.abn_resnet18) for i in range(1, 3)})
search = dict(retrain='../ktg/ens_2node_dogs.py')
