# Born-again ResNet-8 on 3,000 images of Fashion-MNIST, three generations and their ensembles.
#   python tools/train.py configs/born_again/ban_fashion_mnist_3000.py
_base_ = [
    '../_base_/graphs/born_again.py',
    '../_base_/datasets/fashion_mnist_3000.py',
    '../_base_/models/networks_small.py',
    '../_base_/schedules/sgd_32e_fashion_mnist_3000.py',
    '../_base_/default_runtime.py',
]

model = dict(nodes=dict(net=dict(network=_base_.resnet8)))
default_hooks = dict(checkpoint=dict(save_best='net/accuracy/top1'))
