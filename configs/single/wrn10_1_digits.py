# WRN-10-1 alone on handwritten digits; the teacher of ../kd/kd_digits.py.
#   python tools/train.py configs/single/wrn10_1_digits.py
_base_ = [
    '../_base_/graphs/single.py',
    '../_base_/datasets/digits.py',
    '../_base_/models/networks_small.py',
    '../_base_/schedules/sgd_30e_digits.py',
    '../_base_/default_runtime.py',
]

model = dict(nodes=dict(net1=dict(network=_base_.wrn10_1)))
default_hooks = dict(checkpoint=dict(save_best='net1/accuracy/top1'))
