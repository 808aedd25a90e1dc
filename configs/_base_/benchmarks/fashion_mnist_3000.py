# The benchmark (tools/benchmark.py) on 3,000 images of Fashion-MNIST at 14 x 14 pixels: a ResNet-8, 32 epochs of it.
_base_ = [
    '../datasets/fashion_mnist_3000.py',
    '../models/networks_small.py',
    '../schedules/sgd_32e_fashion_mnist_3000.py',
    '../default_runtime.py',
]

benchmark = dict(
    target=_base_.resnet8,
    teacher=_base_.wrn10_1,
    large=_base_.resnet20,  # the teacher of an assistant
    assistant=_base_.resnet14,
    map_size=4,  # cells a side of the target's last feature map
)
