# Deep mutual learning of three small networks on handwritten digits.
#   python tools/train.py configs/dml/dml_3node_digits.py
_base_ = [
    '../_base_/graphs/dml_3node.py',
    '../_base_/datasets/digits.py',
    '../_base_/models/networks_small.py',
    '../_base_/schedules/sgd_30e_digits.py',
    '../_base_/default_runtime.py',
]

model = dict(
    nodes=dict(
        net1=dict(network=_base_.resnet8),
        net2=dict(network=_base_.resnet8),
        net3=dict(network=_base_.wrn10_1),
    )
)
default_hooks = dict(checkpoint=dict(save_best='net1/accuracy/top1'))
