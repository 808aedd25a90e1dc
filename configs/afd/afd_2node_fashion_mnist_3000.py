# AFD of two ResNet-8 on 3,000 images of Fashion-MNIST.
#   python tools/train.py configs/afd/afd_2node_fashion_mnist_3000.py
_base_ = [
    '../_base_/graphs/afd_2node.py',
    '../_base_/datasets/fashion_mnist_3000.py',
    '../_base_/models/networks_small.py',
    '../_base_/schedules/afd_32e_fashion_mnist_3000.py',
    '../_base_/default_runtime.py',
]

model = dict(
    nodes=dict(net1=dict(network=_base_.resnet8), net2=dict(network=_base_.resnet8)),
    # Of images of 14 x 14 pixels the last feature map is 4 x 4.
    edges={key: dict(loss=dict(size=4)) for key in _base_.model.edges if key.endswith(':features')},
)
default_hooks = dict(checkpoint=dict(save_best='net1/accuracy/top1'))
