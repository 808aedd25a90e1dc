# Distillation of a trained WRN-10-1 into ResNet-8 on handwritten digits.
# First train the teacher, then the student:
#   python tools/train.py configs/single/wrn10_1_digits.py
#   python tools/train.py configs/kd/kd_digits.py
_base_ = [
    '../_base_/graphs/kd.py',
    '../_base_/datasets/digits.py',
    '../_base_/models/networks_small.py',
    '../_base_/schedules/sgd_30e_digits.py',
    '../_base_/default_runtime.py',
]

model = dict(
    nodes=dict(
        net1=dict(network=_base_.resnet8),
        net2=dict(
            network=_base_.wrn10_1,
            checkpoint='work_dirs/wrn10_1_digits/epoch_30.pth',
            prefix='nodes.net1.network.',
        ),
    )
)
default_hooks = dict(checkpoint=dict(save_best='net1/accuracy/top1'))
