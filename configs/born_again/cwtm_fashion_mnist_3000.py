# CWTM, labels weighed by the teacher's confidence: a ResNet-8 and its next generation on 3,000 images of Fashion-MNIST.
#   python tools/train.py configs/born_again/cwtm_fashion_mnist_3000.py
_base_ = [
    '../_base_/graphs/born_again_cwtm.py',
    '../_base_/datasets/fashion_mnist_3000.py',
    '../_base_/models/networks_small.py',
    '../_base_/schedules/sgd_32e_fashion_mnist_3000.py',
    '../_base_/default_runtime.py',
]

model = dict(nodes=dict(net=dict(network=_base_.resnet8)))
default_hooks = dict(checkpoint=dict(save_best='net/accuracy/top1'))
