# DKPP, the teacher's wrong classes permuted: a ResNet-8 and its next generation on handwritten digits.
#   python tools/train.py configs/born_again/dkpp_digits.py
_base_ = [
    '../_base_/graphs/born_again_dkpp.py',
    '../_base_/datasets/digits.py',
    '../_base_/models/networks_small.py',
    '../_base_/schedules/sgd_30e_digits.py',
    '../_base_/default_runtime.py',
]

model = dict(nodes=dict(net=dict(network=_base_.resnet8)))
default_hooks = dict(checkpoint=dict(save_best='net/accuracy/top1'))
