# Search for a graph of two networks on CIFAR-100 with sine gates on every edge.
# net1 is the target; the search chooses the others' networks, too.
#   python tools/search.py configs/search/ktg_2node_sine_cifar100.py
# More nodes: --with configs/_base_/graphs/dml_4node.py configs/_base_/sizes/search_cifar100.py
_base_ = [
    '../_base_/graphs/dml_2node.py',
    '../_base_/datasets/cifar100_search.py',
    '../_base_/models/networks_cifar.py',
    '../_base_/schedules/sgd_200e_cifar.py',
    '../_base_/spaces/sine.py',
    '../_base_/default_runtime.py',
]

model = dict(nodes=dict(net1=dict(network=_base_.resnet32), net2=dict(network=_base_.wrn28_2)))
search = dict(
    space={
        'model.nodes.net2.network': dict(resnet32=_base_.resnet32, resnet110=_base_.resnet110, wrn28_2=_base_.wrn28_2)
    },
    retrain='../dml/dml_2node_cifar100.py',
)
