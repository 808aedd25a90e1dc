# A deeper student of a DenseNet-90-60 on CIFAR-100: twice the depth, with half the growth, so that it has the teacher's
# sizes of the hidden states after each transition.
# Document 004, table 4, lists such students; in our copy no errors can be read, parameters can: 21.2M (half the depth),
# 13.7M (twice), 12.9M (three times) and 12.6M (four times); ours have 21.35M, 13.74M, 12.95M and 12.60M. It gives the
# teacher 22.4M, which is table 1's DenseNet-80-80; DenseNet-90-60 has 16.1M there. Others:
#   python tools/train.py configs/born_again/ban_deeper_cifar100.py
#   python tools/train.py configs/born_again/ban_deeper_cifar100.py \
#       --with configs/_base_/networks/student_densenet256_20.py
# Half, three and four times the depth are student_densenet46_120.py, student_densenet256_20.py and
# student_densenet340_15.py. Other compression rates of the table change how many channels each transition leaves of
# those before it. Read as other growth rates at the teacher's depth and hidden states, student_densenet90_30.py,
# student_densenet90_45.py and student_densenet90_90.py, students of 0.5, 0.75 and 1.5 times the rate have 6.27M, 10.67M
# and 30.90M parameters; printed are 5.1M, 10.1M and 80.5M.
_base_ = [
    '../_base_/graphs/born_again.py',
    '../_base_/datasets/cifar100.py',
    '../_base_/models/networks_cifar.py',
    '../_base_/schedules/sgd_300e_born_again.py',
    '../_base_/default_runtime.py',
]

model = dict(nodes=dict(net=dict(network=_base_.densenet90_60)))
__gen1 = _base_.stages[1]
__student = dict(network=dict(_base_.densenet172_30, _delete_=True))
stages = [
    dict(name='gen0'),
    dict(__gen1, model=dict(__gen1.model, nodes=dict(__gen1.model.nodes, net=__student))),
]
