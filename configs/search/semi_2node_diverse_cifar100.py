# Search for a graph of two diverse networks (thesis, ch. 5) on CIFAR-100 with 6,000 labels. net1, a ResNet-32, is the
# target; the other is a ResNet-32 or a WRN-28-6.
# Other numbers of labels: --with configs/_base_/labels/2000_labels.py
#   python tools/search.py configs/search/semi_2node_diverse_cifar100.py
# Three networks: --with configs/_base_/graphs/consistency_3node.py configs/_base_/sizes/search_diverse.py
_base_ = [
    '../_base_/graphs/consistency_2node.py',
    '../_base_/datasets/cifar100_diverse_search.py',
    '../_base_/models/networks_cifar.py',
    '../_base_/schedules/sgd_200e_diverse.py',
    '../_base_/spaces/diverse_space.py',
    '../_base_/default_runtime.py',
]

model = dict(nodes=dict(net1=dict(network=_base_.resnet32), net2=dict(network=_base_.wrn28_6)))
search = dict(
    space={
        'model.nodes.net2.network': dict(resnet32=_base_.resnet32, wrn28_6=_base_.wrn28_6),
    },
    retrain='../semi/consistency_2node_cifar100.py',
)
