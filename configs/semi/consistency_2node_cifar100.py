# Two ResNet-32 that learn 6,000 labels of CIFAR-100 and agree on the other images, each with itself and with the other:
# where the thesis's search among diverse networks begins (ch. 5), and its recipe, in which overlays put the methods of
# table 5.4 (docs/reproduction/thesis_few_labels.md). How the learning rate falls is our choice.
# Other numbers of labels: --with configs/_base_/labels/2000_labels.py
#   python tools/train.py configs/semi/consistency_2node_cifar100.py
_base_ = [
    '../_base_/graphs/consistency_2node.py',
    '../_base_/datasets/cifar100_diverse.py',
    '../_base_/models/networks_cifar.py',
    '../_base_/schedules/sgd_200e_diverse.py',
    '../_base_/default_runtime.py',
]

model = dict(nodes=dict(net1=dict(network=_base_.resnet32), net2=dict(network=_base_.resnet32)))
