# Feature fusion learning: two ResNet-8 on 3,000 images of Fashion-MNIST.
#   python tools/train.py configs/multi_branch/ffl_fashion_mnist_3000.py
_base_ = [
    '../_base_/graphs/ffl.py',
    '../_base_/datasets/fashion_mnist_3000.py',
    '../_base_/models/networks_small.py',
    '../_base_/schedules/sgd_32e_fashion_mnist_3000.py',
    '../_base_/default_runtime.py',
]

model = dict(nodes={name: dict(network=_base_.resnet8) for name in ['net1', 'net2']})
optim_wrapper = dict(paramwise_cfg=dict(nodes=dict(fusion=dict(weight_decay=1e-5))))
default_hooks = dict(checkpoint=dict(save_best='fusion/accuracy/top1'))
