# ResNet-8 alone on handwritten digits.
#   python tools/train.py configs/single/resnet8_digits.py
_base_ = [
    '../_base_/graphs/single.py',
    '../_base_/datasets/digits.py',
    '../_base_/models/networks_small.py',
    '../_base_/schedules/sgd_30e_digits.py',
    '../_base_/default_runtime.py',
]

model = dict(nodes=dict(net1=dict(network=_base_.resnet8)))
default_hooks = dict(checkpoint=dict(save_best='net1/accuracy/top1'))
