# The benchmark (tools/benchmark.py) on CIFAR-100: a ResNet-32, 200 epochs of it.
_base_ = [
    '../datasets/cifar100.py',
    '../models/networks_cifar.py',
    '../schedules/sgd_200e_cifar.py',
    '../default_runtime.py',
]

benchmark = dict(
    target=_base_.resnet32,
    teacher=_base_.wrn28_2,
    large=_base_.resnet110,
    assistant=_base_.resnet56,
    map_size=8,
)
