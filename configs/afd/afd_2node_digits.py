# AFD of two ResNet-8 on handwritten digits.
#   python tools/train.py configs/afd/afd_2node_digits.py
_base_ = [
    '../_base_/graphs/afd_2node.py',
    '../_base_/datasets/digits.py',
    '../_base_/models/networks_small.py',
    '../_base_/schedules/afd_30e_digits.py',
    '../_base_/default_runtime.py',
]

model = dict(
    nodes=dict(net1=dict(network=_base_.resnet8), net2=dict(network=_base_.resnet8)),
    # Of images of 8 x 8 pixels the last feature map is 2 x 2.
    edges={key: dict(loss=dict(size=2)) for key in _base_.model.edges if key.endswith(':features')},
)
default_hooks = dict(checkpoint=dict(save_best='net1/accuracy/top1'))
