# Collaborative learning (Song and Chai): four ResNet-8 on 3,000 images of Fashion-MNIST.
#   python tools/train.py configs/multi_branch/song_chai_fashion_mnist_3000.py
_base_ = [
    '../_base_/graphs/song_chai.py',
    '../_base_/datasets/fashion_mnist_3000.py',
    '../_base_/models/networks_small.py',
    '../_base_/schedules/sgd_32e_fashion_mnist_3000.py',
    '../_base_/default_runtime.py',
]

model = dict(nodes={name: dict(network=_base_.resnet8) for name in ['net1', 'net2', 'net3', 'leader']})
default_hooks = dict(checkpoint=dict(save_best='leader/accuracy/top1'))
