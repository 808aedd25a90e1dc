# The published two-node graph on CIFAR-10.
# The paper gives no accuracy of this graph on CIFAR-10 (alone 92.99).
#   python tools/train.py configs/ktg/ktg_2node_cifar10.py
_base_ = [
    '../_base_/graphs/ktg_2node.py',
    '../_base_/datasets/cifar10.py',
    '../_base_/models/networks_cifar10.py',
    '../_base_/schedules/sgd_200e_cifar.py',
    '../_base_/default_runtime.py',
]

model = dict(nodes=dict(net1=dict(network=_base_.resnet32), net2=dict(network=_base_.wrn28_2)))
