# A ResNet that is born again of a DenseNet-90-60 on CIFAR-100: residual units in the place of the dense blocks, first
# and last layer shared with the teacher and frozen. BAN-Wide-ResNet-1-1: one unit in each place, of the channels of
# the hidden state after it.
# Published error (document 004, table 5): 19.12 %; the same network without a teacher 20.4 %. The others of the table:
#   python tools/train.py configs/born_again/ban_resnet_cifar100.py
#   python tools/train.py configs/born_again/ban_resnet_cifar100.py --cfg-options \
#       stages.1.model.nodes.net.network.backbone.units=4 stages.1.model.nodes.net.network.backbone.ratio=0.5
# units=2 (Match-Wide-ResNet-2-1: 17.42 %), units=4 ratio=0.5 (17.13), units=4 (17.18), and with block=bottleneck
# units=14 ratio=0.5 (Pre-ResNet-14-0.5: 18.8) and units=14 (17.39). BornAgainResNet says how near their parameters
# are.
_base_ = [
    '../_base_/graphs/born_again.py',
    '../_base_/datasets/cifar100.py',
    '../_base_/models/networks_cifar.py',
    '../_base_/schedules/sgd_300e_born_again.py',
    '../_base_/default_runtime.py',
]

model = dict(nodes=dict(net=dict(network=_base_.densenet90_60)))
__gen1 = _base_.stages[1]
__student = dict(
    network=dict(_base_.ban_wide_resnet1_1, _delete_=True),
    share=dict(node='teacher', modules=['backbone.conv1', 'head.fc']),
)
stages = [
    dict(name='gen0'),
    dict(__gen1, model=dict(__gen1.model, nodes=dict(__gen1.model.nodes, net=__student))),
]
