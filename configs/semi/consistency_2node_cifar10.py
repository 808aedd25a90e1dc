# Two ResNet-32 that learn 4,000 labels of CIFAR-10 and agree on the other images, each with itself and with the other:
# where the thesis's search among diverse networks begins (ch. 5), and its recipe.
# Other numbers of labels: --with configs/_base_/labels/1000_labels.py
#   python tools/train.py configs/semi/consistency_2node_cifar10.py
_base_ = [
    '../_base_/graphs/consistency_2node.py',
    '../_base_/datasets/cifar10_diverse.py',
    '../_base_/models/networks_cifar10.py',
    '../_base_/schedules/sgd_200e_diverse.py',
    '../_base_/default_runtime.py',
]

model = dict(nodes=dict(net1=dict(network=_base_.resnet32), net2=dict(network=_base_.resnet32)))
optim_wrapper = dict(optimizer=dict(lr=0.1, weight_decay=1e-4))
