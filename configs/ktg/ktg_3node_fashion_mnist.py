# A three-node graph with small networks on Fashion-MNIST, found on CIFAR-100 by a public re-implementation
# (../_base_/graphs/ktg_3node.py).
#   python tools/train.py configs/ktg/ktg_3node_fashion_mnist.py
_base_ = [
    '../_base_/graphs/ktg_3node.py',
    '../_base_/datasets/fashion_mnist.py',
    '../_base_/models/networks_small.py',
    '../_base_/schedules/sgd_20e_fashion_mnist.py',
    '../_base_/default_runtime.py',
]

model = dict(
    nodes=dict(
        net1=dict(network=_base_.resnet8),
        net2=dict(network=_base_.resnet8),
        net3=dict(network=_base_.wrn10_1),
    )
)
default_hooks = dict(checkpoint=dict(save_best='net1/accuracy/top1'))
