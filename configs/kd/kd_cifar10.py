# Distillation of a trained WRN-28-2 into ResNet-32 on CIFAR-10.
# First train the teacher, then the student:
#   python tools/train.py configs/single/wrn28_2_cifar10.py
#   python tools/train.py configs/kd/kd_cifar10.py
_base_ = [
    '../_base_/graphs/kd.py',
    '../_base_/datasets/cifar10.py',
    '../_base_/models/networks_cifar10.py',
    '../_base_/schedules/sgd_200e_cifar.py',
    '../_base_/default_runtime.py',
]

model = dict(
    nodes=dict(
        net1=dict(network=_base_.resnet32),
        net2=dict(
            network=_base_.wrn28_2,
            checkpoint='work_dirs/wrn28_2_cifar10/epoch_200.pth',
            prefix='nodes.net1.network.',
        ),
    )
)
