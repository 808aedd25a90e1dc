# L1 alignment and distillation from a trained ResNet-8 into another one on 3,000 images of Fashion-MNIST, in two
# stages: a baseline of AFD.
#   python tools/train.py configs/afd/l1_kd_offline_fashion_mnist_3000.py
_base_ = [
    '../_base_/graphs/l1_kd_offline.py',
    '../_base_/datasets/fashion_mnist_3000.py',
    '../_base_/models/networks_small.py',
    '../_base_/schedules/sgd_32e_fashion_mnist_3000.py',
    '../_base_/default_runtime.py',
]

model = dict(nodes=dict(net1=dict(network=_base_.resnet8)))
default_hooks = dict(checkpoint=dict(save_best='net1/accuracy/top1'))
