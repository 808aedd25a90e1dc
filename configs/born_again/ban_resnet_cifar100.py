# A ResNet that is born again of a DenseNet-90-60 on CIFAR-100: residual units in the place of the dense blocks, first
# and last layer shared with the teacher and frozen. BAN-Wide-ResNet-1-1: one unit in each place, of the channels of
# the hidden state after it.
# Published error (document 004, table 5): 19.12 %; the same network without a teacher 20.4 %. The others of the table:
#   python tools/train.py configs/born_again/ban_resnet_cifar100.py
#   python tools/train.py configs/born_again/ban_resnet_cifar100.py \
#       --with configs/_base_/networks/student_ban_match_wide_resnet2_1.py
# Match-Wide-ResNet-2-1 has 17.42 %, student_ban_wide_resnet4_05.py 17.13, student_ban_wide_resnet4_1.py 17.18,
# student_ban_pre_resnet14_05.py 18.8 and student_ban_pre_resnet14_1.py 17.39. Without a teacher they are the first
# generation of ban_cifar100.py with ban_wide_resnet1_1.py and the like, with preact_resnet1001.py the table's
# pre-activation ResNet-1001 (22.71). BornAgainResNet says how near their parameters are.
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
