# A ResNet that is born again of a DenseNet-16-8 on handwritten digits: residual units in the place of the dense blocks,
# first and last layer shared with the teacher and frozen.
#   python tools/train.py configs/born_again/ban_resnet_digits.py
_base_ = [
    '../_base_/graphs/born_again.py',
    '../_base_/datasets/digits.py',
    '../_base_/models/networks_small.py',
    '../_base_/schedules/sgd_30e_digits.py',
    '../_base_/default_runtime.py',
]

model = dict(nodes=dict(net=dict(network=_base_.densenet16_8)))
__gen1 = _base_.stages[1]
__student = dict(
    network=dict(_base_.ban_wide_resnet1_1, _delete_=True),
    share=dict(node='teacher', modules=['backbone.conv1', 'head.fc']),
)
stages = [
    dict(name='gen0'),
    dict(__gen1, model=dict(__gen1.model, nodes=dict(__gen1.model.nodes, net=__student))),
]
default_hooks = dict(checkpoint=dict(save_best='net/accuracy/top1'))
