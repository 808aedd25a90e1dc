# WRN-10-1 alone on 3,000 images of Fashion-MNIST; the teacher of ../kd/kd_fashion_mnist_3000.py.
#   python tools/train.py configs/single/wrn10_1_fashion_mnist_3000.py
_base_ = [
    '../_base_/graphs/single.py',
    '../_base_/datasets/fashion_mnist_3000.py',
    '../_base_/models/networks_small.py',
    '../_base_/schedules/sgd_32e_fashion_mnist_3000.py',
    '../_base_/default_runtime.py',
]

model = dict(nodes=dict(net1=dict(network=_base_.wrn10_1)))
default_hooks = dict(checkpoint=dict(save_best='net1/accuracy/top1'))
