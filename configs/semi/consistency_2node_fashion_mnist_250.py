# Two ResNet-8 that learn 250 labels of Fashion-MNIST and agree on the other images, each with itself and with the
# other, for a CPU: where the search among diverse networks begins.
#   python tools/train.py configs/semi/consistency_2node_fashion_mnist_250.py
_base_ = [
    '../_base_/graphs/consistency_2node.py',
    '../_base_/datasets/fashion_mnist_semi_weak.py',
    '../_base_/models/networks_small.py',
    '../_base_/schedules/sgd_1500it_semi.py',
    '../_base_/default_runtime_iterations.py',
]

model = dict(nodes=dict(net1=dict(network=_base_.resnet8), net2=dict(network=_base_.resnet8)))
