# Distillation of a trained WRN-28-2 into ResNet-32 on CIFAR-100.
# Published accuracy of net1: 71.88 +- 0.78 (Minami et al., ACCV 2020, table 2, with T = 2).
# The balance of the two losses is not published; here they are added up. The thesis's eq. 2.3 with a = 0.9 would be
#   --cfg-options "model.edges.label->net1.weight=0.1" "model.edges.net2->net1.weight=0.9"
# First train the teacher, then the student:
#   python tools/train.py configs/single/wrn28_2_cifar100.py
#   python tools/train.py configs/kd/kd_cifar100.py
_base_ = [
    '../_base_/graphs/kd.py',
    '../_base_/datasets/cifar100.py',
    '../_base_/models/networks_cifar.py',
    '../_base_/schedules/sgd_200e_cifar.py',
    '../_base_/default_runtime.py',
]

model = dict(
    nodes=dict(
        net1=dict(network=_base_.resnet32),
        net2=dict(
            network=_base_.wrn28_2,
            checkpoint='work_dirs/wrn28_2_cifar100/epoch_200.pth',
            prefix='nodes.net1.network.',
        ),
    )
)
